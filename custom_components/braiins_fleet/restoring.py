"""Putting miners back to how they were tuned before a job changed that."""

import asyncio
from functools import partial
from math import isclose

from homeassistant.core import Context, callback
from homeassistant.exceptions import HomeAssistantError

from .asic import (
    AsicError,
    HashrateTarget,
    ManualTuning,
    Miner,
    PerformanceMode,
    PowerTarget,
    SaveAction,
)
from .changes import HASHRATE, POWER, invalid
from .const import LOGGER
from .control import Change
from .coordinator import MinerCoordinator
from .failures import undone
from .farm import FARM
from .jobs import Job, owned
from .kept_tuning import KeptTuning, Tuning
from .state import MinerState

_TRY_AGAIN_EVERY = 30.0
_ROUNDED = 0.01


async def tuning_now(coordinator: MinerCoordinator) -> Tuning:
    """Ask a miner what it aims at, in as much detail as it takes to put it back."""
    if not await coordinator.async_is_there():
        raise coordinator.control.absence()
    try:
        mode = await coordinator.miner.performance_mode()
        tuner = (await coordinator.miner.configuration()).tuner
    except AsicError as err:
        raise undone(coordinator.config_entry, err) from err
    match mode:
        case (
            None
            | PowerTarget(None)
            | HashrateTarget(None)
            | ManualTuning(frequency=None)
            | ManualTuning(voltage=None)
        ):
            raise invalid("target_unknown", coordinator)
    return Tuning(mode=mode, inactive_power=tuner.power_target if tuner else None)


async def put_back(
    coordinator: MinerCoordinator,
    kept: KeptTuning,
    context: Context | None = None,
    job: Job | None = None,
) -> None:
    """Have a miner aim again at what it did, unless somebody wants something else."""
    entry_id = coordinator.config_entry.entry_id
    before = kept.recall(entry_id)
    if before is None:
        return
    now = await tuning_now(coordinator)
    owner = coordinator.hass.data[FARM].jobs.owner(entry_id)
    if owner not in (None, job):
        # What is kept may be from before that one, which has not begun to change it.
        raise owned(owner, coordinator.config_entry)
    if _is_left(now.mode, before):
        await coordinator.control.do(_going_back(before), context, job=job)
    await kept.drop(entry_id)


def is_at(watts: float | None, target: float) -> bool:
    """Tell whether a miner is at a target, however it rounds that."""
    return watts is not None and isclose(watts, target, rel_tol=_ROUNDED)


def _is_left(mode: PerformanceMode, before: Tuning) -> bool:
    """Tell whether the miner is still as it was left, and not as somebody wants it."""
    left = before.tried
    if before.inactive_power is not None and not isinstance(before.mode, PowerTarget):
        # Putting it back may have been cut short as well.
        left = (*left, before.inactive_power)
    return isinstance(mode, PowerTarget) and any(
        is_at(mode.watts, target) for target in left
    )


def _going_back(before: Tuning) -> Change:
    match before.mode:
        case PowerTarget(watts):
            return Change(
                what="set_power_target",
                command=partial(_set, before),
                value=POWER.active,
                done=lambda state: POWER.active(state) == watts,
                again=True,
            )
        case HashrateTarget(rate):
            return Change(
                what="set_hashrate_target",
                command=partial(_set, before),
                value=HASHRATE.active,
                done=lambda state: HASHRATE.active(state) == rate,
                again=True,
            )
    return Change(
        what="set_manual_tuning",
        command=partial(_set, before),
        done=_is_manual,
        again=True,
    )


async def _set(before: Tuning, miner: Miner) -> None:
    mode, inactive = before.mode, before.inactive_power
    if inactive is not None and not isinstance(mode, PowerTarget):
        # It counts again once somebody chooses that mode, and not before.
        await miner.tuning.set_power_target(inactive, save=SaveAction.SAVE)
    match mode:
        case PowerTarget(watts) if watts is not None:
            await miner.tuning.set_power_target(watts)
        case HashrateTarget(rate) if rate is not None:
            await miner.tuning.set_hashrate_target(rate)
        case _:
            await miner.tuning.set_mode(mode)


def _is_manual(state: MinerState) -> bool:
    configuration = state.snapshot.configuration
    tuner = configuration.tuner if configuration else None
    return tuner is not None and tuner.enabled is False


@callback
def put_back_later(coordinator: MinerCoordinator, kept: KeptTuning) -> None:
    """Have a miner put back once it is there, if it was left before it could be."""
    entry = coordinator.config_entry
    if kept.recall(entry.entry_id) is not None:
        entry.async_create_background_task(
            coordinator.hass,
            _put_back_when_there(coordinator, kept),
            f"{coordinator.name} tuning",
        )


async def _put_back_when_there(coordinator: MinerCoordinator, kept: KeptTuning) -> None:
    entry_id = coordinator.config_entry.entry_id
    while (before := kept.recall(entry_id)) is not None:
        if coordinator.last_update_success:
            try:
                await put_back(coordinator, kept)
            except HomeAssistantError as err:
                LOGGER.debug(
                    "%s is not put back to %s: %s", coordinator.name, before, err
                )
            else:
                LOGGER.info("%s is back at %s", coordinator.name, before)
                return
        await asyncio.sleep(_TRY_AGAIN_EVERY)
