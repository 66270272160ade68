"""Whether a rig mines."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.const import Platform
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .rig import Effect
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .rig_state import is_at_work


@dataclass(frozen=True, kw_only=True)
class RigSwitchDescription(RigEntityDescription, SwitchEntityDescription):
    """Something of a rig that is on or off."""


MINING = RigSwitchDescription(
    key="rig_mining_on",
    # So that one can say "turn off the attic rig".
    name=None,
    device_class=SwitchDeviceClass.SWITCH,
    value=is_at_work,
    always=True,
    essential=True,
)


def add_rig_switches(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switch of each rig, as it comes."""

    def add(rig: RigCoordinator) -> None:
        add_rig_entities(rig, async_add_entities, Platform.SWITCH, (MINING,), RigSwitch)

    entry.runtime_data.garage.for_each(add)


class RigSwitch(RigEntity[RigSwitchDescription], SwitchEntity):
    """Mining by the flight sheet that is assigned."""

    entity_description: RigSwitchDescription

    @override
    def _show(self, value: Any) -> None:
        self._attr_is_on = value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        # What it shows may be older than what it was told last.
        if await self.coordinator.control.found() is Effect.NOT_APPLIED:
            await self.coordinator.control.start_mining(by=self._by)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.coordinator.control.stop_mining(by=self._by)
