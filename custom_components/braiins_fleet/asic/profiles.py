"""What the tuner has learnt: tuned profiles and the efficiency curve."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .units import (
    WireEnum,
    read_celsius,
    read_gigahash,
    read_megahertz,
    read_terahash,
    read_time,
    read_volts,
    read_watts,
)


class TunerMode(WireEnum):
    """What the tuner aims at."""

    UNKNOWN = "unknown"
    POWER_TARGET = "power_target"
    HASHRATE_TARGET = "hashrate_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedProfile:
    """A target that the tuner has tuned for; W or TH/s, as the mode says."""

    mode: TunerMode
    target: float | None
    created: datetime | None
    measured_hashrate: float | None
    estimated_power: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencyPoint:
    """One measured point of the efficiency curve: W, TH/s, %, °C, MHz, V."""

    quality: int
    power_target: int | None
    power: int | None
    hashrate: float | None
    fan_speed: int
    outlet_temperature: float | None
    ambient_temperature: float | None
    frequency: float | None
    voltage: float | None


def read_power_profile(m: Any) -> TunedProfile:
    """Read a `PowerTargetProfile`."""
    return _read_profile(m, TunerMode.POWER_TARGET, read_watts(m, "target"))


def read_hashrate_profile(m: Any) -> TunedProfile:
    """Read a `HashrateTargetProfile`."""
    return _read_profile(m, TunerMode.HASHRATE_TARGET, read_terahash(m, "target"))


def _read_profile(m: Any, mode: TunerMode, target: float | None) -> TunedProfile:
    return TunedProfile(
        mode=mode,
        target=target,
        created=read_time(m, "created"),
        measured_hashrate=read_gigahash(m, "measured_hashrate"),
        estimated_power=read_watts(m, "estimated_power_consumption"),
    )


def read_profiles(m: Any) -> tuple[TunedProfile, ...]:
    """Read the answer of `ListTargetProfiles`."""
    return (
        *map(read_power_profile, m.power_target_profiles),
        *map(read_hashrate_profile, m.hashrate_target_profiles),
    )


def read_efficiency_profile(message: Any) -> tuple[EfficiencyPoint, ...]:
    """Read the answer of `GetMinerEfficiencyProfile`."""
    return tuple(
        EfficiencyPoint(
            quality=m.quality,
            power_target=read_watts(m, "power_target"),
            power=read_watts(m, "consumption"),
            hashrate=read_terahash(m, "hashrate"),
            fan_speed=m.fan_speed,
            outlet_temperature=read_celsius(m, "outlet_temp"),
            ambient_temperature=read_celsius(m, "ambient_temp"),
            frequency=read_megahertz(m, "frequency"),
            voltage=read_volts(m, "voltage"),
        )
        for m in message.points
    )
