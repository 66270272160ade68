"""Dynamic performance scaling: the miner lowers its own target when it is hot."""

from dataclasses import dataclass
from typing import Any

from .connection import Connection
from .units import (
    Bounds,
    SaveAction,
    WireEnum,
    given,
    hours,
    number_of,
    read_bounds,
    read_default,
    read_hours,
    read_number,
    read_terahash,
    read_watts,
    terahash,
    watts,
)
from .wire import rpc

_SET = rpc("PerformanceService", "SetDPS")


class DpsMode(WireEnum):
    """How eagerly the miner scales; since API 1.4."""

    UNKNOWN = "unknown"
    NORMAL = "normal"
    BOOST = "boost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dps:
    """How scaling is configured: W, TH/s, hours, %.

    In a change, `None` leaves what the miner has.
    """

    enabled: bool | None = None
    mode: DpsMode | None = None
    power_step: int | None = None
    hashrate_step: float | None = None
    min_power_target: int | None = None
    min_hashrate_target: float | None = None
    shutdown_enabled: bool | None = None
    shutdown_hours: int | None = None
    start_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DpsLimits:
    """What scaling can be set to: W, TH/s, hours, %."""

    enabled_by_default: bool | None
    default_mode: DpsMode
    power_step: Bounds | None
    hashrate_step: Bounds | None
    min_power_target: Bounds | None
    min_hashrate_target: Bounds | None
    shutdown_enabled_by_default: bool | None
    shutdown_hours: Bounds | None
    start_percent: Bounds | None


def read_dps(m: Any) -> Dps:
    """Read a `DPSConfiguration`."""
    return Dps(
        enabled=read_number(m, "enabled"),
        mode=_read_mode(m),
        power_step=read_watts(m, "power_step"),
        hashrate_step=read_terahash(m, "hashrate_step"),
        min_power_target=read_watts(m, "min_power_target"),
        min_hashrate_target=read_terahash(m, "min_hashrate_target"),
        shutdown_enabled=read_number(m, "shutdown_enabled"),
        shutdown_hours=read_hours(m, "shutdown_duration"),
        start_percent=read_number(m, "on_start_target_percent"),
    )


def _read_mode(m: Any) -> DpsMode | None:
    return DpsMode.from_wire(m.mode) if m.HasField("mode") else None


def read_dps_limits(m: Any) -> DpsLimits:
    """Read a `DPSConstraints`."""
    return DpsLimits(
        enabled_by_default=read_default(m, "enabled"),
        default_mode=DpsMode.from_wire(m.mode),
        power_step=read_bounds(m, "power_step"),
        hashrate_step=read_bounds(m, "hashrate_step"),
        min_power_target=read_bounds(m, "min_power_target"),
        min_hashrate_target=read_bounds(m, "min_hashrate_target"),
        shutdown_enabled_by_default=read_default(m, "shutdown_enabled"),
        shutdown_hours=read_bounds(m, "shutdown_duration"),
        start_percent=read_bounds(m, "on_start_target_percent"),
    )


async def set_dps(connection: Connection, change: Dps, save: SaveAction) -> Dps:
    """Send a change of the configuration; returns the new one.

    The wire takes steps and minimums for power or for hashrate, never both.
    """
    power = given(
        power_step=watts(change.power_step),
        min_power_target=watts(change.min_power_target),
    )
    hashrate = given(
        hashrate_step=terahash(change.hashrate_step),
        min_hashrate_target=terahash(change.min_hashrate_target),
    )
    if power and hashrate:
        raise ValueError("scaling is by power or by hashrate, not by both")
    target = None
    if power:
        target = {"power_target": power}
    elif hashrate:
        target = {"hashrate_target": hashrate}
    answer = await connection.command(
        _SET,
        save_action=save.number,
        **given(
            enable=change.enabled,
            enable_shutdown=change.shutdown_enabled,
            shutdown_duration=hours(change.shutdown_hours),
            target=target,
            mode=number_of(change.mode),
            on_start_target_percent=change.start_percent,
        ),
    )
    by_power, by_hashrate = answer.power_target, answer.hashrate_target
    return Dps(
        enabled=read_number(answer, "enabled"),
        mode=_read_mode(answer),
        power_step=read_watts(by_power, "power_step"),
        hashrate_step=read_terahash(by_hashrate, "hashrate_step"),
        min_power_target=read_watts(by_power, "min_power_target"),
        min_hashrate_target=read_terahash(by_hashrate, "min_hashrate_target"),
        shutdown_enabled=read_number(answer, "shutdown_enabled"),
        shutdown_hours=read_hours(answer, "shutdown_duration"),
        start_percent=read_number(answer, "on_start_target_percent"),
    )
