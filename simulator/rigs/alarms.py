"""Waking what waits for a moment, with one timer for everybody."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from simulator.clock import Clock, FakeClock, RealClock


class Alarm:
    """A plan for a moment, until it is carried out or cancelled."""

    __slots__ = ("action", "cancelled")

    def __init__(self, action: Callable[[], None]) -> None:
        """Plan an action."""
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        """Do nothing when the moment comes."""
        self.cancelled = True


class Alarms:
    """Plans by simulated time; with a fake clock they are carried out as it moves."""

    def __init__(self, clock: Clock) -> None:
        """Begin without plans."""
        self.clock = clock
        self._plans: list[tuple[float, int, Alarm]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to carry out what is due."""
        if isinstance(self.clock, FakeClock):
            self._unwatch = self.clock.watch(self._ring)
        self._wind()

    def stop(self) -> None:
        """Carry out no more."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._plans.clear()

    def at(self, moment: float, action: Callable[[], None]) -> Alarm:
        """Plan an action for a moment."""
        alarm = Alarm(action)
        heappush(self._plans, (moment, next(self._order), alarm))
        if self._plans[0][2] is alarm:
            self._wind()
        return alarm

    def after(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """Plan an action for a while from now."""
        return self.at(self.clock.now() + seconds, action)

    async def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        if seconds <= 0:
            return
        over = asyncio.Event()
        alarm = self.after(seconds, over.set)
        try:
            await over.wait()
        finally:
            alarm.cancel()

    def _ring(self) -> None:
        now = self.clock.now()
        while self._plans and self._plans[0][0] <= now:
            alarm = heappop(self._plans)[2]
            if not alarm.cancelled:
                alarm.action()
        self._wind()

    def _wind(self) -> None:
        """Set the one timer to the earliest plan."""
        if not isinstance(self.clock, RealClock):
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._plans:
            wait = (self._plans[0][0] - self.clock.now()) / self.clock.speed
            self._timer = asyncio.get_running_loop().call_later(
                max(0.0, wait), self._ring
            )
