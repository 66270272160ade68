"""Gives miners another firmware: a few to try it, then the others in waves.

What has been done is kept on the disk, so that it goes on after a restart.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
import time
from typing import Any, Final, TypedDict
from uuid import uuid4

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .control import Changed
from .coordinator import MinerConfigEntry
from .farm import FARM
from .firmware_install import Installation, Installing, Sent, Step
from .jobs import Job, JobKind, JobStep

ROLLOUTS: HassKey[Rollouts] = HassKey(f"{DOMAIN}_rollouts")

_VERSION = 1
# What a miner has been sent is half of the way.
_UPLOAD_SHARE: Final = 0.5


class _Sent(TypedDict):
    """What a miner was when it got all of an image; `booted` is a Unix time."""

    release: str | None
    firmware: str | None
    booted: float


class _Plan(TypedDict):
    """What is to be done, and what has been; miners go by the ids of their entries."""

    waves: list[list[str]]
    versions: dict[str, str]
    stop_after: int
    user_id: str | None
    failures: int
    sent: dict[str, _Sent]
    results: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many miners at once, and after how many failures to stop."""

    wave_size: int = 1
    stop_after: int = 1


class Rollouts:
    """Those that are under way."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store = Store[dict[str, _Plan]](hass, _VERSION, f"{DOMAIN}.rollouts")
        self._plans: dict[str, _Plan] = {}

    async def load(self) -> None:
        """Read what a restart has broken off, and go on with it.

        That is before anything can be wanted of the miners, which may be half-way.
        """
        self._plans = await self._store.async_load() or self._plans
        for key, plan in tuple(self._plans.items()):
            self._begin(key, plan, Context(user_id=plan["user_id"]), resumed=True)

    @callback
    def start(
        self,
        wanted: Mapping[str, str],
        trying: Sequence[str],
        pace: Pace,
        context: Context | None,
    ) -> Job:
        """Begin: `wanted` has the version for each miner, `trying` those to try it."""
        others = [entry_id for entry_id in wanted if entry_id not in trying]
        size = pace.wave_size
        plan: _Plan = {
            "waves": [
                [*trying],
                *(others[at : at + size] for at in range(0, len(others), size)),
            ],
            "versions": dict(wanted),
            "stop_after": pace.stop_after,
            "user_id": context.user_id if context else None,
            "failures": 0,
            "sent": {},
            "results": {},
        }
        return self._begin(uuid4().hex, plan, context)

    async def install(
        self, entry: MinerConfigEntry, version: str, context: Context | None
    ) -> None:
        """Give one miner a version, and wait until it runs that."""
        wanted = {entry.entry_id: version}
        job = self.start(wanted, [*wanted], Pace(), context)
        await job.wait()
        result = job.results.get(entry.entry_id)
        if result is None or not result["ok"]:
            raise job.error or HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="firmware_cancelled",
                translation_placeholders={"miner": entry.title},
            )

    @callback
    def _begin(
        self,
        key: str,
        plan: _Plan,
        context: Context | None,
        *,
        resumed: bool = False,
    ) -> Job:
        miners = [
            entry
            for entry_id in plan["versions"]
            if (entry := self._hass.config_entries.async_get_entry(entry_id))
        ]
        rollout = _Rollout(self._hass, self, plan, resumed=resumed)
        work = partial(self._work, key, rollout)
        jobs = self._hass.data[FARM].jobs
        return jobs.start(self._hass, JobKind.FIRMWARE_UPDATE, miners, work, context)

    async def _work(self, key: str, rollout: _Rollout, job: Job) -> None:
        self._plans[key] = rollout.plan
        jobs = self._hass.data[FARM].jobs
        try:
            await self.save()
            await rollout.run(job)
        finally:
            if not jobs.is_stopping:
                del self._plans[key]
                await self.save()

    async def save(self) -> None:
        """Write down how far everything is."""
        await self._store.async_save(self._plans)


class _Rollout:
    """One of them, while it runs."""

    def __init__(
        self,
        hass: HomeAssistant,
        rollouts: Rollouts,
        plan: _Plan,
        *,
        resumed: bool,
    ) -> None:
        self.plan = plan
        self._hass = hass
        self._rollouts = rollouts
        self._resumed = resumed
        self._under_way: dict[str, Installing] = {}
        self._errors: list[HomeAssistantError] = []

    async def run(self, job: Job) -> None:
        """Do wave after wave; raises what went wrong."""
        self._job, plan = job, self.plan
        for entry_id, result in plan["results"].items():
            self._job.results[entry_id] = result
        for place, wave in enumerate(plan["waves"]):
            await self._do([each for each in wave if each not in plan["results"]])
            # If one of the first fails, nobody wants to see more of that.
            if plan["failures"] >= (plan["stop_after"] if place else 1):
                break
        if plan["failures"]:
            raise self._error()

    async def _do(self, wave: list[str]) -> None:
        tasks = [
            self._hass.async_create_background_task(
                self._install(entry), f"{DOMAIN} firmware of {entry.title}"
            )
            for entry_id in wave
            if (entry := self._hass.config_entries.async_get_entry(entry_id))
        ]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            if self._hass.data[FARM].jobs.is_stopping:
                # What is missing is done after the restart.
                for task in tasks:
                    task.cancel()
            else:
                # What has begun is seen through, if need be after a restart.
                self.plan["waves"] = [wave]
                await self._rollouts.save()
            await asyncio.wait(tasks)
            raise
        for task in tasks:
            task.result()

    async def _install(self, entry: MinerConfigEntry) -> None:
        plan, entry_id = self.plan, entry.entry_id
        version = plan["versions"][entry_id]

        async def sent(what: Sent) -> None:
            booted = time.time() - self._hass.loop.time() + what.booted
            plan["sent"][entry_id] = {
                "release": what.release,
                "firmware": what.firmware,
                "booted": booted,
            }
            await self._rollouts.save()

        def progress(installing: Installing) -> None:
            self._under_way[entry_id] = installing
            self._report()

        installation = Installation(
            self._hass,
            self._hass.data[FARM],
            entry,
            version,
            sent=self._sent(entry_id),
            resumed=self._resumed,
            on_sent=sent,
            on_progress=progress,
        )
        before: str | None = None
        error: HomeAssistantError | None = None
        try:
            before = await installation.run(self._job)
        except HomeAssistantError as err:
            error = err
            self._errors.append(err)
            plan["failures"] += 1
        else:
            if before != version:
                self._tell(entry, Changed(before, version))
        plan["results"][entry_id] = {
            "ok": error is None,
            "before": before,
            "after": None if error else version,
            "error": str(error) if error else None,
        }
        self._under_way.pop(entry_id, None)
        self._job.note(entry, **plan["results"][entry_id])
        self._report()
        await self._rollouts.save()

    def _sent(self, entry_id: str) -> Sent | None:
        """Return what a miner was when it got the image, if that was long ago."""
        sent = self.plan["sent"].get(entry_id)
        if sent is None:
            return None
        booted = sent["booted"] - time.time() + self._hass.loop.time()
        return Sent(release=sent["release"], firmware=sent["firmware"], booted=booted)

    def _report(self) -> None:
        under_way = self._under_way.values()
        sent = sum(100 if it.percent is None else it.percent for it in under_way)
        done = len(self.plan["results"]) + sent / 100 * _UPLOAD_SHARE
        uploads = any(it.step is Step.UPLOADING for it in under_way)
        step = JobStep.UPLOADING if uploads else JobStep.RESTARTING
        self._job.report(
            step=None if self._job.is_cancelled or not under_way else step,
            progress=100 * done / len(self.plan["versions"]),
        )

    def _tell(self, entry: MinerConfigEntry, changed: Changed) -> None:
        """Have it in the logbook, by the name of the entity that shows it."""
        known_as = f"{entry.unique_id}_firmware"
        registry = er.async_get(self._hass)
        entity_id = registry.async_get_entity_id(Platform.UPDATE, DOMAIN, known_as)
        if entry.state is ConfigEntryState.LOADED:
            control = entry.runtime_data.control
            control.tell(entity_id or "install_firmware", changed, self._job.context)

    def _error(self) -> HomeAssistantError:
        """Return what went wrong with the one miner, or with several of them."""
        plan = self.plan
        if len(plan["versions"]) == 1 and self._errors:
            return self._errors[0]
        results = plan["results"].values()
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="firmware_stopped",
            translation_placeholders={
                "failed": str(plan["failures"]),
                "miners": str(len(plan["versions"])),
                "left": str(len(plan["versions"]) - len(results)),
                "errors": "; ".join(
                    dict.fromkeys(it["error"] for it in results if it["error"])
                ),
            },
        )
