"""Tuner or manual mode, and how fast power ramps."""

from dataclasses import replace
from typing import Any

from simulator.configuration import RAMP_S, ManualSettings, TunerMode
from simulator.machine import Machine
from simulator.refusals import InvalidValue
from simulator.schema import message

from .saving import save_of
from .targets import apply_hashrate, apply_power

_Mode = message("PerformanceMode")
_Ramping = message("QuickRampingResponse")


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
                    apply_power(machine, request, watts)
                case "hashrate_target":
                    entry = mode.tuner_mode.hashrate_target
                    hashrate = tuner.hashrate
                    if entry.HasField("hashrate_target"):
                        hashrate = entry.hashrate_target.terahash_per_second
                    apply_hashrate(machine, request, hashrate)
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
