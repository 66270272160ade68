"""Power: how much the hashboards draw, and what they make of it."""

from typing import TYPE_CHECKING

from .boards import Board
from .mining import Drive

if TYPE_CHECKING:
    from .machine import Machine

_ENOUGH_VOLTAGE = 0.75
_VOLTAGE_PER_SPEED = 0.2
_STARVED = 0.6


class Power:
    """The power of all hashboards of a machine, on its way to where it should be."""

    __slots__ = ("_machine", "watts")

    def __init__(self, machine: Machine) -> None:
        """Begin without power."""
        self._machine = machine
        self.watts = 0.0

    @property
    def goal(self) -> float:
        """What the boards should draw once they got there."""
        machine = self._machine
        if machine.mining.drive is not Drive.ON:
            return 0.0
        live = [board for board in machine.boards if board.works]
        if machine.running.tuner.enabled:
            return machine.tuner.watts(len(live))
        return sum(self._manual_watts(board) for board in live)

    def step(self, seconds: float) -> None:
        """Get nearer to the goal."""
        self.watts = self._ramp(self.goal, seconds)
        self.spread()

    def jump(self) -> None:
        """Be at the goal at once."""
        self.watts = self.goal
        self.spread()

    def cut(self) -> None:
        """Be without power at once."""
        self.watts = 0.0
        self.spread()

    def spread(self) -> None:
        """Give each board its part, and let it hash by that."""
        live = [board for board in self._machine.boards if board.works]
        for board in self._machine.boards:
            board.watts = board.hashrate = 0.0
            board.frequency = board.voltage = 0.0
        if not live or self.watts <= 0:
            return
        if self._machine.running.tuner.enabled:
            self._spread_tuned(live)
        else:
            self._spread_manual(live)

    def _ramp(self, goal: float, seconds: float) -> float:
        running, nominal = self._machine.running, self._machine.model.power.default
        if goal > self.watts:
            return min(goal, self.watts + nominal / running.ramp_up_s * seconds)
        if self._machine.mining.drive is Drive.OFF:
            return 0.0
        return max(goal, self.watts - nominal / running.ramp_down_s * seconds)

    def _manual_watts(self, board: Board) -> float:
        model = self._machine.model
        frequency, voltage = self._machine.running.manual.of(board.id)
        pressure = voltage / model.voltage.default
        speed = frequency / model.frequency.default
        return self._machine.curve.nominal_w * speed * pressure * pressure

    def _spread_tuned(self, live: list[Board]) -> None:
        curve, model = self._machine.curve, self._machine.model
        watts = self.watts / len(live)
        hashrate = curve.hashrate(watts) * self._machine.tuner.quality
        speed = hashrate / curve.nominal
        pressure = (watts / curve.nominal_w / speed) ** 0.5 if speed > 0 else 0.0
        voltage = model.voltage.default * pressure
        for board in live:
            board.watts = watts
            board.hashrate = hashrate * board.factor
            board.frequency = model.frequency.default * speed
            board.voltage = min(max(voltage, model.voltage.min), model.voltage.max)

    def _spread_manual(self, live: list[Board]) -> None:
        model, curve = self._machine.model, self._machine.curve
        full = sum(self._manual_watts(board) for board in live)
        ramp = self.watts / full
        for board in live:
            frequency, voltage = self._machine.running.manual.of(board.id)
            speed = frequency / model.frequency.default
            pressure = voltage / model.voltage.default
            board.watts = self._manual_watts(board) * ramp
            board.frequency, board.voltage = frequency * ramp, voltage
            # Chips that run faster than their voltage allows lose much of their work.
            starved = pressure < _ENOUGH_VOLTAGE + _VOLTAGE_PER_SPEED * speed
            useful = _STARVED if starved else 1.0
            board.hashrate = curve.nominal * speed * ramp * useful * board.factor
