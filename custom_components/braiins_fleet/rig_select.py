"""What is chosen for a rig: a flight sheet, and an overclock profile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .flight_sheets import FLIGHT_SHEET, NONE, OVERCLOCK
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .telling import By


@dataclass(frozen=True, kw_only=True)
class RigSelectDescription(RigEntityDescription, SelectEntityDescription):
    """One of the subentries of a kind."""

    kind: str
    chosen: Callable[[RigCoordinator], ConfigSubentry | None]
    choose: Callable[[RigCoordinator, ConfigSubentry | None, By], Awaitable[object]]


async def _choose_sheet(
    rig: RigCoordinator, sheet: ConfigSubentry | None, by: By
) -> None:
    """Have a rig that mines go over to it; one that does not begins with it.

    Without one, a rig goes on with what it does.
    """
    if sheet is not None and rig.control.at_work:
        await rig.control.start_mining(sheet, by=by)
    else:
        rig.control.assign_sheet(sheet, by=by)


async def _choose_profile(
    rig: RigCoordinator, profile: ConfigSubentry | None, by: By
) -> None:
    """Have the cards set so, or no more."""
    if profile is None:
        await rig.control.cards.reset(by=by, after=NONE)
    else:
        await rig.control.cards.apply(profile, by=by)


_select = partial(
    RigSelectDescription,
    value=lambda _: None,
    always=True,
    essential=True,
    entity_category=EntityCategory.CONFIG,
)

RIG_SELECTS = (
    _select(
        key="flight_sheet",
        kind=FLIGHT_SHEET,
        chosen=lambda rig: rig.control.sheet,
        choose=_choose_sheet,
    ),
    _select(
        key="overclock",
        kind=OVERCLOCK,
        chosen=lambda rig: rig.control.cards.profile,
        choose=_choose_profile,
    ),
)


def add_rig_selects(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add what can be chosen for each rig, as it comes."""

    def add(rig: RigCoordinator) -> None:
        add_rig_entities(
            rig, async_add_entities, Platform.SELECT, RIG_SELECTS, RigSelect
        )

    entry.runtime_data.garage.for_each(add)


class RigSelect(RigEntity[RigSelectDescription], SelectEntity):
    """What was made for rigs, by its name."""

    entity_description: RigSelectDescription
    _attr_options: list[str] = []  # noqa: RUF012 - never changed, only replaced

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.control.on_assignment(self._renew))

    @callback
    def _renew(self) -> None:
        before = self.options, self.current_option
        self._show(None)
        if before != (self.options, self.current_option):
            self.async_write_ha_state()

    @override
    def _show(self, value: Any) -> None:
        chosen = self.entity_description.chosen(self.coordinator)
        self._attr_options = [NONE, *sorted(each.title for each in self._subentries)]
        self._attr_current_option = chosen.title if chosen else NONE

    @property
    def _subentries(self) -> list[ConfigSubentry]:
        kind = self.entity_description.kind
        return [*self.coordinator.config_entry.get_subentries_of_type(kind)]

    @override
    async def async_select_option(self, option: str) -> None:
        # Home Assistant refuses what is no option.
        found = (each for each in self._subentries if each.title == option)
        chosen = None if option == NONE else next(found)
        await self.entity_description.choose(self.coordinator, chosen, self._by)
