"""One clock by which all miners are polled, some of them at a time.

One at a time would cost twice as much, and all at once would hold everything else up.
"""

import asyncio
from collections.abc import Callable
from math import ceil

type Poll = Callable[[], None]

_GROUP = 25


class PollClock:
    """Gives every miner its turn once per interval."""

    def __init__(self) -> None:
        self._rounds: dict[float, _Round] = {}

    def join(self, interval: float, poll: Poll) -> Callable[[], None]:
        """Call `poll` once per interval of seconds; returns what ends that."""
        found = self._rounds.get(interval)
        if found is None:
            found = self._rounds[interval] = _Round(interval)
        found.add(poll)
        return lambda: self._leave(interval, poll)

    def stop(self) -> None:
        """Poll nobody any more."""
        for each in self._rounds.values():
            each.stop()
        self._rounds.clear()

    def _leave(self, interval: float, poll: Poll) -> None:
        found = self._rounds.get(interval)
        if found is not None and not found.discard(poll):
            found.stop()
            del self._rounds[interval]


class _Round:
    """The miners with the same interval, in groups that follow each other."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._polls: list[Poll] = []
        self._turn = 0
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._timer = self._loop.call_at(self._next(), self._tick)

    def add(self, poll: Poll) -> None:
        self._polls.append(poll)

    def discard(self, poll: Poll) -> bool:
        """Take one out; returns whether there are any left."""
        self._polls.remove(poll)
        return bool(self._polls)

    def stop(self) -> None:
        self._timer.cancel()

    @property
    def _groups(self) -> int:
        return max(1, ceil(len(self._polls) / _GROUP))

    def _next(self) -> float:
        """Return when the next group has its turn; one that was missed is not."""
        now = self._loop.time()
        self._due = max(self._due + self._interval / self._groups, now)
        return self._due

    def _tick(self) -> None:
        groups = self._groups
        self._turn = (self._turn + 1) % groups
        self._timer = self._loop.call_at(self._next(), self._tick)
        for poll in self._polls[self._turn :: groups]:
            # Each for itself: one that goes wrong takes its turn from nobody else.
            self._loop.call_soon(poll)
