"""What is so or is not: mining, troubled, connected, reachable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import Hashboard, MinerError, MinerStatus, Pool
from .coordinator import MinerConfigEntry
from .entity import (
    MinerEntity,
    MinerEntityDescription,
    PartEntityDescription,
    add_entities,
)
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_binary_sensor import add_rig_binary_sensors
from .state import BOARD, POOL, MinerState

# A poll is one coordinator's; there is nothing to hold back here.
PARALLEL_UPDATES = 0

# Targets are rounded on their way; the smallest step of scaling is larger than that.
_CLEARLY_BELOW = 0.998


@dataclass(frozen=True, kw_only=True)
class MinerBinarySensorDescription(
    MinerEntityDescription, BinarySensorEntityDescription
):
    """A binary sensor of a miner."""


@dataclass(frozen=True, kw_only=True)
class PartBinarySensorDescription[P](
    PartEntityDescription[P], BinarySensorEntityDescription
):
    """A binary sensor of each board or pool."""


type BinarySensorDescription = (
    MinerBinarySensorDescription | PartBinarySensorDescription[Any]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """An error as it is shown.

    Some miners write its time anew each time they are asked, so that it makes no
    difference: the first one stays.
    """

    message: str
    hints: tuple[str, ...]
    codes: tuple[str, ...]
    components: tuple[str, ...]
    time: datetime | None = field(compare=False)

    @property
    def as_attributes(self) -> Mapping[str, Any]:
        return {
            "message": self.message,
            "hints": list(self.hints),
            "codes": list(self.codes),
            "components": list(self.components),
            "time": self.time.isoformat() if self.time else None,
        }


def _problems(state: MinerState) -> tuple[_Problem, ...] | None:
    errors = state.snapshot.errors
    return None if errors is None else tuple(map(_problem, errors))


def _problem(error: MinerError) -> _Problem:
    return _Problem(
        message=error.message,
        hints=tuple(dict.fromkeys(code.hint for code in error.codes if code.hint)),
        codes=tuple(code.code for code in error.codes),
        components=tuple(f"{part.name} {part.index}" for part in error.components),
        time=error.time,
    )


def _mining(state: MinerState) -> bool | None:
    if state.status is MinerStatus.UNKNOWN:
        return None
    return state.status is MinerStatus.NORMAL


def _pool_connected(state: MinerState) -> bool | None:
    if state.snapshot.pools is None:
        return None
    return any(pool.enabled and pool.alive for pool in state.pools.values())


def _scaled_down(state: MinerState) -> bool | None:
    tuner = state.snapshot.tuner
    configured = tuner.profile.target if tuner and tuner.profile else None
    if tuner is None or tuner.live_target is None or not configured:
        return None
    return tuner.live_target < configured * _CLEARLY_BELOW


_of_miner = MinerBinarySensorDescription
_of_board = partial(
    PartBinarySensorDescription[Hashboard],
    part=BOARD,
    entity_category=EntityCategory.DIAGNOSTIC,
)
_of_pool = partial(
    PartBinarySensorDescription[Pool],
    part=POOL,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

BINARY_SENSORS: tuple[BinarySensorDescription, ...] = (
    _of_miner(
        key="mining",
        device_class=BinarySensorDeviceClass.RUNNING,
        value=_mining,
        always=True,
    ),
    _of_miner(
        key="pool_connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        value=_pool_connected,
    ),
    _of_miner(key="scaled_down", value=_scaled_down),
    _of_board(key="board_enabled", value=lambda board: board.enabled),
    _of_pool(
        key="pool_alive",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        value=lambda pool: pool.alive,
    ),
)

PROBLEM = _of_miner(
    key="problem", device_class=BinarySensorDeviceClass.PROBLEM, value=_problems
)

# That there is a state says that it can be reached, and its entity knows until when.
REACHABLE = _of_miner(
    key="reachable",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda _: True,
    always=True,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of a miner, or of the fleet's rigs."""
    if is_fleet(entry):
        add_rig_binary_sensors(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    for descriptions, make in (
        (BINARY_SENSORS, MinerBinarySensor),
        ((PROBLEM,), ProblemSensor),
        ((REACHABLE,), ReachableSensor),
    ):
        add_entities(
            miner, async_add_entities, Platform.BINARY_SENSOR, descriptions, make
        )


class MinerBinarySensor(MinerEntity[BinarySensorDescription], BinarySensorEntity):
    """Something that is so, or is not."""

    entity_description: BinarySensorDescription

    @override
    def _show(self, value: Any) -> None:
        self._attr_is_on = value


class ProblemSensor(MinerBinarySensor):
    """On while the miner reports errors, which are its attributes."""

    # What is wrong is told by events for good; this is for looking at.
    _unrecorded_attributes = frozenset({"errors"})

    @override
    def _show(self, value: tuple[_Problem, ...] | None) -> None:
        self._attr_is_on = None if value is None else bool(value)
        self._attr_extra_state_attributes = {
            "errors": [problem.as_attributes for problem in value or ()]
        }


class ReachableSensor(MinerBinarySensor):
    """Off, rather than unavailable, while the miner cannot be reached."""

    @property
    @override
    def is_on(self) -> bool:
        return self._attr_available

    @property
    @override
    def available(self) -> bool:
        return True
