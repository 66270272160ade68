"""Which miners somebody means who calls them by name, area or floor.

A miner goes by the names of its switch, and is exposed where that is.
"""

from dataclasses import dataclass

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.intent import (
    MatchFailedError,
    MatchFailedReason,
    MatchTargetsConstraints,
    MatchTargetsPreferences,
    async_match_targets,
)

from .const import DOMAIN
from .coordinator import MinerConfigEntry
from .state import MinerState
from .switch import MINING
from .targets import all_miners

EVERY = "all"
# What of a miner that there is none of says nothing but that.
_NOT_THERE = (
    MatchFailedReason.AREA,
    MatchFailedReason.ASSISTANT,
    MatchFailedReason.FLOOR,
)


@dataclass(frozen=True, slots=True)
class Called:
    """A miner, by the name that it was called by or could have been."""

    entry: MinerConfigEntry
    name: str
    switch: State

    @property
    def state(self) -> MinerState | None:
        """What the miner tells now; nothing of one that cannot be asked."""
        coordinator = getattr(self.entry, "runtime_data", None)
        if coordinator is None or not coordinator.last_update_success:
            return None
        state: MinerState = coordinator.data
        return state


@callback
def miners_called(
    hass: HomeAssistant,
    *,
    name: str | None = None,
    area: str | None = None,
    floor: str | None = None,
    assistant: str | None = None,
    preferences: MatchTargetsPreferences | None = None,
) -> list[Called]:
    """Return the miners that are meant, in the order of their names.

    Who says nothing means the only one there is, or the only one where he is.
    """
    called = {miner.switch.entity_id: miner for miner in _all(hass)}
    constraints = MatchTargetsConstraints(
        name=None if name == EVERY else name,
        area_name=area,
        floor_name=floor,
        assistant=assistant,
        single_target=not (name or area or floor),
    )
    if not called:
        raise _none_there()
    found = async_match_targets(
        hass, constraints, preferences, [each.switch for each in called.values()]
    )
    if not found.is_match:
        if constraints.name is None and found.no_match_reason in _NOT_THERE:
            raise _none_there()
        raise MatchFailedError(found, constraints, preferences)
    return sorted(
        (called[switch.entity_id] for switch in found.states),
        key=lambda each: each.name.casefold(),
    )


@callback
def any_exposed(hass: HomeAssistant, assistant: str) -> bool:
    """Tell whether there is a miner that an assistant may know of."""
    return any(
        async_should_expose(hass, assistant, each.switch.entity_id)
        for each in _all(hass)
    )


def _all(hass: HomeAssistant) -> list[Called]:
    registry = er.async_get(hass)
    found: list[Called] = []
    for miner in all_miners(hass):
        entity_id = registry.async_get_entity_id(
            Platform.SWITCH, DOMAIN, f"{miner.unique_id}_{MINING.key}"
        )
        switch = hass.states.get(entity_id) if entity_id else None
        if switch is not None:
            found.append(Called(miner, switch.name, switch))
    return found


def _none_there() -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="none_exposed"
    )
