"""Which miners and rigs somebody means who calls them by name, area or floor.

Each goes by the names of its switch, and is exposed where that is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

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
from .rig_coordinator import RigCoordinator
from .rig_state import RigSnapshot
from .rig_switch import MINING as RIG_MINING
from .rig_targets import all_rigs
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


class Kind(StrEnum):
    """What one can speak of as such; who speaks of none means both."""

    MINERS = "miners"
    RIGS = "rigs"


@dataclass(frozen=True, slots=True)
class CalledMiner:
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


@dataclass(frozen=True, slots=True)
class CalledRig:
    """A rig, by the name that it was called by or could have been."""

    rig: RigCoordinator
    name: str
    switch: State

    @property
    def state(self) -> RigSnapshot | None:
        """What the rig tells now; nothing of one that is not connected."""
        return self.rig.data if self.rig.data.connected else None


type Called = CalledMiner | CalledRig


@callback
def those_called(
    hass: HomeAssistant,
    *,
    kind: Kind | None = None,
    name: str | None = None,
    area: str | None = None,
    floor: str | None = None,
    assistant: str | None = None,
    preferences: MatchTargetsPreferences | None = None,
) -> list[Called]:
    """Return the miners and rigs that are meant, in the order of their names.

    Who says nothing means the only one there is, or the only one where he is.
    """
    called = {each.switch.entity_id: each for each in _all(hass, kind)}
    constraints = MatchTargetsConstraints(
        name=None if name == EVERY else name,
        area_name=area,
        floor_name=floor,
        assistant=assistant,
        single_target=not (name or area or floor),
    )
    if not called:
        raise _none_there(kind)
    found = async_match_targets(
        hass, constraints, preferences, [each.switch for each in called.values()]
    )
    if not found.is_match:
        if constraints.name is None and found.no_match_reason in _NOT_THERE:
            raise _none_there(kind)
        raise MatchFailedError(found, constraints, preferences)
    return sorted(
        (called[switch.entity_id] for switch in found.states),
        key=lambda each: each.name.casefold(),
    )


@callback
def any_exposed(hass: HomeAssistant, assistant: str, kind: Kind) -> bool:
    """Tell whether there is one of a kind that an assistant may know of."""
    return any(
        async_should_expose(hass, assistant, each.switch.entity_id)
        for each in _all(hass, kind)
    )


def miners_among(called: Iterable[Called]) -> list[CalledMiner]:
    """Return those that are miners."""
    return [each for each in called if isinstance(each, CalledMiner)]


def rigs_among(called: Iterable[Called]) -> list[CalledRig]:
    """Return those that are rigs."""
    return [each for each in called if isinstance(each, CalledRig)]


def _all(hass: HomeAssistant, kind: Kind | None) -> list[Called]:
    found: list[Called] = []
    if kind is not Kind.RIGS:
        for miner in all_miners(hass):
            switch = _switch(hass, f"{miner.unique_id}_{MINING.key}")
            if switch is not None:
                found.append(CalledMiner(miner, switch.name, switch))
    if kind is not Kind.MINERS:
        for rig in all_rigs(hass):
            switch = _switch(hass, f"{rig.id}_{RIG_MINING.key}")
            if switch is not None:
                found.append(CalledRig(rig, switch.name, switch))
    return found


def _switch(hass: HomeAssistant, unique_id: str) -> State | None:
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.SWITCH, DOMAIN, unique_id)
    return hass.states.get(entity_id) if entity_id else None


def _none_there(kind: Kind | None) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_rig_exposed" if kind is Kind.RIGS else "none_exposed",
    )
