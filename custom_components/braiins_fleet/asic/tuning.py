"""Power and hashrate targets, the tuner, and the modes of performance."""

from dataclasses import dataclass
from typing import Any

from .boards import BoardSettings
from .connection import Connection
from .profiles import TunedProfile, TunerMode, read_hashrate_profile, read_power_profile
from .units import (
    Bounds,
    SaveAction,
    WireEnum,
    given,
    megahertz,
    read_bounds,
    read_default,
    read_megahertz,
    read_number,
    read_terahash,
    read_volts,
    read_watts,
    terahash,
    volts,
    watts,
)
from .wire import Rpc, rpc

_SERVICE = "PerformanceService"
_SET_DEFAULT_POWER = rpc(_SERVICE, "SetDefaultPowerTarget")
_SET_POWER = rpc(_SERVICE, "SetPowerTarget")
_INCREMENT_POWER = rpc(_SERVICE, "IncrementPowerTarget")
_DECREMENT_POWER = rpc(_SERVICE, "DecrementPowerTarget")
_SET_RELATIVE_POWER = rpc(_SERVICE, "SetRelativePowerTarget", since=8)
_SET_DEFAULT_HASHRATE = rpc(_SERVICE, "SetDefaultHashrateTarget")
_SET_HASHRATE = rpc(_SERVICE, "SetHashrateTarget")
_INCREMENT_HASHRATE = rpc(_SERVICE, "IncrementHashrateTarget")
_DECREMENT_HASHRATE = rpc(_SERVICE, "DecrementHashrateTarget")
_SET_RELATIVE_HASHRATE = rpc(_SERVICE, "SetRelativeHashrateTarget", since=8)
_SET_MODE = rpc(_SERVICE, "SetPerformanceMode")
_REMOVE_PROFILES = rpc(_SERVICE, "RemoveTunedProfiles")
_SET_RAMPING = rpc(_SERVICE, "SetQuickRamping", since=7)
_SET_DEFAULT_RAMPING = rpc(_SERVICE, "SetDefaultQuickRamping", since=7)


class TunerPhase(WireEnum):
    """What the tuner is doing."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    STABLE = "stable"
    TUNING = "tuning"
    ERROR = "error"
    CONTINUOUS = "continuous"
    PREHEAT = "preheat"


class Reference(WireEnum):
    """What a relative target is a percentage of."""

    UNKNOWN = "unknown"
    NOMINAL = "nominal"
    MINIMUM = "min"
    MAXIMUM = "max"
    CURRENT = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunerState:
    """The tuner now.

    `profile.target` is what was configured; `live_target` is what the miner aims at
    at the moment, which is lower while dynamic performance scaling acts.
    """

    phase: TunerPhase
    mode: TunerMode
    profile: TunedProfile | None
    live_target: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TunerSettings:
    """How the tuner is configured: targets in W and TH/s."""

    enabled: bool | None
    mode: TunerMode
    power_target: int | None
    hashrate_target: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TunerLimits:
    """What the tuner can be set to: W and TH/s."""

    power_target: Bounds | None
    hashrate_target: Bounds | None
    enabled_by_default: bool | None
    default_mode: TunerMode


@dataclass(frozen=True, slots=True)
class PowerTarget:
    """The tuner aims at a consumption, in W."""

    watts: int | None


@dataclass(frozen=True, slots=True)
class HashrateTarget:
    """The tuner aims at a hashrate, in TH/s."""

    terahash: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTuning:
    """No tuner: fixed frequency (MHz) and voltage (V)."""

    frequency: float | None
    voltage: float | None
    boards: tuple[BoardSettings, ...] = ()


type PerformanceMode = PowerTarget | HashrateTarget | ManualTuning


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramping:
    """Seconds to ramp up after a resume, and down before a pause."""

    up: int
    down: int


def read_tuner_state(m: Any) -> TunerState:
    """Read the answer of `GetTunerState`."""
    mode = TunerMode.UNKNOWN
    profile: TunedProfile | None = None
    live: float | None = None
    match m.WhichOneof("mode_state"):
        case "power_target_mode_state":
            state = m.power_target_mode_state
            mode, live = TunerMode.POWER_TARGET, read_watts(state, "current_target")
            if state.HasField("profile"):
                profile = read_power_profile(state.profile)
        case "hashrate_target_mode_state":
            state = m.hashrate_target_mode_state
            mode = TunerMode.HASHRATE_TARGET
            live = read_terahash(state, "current_target")
            if state.HasField("profile"):
                profile = read_hashrate_profile(state.profile)
    return TunerState(
        phase=TunerPhase.from_wire(m.overall_tuner_state),
        mode=mode,
        profile=profile,
        live_target=live,
    )


def read_tuner_settings(m: Any) -> TunerSettings:
    """Read a `TunerConfiguration`."""
    return TunerSettings(
        enabled=read_number(m, "enabled"),
        mode=TunerMode.from_wire(m.tuner_mode),
        power_target=read_watts(m, "power_target"),
        hashrate_target=read_terahash(m, "hashrate_target"),
    )


def read_tuner_limits(m: Any) -> TunerLimits:
    """Read a `TunerConstraints`."""
    return TunerLimits(
        power_target=read_bounds(m, "power_target"),
        hashrate_target=read_bounds(m, "hashrate_target"),
        enabled_by_default=read_default(m, "enabled"),
        default_mode=TunerMode.from_wire(m.default_mode),
    )


def read_performance_mode(m: Any) -> PerformanceMode | None:
    """Read a `PerformanceMode`; `None` is one that is newer than this library."""
    if m.WhichOneof("mode") == "manual_mode":
        manual = m.manual_mode
        return ManualTuning(
            frequency=read_megahertz(manual, "global_frequency"),
            voltage=read_volts(manual, "global_voltage"),
            boards=tuple(
                BoardSettings(
                    id=board.id,
                    frequency=read_megahertz(board, "frequency"),
                    voltage=read_volts(board, "voltage"),
                )
                for board in manual.hashboards
            ),
        )
    match m.tuner_mode.WhichOneof("target"):
        case "power_target":
            return PowerTarget(read_watts(m.tuner_mode.power_target, "power_target"))
        case "hashrate_target":
            target = m.tuner_mode.hashrate_target
            return HashrateTarget(read_terahash(target, "hashrate_target"))
    return None


def _write_performance_mode(mode: PerformanceMode) -> dict[str, Any]:
    match mode:
        case PowerTarget():
            target = given(power_target=watts(mode.watts))
            return {"tuner_mode": {"power_target": target}}
        case HashrateTarget():
            target = given(hashrate_target=terahash(mode.terahash))
            return {"tuner_mode": {"hashrate_target": target}}
        case ManualTuning():
            return {
                "manual_mode": given(
                    global_frequency=megahertz(mode.frequency),
                    global_voltage=volts(mode.voltage),
                    hashboards=[
                        given(
                            id=board.id,
                            frequency=megahertz(board.frequency),
                            voltage=volts(board.voltage),
                        )
                        for board in mode.boards
                    ],
                )
            }


class Tuning:
    """Setting the tuner. Each change returns what the miner made of it.

    The miner is not there yet when these return: it ramps for seconds, and tunes a
    target that is new to it for minutes to hours.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_power_target(
        self, power: float, *, save: SaveAction = SaveAction.APPLY
    ) -> int | None:
        """Aim at a consumption, in W."""
        return await self._set_power(_SET_POWER, save, power_target=watts(power))

    async def set_default_power_target(
        self, *, save: SaveAction = SaveAction.APPLY
    ) -> int | None:
        """Aim at the consumption that is the model's default."""
        return await self._set_power(_SET_DEFAULT_POWER, save)

    async def increment_power_target(
        self, power: float, *, save: SaveAction = SaveAction.APPLY
    ) -> int | None:
        """Raise the target by some W.

        Some firmware reports the new target and never goes there: prefer
        `set_power_target`.
        """
        return await self._set_power(
            _INCREMENT_POWER, save, power_target_increment=watts(power)
        )

    async def decrement_power_target(
        self, power: float, *, save: SaveAction = SaveAction.APPLY
    ) -> int | None:
        """Lower the target by some W; the same caution applies."""
        return await self._set_power(
            _DECREMENT_POWER, save, power_target_decrement=watts(power)
        )

    async def set_relative_power_target(
        self, percent: float, of: Reference, *, save: SaveAction = SaveAction.APPLY
    ) -> int | None:
        """Aim at a percentage of one of the miner's own figures (API 1.8)."""
        return await self._set_power(
            _SET_RELATIVE_POWER, save, percentage=percent, reference=of.number
        )

    async def set_hashrate_target(
        self, rate: float, *, save: SaveAction = SaveAction.APPLY
    ) -> float | None:
        """Aim at a hashrate, in TH/s."""
        return await self._set_hashrate(
            _SET_HASHRATE, save, hashrate_target=terahash(rate)
        )

    async def set_default_hashrate_target(
        self, *, save: SaveAction = SaveAction.APPLY
    ) -> float | None:
        """Aim at the hashrate that is the model's default."""
        return await self._set_hashrate(_SET_DEFAULT_HASHRATE, save)

    async def increment_hashrate_target(
        self, rate: float, *, save: SaveAction = SaveAction.APPLY
    ) -> float | None:
        """Raise the target by some TH/s; prefer `set_hashrate_target`."""
        return await self._set_hashrate(
            _INCREMENT_HASHRATE, save, hashrate_target_increment=terahash(rate)
        )

    async def decrement_hashrate_target(
        self, rate: float, *, save: SaveAction = SaveAction.APPLY
    ) -> float | None:
        """Lower the target by some TH/s; prefer `set_hashrate_target`."""
        return await self._set_hashrate(
            _DECREMENT_HASHRATE, save, hashrate_target_decrement=terahash(rate)
        )

    async def set_relative_hashrate_target(
        self, percent: float, of: Reference, *, save: SaveAction = SaveAction.APPLY
    ) -> float | None:
        """Aim at a percentage of one of the miner's own figures (API 1.8)."""
        return await self._set_hashrate(
            _SET_RELATIVE_HASHRATE, save, percentage=percent, reference=of.number
        )

    async def set_mode(
        self, mode: PerformanceMode, *, save: SaveAction = SaveAction.APPLY
    ) -> PerformanceMode | None:
        """Change between power target, hashrate target and manual."""
        answer = await self._connection.command(
            _SET_MODE, save_action=save.number, mode=_write_performance_mode(mode)
        )
        return read_performance_mode(answer)

    async def forget_profiles(self) -> None:
        """Throw the tuned profiles away: hours of the tuner's work."""
        await self._connection.command(_REMOVE_PROFILES)

    async def set_ramping(
        self, ramping: Ramping, *, save: SaveAction = SaveAction.APPLY
    ) -> Ramping:
        """Set how quickly the miner resumes and pauses (API 1.7)."""
        answer = await self._connection.command(
            _SET_RAMPING, save_action=save.number, up_s=ramping.up, down_s=ramping.down
        )
        return Ramping(up=answer.up_s, down=answer.down_s)

    async def set_default_ramping(
        self, *, save: SaveAction = SaveAction.APPLY
    ) -> Ramping:
        """Resume and pause as quickly as the model does by default (API 1.7)."""
        answer = await self._connection.command(
            _SET_DEFAULT_RAMPING, save_action=save.number
        )
        return Ramping(up=answer.up_s, down=answer.down_s)

    async def _set_power(
        self, method: Rpc, save: SaveAction, **fields: Any
    ) -> int | None:
        answer = await self._connection.command(
            method, save_action=save.number, **fields
        )
        return read_watts(answer, "power_target")

    async def _set_hashrate(
        self, method: Rpc, save: SaveAction, **fields: Any
    ) -> float | None:
        answer = await self._connection.command(
            method, save_action=save.number, **fields
        )
        return read_terahash(answer, "hashrate_target")
