"""Long work that owns miners while it lasts, such as measuring one of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import CALLBACK_TYPE, Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .const import DOMAIN, EVENT_JOB, EVENT_JOB_STATE, FLEET, LOGGER

if TYPE_CHECKING:
    from .coordinator import MinerConfigEntry

type Work = Callable[[Job], Coroutine[Any, Any, None]]

_TELL_EVERY: Final = 5.0
_REMEMBERED: Final = 10
# Shorter than Home Assistant waits when it stops.
_ENDS_WITHIN: Final = 15.0


class JobKind(StrEnum):
    """What a job does to its miners."""

    BASELINE = "baseline"
    FIRMWARE_UPDATE = "firmware_update"

    @property
    def needs_entries(self) -> bool:
        """Whether it ends when one of its miners is unloaded, if only for a moment."""
        return self is JobKind.BASELINE

    @property
    def gives_way(self) -> bool:
        """Whether pausing or stopping one of its miners makes it pointless."""
        return self is JobKind.BASELINE


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobStep(StrEnum):
    """What a job is doing at the moment."""

    STARTING = "starting"
    SETTLING = "settling"
    MEASURING = "measuring"
    RESTORING = "restoring"
    UPLOADING = "uploading"
    RESTARTING = "restarting"
    CANCELLING = "cancelling"


_OWNED = {
    JobKind.BASELINE: "owned_by_baseline",
    JobKind.FIRMWARE_UPDATE: "owned_by_firmware_update",
}


class Job:
    """One job: where it stands, and what has come of it so far.

    `results` has what is known of each miner, by the id of its entry; `ok` in it says
    whether that miner is through with it, and how that went.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        kind: JobKind,
        miners: Sequence[MinerConfigEntry],
        context: Context | None,
        on_change: Callable[[Job], None],
    ) -> None:
        self.id = token_hex(3)
        self.kind = kind
        self.miners = tuple(miner.entry_id for miner in miners)
        self.names = tuple(miner.title for miner in miners)
        self.context = context
        self.state = JobState.RUNNING
        self.step = JobStep.STARTING
        self.progress: int | None = None
        self.results: dict[str, dict[str, JsonValueType]] = {}
        self.error: HomeAssistantError | None = None
        self.started = dt_util.utcnow()
        self.ended: datetime | None = None
        self.is_cancelled = False
        self._hass = hass
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._alone_with: set[str] = set()
        self._on_change = on_change

    def as_dict(self) -> dict[str, JsonValueType]:
        """Tell where it stands, as people and automations are told."""
        outcomes = [result.get("ok") for result in self.results.values()]
        return {
            "id": self.id,
            "kind": self.kind.value,
            "state": self.state.value,
            "step": self.step.value,
            "progress": self.progress,
            "miners": [*self.names],
            "done": outcomes.count(True),
            "failed": outcomes.count(False),
            "error": None if self.error is None else str(self.error),
        }

    @callback
    def report(
        self, *, step: JobStep | None = None, progress: float | None = None
    ) -> None:
        """Tell what it does now, and how much of all is done, in percent."""
        if progress is not None:
            self.progress = round(progress)
        if step in (None, self.step):
            self._on_change(self)
        else:
            self.step = step
            self._tell()

    @callback
    def note(self, miner: MinerConfigEntry, **result: JsonValueType) -> None:
        """Add to what is known of one of its miners."""
        self.results.setdefault(miner.entry_id, {}).update(result)
        self._on_change(self)

    @contextmanager
    def alone_with(self, miner: MinerConfigEntry) -> Iterator[None]:
        """Let nobody else send this miner anything, not even to pause it."""
        self._alone_with.add(miner.entry_id)
        try:
            yield
        finally:
            self._alone_with.discard(miner.entry_id)

    def is_alone_with(self, entry_id: str) -> bool:
        """Tell whether nobody else may send this miner anything at all."""
        return entry_id in self._alone_with

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until it is over, or for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    @callback
    def cancel(self) -> None:
        """Have it end; once, so that it can put in order what it began.

        One that is doing just that has nothing left that could be broken off.
        """
        is_ending = self.is_cancelled or self.step is JobStep.RESTORING
        if self._task is not None and not is_ending:
            self.is_cancelled = True
            self._task.cancel()
            self.report(step=JobStep.CANCELLING)

    @callback
    def begin(self, work: Work) -> None:
        """Do the work."""
        self._task = self._hass.async_create_background_task(
            work(self), f"{DOMAIN} {self.kind} {self.id}", eager_start=False
        )
        self._task.add_done_callback(self._end)
        self._tell()
        self._tell_state()

    @callback
    def _end(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self.state = JobState.CANCELLED
        elif (err := task.exception()) is None:
            self.state = JobState.DONE
            self.progress = 100
        else:
            self.state = JobState.FAILED
            self.error = self._as_error(err)
        self.ended = dt_util.utcnow()
        self._over.set()
        self._tell()
        self._tell_state()

    def _as_error(self, err: BaseException) -> HomeAssistantError:
        if isinstance(err, HomeAssistantError):
            LOGGER.warning("Job %s (%s) failed: %s", self.id, self.kind, err)
            return err
        LOGGER.error("Job %s (%s) failed", self.id, self.kind, exc_info=err)
        return HomeAssistantError(
            translation_domain=DOMAIN, translation_key="job_failed"
        )

    @callback
    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._over.is_set():
            self._timer = self._hass.loop.call_later(_TELL_EVERY, self._tell)
        self._hass.bus.async_fire(EVENT_JOB, self.as_dict(), context=self.context)
        self._on_change(self)

    @callback
    def _tell_state(self) -> None:
        """Have it in the logbook, as of the sensor that shows jobs."""
        entity_id = er.async_get(self._hass).async_get_entity_id(
            Platform.SENSOR, DOMAIN, f"{FLEET}_job"
        )
        about = self.as_dict() | {ATTR_ENTITY_ID: entity_id}
        self._hass.bus.async_fire(EVENT_JOB_STATE, about, context=self.context)


class Jobs:
    """The jobs of all miners: those that run, and the last few that have ended."""

    def __init__(self) -> None:
        self._running: list[Job] = []
        self._ended: deque[Job] = deque(maxlen=_REMEMBERED)
        self._watchers: list[CALLBACK_TYPE] = []
        # Home Assistant stops: what can go on later does.
        self.is_stopping = False

    @property
    def running(self) -> tuple[Job, ...]:
        """Those that run, the oldest first."""
        return tuple(self._running)

    @property
    def ended(self) -> tuple[Job, ...]:
        """The last few that have ended, the oldest first."""
        return tuple(self._ended)

    def owner(self, entry_id: str) -> Job | None:
        """Return the job that a miner belongs to now."""
        return next((job for job in self._running if entry_id in job.miners), None)

    @callback
    def start(
        self,
        hass: HomeAssistant,
        kind: JobKind,
        miners: Sequence[MinerConfigEntry],
        work: Work,
        context: Context | None,
    ) -> Job:
        """Begin a job, unless one of the miners belongs to another.

        `work` is cancelled if the job is, and puts in order itself what it began. What
        it raises makes the job a failed one.
        """
        for miner in miners:
            if (owner := self.owner(miner.entry_id)) is not None:
                raise owned(owner, miner)
        job = Job(hass, kind, miners, context, self._changed)
        self._running.append(job)
        job.begin(work)
        return job

    async def stop(self) -> None:
        """End all jobs, as Home Assistant stops, and wait for that."""
        self.is_stopping = True
        await self._end(self._running)

    async def let_go(self, entry_id: str) -> None:
        """End the job that needs a miner which is unloaded, and wait for that."""
        await self._end(
            job
            for job in self._running
            if entry_id in job.miners and job.kind.needs_entries
        )

    async def _end(self, jobs: Iterable[Job]) -> None:
        ending = list(jobs)
        for job in ending:
            job.cancel()
        await asyncio.gather(*(job.wait(_ENDS_WITHIN) for job in ending))

    @callback
    def async_on_change(self, watcher: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back when anything is new of a job; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    @callback
    def _changed(self, job: Job) -> None:
        if job.state is not JobState.RUNNING and job in self._running:
            self._running.remove(job)
            self._ended.append(job)
        for watcher in tuple(self._watchers):
            watcher()


def owned(job: Job, miner: MinerConfigEntry) -> ServiceValidationError:
    """Say that a miner belongs to a job, and to nobody else until that is over."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=_OWNED[job.kind],
        translation_placeholders={"miner": miner.title, "job": job.id},
    )
