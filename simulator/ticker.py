"""The one thing that runs by itself: it wakes machines that have something to do."""

import asyncio
from collections.abc import Callable
import contextlib
from itertools import count

from .clock import Clock, FakeClock
from .machine import Machine

_EVERY_S = 0.1
_LOOK_EVERY = 10
_LAG_S = 600.0


class Ticker:
    """Lets time pass for machines that nobody asks just now."""

    def __init__(self, clock: Clock) -> None:
        """Tick by this clock once started."""
        self._clock = clock
        self._machines: set[Machine] = set()
        self._task: asyncio.Task[None] | None = None
        self._unwatch: Callable[[], None] | None = None

    def add(self, machine: Machine) -> None:
        """Look after a machine."""
        self._machines.add(machine)

    def discard(self, machine: Machine) -> None:
        """Look after it no longer."""
        self._machines.discard(machine)

    def start(self) -> None:
        """Begin; by hand with a fake clock, ten times a second with a real one."""
        if isinstance(self._clock, FakeClock):
            self._unwatch = self._clock.watch(self._tick)
        else:
            self._task = asyncio.create_task(self._run(), name="simulator ticker")

    async def stop(self) -> None:
        """End."""
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def _tick(self) -> None:
        now = self._clock.now()
        for machine in tuple(self._machines):
            machine.catch_up(now)

    async def _run(self) -> None:
        for tick in count():
            await asyncio.sleep(_EVERY_S)
            now = self._clock.now()
            # Plans are kept on time; what heat brings may be noticed a second late.
            look = tick % _LOOK_EVERY == 0
            for machine in self._machines:
                if machine.schedule.next <= now or (
                    look and (machine.status_watchers or now - machine.moment > _LAG_S)
                ):
                    machine.catch_up(now)
