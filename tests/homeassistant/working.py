"""Jobs, as tests begin them, watch them and ask about them."""

import asyncio
from typing import Any

from homeassistant.core import Context, HomeAssistant

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.coordinator import MinerConfigEntry
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.jobs import Job, JobKind, Jobs

from .running import until

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
