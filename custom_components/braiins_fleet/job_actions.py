"""The actions that tell of jobs, and that cancel them."""

import asyncio
from functools import partial
from typing import Final

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import DOMAIN
from .coordinator import MinerConfigEntry
from .device import named
from .farm import FARM
from .jobs import Job
from .targets import require_permission

ATTR_ID: Final = "id"
ALL: Final = "all"

# A job may have to finish what cannot be broken off.
_ENDS_WITHIN = 60.0


@callback
def async_setup_job_actions(hass: HomeAssistant) -> None:
    """Make the actions known."""
    hass.services.async_register(
        DOMAIN,
        "cancel_job",
        partial(_cancel, hass),
        vol.Schema({vol.Required(ATTR_ID): cv.string}),
        SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        "get_jobs",
        partial(_tell, hass),
        vol.Schema({vol.Optional(ATTR_ID): cv.string}),
        SupportsResponse.ONLY,
    )


async def _cancel(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Cancel one job or all of them, and wait until they have ended."""
    wanted = call.data[ATTR_ID]
    running = hass.data[FARM].jobs.running
    jobs = [job for job in running if wanted in (ALL, job.id)]
    if not jobs and wanted != ALL:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_such_job",
            translation_placeholders={"job": wanted},
        )
    for job in jobs:
        await require_permission(hass, call, _miners(hass, job), only_reads=False)
    for job in jobs:
        job.cancel()
    await asyncio.gather(*(job.wait(_ENDS_WITHIN) for job in jobs))
    return {"jobs": [_about(hass, job) for job in jobs]}


async def _tell(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Tell of the jobs whose miners the user may read."""
    jobs = hass.data[FARM].jobs
    told: list[JsonValueType] = []
    for job in (*jobs.ended, *jobs.running):
        if call.data.get(ATTR_ID) in (None, job.id):
            try:
                miners = _miners(hass, job)
                await require_permission(hass, call, miners, only_reads=True)
            except Unauthorized:
                continue
            told.append(_about(hass, job))
    return {"jobs": told}


def _miners(hass: HomeAssistant, job: Job) -> list[MinerConfigEntry]:
    """Return the miners of a job that have not been removed since."""
    return [
        miner
        for entry_id in job.miners
        if (miner := hass.config_entries.async_get_entry(entry_id)) is not None
    ]


def _about(hass: HomeAssistant, job: Job) -> dict[str, JsonValueType]:
    miners = _miners(hass, job)
    results = [job.results.get(miner.entry_id, {}) for miner in miners]
    return {
        **job.as_dict(),
        "started": job.started.isoformat(),
        "ended": job.ended.isoformat() if job.ended else None,
        "miners": [*named(hass, miners, results)],
    }
