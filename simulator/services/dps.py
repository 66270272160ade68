"""Dynamic performance scaling."""

from dataclasses import replace
from typing import Any

from simulator.configuration import (
    DPS_SHUTDOWN_H,
    DPS_START_PERCENT,
    DpsBounds,
    dps_bounds,
)
from simulator.machine import Machine
from simulator.schema import enum, message

from .saving import save_of

_Dps = message("SetDPSResponse")

_MODES = enum("DPSMode")


def _limits(target: Any, bounds: DpsBounds) -> dict[str, float]:
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
    changes.update(_limits(request.target, dps_bounds(machine.model)))
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
        changes["boost"] = request.mode == _MODES["BOOST"]
    if request.HasField("on_start_target_percent"):
        percent = request.on_start_target_percent
        changes["start_percent"] = int(
            DPS_START_PERCENT.check("the start target", percent, "%")
        )
    machine.change(save, dps=replace(machine.saved.dps, **changes))
    return _answer(machine)


def _answer(machine: Machine) -> Any:
    settings = machine.saved.dps
    answer = _Dps(
        enabled=settings.enabled,
        shutdown_enabled=settings.shutdown,
        shutdown_duration={"hours": settings.shutdown_h},
        mode=_MODES["BOOST" if settings.boost else "NORMAL"],
        on_start_target_percent=settings.start_percent,
    )
    answer.power_target.power_step.watt = round(settings.power_step)
    answer.power_target.min_power_target.watt = round(settings.min_power)
    target = answer.hashrate_target
    target.hashrate_step.terahash_per_second = settings.hashrate_step
    target.min_hashrate_target.terahash_per_second = settings.min_hashrate
    return answer
