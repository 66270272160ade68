"""Changes to a miner: one after the other, and each confirmed by reading it back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.core import Context, callback
from homeassistant.exceptions import HomeAssistantError

from .asic import (
    AsicError,
    Faulty,
    Garbled,
    Miner,
    Reading,
    TimedOut,
    Unreachable,
)
from .failures import undone
from .jobs import Job, Jobs, owned
from .state import MinerState
from .telling import By, tell_change

if TYPE_CHECKING:
    from .coordinator import MinerCoordinator

# So long has a job to put in order what it began, before a miner is paused or stopped.
_GIVES_WAY_WITHIN = 10.0

type Command = Callable[[Miner], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something to have a miner do.

    `what` names it in the logbook, and `value` is what it changes; `aim` is what that
    becomes, for the logbook of a change that shows only later. `done` tells by what
    is read afterwards whether it was done, should the miner's answer get lost; where
    that takes its time to show, and it does no harm, it is done `again`. `reads` are
    readings that have to be there before anybody is told how things stand. What no
    reading tells, the command itself finds out, and returns as `Changed`. What
    `halts` the miner is for safety, so that a job that owns it is no obstacle.
    """

    what: str
    command: Command
    value: Callable[[MinerState], Any] = lambda _: None
    done: Callable[[MinerState], bool] = lambda _: False
    again: bool = False
    reads: tuple[Reading, ...] = ()
    aim: Any = None
    halts: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change has changed."""

    before: Any
    after: Any


class Control:
    """Has a miner do things.

    Nobody is told that something was done, or was not, before the miner has been
    asked how things stand now.
    """

    def __init__(self, coordinator: MinerCoordinator, jobs: Jobs) -> None:
        self._coordinator = coordinator
        self._jobs = jobs
        self._turn = asyncio.Lock()
        self._latest: dict[str, Change] = {}

    async def do(
        self, change: Change, context: Context | None, *, job: Job | None = None
    ) -> Changed:
        """Have the miner do something; returns once it tells how things stand then.

        While a job owns the miner, only that `job` may change anything about it.
        """
        await self._find_way(change, job)
        async with self._turn:
            # A job may have begun meanwhile.
            self._stop_job(change, job)
            return await self._see_through(change, context)

    async def set(self, change: Change, context: Context | None) -> None:
        """Set something of which only the last value counts, as of a slider.

        A value that is overtaken while it waits for its turn is never sent.
        """
        await self._find_way(change, None)
        self._latest[change.what] = change
        async with self._turn:
            if self._latest[change.what] is change:
                self._stop_job(change, None)
                await self._see_through(change, context)

    async def settle(self) -> None:
        """Wait until what has begun is done; a job lets nothing else begin."""
        async with self._turn:
            pass

    async def _find_way(self, change: Change, job: Job | None) -> None:
        """Let a job that gives way put in order first what it began."""
        stopped = self._stop_job(change, job)
        if stopped is not None:
            await stopped.wait(_GIVES_WAY_WITHIN)

    def _stop_job(self, change: Change, job: Job | None) -> Job | None:
        """Refuse what would disturb a job, but for what has to be possible at once."""
        entry = self._coordinator.config_entry
        owner = self._jobs.owner(entry.entry_id)
        if owner in (None, job):
            return None
        if not change.halts or owner.is_alone_with(entry.entry_id):
            raise owned(owner, entry)
        if not owner.kind.gives_way:
            return None
        owner.cancel()
        return owner

    async def _see_through(self, change: Change, context: Context | None) -> Changed:
        """Do it to the end, even if whoever wanted it does not wait for that.

        Half-way through it would leave a poll broken off, and the next one that has
        its turn in the middle of this one.
        """
        coordinator = self._coordinator
        task = coordinator.config_entry.async_create_background_task(
            coordinator.hass, self._do(change, context), f"{coordinator.name} change"
        )
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()
            raise
        if task.cancelled():
            # The miner was unloaded meanwhile.
            raise undone(self._coordinator.config_entry, Unreachable())
        return task.result()

    async def _do(self, change: Change, context: Context | None) -> Changed:
        coordinator = self._coordinator
        if not await coordinator.async_is_there():
            raise self.absence()
        before = change.value(coordinator.data)
        try:
            result = await self._send(change)
        except (AsicError, ValueError) as err:
            coordinator.poll()
            raise undone(coordinator.config_entry, err) from err
        changed = Changed(before, change.value(coordinator.data))
        if isinstance(result, Changed):
            changed = result
        shows = changed.after != before or change.aim is None
        told = changed if shows else Changed(before, change.aim)
        self.tell(change.what, told, context)
        return changed

    async def _send(self, change: Change) -> object:
        coordinator = self._coordinator
        try:
            result = await change.command(coordinator.miner)
        except Faulty, Garbled, TimedOut, Unreachable:
            # It may have been done all the same.
            is_read = await coordinator.async_read_back(change.reads)
            if is_read and change.done(coordinator.data):
                return None
            if not (is_read and change.again):
                raise
            result = await change.command(coordinator.miner)
        await coordinator.async_read_back(change.reads)
        return result

    @callback
    def tell(self, what: str, changed: Changed, context: Context | None) -> None:
        """Tell the home what was changed, and who did it."""
        coordinator = self._coordinator
        tell_change(
            coordinator.hass,
            coordinator.config_entry,
            By(what, context),
            known_as=coordinator.identity,
            switch="mining",
            before=changed.before,
            after=changed.after,
        )

    def absence(self) -> HomeAssistantError:
        """Say why there is no miner to be told anything."""
        coordinator = self._coordinator
        why = coordinator.last_exception
        if coordinator.last_update_success or not isinstance(why, HomeAssistantError):
            return undone(self._coordinator.config_entry, Unreachable())
        return HomeAssistantError(
            translation_domain=why.translation_domain,
            translation_key=why.translation_key,
            translation_placeholders=why.translation_placeholders,
        )
