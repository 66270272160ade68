"""Machines without a wire, for tests of what happens inside one."""

from dataclasses import replace
from typing import Any

from simulator import MODELS, FakeClock, Machine, Timing
from simulator.configuration import Save, TunerMode
from simulator.firmware import firmware_for
from simulator.mining import Status
from simulator.tuner import TunerState


def machine(model: str = "s19k_pro", *, seed: int = 7, **options: Any) -> Machine:
    """Return a machine on a clock of its own."""
    return Machine(
        MODELS[model],
        clock=FakeClock(),
        seed=seed,
        firmware=firmware_for(options.pop("minor", 11)),
        timing=options.pop("timing", Timing(reconfigure_s=0)),
        **options,
    )


def live(machine: Machine, seconds: float) -> None:
    """Let time pass for a machine."""
    assert isinstance(machine.clock, FakeClock)
    machine.clock.advance(seconds)
    machine.catch_up(machine.clock.now())


def aim(machine: Machine, watts: float, save: Save = Save.APPLY) -> None:
    """Set a power target."""
    tuner = replace(
        machine.saved.tuner, enabled=True, mode=TunerMode.POWER, power=watts
    )
    machine.change(save, tuner=tuner)


def status(machine: Machine) -> Status:
    """Return what a machine says it is doing."""
    return machine.status


def tuner_state(machine: Machine) -> TunerState:
    """Return what a machine's tuner is doing."""
    return machine.tuner_state
