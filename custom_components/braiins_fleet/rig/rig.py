"""A rig: what is known of it, whether or not its agent is connected just now."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
import logging
from statistics import median
from typing import Final

from .commands import Command, InstallMiner
from .effects import Effect, judge
from .errors import Busy, NotConnected
from .overclocking import Overclock
from .picture import Picture
from .readings import MinerReport, Stats
from .session import Session
from .state import Card, RigState

# Whatever hangs in a rig, its agent sends a heartbeat each 30 s. One that measures more
# often is missed earlier, but not before its next heartbeat is overdue.
_SILENCE: Final = 60.0
_SILENCE_OF_BRISK: Final = 30.0
_BRISK_INTERVAL: Final = 12.0
_HEARTBEAT_OVERDUE: Final = 35.0

_REPORTS_LAST: Final = 60.0
# How often an agent measures is its own setting; it shows from what comes.
_USUAL_INTERVAL: Final = 30.0
_INTERVALS_LAST: Final = 3
_STATS_LAST_AT_LEAST: Final = 30.0
_INTERVALS_KEPT: Final = 5

# A rig that tells nothing wakes nobody when the time is up.
_LOOK_AGAIN: Final = 5.0

# What it measures, an agent tells first. Somebody waits for this, so not for longer.
_FIRST_REPORT_WITHIN: Final = 4.0

# A download takes minutes, so there is no use in waiting for the end of it.
_BEHIND_INSTALLING: Final = 3.0

_LOGGER = logging.getLogger(__name__)


class Rig:
    """A rig and its agent, of which there is one connection at most.

    `refusals` counts the agents that came while there was one: where it grows and
    grows, another rig uses the same token.
    """

    def __init__(
        self,
        rig_id: str,
        name: str,
        digest: str,
        *,
        cards: Iterable[Card] = (),
        now: Callable[[], float],
    ) -> None:
        """Know a rig by the digest of its token; `cards` are those it had before."""
        self.id = rig_id
        self.name = name
        self.digest = digest
        self.session: Session | None = None
        self.refused_until = 0.0
        self.refusals = 0
        self._now = now
        self._turn = asyncio.Lock()
        self._doing: Command | None = None
        self._picture = Picture(cards)
        # In the order in which they came.
        self._listeners: dict[Callable[[], None], None] = {}
        self._stats_at = now()
        self._stats_hold = False
        self._report_at = now()
        self._report_holds = False
        self._intervals: deque[float] = deque(maxlen=_INTERVALS_KEPT)
        self._stats_of_session = 0
        self._reports_of_session = 0

    @property
    def state(self) -> RigState:
        """What is known now."""
        return self._picture.state

    @property
    def interval(self) -> float:
        """How often the agent measures, in seconds, as far as it has shown."""
        return median(self._intervals) if self._intervals else _USUAL_INTERVAL

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called after each change; returns what ends that."""
        self._listeners[listener] = None
        return lambda: self._listeners.pop(listener, None)

    async def run(self, command: Command, *, deadline: float | None = None) -> None:
        """Have the agent do something now, or raise a `RigError`.

        Nothing is kept for a rig that is away: it might come back at a bad time.
        """
        await self._run(command, deadline)

    async def _run(
        self, command: Command, deadline: float | None = None
    ) -> tuple[RigState, float]:
        """Run a command; return what was known when its turn came, and the time.

        What came in until it was done counts as heard before.
        """
        # A rig that comes back meanwhile is not told what was meant for it before.
        session = self.session
        if session is None:
            raise NotConnected
        async with self._turn_of(command):
            before, began = self.state, self._now()
            await session.run(command, deadline=deadline)
        heard = self.state
        before = replace(
            before,
            reports_heard=heard.reports_heard,
            stats_heard=heard.stats_heard,
        )
        return before, began

    @asynccontextmanager
    async def _turn_of(self, command: Command) -> AsyncIterator[None]:
        """Wait until the agent has done what it was told before, but not for long."""
        patience = command.patience
        if isinstance(self._doing, InstallMiner):
            patience = min(patience, _BEHIND_INSTALLING)
        try:
            async with asyncio.timeout(patience):
                await self._turn.acquire()
        except TimeoutError:
            raise Busy(self._doing.kind if self._doing else "") from None
        self._doing = command
        try:
            yield
        finally:
            self._doing = None
            self._turn.release()

    async def carry_out(
        self, command: Command, *, settles: float | None = None
    ) -> Effect:
        """Run a command, and see from what the rig tells whether it has done so.

        This waits until the effect shows, or for as long as it may take to show.
        """
        before, began = await self._run(command)
        return await self._watch(
            command, before, began, command.settles if settles is None else settles
        )

    async def _watch(
        self, command: Command, before: RigState, began: float, settles: float
    ) -> Effect:
        def effect() -> Effect:
            return judge(command, before, self.state, self._now() - began)

        def is_over() -> bool:
            return effect() is Effect.APPLIED or self._has_shown(command, before)

        await self._until(is_over, settles)
        return effect()

    async def has_told_of_mining(self) -> bool:
        """Tell whether it has said what it mines since it came; that may take a moment.

        What is known from before may be of another time: a rig may have been rebooted.
        """
        await self._until(
            lambda: self.session is None or self._reports_of_session > 0,
            _FIRST_REPORT_WITHIN,
        )
        return self.session is not None and self._reports_of_session > 0

    async def _until(self, is_so: Callable[[], bool], within: float) -> None:
        """Wait until something is so, but for so many seconds at most."""
        changed = asyncio.Event()
        unlisten = self.listen(changed.set)
        over = self._now() + within
        try:
            while not is_so() and (left := over - self._now()) > 0:
                changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_AGAIN)):
                        await changed.wait()
        finally:
            unlisten()

    def _has_shown(self, command: Command, before: RigState) -> bool:
        """Tell whether there is no more to be seen than what was seen."""
        # The first may have been measured before the command.
        measured = self.state.stats_heard >= before.stats_heard + 2
        return measured and isinstance(command, Overclock)

    def is_live(self) -> bool:
        """Tell whether its agent was heard lately."""
        if self.session is None:
            return False
        now, is_brisk = self._now(), self.interval <= _BRISK_INTERVAL
        return (
            now - self.session.heard <= (_SILENCE_OF_BRISK if is_brisk else _SILENCE)
            or now - self.session.beat <= _HEARTBEAT_OVERDUE
        )

    def attach(self, session: Session) -> None:
        """Take a new connection for that of the agent."""
        self.session = session
        self._stats_of_session = 0
        self._reports_of_session = 0
        self._picture.connect()
        self._tell()

    def detach(self, session: Session) -> None:
        """Take note of a connection's end; another one may be in its place by now."""
        if self.session is session:
            self.session = None
            self._picture.disconnect()
            self._tell()

    def refuse_another(self) -> None:
        """Take note of an agent that was refused, as there is one already."""
        self.refusals += 1
        self._tell()

    def hear(self, frame: Stats | MinerReport) -> None:
        """Take in what the agent tells of the rig."""
        match frame:
            case Stats():
                self._time_stats()
                self._picture.stats(frame)
            case MinerReport():
                self._reports_of_session += 1
                self._report_at = self._now()
                self._report_holds = True
                self._picture.report(frame)
        self._tell()

    def _time_stats(self) -> None:
        now = self._now()
        self._stats_of_session += 1
        # The first are sent for the connection's sake, out of the usual time.
        if self._stats_of_session > 2:
            self._intervals.append(now - self._stats_at)
        self._stats_at = now
        self._stats_hold = True

    def forget_card(self, key: str) -> None:
        """Expect a card no longer, as somebody took it out."""
        self._picture.forget_card(key)
        self._tell()

    def look(self) -> None:
        """Forget what is too old to hold."""
        now = self._now()
        lasts = max(_STATS_LAST_AT_LEAST, _INTERVALS_LAST * self.interval)
        if self._stats_hold and now - self._stats_at > lasts:
            self._stats_hold = False
            self._picture.forget_stats()
            self._tell()
        if self._report_holds and now - self._report_at > _REPORTS_LAST:
            self._report_holds = False
            self._picture.forget_reports()
            self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            try:
                listener()
            # Who listens is not of this library, and whatever is amiss there must
            # not end the agent's connection.
            except Exception:
                _LOGGER.exception("A listener of a rig failed")
