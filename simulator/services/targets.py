"""Power and hashrate targets, absolute and by steps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.configuration import TunerMode
from simulator.machine import Machine
from simulator.models import Bounds
from simulator.refusals import InvalidValue
from simulator.schema import enum, message

from .saving import save_of

_Power = message("SetPowerTargetResponse")
_Hashrate = message("SetHashrateTargetResponse")

_REFERENCES = enum("RelativeTargetReference")


def apply_power(
    machine: Machine, request: Any, watts: float, *, ramp: bool = True
) -> Any:
    """Take a power target over, or only report it if it is not to ramp."""
    save = save_of(request)
    watts = round(machine.model.power.check("the power target", watts, "W"))
    machine.dps.refuse_while_stepping()
    if ramp:
        tuner = replace(
            machine.saved.tuner, enabled=True, mode=TunerMode.POWER, power=float(watts)
        )
        machine.change(save, tuner=tuner)
    return _Power(power_target={"watt": watts})


def apply_hashrate(
    machine: Machine, request: Any, hashrate: float, *, ramp: bool = True
) -> Any:
    """Take a hashrate target over, or only report it if it is not to ramp."""
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
    return apply_power(machine, request, request.power_target.watt)


def set_default_power(machine: Machine, request: Any) -> Any:
    """Set the power target of the factory."""
    return apply_power(machine, request, machine.model.power.default)


def increment_power(machine: Machine, request: Any) -> Any:
    """Raise the power target."""
    watts = machine.saved.tuner.power + request.power_target_increment.watt
    return apply_power(machine, request, watts, ramp=machine.quirks.increments_ramp)


def decrement_power(machine: Machine, request: Any) -> Any:
    """Lower the power target."""
    watts = machine.saved.tuner.power - request.power_target_decrement.watt
    return apply_power(machine, request, watts, ramp=machine.quirks.increments_ramp)


def set_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target."""
    if not request.HasField("hashrate_target"):
        raise InvalidValue("no hashrate target was given")
    hashrate = request.hashrate_target.terahash_per_second
    return apply_hashrate(machine, request, hashrate)


def set_default_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target of the factory."""
    return apply_hashrate(machine, request, machine.model.hashrate.default)


def increment_hashrate(machine: Machine, request: Any) -> Any:
    """Raise the hashrate target."""
    change = request.hashrate_target_increment.terahash_per_second
    hashrate = machine.saved.tuner.hashrate + change
    return apply_hashrate(
        machine, request, hashrate, ramp=machine.quirks.increments_ramp
    )


def decrement_hashrate(machine: Machine, request: Any) -> Any:
    """Lower the hashrate target."""
    change = request.hashrate_target_decrement.terahash_per_second
    hashrate = machine.saved.tuner.hashrate - change
    return apply_hashrate(
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
    return apply_power(machine, request, watts)


def set_relative_hashrate(machine: Machine, request: Any) -> Any:
    """Set the hashrate target as a percentage."""
    hashrate = _relative(request, machine.model.hashrate, machine.saved.tuner.hashrate)
    return apply_hashrate(machine, request, hashrate)
