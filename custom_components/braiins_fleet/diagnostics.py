"""What to attach to a report of something that does not work."""

import asyncio
from contextlib import suppress
from dataclasses import fields
from typing import Any, cast

from homeassistant.components.diagnostics import device_entry_as_dict
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr

from .asic import AsicError, Denied, Reading, Unreachable
from .coordinator import MinerCoordinator
from .farm import FARM
from .fleet import BraiinsConfigEntry, FleetCoordinator
from .identity import is_fleet
from .jobs import Job
from .redaction import redacted

# Somebody waits for it, and a miner that hangs never answers.
_PATIENCE = 10.0


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
) -> dict[str, Any]:
    """Return what is known of a miner, or of the fleet."""
    return redacted(await _about(entry))


async def async_get_device_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    device: dr.AnyDeviceEntry,
) -> dict[str, Any]:
    """Return the same, and how the device is registered."""
    return redacted(await _about(entry) | {"device": device_entry_as_dict(device)})


async def _about(entry: BraiinsConfigEntry) -> dict[str, Any]:
    about = {"entry": entry.as_dict(), "state": entry.state, "reason": entry.reason}
    if entry.state is not ConfigEntryState.LOADED:
        return about
    if is_fleet(entry):
        return about | _about_fleet(cast("FleetCoordinator", entry.runtime_data))
    return about | await _about_miner(cast("MinerCoordinator", entry.runtime_data))


def _about_fleet(fleet: FleetCoordinator) -> dict[str, Any]:
    jobs = fleet.hass.data[FARM].jobs
    return {
        "is_complete": fleet.is_complete,
        "fleet": fleet.data,
        "miners": [
            _in_short(coordinator) | {"polling": coordinator.condition}
            for coordinator in fleet.coordinators
        ],
        "rigs": [
            rig.condition | {"rig": rig.data} for rig in fleet.garage.coordinators
        ],
        "jobs": [_about_job(job) for job in (*jobs.ended, *jobs.running)],
    }


def _about_job(job: Job) -> dict[str, Any]:
    return job.as_dict() | {
        "started": job.started,
        "ended": job.ended,
        # What its owner calls a miner is in both otherwise.
        "miners": len(job.miners),
        "error": job.error and job.error.translation_key,
    }


async def _about_miner(coordinator: MinerCoordinator) -> dict[str, Any]:
    miner, state = coordinator.miner, coordinator.data
    # First, as what the firmware lacks is learnt by asking.
    times = await _times(coordinator)
    return _in_short(coordinator) | {
        "polling": coordinator.condition,
        "energy": state.energy,
        "booted": state.booted,
        "mining_since": state.mining_since,
        # Without the answers as they came, in which nothing can be taken out.
        "snapshot": {
            one.name: getattr(state.snapshot, one.name)
            for one in fields(state.snapshot)
            if one.name not in ("missing", "raw")
        },
        "missing": state.snapshot.missing,
        "supported": {reading: miner.supports(reading) for reading in Reading},
        "milliseconds": times,
    }


def _in_short(coordinator: MinerCoordinator) -> dict[str, Any]:
    details = coordinator.data.snapshot.details
    return {
        "reachable": coordinator.last_update_success,
        "last_error": coordinator.last_exception,
        "status": coordinator.data.status,
        "api": str(coordinator.data.api),
        "model": details.model if details else None,
        "firmware": details.firmware if details else None,
    }


async def _times(coordinator: MinerCoordinator) -> dict[str, Any]:
    """Read everything once, one after the other, and say how long each took.

    A reading that was still waited for in the end has no time.
    """
    times: dict[str, Any] = {}
    if isinstance(coordinator.last_exception, ConfigEntryAuthFailed):
        # One more attempt to log in could be the one that is too many.
        return times
    miner, now = coordinator.miner, coordinator.hass.loop.time
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            for reading in filter(miner.supports, Reading):
                times[reading] = None
                start = now()
                try:
                    answer = await miner.snapshot([reading])
                except AsicError as err:
                    times[reading] = err
                    if isinstance(err, Denied | Unreachable):
                        break
                else:
                    took = round(1000 * (now() - start), 1)
                    times[reading] = answer.missing.get(reading, took)
    return times
