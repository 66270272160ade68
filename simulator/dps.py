"""Dynamic performance scaling: trading power for temperature."""

from typing import TYPE_CHECKING

from .configuration import TunerMode
from .journal import Entry, Kind
from .mining import Drive, Reason
from .refusals import Busy

if TYPE_CHECKING:
    from .machine import Machine

_LOOK_EVERY_S = 60.0
_STEP_TAKES_S = 20.0
_COOL_BY_C = 5.0
_COOL_FAN = 0.8


class Dps:
    """Looks at the heat once a minute and moves the live target by a step."""

    __slots__ = ("_machine", "_step_until")

    def __init__(self, machine: Machine) -> None:
        """Watch over a machine."""
        self._machine = machine
        self._step_until = -1.0

    @property
    def stepping(self) -> bool:
        """Whether it is in the middle of a step."""
        return self._machine.moment < self._step_until

    def refuse_while_stepping(self) -> None:
        """Raise if somebody else must not change the target now."""
        if self.stepping:
            raise Busy("DPS is changing the target, try again in a moment")

    def configure(self) -> None:
        """Begin or end to watch, as the running configuration says."""
        machine = self._machine
        if not machine.running.dps.enabled:
            machine.schedule.cancel("dps")
            if machine.tuner.live != machine.tuner.configured:
                machine.tuner.aim(machine.tuner.configured)
            if Reason.DPS in machine.mining.reasons:
                machine.schedule.cancel("dps shutdown")
                machine.mining.resume(Reason.DPS)
        elif "dps" not in machine.schedule:
            self._plan()

    def start_target(self) -> float:
        """Return the target to begin with when mining starts."""
        machine = self._machine
        target = machine.tuner.configured
        settings = machine.running.dps
        if not settings.enabled:
            return target
        floor, _ = self._floor_and_step()
        start = target * settings.start_percent / 100
        return self._tidy(max(min(floor, target), start))

    def look(self) -> None:
        """Decide whether to step."""
        self._plan()
        machine = self._machine
        if machine.mining.drive is not Drive.ON or not machine.running.tuner.enabled:
            return
        settings, tuner = machine.running.dps, machine.tuner
        hot = machine.running.cooling.hot_c
        hottest = machine.hottest_c
        floor, step = self._floor_and_step()
        if hottest >= hot:
            if tuner.live > floor:
                self._step(max(floor, tuner.live - step))
            elif settings.shutdown:
                self._shut_down()
        elif hottest <= hot - _COOL_BY_C and machine.cooling.fan_ratio < _COOL_FAN:
            ceiling = tuner.configured
            if settings.boost:
                bounds = (
                    machine.model.power
                    if tuner.settings.mode is TunerMode.POWER
                    else machine.model.hashrate
                )
                ceiling = bounds.max
            if tuner.live < ceiling:
                self._step(min(ceiling, tuner.live + step))

    def _floor_and_step(self) -> tuple[float, float]:
        settings = self._machine.running.dps
        if self._machine.tuner.settings.mode is TunerMode.POWER:
            return settings.min_power, settings.power_step
        return settings.min_hashrate, settings.hashrate_step

    def _step(self, target: float) -> None:
        self._machine.tuner.aim(self._tidy(target))
        self._step_until = self._machine.moment + _STEP_TAKES_S

    def _shut_down(self) -> None:
        machine = self._machine
        machine.journal.note(
            Entry(
                machine.moment,
                Kind.DPS,
                f"DPS shut down for {machine.running.dps.shutdown_h} h",
            )
        )
        machine.mining.pause(Reason.DPS)
        machine.schedule.plan(
            "dps shutdown",
            machine.moment + machine.running.dps.shutdown_h * 3600,
            lambda: machine.mining.resume(Reason.DPS),
        )

    def _tidy(self, target: float) -> float:
        whole = self._machine.tuner.settings.mode is TunerMode.POWER
        return float(round(target)) if whole else round(target, 2)

    def _plan(self) -> None:
        machine = self._machine
        machine.schedule.plan("dps", machine.moment + _LOOK_EVERY_S, self.look)
