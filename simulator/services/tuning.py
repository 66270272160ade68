"""What the tuner does, knows and promises."""

from typing import Any

from simulator.configuration import TunerMode
from simulator.machine import Machine
from simulator.refusals import NotRunning
from simulator.schema import enum, message
from simulator.tuner import Profile, TunerState

_Tuner = message("GetTunerStateResponse")
_Profiles = message("ListTargetProfilesResponse")
_Efficiency = message("GetMinerEfficiencyProfileResponse")
_Removed = message("RemoveTunedProfilesResponse")

_STATES = enum("TunerState")
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


def remove_profiles(machine: Machine, _: Any) -> Any:
    """Throw all tuned profiles away."""
    machine.tuner.forget()
    return _Removed()
