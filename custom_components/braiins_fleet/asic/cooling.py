"""Fans, temperatures and the modes of cooling. Fan speeds are in %."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .connection import Connection
from .units import (
    Bounds,
    SaveAction,
    WireEnum,
    celsius,
    given,
    number_of,
    ratio,
    read_bounds,
    read_celsius,
    read_number,
    read_percent,
    read_percent_bounds,
)
from .wire import rpc

_SET_MODE = rpc("CoolingService", "SetCoolingMode", since=4)
_SET_IMMERSION = rpc("CoolingService", "SetImmersionMode")


class CoolingKind(WireEnum):
    """How a miner is cooled. `DISABLED` is of firmware before API 1.4."""

    UNKNOWN = "unknown"
    AUTO = "auto"
    MANUAL = "manual"
    DISABLED = "disabled"
    IMMERSION = "immersion"
    HYDRO = "hydro"


class FanPauseMode(WireEnum):
    """Who sets the fans while mining is paused."""

    UNKNOWN = "unknown"
    AUTO = "auto"
    MANUAL = "manual"


class FanPauseRuntime(WireEnum):
    """For how long the fans run on after a pause."""

    UNKNOWN = "unknown"
    LIMITED = "limited"
    INDEFINITE = "indefinite"


class SensorLocation(WireEnum):
    """Where a temperature is measured."""

    UNKNOWN = "unknown"
    CHIP = "chip"
    PCB = "pcb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """One fan. A miner need not say where it sits."""

    position: int | None
    rpm: int
    target_speed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HottestSensor:
    """The highest temperature of all, and where it is."""

    id: int | None
    location: SensorLocation
    temperature: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingState:
    """The fans and the hottest place now."""

    fans: tuple[Fan, ...]
    hottest: HottestSensor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedFans:
    """What the fans do while mining is paused (API 1.6).

    In automatic mode the miner slows them down by itself, and the rest says nothing.
    """

    mode: FanPauseMode
    speed: float | None = None
    runtime: FanPauseRuntime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingMode:
    """A mode and its settings; temperatures in °C, speeds in %.

    `fan_speed` is of manual mode, the bounds of the speed are of automatic mode, and
    fans mean nothing under immersion and hydro. In a change, `None` leaves what the
    miner has.
    """

    kind: CoolingKind
    target_temperature: float | None = None
    hot_temperature: float | None = None
    dangerous_temperature: float | None = None
    fan_speed: float | None = None
    min_fan_speed: int | None = None
    max_fan_speed: int | None = None
    required_fans: int | None = None
    paused: PausedFans | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingLimits:
    """What cooling can be set to: °C, %, fans, seconds."""

    default_kind: CoolingKind
    target_temperature: Bounds | None
    hot_temperature: Bounds | None
    dangerous_temperature: Bounds | None
    fan_speed: Bounds | None
    min_fan_speed: Bounds | None
    max_fan_speed: Bounds | None
    required_fans: Bounds | None
    paused_fan_speed: Bounds | None
    default_pause_mode: FanPauseMode | None
    default_pause_runtime: FanPauseRuntime | None
    limited_runtime: int | None


def read_cooling_state(m: Any) -> CoolingState:
    """Read the answer of `GetCoolingState`."""
    hottest = None
    if m.HasField("highest_temperature"):
        sensor = m.highest_temperature
        hottest = HottestSensor(
            id=read_number(sensor, "id"),
            location=SensorLocation.from_wire(sensor.location),
            temperature=read_celsius(sensor, "temperature"),
        )
    return CoolingState(
        fans=tuple(
            Fan(
                position=read_number(fan, "position"),
                rpm=fan.rpm,
                target_speed=read_percent(fan, "target_speed_ratio"),
            )
            for fan in m.fans
        ),
        hottest=hottest,
    )


def read_cooling_mode(m: Any) -> CoolingMode | None:
    """Read the `mode` of a `CoolingConfiguration` or a `SetCoolingModeResponse`."""
    name = m.WhichOneof("mode")
    if name is None:
        return None
    mode = getattr(m, name)
    required = _read(read_number, mode, "minimum_required_fans")
    if required is None:
        # Before API 1.4 it stood beside the modes.
        required = _read(read_number, m, "minimum_required_fans")
    return CoolingMode(
        kind=CoolingKind(name),
        target_temperature=_read(read_celsius, mode, "target_temperature"),
        hot_temperature=_read(read_celsius, mode, "hot_temperature"),
        dangerous_temperature=_read(read_celsius, mode, "dangerous_temperature"),
        fan_speed=_read(read_percent, mode, "fan_speed_ratio"),
        min_fan_speed=_read(read_number, mode, "min_fan_speed"),
        max_fan_speed=_read(read_number, mode, "max_fan_speed"),
        required_fans=required,
        paused=_read(_read_paused_fans, mode, "pause_mode"),
    )


def _read[T](read: Callable[[Any, str], T], m: Any, field: str) -> T | None:
    """Read a field that only some of the modes have."""
    return read(m, field) if field in m.DESCRIPTOR.fields_by_name else None


def _read_paused_fans(m: Any, field: str) -> PausedFans | None:
    paused = getattr(m, field)
    match paused.WhichOneof("mode"):
        case "auto":
            return PausedFans(mode=FanPauseMode.AUTO)
        case "manual":
            manual = paused.manual
            runtime = read_number(manual, "fan_pause_runtime")
            return PausedFans(
                mode=FanPauseMode.MANUAL,
                speed=read_percent(manual, "pause_cooldown_fan_speed_ratio"),
                runtime=(
                    None if runtime is None else FanPauseRuntime.from_wire(runtime)
                ),
            )
    return None


def read_cooling_limits(m: Any) -> CoolingLimits:
    """Read a `CoolingConstraints`."""
    mode = read_number(m, "default_fan_pause_mode")
    runtime = read_number(m, "default_fan_pause_runtime")
    return CoolingLimits(
        default_kind=CoolingKind.from_wire(m.default_cooling_mode),
        target_temperature=read_bounds(m, "target_temperature"),
        hot_temperature=read_bounds(m, "hot_temperature"),
        dangerous_temperature=read_bounds(m, "dangerous_temperature"),
        fan_speed=read_percent_bounds(m, "fan_speed_ratio"),
        min_fan_speed=read_bounds(m, "min_fan_speed"),
        max_fan_speed=read_bounds(m, "max_fan_speed"),
        required_fans=read_bounds(m, "minimum_required_fans"),
        paused_fan_speed=read_percent_bounds(m, "pause_cooldown_fan_speed_ratio"),
        default_pause_mode=None if mode is None else FanPauseMode.from_wire(mode),
        default_pause_runtime=(
            None if runtime is None else FanPauseRuntime.from_wire(runtime)
        ),
        limited_runtime=read_number(m, "fan_pause_runtime_limited_duration_s"),
    )


def _write_paused_fans(paused: PausedFans | None) -> dict[str, Any] | None:
    if paused is None:
        return None
    if paused.mode is not FanPauseMode.MANUAL:
        return {"auto": {}}
    return {
        "manual": given(
            pause_cooldown_fan_speed_ratio=ratio(paused.speed),
            fan_pause_runtime=number_of(paused.runtime),
        )
    }


def _write_mode(mode: CoolingMode) -> dict[str, Any]:
    settings = given(
        target_temperature=celsius(mode.target_temperature),
        hot_temperature=celsius(mode.hot_temperature),
        dangerous_temperature=celsius(mode.dangerous_temperature),
    )
    fans = given(
        minimum_required_fans=mode.required_fans,
        pause_mode=_write_paused_fans(mode.paused),
    )
    match mode.kind:
        case CoolingKind.AUTO:
            speeds = given(
                min_fan_speed=mode.min_fan_speed, max_fan_speed=mode.max_fan_speed
            )
            return {"auto": settings | fans | speeds}
        case CoolingKind.MANUAL:
            speed = given(fan_speed_ratio=ratio(mode.fan_speed))
            return {"manual": settings | fans | speed}
        case CoolingKind.IMMERSION | CoolingKind.HYDRO:
            return {mode.kind.value: settings}
    raise ValueError(f"cooling cannot be set to {mode.kind}")


class Cooling:
    """Setting how a miner is cooled."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_mode(
        self, mode: CoolingMode, *, save: SaveAction = SaveAction.APPLY
    ) -> CoolingMode | None:
        """Change the mode or its settings; returns what the miner made of it.

        Since API 1.4; before, there is only `set_immersion`.
        """
        answer = await self._connection.command(
            _SET_MODE, save_action=save.number, **_write_mode(mode)
        )
        return read_cooling_mode(answer)

    async def set_immersion(
        self, *, on: bool, save: SaveAction = SaveAction.APPLY
    ) -> bool:
        """Switch immersion cooling, the way of firmware before API 1.4."""
        answer = await self._connection.command(
            _SET_IMMERSION, save_action=save.number, enable_immersion_mode=on
        )
        return bool(answer.immersion_mode)
