"""The sensors of what a miner has several of: boards, fans, pools."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    REVOLUTIONS_PER_MINUTE,
    EntityCategory,
    UnitOfElectricPotential,
    UnitOfFrequency,
    UnitOfTemperature,
)

from .asic import Fan, Hashboard, Pool
from .const import HASHRATE_UNIT
from .entity import PartEntityDescription
from .rounding import rounded, terahash
from .state import BOARD, FAN, POOL


@dataclass(frozen=True, kw_only=True)
class PartSensorDescription[P](PartEntityDescription[P], SensorEntityDescription):
    """A sensor of each board, fan or pool."""


def _board_heat_at(place: str) -> Callable[[Hashboard], float | None]:
    return lambda board: rounded(getattr(board, f"{place}_temperature"), 1)


def _pool_count(kind: str) -> Callable[[Pool], int | None]:
    return lambda pool: getattr(pool.stats, f"{kind}_shares") if pool.stats else None


_board = partial(
    PartSensorDescription[Hashboard],
    part=BOARD,
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.MEASUREMENT,
)
_board_detail = partial(_board, entity_registry_enabled_default=False)
_board_heat = partial(
    _board_detail,
    device_class=SensorDeviceClass.TEMPERATURE,
    native_unit_of_measurement=UnitOfTemperature.CELSIUS,
)

_BOARD_SENSORS: tuple[PartSensorDescription[Hashboard], ...] = (
    _board(
        key="board_hashrate",
        native_unit_of_measurement=HASHRATE_UNIT,
        value=lambda board: (
            terahash(board.work.hashrates.minute_1)
            if board.work and board.work.hashrates
            else None
        ),
    ),
    _board_heat(
        key="board_chip_temperature",
        suggested_display_precision=0,
        entity_registry_enabled_default=True,
        value=lambda board: rounded(board.chip_temperature),
    ),
    _board_heat(
        key="board_temperature",
        suggested_display_precision=0,
        value=lambda board: rounded(board.board_temperature),
    ),
    *(
        _board_heat(
            key=f"board_{place}_temperature",
            value=_board_heat_at(place),
        )
        for place in ("inlet", "outlet", "water_inlet", "water_outlet")
    ),
    _board_detail(
        key="board_voltage",
        device_class=SensorDeviceClass.VOLTAGE,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        value=lambda board: rounded(board.voltage, 2),
    ),
    _board_detail(
        key="board_frequency",
        device_class=SensorDeviceClass.FREQUENCY,
        native_unit_of_measurement=UnitOfFrequency.MEGAHERTZ,
        value=lambda board: rounded(board.frequency),
    ),
    _board_detail(
        key="board_nominal_hashrate",
        native_unit_of_measurement=HASHRATE_UNIT,
        value=lambda board: (
            terahash(board.work.nominal_hashrate) if board.work else None
        ),
    ),
    _board_detail(
        key="board_error_hashrate",
        native_unit_of_measurement=HASHRATE_UNIT,
        value=lambda board: (
            rounded(board.work.error_hashrate, 2) if board.work else None
        ),
    ),
    _board_detail(key="board_chips", state_class=None, value=lambda board: board.chips),
)

_fan = partial(
    PartSensorDescription[Fan],
    part=FAN,
    entity_category=EntityCategory.DIAGNOSTIC,
    state_class=SensorStateClass.MEASUREMENT,
)

_FAN_SENSORS: tuple[PartSensorDescription[Fan], ...] = (
    _fan(
        key="fan_speed",
        native_unit_of_measurement=REVOLUTIONS_PER_MINUTE,
        # A fan that turns at its speed never turns at quite the same.
        value=lambda fan: round(fan.rpm, -1),
    ),
    _fan(
        key="fan_target",
        native_unit_of_measurement=PERCENTAGE,
        value=lambda fan: rounded(fan.target_speed),
    ),
)

_pool = partial(
    PartSensorDescription[Pool],
    part=POOL,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)

_POOL_SENSORS: tuple[PartSensorDescription[Pool], ...] = (
    *(
        _pool(
            key=f"pool_{kind}_shares",
            state_class=SensorStateClass.TOTAL_INCREASING,
            value=_pool_count(kind),
        )
        for kind in ("accepted", "rejected", "stale")
    ),
    _pool(
        key="pool_last_share",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda pool: pool.stats.last_share_at if pool.stats else None,
    ),
)

PART_SENSORS: tuple[PartSensorDescription[Any], ...] = (
    *_BOARD_SENSORS,
    *_FAN_SENSORS,
    *_POOL_SENSORS,
)
