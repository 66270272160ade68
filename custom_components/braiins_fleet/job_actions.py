"""The actions that begin to measure a miner, tell of jobs, and cancel them."""

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

from .baseline import (
    Baseline,
    Level,
    Plan,
    require_mining,
    targets_at,
    targets_of,
)
from .const import DOMAIN
from .coordinator import MinerConfigEntry
from .device import named
from .farm import FARM
from .jobs import Job, JobKind
from .targets import coordinator_of, miners_of, require_permission

ATTR_DURATION: Final = "duration"
ATTR_ID: Final = "id"
ATTR_LEVELS: Final = "levels"
ATTR_SETTLE_WITHIN: Final = "settle_within"
ATTR_TARGETS: Final = "targets"
ATTR_WAIT: Final = "wait"
ALL: Final = "all"

_MOST_TARGETS = 20
_BASELINE = vol.All(
    cv.make_entity_service_schema(
        {
            vol.Optional(ATTR_TARGETS): vol.All(
                cv.ensure_list,
                [cv.positive_float],
                vol.Length(min=1, max=_MOST_TARGETS),
            ),
            vol.Optional(ATTR_LEVELS): vol.All(
                cv.ensure_list,
                [vol.In([level.value for level in Level])],
                vol.Length(min=1),
            ),
            vol.Optional(ATTR_DURATION, default=300): vol.All(
                vol.Coerce(float), vol.Range(min=60, max=3600)
            ),
            vol.Optional(ATTR_SETTLE_WITHIN, default=3600): vol.All(
                vol.Coerce(float), vol.Range(min=60, max=14400)
            ),
            vol.Optional(ATTR_WAIT, default=False): cv.boolean,
        }
    ),
    cv.has_at_most_one_key(ATTR_TARGETS, ATTR_LEVELS),
)
# A job may have to finish what cannot be broken off.
_ENDS_WITHIN = 60.0


@callback
def async_setup_job_actions(hass: HomeAssistant) -> None:
    """Make the actions known."""
    hass.services.async_register(
        DOMAIN,
        "run_baseline",
        partial(_run_baseline, hass),
        _BASELINE,
        SupportsResponse.OPTIONAL,
    )
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


async def _run_baseline(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Begin to measure a miner, and wait for the end of it if that is wanted."""
    miners = await miners_of(hass, call)
    if len(miners) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="one_at_a_time",
            translation_placeholders={"miners": str(len(miners))},
        )
    farm, coordinator = hass.data[FARM], coordinator_of(miners[0])
    await require_mining(coordinator)
    plan = Plan(
        targets=targets_of(coordinator, call.data[ATTR_TARGETS])
        if ATTR_TARGETS in call.data
        else targets_at(coordinator, map(Level, call.data.get(ATTR_LEVELS, Level))),
        duration=call.data[ATTR_DURATION],
        patience=call.data[ATTR_SETTLE_WITHIN],
    )
    work = Baseline(coordinator, farm.kept, plan)
    job = farm.jobs.start(hass, JobKind.BASELINE, miners, work, call.context)
    job.note(miners[0], targets=[*plan.targets])
    if call.data[ATTR_WAIT]:
        await job.wait()
        if job.error is not None and not call.return_response:
            raise job.error
    return about(hass, job)


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
        await require_permission(hass, call.context, _miners(hass, job))
    for job in jobs:
        job.cancel()
    await asyncio.gather(*(job.wait(_ENDS_WITHIN) for job in jobs))
    return {"jobs": [about(hass, job) for job in jobs]}


async def _tell(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Tell of the jobs whose miners the user may read."""
    jobs = hass.data[FARM].jobs
    told: list[JsonValueType] = []
    for job in (*jobs.ended, *jobs.running):
        if call.data.get(ATTR_ID) in (None, job.id):
            try:
                miners = _miners(hass, job)
                await require_permission(hass, call.context, miners, only_reads=True)
            except Unauthorized:
                continue
            told.append(about(hass, job))
    return {"jobs": told}


def _miners(hass: HomeAssistant, job: Job) -> list[MinerConfigEntry]:
    """Return the miners of a job that have not been removed since."""
    return [
        miner
        for entry_id in job.miners
        if (miner := hass.config_entries.async_get_entry(entry_id)) is not None
    ]


def about(hass: HomeAssistant, job: Job) -> dict[str, JsonValueType]:
    """Return what there is to tell of a job."""
    miners = _miners(hass, job)
    results = [job.results.get(miner.entry_id, {}) for miner in miners]
    return {
        **job.as_dict(),
        "started": job.started.isoformat(),
        "ended": job.ended.isoformat() if job.ended else None,
        "miners": [*named(hass, miners, results)],
    }
