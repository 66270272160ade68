"""Jobs, as tests begin them, watch them and ask about them."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.core import Context, HomeAssistant
import pytest

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.coordinator import MinerConfigEntry
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.jobs import Job, JobKind, Jobs, JobStep
from simulator import Machine
from simulator.configuration import Save

from .actions import device_of
from .running import PassingTime, until

JOB = "sensor.mining_fleet_job"


class Work:
    """Work that goes on until it is told what becomes of it."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.ends: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tidied: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tidied.set_result(None)
        self.was_cancelled = False

    def be_untidy(self) -> None:
        """Have something left to put in order once it is cancelled."""
        self.tidied = asyncio.get_running_loop().create_future()

    async def __call__(self, job: Job) -> None:
        """Work."""
        self.job = job
        try:
            await self.ends
        except asyncio.CancelledError:
            self.was_cancelled = True
            await self.tidied
            raise


class Held:
    """Holds a method up until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, of: type, name: str) -> None:
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        held = getattr(of, name)

        async def wait(*arguments: Any, **named: Any) -> Any:
            self.begun.set()
            await self.let_go.wait()
            return await held(*arguments, **named)

        monkeypatch.setattr(of, name, wait)


def jobs_of(hass: HomeAssistant) -> Jobs:
    """Return the jobs of all miners."""
    return hass.data[FARM].jobs


async def begin(
    hass: HomeAssistant,
    *miners: MinerConfigEntry,
    work: Work,
    kind: JobKind = JobKind.BASELINE,
    context: Context | None = None,
) -> Job:
    """Begin a job, and wait until it works."""
    job = jobs_of(hass).start(hass, kind, miners, work, context)
    await until(lambda: work.job is job)
    return job


async def get_jobs(
    hass: HomeAssistant, context: Context | None = None, **fields: Any
) -> list[dict[str, Any]]:
    """Ask which jobs there are."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "get_jobs",
        fields,
        blocking=True,
        context=context,
        return_response=True,
    )
    assert set(answer) == {"jobs"}
    found: list[dict[str, Any]] = answer["jobs"]
    return found


async def cancel_job(
    hass: HomeAssistant, wanted: str, context: Context | None = None
) -> list[dict[str, Any]]:
    """Cancel one job, or all; returns what became of them."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "cancel_job",
        {"id": wanted},
        blocking=True,
        context=context,
        return_response=True,
    )
    found: list[dict[str, Any]] = answer["jobs"]
    return found


async def run_baseline(
    hass: HomeAssistant,
    miner: MinerConfigEntry,
    context: Context | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Begin to measure a miner; returns what the action says."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "run_baseline",
        fields,
        blocking=True,
        context=context,
        target={"device_id": device_of(hass, miner).id},
        return_response=True,
    )
    told: dict[str, Any] = answer
    return told


async def pass_until(
    hass: HomeAssistant, pass_time: PassingTime, reached: Callable[[], bool]
) -> None:
    """Let time pass until something is so, slowly while a miner is asked for it."""
    while not reached():
        if _is_asking(hass):
            pass_time.jump(0.1)
            await asyncio.sleep(0.005)
        else:
            await pass_time(2.5, step=2.5)


def _is_asking(hass: HomeAssistant) -> bool:
    """Tell whether a change is on its way, or a job asks for something else."""
    waits = (JobStep.SETTLING, JobStep.MEASURING)
    return any(job.step not in waits for job in jobs_of(hass).running) or any(
        task.get_name().endswith(" change")
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        for task in entry._background_tasks
        if isinstance(task, asyncio.Task)
    )


async def begin_baseline(
    hass: HomeAssistant, miner: MinerConfigEntry, **fields: Any
) -> Job:
    """Begin to measure a miner."""
    told = await run_baseline(hass, miner, **fields)
    [job] = (job for job in jobs_of(hass).running if job.id == told["id"])
    return job


async def measuring(hass: HomeAssistant, pass_time: PassingTime) -> None:
    """Let time pass until a target is measured."""
    await pass_until(
        hass,
        pass_time,
        lambda: any(job.step == "measuring" for job in jobs_of(hass).running),
    )


async def measured(
    hass: HomeAssistant, pass_time: PassingTime, job_id: str
) -> dict[str, Any]:
    """Let time pass until all is measured; returns what came of it."""
    await pass_until(
        hass,
        pass_time,
        lambda: all(job.id != job_id for job in jobs_of(hass).running),
    )
    [job] = await get_jobs(hass, id=job_id)
    [result] = job["miners"]
    found: dict[str, Any] = result
    return found


def tune(machine: Machine, **way: Any) -> None:
    """Have a miner tuned somehow, past Home Assistant."""
    machine.act()
    machine.change(Save.APPLY, **way)
