"""Figures that a miner can be set to, within the bounds that it gives."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    Platform,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import (
    Bounds,
    CoolingKind,
    CoolingLimits,
    Dps,
    DpsLimits,
    FanPauseMode,
    Faulty,
    Limits,
    Miner,
    PausedFans,
    TunerMode,
)
from .const import HASHRATE_UNIT
from .coordinator import MinerConfigEntry
from .entity import add_entities
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_number import add_rig_numbers
from .setting import (
    SettingDescription,
    SettingEntity,
    change_cooling,
    change_ramping,
    configured,
    cooled,
)
from .state import MinerState

# Changes of one miner take turns anyway, and miners do not wait for each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MinerNumberDescription(SettingDescription, NumberEntityDescription):
    """A figure, and what the miner allows for it."""

    bounds: Callable[[Limits], Bounds | None]


def _target(mode: TunerMode, name: str) -> Callable[[MinerState], Any]:
    """Read a target of the tuner, which means nothing in its other modes."""
    return configured(
        lambda it: (
            getattr(it.tuner, name)
            if it.tuner and it.tuner.enabled and it.tuner.mode is mode
            else None
        )
    )


def _tuner_bounds(name: str) -> Callable[[Limits], Bounds | None]:
    return lambda limits: getattr(limits.tuner, name) if limits.tuner else None


def scales_by_power(state: MinerState) -> bool:
    """Tell whether scaling goes by power, and not by hashrate."""
    configuration = state.snapshot.configuration
    tuner = configuration.tuner if configuration else None
    return tuner is None or tuner.mode is not TunerMode.HASHRATE_TARGET


def _scaling(name: str, *, by_power: bool | None = None) -> Callable[[MinerState], Any]:
    read = configured(lambda it: getattr(it.dps, name) if it.dps else None)
    if by_power is None:
        return read
    return lambda state: read(state) if scales_by_power(state) is by_power else None


def _scaling_bounds(name: str) -> Callable[[Limits], Bounds | None]:
    def find(limits: Limits) -> Bounds | None:
        scaling: DpsLimits | None = limits.dps
        return getattr(scaling, name) if scaling else None

    return find


def _set_scaling(name: str) -> Callable[[Miner, float], Awaitable[object]]:
    def write(miner: Miner, value: float) -> Awaitable[object]:
        change: dict[str, Any] = {name: value}
        return miner.set_dps(Dps(**change))

    return write


def _cooling(name: str, *kinds: CoolingKind) -> Callable[[MinerState], Any]:
    return cooled(
        lambda it: getattr(it, name) if not kinds or it.kind in kinds else None
    )


def _cooling_bounds(name: str) -> Callable[[Limits], Bounds | None]:
    def find(limits: Limits) -> Bounds | None:
        cooling: CoolingLimits | None = limits.cooling
        return getattr(cooling, name) if cooling else None

    return find


def _set_cooling(name: str) -> Callable[[Miner, float], Awaitable[object]]:
    return lambda miner, value: change_cooling(miner, **{name: value})


async def _set_paused_speed(miner: Miner, value: float) -> None:
    configuration = await miner.configuration()
    paused = configuration.cooling.paused if configuration.cooling else None
    if paused is None:
        raise Faulty
    await change_cooling(
        miner, paused=replace(paused, mode=FanPauseMode.MANUAL, speed=value)
    )


def _paused_speed(paused: PausedFans | None) -> float | None:
    return paused.speed if paused and paused.mode is FanPauseMode.MANUAL else None


def _ramping(name: str) -> Callable[[MinerState], Any]:
    return configured(lambda it: getattr(it.boards, name) if it.boards else None)


_watts = partial(
    MinerNumberDescription,
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_step=1,
)
_terahash = partial(
    MinerNumberDescription,
    native_unit_of_measurement=HASHRATE_UNIT,
    native_step=0.1,
)
_degrees = partial(
    MinerNumberDescription,
    device_class=NumberDeviceClass.TEMPERATURE,
    native_unit_of_measurement=UnitOfTemperature.CELSIUS,
    native_step=1,
    entity_category=EntityCategory.CONFIG,
)
_percent = partial(
    MinerNumberDescription,
    native_unit_of_measurement=PERCENTAGE,
    native_step=1,
    entity_category=EntityCategory.CONFIG,
)
_seconds = partial(
    MinerNumberDescription,
    device_class=NumberDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    native_step=1,
    entity_category=EntityCategory.CONFIG,
)

NUMBERS: tuple[MinerNumberDescription, ...] = (
    _watts(
        key="power_target",
        value=_target(TunerMode.POWER_TARGET, "power_target"),
        bounds=_tuner_bounds("power_target"),
        write=lambda miner, value: miner.tuning.set_power_target(value),
    ),
    _terahash(
        key="hashrate_target",
        value=_target(TunerMode.HASHRATE_TARGET, "hashrate_target"),
        bounds=_tuner_bounds("hashrate_target"),
        write=lambda miner, value: miner.tuning.set_hashrate_target(value),
    ),
    _watts(
        key="dps_power_step",
        entity_category=EntityCategory.CONFIG,
        value=_scaling("power_step", by_power=True),
        bounds=_scaling_bounds("power_step"),
        write=_set_scaling("power_step"),
    ),
    _terahash(
        key="dps_hashrate_step",
        entity_category=EntityCategory.CONFIG,
        value=_scaling("hashrate_step", by_power=False),
        bounds=_scaling_bounds("hashrate_step"),
        write=_set_scaling("hashrate_step"),
    ),
    _watts(
        key="dps_min_power_target",
        entity_category=EntityCategory.CONFIG,
        value=_scaling("min_power_target", by_power=True),
        bounds=_scaling_bounds("min_power_target"),
        write=_set_scaling("min_power_target"),
    ),
    _terahash(
        key="dps_min_hashrate_target",
        entity_category=EntityCategory.CONFIG,
        value=_scaling("min_hashrate_target", by_power=False),
        bounds=_scaling_bounds("min_hashrate_target"),
        write=_set_scaling("min_hashrate_target"),
    ),
    MinerNumberDescription(
        key="dps_shutdown_hours",
        device_class=NumberDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        native_step=1,
        entity_category=EntityCategory.CONFIG,
        value=_scaling("shutdown_hours"),
        bounds=_scaling_bounds("shutdown_hours"),
        write=_set_scaling("shutdown_hours"),
    ),
    _percent(
        key="dps_start_percent",
        since=9,
        value=_scaling("start_percent"),
        bounds=_scaling_bounds("start_percent"),
        write=_set_scaling("start_percent"),
    ),
    *(
        _degrees(
            key=f"{which}_temperature",
            since=4,
            value=_cooling(f"{which}_temperature"),
            bounds=_cooling_bounds(f"{which}_temperature"),
            write=_set_cooling(f"{which}_temperature"),
        )
        for which in ("target", "hot", "dangerous")
    ),
    *(
        _percent(
            key=f"{which}_fan_speed",
            since=4,
            value=_cooling(f"{which}_fan_speed", CoolingKind.AUTO),
            bounds=_cooling_bounds(f"{which}_fan_speed"),
            write=_set_cooling(f"{which}_fan_speed"),
        )
        for which in ("min", "max")
    ),
    MinerNumberDescription(
        key="required_fans",
        since=4,
        native_step=1,
        entity_category=EntityCategory.CONFIG,
        value=_cooling("required_fans", CoolingKind.AUTO, CoolingKind.MANUAL),
        bounds=_cooling_bounds("required_fans"),
        write=_set_cooling("required_fans"),
    ),
    _percent(
        key="paused_fan_speed",
        since=6,
        value=cooled(lambda it: _paused_speed(it.paused)),
        bounds=_cooling_bounds("paused_fan_speed"),
        write=_set_paused_speed,
    ),
    _seconds(
        key="ramp_up",
        since=7,
        value=_ramping("ramp_up"),
        bounds=lambda limits: limits.boards.ramping if limits.boards else None,
        write=lambda miner, value: change_ramping(miner, up=round(value)),
    ),
    _seconds(
        key="ramp_down",
        since=7,
        value=_ramping("ramp_down"),
        bounds=lambda limits: limits.boards.ramping if limits.boards else None,
        write=lambda miner, value: change_ramping(miner, down=round(value)),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what can be set to a figure of a miner, or of rigs."""
    if is_fleet(entry):
        add_rig_numbers(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(miner, async_add_entities, Platform.NUMBER, NUMBERS, MinerNumber)


class MinerNumber(SettingEntity[MinerNumberDescription], NumberEntity):
    """A figure that can be set."""

    _attr_mode = NumberMode.BOX
    entity_description: MinerNumberDescription

    _bounds: Bounds | None = None

    @property
    @override
    def available(self) -> bool:
        return super().available and self._bounds is not None

    @override
    def _look(self) -> bool:
        before = self._bounds
        limits = self.coordinator.data.snapshot.limits
        bounds = self.entity_description.bounds(limits) if limits else None
        if bounds and bounds.minimum is not None and bounds.maximum is not None:
            self._attr_native_min_value = bounds.minimum
            self._attr_native_max_value = bounds.maximum
            self._bounds = bounds
        return super()._look() or self._bounds != before

    @override
    def _show(self, value: Any) -> None:
        self._attr_native_value = value

    @override
    async def async_set_native_value(self, value: float) -> None:
        description = self.entity_description
        wanted = round(value) if description.native_step == 1 else value
        await self._set(
            wanted, description.write, description.value, reads=description.reads
        )
