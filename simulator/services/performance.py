"""Targets, tuner, DPS, manual mode and ramping."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.configuration import (
    DPS_SHUTDOWN_H,
    DPS_START_PERCENT,
    RAMP_S,
    DpsBounds,
    ManualSettings,
    TunerMode,
    dps_bounds,
)
from simulator.machine import Machine
from simulator.models import Bounds
from simulator.refusals import InvalidValue, NotRunning
from simulator.schema import enum, message
from simulator.tuner import Profile, TunerState

from .saving import save_of

_Tuner = message("GetTunerStateResponse")
_Profiles = message("ListTargetProfilesResponse")
_Efficiency = message("GetMinerEfficiencyProfileResponse")
_Power = message("SetPowerTargetResponse")
_Hashrate = message("SetHashrateTargetResponse")
_Dps = message("SetDPSResponse")
_Mode = message("PerformanceMode")
_Removed = message("RemoveTunedProfilesResponse")
_Ramping = message("QuickRampingResponse")

_STATES = enum("TunerState")
_REFERENCES = enum("RelativeTargetReference")
_DPS_MODES = enum("DPSMode")
_FIRST_CONTINUOUS = 9
_FIRST_PREHEAT = 11
_POINTS = 12


def _state_number(machine: Machine) -> int:
    minor = machine.firmware.minor
    match machine.tuner_state:
        case TunerState.DISABLED:
            return _STATES["DISABLED"]
        case TunerState.STABLE:
            return _STATES["CONTINUOUS" if minor >= _FIRST_CONTINUOUS else "STABLE"]
        case TunerState.TUNING:
            return _STATES["TUNING"]
        case TunerState.PREHEAT:
            return _STATES["PREHEAT" if minor >= _FIRST_PREHEAT else "TUNING"]
        case TunerState.ERROR:
            return _STATES["ERROR"]


def _set_target(entry: Any, mode: TunerMode, target: float) -> None:
    if mode is TunerMode.POWER:
        entry.watt = round(target)
    else:
        entry.terahash_per_second = target


def _fill_profile(
    machine: Machine, entry: Any, mode: TunerMode, profile: Profile
) -> None:
    entry.created.seconds = int(machine.calendar(profile.created))
    _set_target(entry.target, mode, profile.target)
    entry.measured_hashrate.gigahash_per_second = profile.hashrate * 1000
    entry.estimated_power_consumption.watt = round(profile.consumption)


def tuner_state(machine: Machine, _: Any) -> Any:
    """Answer what the tuner does, and its configured and live target."""
    machine.require_software()
    answer = _Tuner(overall_tuner_state=_state_number(machine))
    tuner = machine.tuner
    if not machine.running.tuner.enabled:
        return answer
    mode = tuner.settings.mode
    entry = (
        answer.power_target_mode_state
        if mode is TunerMode.POWER
        else answer.hashrate_target_mode_state
    )
    if (profile := tuner.profile) is not None:
        _fill_profile(machine, entry.profile, mode, profile)
    else:
        _set_target(entry.profile.target, mode, tuner.configured)
    _set_target(entry.current_target, mode, tuner.live)
    return answer


def profiles(machine: Machine, _: Any) -> Any:
    """Answer the targets already tuned."""
    answer = _Profiles()
    known = machine.tuner.profiles
    for profile in known[TunerMode.POWER].values():
        entry = answer.power_target_profiles.add()
        _fill_profile(machine, entry, TunerMode.POWER, profile)
    for profile in known[TunerMode.HASHRATE].values():
        entry = answer.hashrate_target_profiles.add()
        _fill_profile(machine, entry, TunerMode.HASHRATE, profile)
    return answer


def efficiency(machine: Machine, _: Any) -> Any:
    """Answer what each power target would give."""
    if not machine.mining.running:
        raise NotRunning("the mining software is not running")
    answer = _Efficiency()
    model, curve, boards = machine.model, machine.curve, len(machine.boards)
    around = machine.around_c
    for index in range(_POINTS):
        share = index / (_POINTS - 1)
        watts = round(model.power.min + share * (model.power.max - model.power.min))
        hashrate = boards * curve.hashrate(watts / boards)
        speed = hashrate / model.hashrate.default
        load = watts / model.power.default
        known = watts in machine.tuner.profiles[TunerMode.POWER]
        point = answer.points.add(
            quality=100 if known else 80,
            fan_speed=0 if model.hydro else min(100, round(45 * load)),
        )
        point.power_target.watt = watts
        point.consumption.watt = watts
        point.outlet_temp.degree_c = around + 8 + 6 * load
        point.ambient_temp.degree_c = around
        point.hashrate.terahash_per_second = hashrate
        point.frequency.hertz = model.frequency.default * speed * 1e6
        pressure = (load / speed) ** 0.5 if speed else 1.0
        voltage = model.voltage.default * pressure
        point.voltage.volt = min(max(voltage, model.voltage.min), model.voltage.max)
    return answer


# Targets


def _apply_power(
    machine: Machine, request: Any, watts: float, *, ramp: bool = True
) -> Any:
    save = save_of(request)
    watts = round(machine.model.power.check("the power target", watts, "W"))
    machine.dps.refuse_while_stepping()
    if ramp:
        tuner = replace(
            machine.saved.tuner, enabled=True, mode=TunerMode.POWER, power=float(watts)
        )
        machine.change(save, tuner=tuner)
    return _Power(power_target={"watt": watts})


def _apply_hashrate(
    machine: Machine, request: Any, hashrate: float, *, ramp: bool = True
) -> Any:
    save = save_of(request)
    machine.model.hashrate.check("the hashrate target", hashrate, "TH/s")
    machine.dps.refuse_while_stepping()
    if ramp:
        tuner = replace(
            machine.saved.tuner,
            enabled=True,
            mode=TunerMode.HASHRATE,
            hashrate=hashrate,
        )
        machine.change(save, tuner=tuner)
    return _Hashrate(hashrate_target={"terahash_per_second": hashrate})


def set_power(machine: Machine, request: Any) -> Any:
    """Set the power target."""
    if not request.HasField("power_target"):
        raise InvalidValue("no power target was given")
    return _apply_power(machine, request, request.power_target.watt)


def set_default_power(machine: Machine, request: Any) -> Any:
    """Set the power target of the factory."""
    return _apply_power(machine, request, machine.model.power.default)


def increment_power(machine: Machine, request: Any) -> Any:
    """Raise the power target."""
    watts = machine.saved.tuner.power + request.power_target_increment.watt
    return _apply_power(machine, request, watts, ramp=machine.quirks.increments_ramp)


def decrement_power(machine: Machine, request: Any) -> Any:
    """Lower the power target."""
    watts = machine.saved.tuner.power - request.power_target_decrement.watt
    return _apply_power(machine, request, watts, ramp=machine.quirks.increments_ramp)


def set_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target."""
    if not request.HasField("hashrate_target"):
        raise InvalidValue("no hashrate target was given")
    hashrate = request.hashrate_target.terahash_per_second
    return _apply_hashrate(machine, request, hashrate)


def set_default_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target of the factory."""
    return _apply_hashrate(machine, request, machine.model.hashrate.default)


def increment_hashrate(machine: Machine, request: Any) -> Any:
    """Raise the hashrate target."""
    change = request.hashrate_target_increment.terahash_per_second
    hashrate = machine.saved.tuner.hashrate + change
    return _apply_hashrate(
        machine, request, hashrate, ramp=machine.quirks.increments_ramp
    )


def decrement_hashrate(machine: Machine, request: Any) -> Any:
    """Lower the hashrate target."""
    change = request.hashrate_target_decrement.terahash_per_second
    hashrate = machine.saved.tuner.hashrate - change
    return _apply_hashrate(
        machine, request, hashrate, ramp=machine.quirks.increments_ramp
    )


def _relative(request: Any, bounds: Bounds, current: float) -> float:
    references: Mapping[int, float] = {
        _REFERENCES["NOMINAL"]: bounds.default,
        _REFERENCES["MIN"]: bounds.min,
        _REFERENCES["MAX"]: bounds.max,
        _REFERENCES["CURRENT"]: current,
    }
    if request.reference not in references:
        raise InvalidValue("reference must be NOMINAL, MIN, MAX or CURRENT")
    percentage: float = request.percentage
    return references[request.reference] * percentage / 100


def set_relative_power(machine: Machine, request: Any) -> Any:
    """Set the power target as a percentage."""
    watts = _relative(request, machine.model.power, machine.saved.tuner.power)
    return _apply_power(machine, request, watts)


def set_relative_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target as a percentage."""
    hashrate = _relative(request, machine.model.hashrate, machine.saved.tuner.hashrate)
    return _apply_hashrate(machine, request, hashrate)


def remove_profiles(machine: Machine, _: Any) -> Any:
    """Throw all tuned profiles away."""
    machine.tuner.forget()
    return _Removed()


# Modes


def _manual_settings(machine: Machine, mode: Any) -> ManualSettings:
    model = machine.model

    def pair(entry: Any, frequency: str, voltage: str) -> tuple[Any, Any]:
        mhz = volt = None
        if entry.HasField(frequency):
            mhz = getattr(entry, frequency).hertz / 1e6
            model.frequency.check("the frequency", mhz, "MHz")
        if entry.HasField(voltage):
            volt = getattr(entry, voltage).volt
            model.voltage.check("the voltage", volt, "V")
        return mhz, volt

    before = machine.saved.manual
    mhz, volt = pair(mode, "global_frequency", "global_voltage")
    boards = {
        machine.board_named(entry.id).id: pair(entry, "frequency", "voltage")
        for entry in mode.hashboards
    }
    return ManualSettings(mhz or before.frequency, volt or before.voltage, boards)


def set_mode(machine: Machine, request: Any) -> Any:
    """Choose between tuner and manual mode."""
    save = save_of(request)
    machine.dps.refuse_while_stepping()
    tuner, mode = machine.saved.tuner, request.mode
    match mode.WhichOneof("mode"):
        case "manual_mode":
            manual = _manual_settings(machine, mode.manual_mode)
            machine.change(save, manual=manual, tuner=replace(tuner, enabled=False))
        case "tuner_mode":
            match mode.tuner_mode.WhichOneof("target"):
                case "power_target":
                    entry = mode.tuner_mode.power_target
                    watts = tuner.power
                    if entry.HasField("power_target"):
                        watts = entry.power_target.watt
                    _apply_power(machine, request, watts)
                case "hashrate_target":
                    entry = mode.tuner_mode.hashrate_target
                    hashrate = tuner.hashrate
                    if entry.HasField("hashrate_target"):
                        hashrate = entry.hashrate_target.terahash_per_second
                    _apply_hashrate(machine, request, hashrate)
                case _:
                    raise InvalidValue("the tuner mode has no target")
        case _:
            raise InvalidValue("no performance mode was given")
    return active_mode(machine, request)


def active_mode(machine: Machine, _: Any) -> Any:
    """Answer the performance mode that is saved."""
    answer = _Mode()
    tuner, manual = machine.saved.tuner, machine.saved.manual
    if tuner.enabled:
        entry = answer.tuner_mode
        if tuner.mode is TunerMode.POWER:
            entry.power_target.power_target.watt = round(tuner.power)
        else:
            target = entry.hashrate_target.hashrate_target
            target.terahash_per_second = tuner.hashrate
        return answer
    entry = answer.manual_mode
    entry.global_frequency.hertz = manual.frequency * 1e6
    entry.global_voltage.volt = manual.voltage
    for board, (mhz, volt) in manual.boards.items():
        settings = entry.hashboards.add(id=board)
        if mhz is not None:
            settings.frequency.hertz = mhz * 1e6
        if volt is not None:
            settings.voltage.volt = volt
    return answer


# DPS


def _dps_limits(target: Any, bounds: DpsBounds) -> dict[str, float]:
    changes: dict[str, float] = {}
    match target.WhichOneof("target"):
        case "power_target":
            power = target.power_target
            if power.HasField("power_step"):
                changes["power_step"] = bounds.power_step.check(
                    "the power step", power.power_step.watt, "W"
                )
            if power.HasField("min_power_target"):
                watts = power.min_power_target.watt
                changes["min_power"] = bounds.min_power.check(
                    "the lowest power target", watts, "W"
                )
        case "hashrate_target":
            hashrate = target.hashrate_target
            if hashrate.HasField("hashrate_step"):
                step = hashrate.hashrate_step.terahash_per_second
                changes["hashrate_step"] = bounds.hashrate_step.check(
                    "the hashrate step", step, "TH/s"
                )
            if hashrate.HasField("min_hashrate_target"):
                lowest = hashrate.min_hashrate_target.terahash_per_second
                changes["min_hashrate"] = bounds.min_hashrate.check(
                    "the lowest hashrate target", lowest, "TH/s"
                )
    return changes


def set_dps(machine: Machine, request: Any) -> Any:
    """Change DPS; what a request leaves out stays as it is."""
    save = save_of(request)
    changes: dict[str, Any] = {}
    changes.update(_dps_limits(request.target, dps_bounds(machine.model)))
    if request.HasField("enable"):
        changes["enabled"] = request.enable
    if request.HasField("enable_shutdown"):
        changes["shutdown"] = request.enable_shutdown
    if request.HasField("shutdown_duration"):
        hours = request.shutdown_duration.hours
        changes["shutdown_h"] = int(
            DPS_SHUTDOWN_H.check("the shutdown duration", hours, "h")
        )
    if request.HasField("mode"):
        changes["boost"] = request.mode == _DPS_MODES["BOOST"]
    if request.HasField("on_start_target_percent"):
        percent = request.on_start_target_percent
        changes["start_percent"] = int(
            DPS_START_PERCENT.check("the start target", percent, "%")
        )
    machine.change(save, dps=replace(machine.saved.dps, **changes))
    return _dps_answer(machine)


def _dps_answer(machine: Machine) -> Any:
    settings = machine.saved.dps
    answer = _Dps(
        enabled=settings.enabled,
        shutdown_enabled=settings.shutdown,
        shutdown_duration={"hours": settings.shutdown_h},
        mode=_DPS_MODES["BOOST" if settings.boost else "NORMAL"],
        on_start_target_percent=settings.start_percent,
    )
    answer.power_target.power_step.watt = round(settings.power_step)
    answer.power_target.min_power_target.watt = round(settings.min_power)
    target = answer.hashrate_target
    target.hashrate_step.terahash_per_second = settings.hashrate_step
    target.min_hashrate_target.terahash_per_second = settings.min_hashrate
    return answer


# Ramping


def set_ramping(machine: Machine, request: Any) -> Any:
    """Set how long it takes to ramp up and down."""
    save = save_of(request)
    up = int(RAMP_S.check("up_s", request.up_s, "s"))
    down = int(RAMP_S.check("down_s", request.down_s, "s"))
    machine.change(save, ramp_up_s=up, ramp_down_s=down)
    return _Ramping(up_s=up, down_s=down)


def set_default_ramping(machine: Machine, request: Any) -> Any:
    """Set the ramp times of the factory."""
    seconds = int(RAMP_S.default)
    machine.change(save_of(request), ramp_up_s=seconds, ramp_down_s=seconds)
    return _Ramping(up_s=seconds, down_s=seconds)
