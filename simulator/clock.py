"""Simulated time: real (perhaps accelerated) or moved by hand."""

from abc import ABC, abstractmethod
from collections.abc import Callable
import time
from typing import override

FAKE_EPOCH = 1_790_000_000.0


class Clock(ABC):
    """Seconds as the machines live them, and what the calendar says about them."""

    @abstractmethod
    def now(self) -> float:
        """Return simulated seconds since this clock was made."""

    @abstractmethod
    def calendar(self, moment: float) -> float:
        """Return the Unix time at a simulated moment."""

    @abstractmethod
    def moment(self, calendar: float) -> float:
        """Return the simulated moment of a Unix time."""


class RealClock(Clock):
    """Runs by itself; with `speed` 60 a simulated minute takes a real second.

    The calendar stays that of the real world, so that timestamps on the wire never
    lie in the future: only durations are shortened.
    """

    def __init__(self, speed: float = 1.0) -> None:
        """Start running now."""
        if speed <= 0:
            raise ValueError("the speed of a clock must be above zero")
        self.speed = speed
        self._zero = time.monotonic()
        self._epoch = time.time()

    @override
    def now(self) -> float:
        return (time.monotonic() - self._zero) * self.speed

    @override
    def calendar(self, moment: float) -> float:
        return self._epoch + moment / self.speed

    @override
    def moment(self, calendar: float) -> float:
        return (calendar - self._epoch) * self.speed


class FakeClock(Clock):
    """Stands still until a test moves it."""

    def __init__(self, epoch: float = FAKE_EPOCH) -> None:
        """Stand at zero, which the calendar calls `epoch`."""
        self._epoch = epoch
        self._now = 0.0
        self._watchers: list[Callable[[], None]] = []

    @override
    def now(self) -> float:
        return self._now

    @override
    def calendar(self, moment: float) -> float:
        return self._epoch + moment

    @override
    def moment(self, calendar: float) -> float:
        return calendar - self._epoch

    def advance(self, seconds: float) -> None:
        """Let time pass; every miner on this clock lives through it at once."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += seconds
        for watcher in tuple(self._watchers):
            watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after every advance; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)
