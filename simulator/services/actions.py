"""Start, stop, pause, reboot, and the light."""

from typing import Any

from simulator.machine import Machine
from simulator.mining import Reason, Software
from simulator.refusals import NotRunning
from simulator.schema import message

_Start = message("StartResponse")
_Stop = message("StopResponse")
_Restart = message("RestartResponse")
_Pause = message("PauseMiningResponse")
_Resume = message("ResumeMiningResponse")
_Reboot = message("RebootResponse")
_FactoryReset = message("FactoryResetResponse")
_Locate = message("LocateDeviceStatusResponse")


def start(machine: Machine, _: Any) -> Any:
    """Start the mining software."""
    already = machine.mining.software is not Software.STOPPED
    if not already:
        machine.mining.start()
    return _Start(already_running=already)


def stop(machine: Machine, _: Any) -> Any:
    """Stop the mining software."""
    already = machine.mining.software is Software.STOPPED
    machine.mining.stop()
    return _Stop(already_stopped=already)


def restart(machine: Machine, _: Any) -> Any:
    """Restart the mining software."""
    already = machine.mining.software is not Software.STOPPED
    machine.restart()
    return _Restart(already_running=already)


def pause(machine: Machine, _: Any) -> Any:
    """Pause mining."""
    _require_up(machine)
    already = Reason.USER in machine.mining.reasons
    if not already:
        machine.mining.pause(Reason.USER)
    return _Pause(already_paused=already)


def resume(machine: Machine, _: Any) -> Any:
    """Resume mining."""
    _require_up(machine)
    already = Reason.USER not in machine.mining.reasons
    machine.mining.resume(Reason.USER)
    return _Resume(already_mining=already)


def _require_up(machine: Machine) -> None:
    if not machine.mining.running:
        raise NotRunning("the mining software is not running")


def reboot(machine: Machine, _: Any) -> Any:
    """Reboot the control board."""
    machine.reboot()
    return _Reboot()


def factory_reset(machine: Machine, _: Any) -> Any:
    """Forget all settings and reboot."""
    machine.upgrades.factory_reset()
    return _FactoryReset()


def set_locating(machine: Machine, request: Any) -> Any:
    """Switch the light that shows where the machine stands."""
    machine.locating = request.enable
    return _Locate(enabled=machine.locating)


def locating(machine: Machine, _: Any) -> Any:
    """Answer whether that light is on."""
    return _Locate(enabled=machine.locating)
