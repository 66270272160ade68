"""Whether a command did what its success claims, judged by what the rig tells later.

The agent says yes to things that it did not do. What can be seen is compared with what
was asked for; often it cannot be seen.
"""

from collections.abc import Iterable
from enum import StrEnum
import re
from typing import Final

from .algorithm_names import is_same_algorithm
from .commands import (
    Command,
    Reboot,
    RestartMiner,
    Shutdown,
    StartMiner,
    StopMiner,
)
from .overclocking import Overclock
from .readings import GpuReading
from .software import SOFTWARE, STARTABLE, Vendor
from .state import Miner, MinerCondition, RigState

# Clocks go in steps, and drivers round to them.
_CORE_STEP: Final = 30
_MEMORY_STEP: Final = 60
# A card may exceed its limit for an instant.
_OVER_LIMIT: Final = 1.05
_WATTS_AROUND: Final = 5
_FAN_AROUND: Final = 10
# What is told may be as old as this when it arrives.
_LATE: Final = 15
_PORT: Final = re.compile(r":\d+$")


class Effect(StrEnum):
    """What came of a command."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    UNKNOWN = "unknown"
    """It cannot be told from what the rig tells."""


def judge(
    command: Command, before: RigState, after: RigState, elapsed: float
) -> Effect:
    """Compare a rig with what it was `elapsed` seconds ago, when it was commanded.

    `NOT_APPLIED` can still become `APPLIED` until the command's `settles` are over.
    """
    match command:
        case Reboot() | Shutdown():
            gone = not after.connected or after.connections != before.connections
            return Effect.APPLIED if gone else Effect.NOT_APPLIED
        case StartMiner() | RestartMiner() | StopMiner():
            if after.miners is None or after.reports_heard == before.reports_heard:
                return Effect.UNKNOWN
        case Overclock():
            return _judge_overclock(command, before, after)
    match command:
        case StopMiner():
            return _judge_stop(after.miners or ())
        case StartMiner():
            return _judge_start(command, before, after.miners or (), elapsed)
        case RestartMiner():
            return _judge_restart(before, after.miners or (), elapsed)
        case _:
            return Effect.UNKNOWN


def compare(miners: Iterable[Miner], wanted: StartMiner | None) -> Effect:
    """Tell how far it shows that a rig mines as is wanted, or at all.

    `UNKNOWN` is something that may be another thing, or has not hashed yet.
    """
    at_work = [miner for miner in miners if _is_at_work(miner, wanted)]
    if not at_work:
        return Effect.NOT_APPLIED
    [miner, *others] = at_work
    if others or miner.condition is not MinerCondition.MINING:
        return Effect.UNKNOWN
    is_wanted = wanted is None or (
        miner.name == wanted.software
        and is_same_algorithm(miner.algorithm or "", wanted.algorithm)
        and miner.pool is not None
        and _host(miner.pool) in map(_host, wanted.pools)
    )
    return Effect.APPLIED if is_wanted else Effect.UNKNOWN


def _is_at_work(miner: Miner, wanted: StartMiner | None) -> bool:
    match miner.condition:
        case MinerCondition.MINING | MinerCondition.IDLE | MinerCondition.UNREADABLE:
            return True
        case MinerCondition.STARTING:
            # What is not wanted and tells nothing may be no miner at all.
            is_wanted = wanted is not None and miner.name == wanted.software
            return is_wanted or miner.version is not None
        case _:
            return False


def _judge_stop(miners: Iterable[Miner]) -> Effect:
    effects = {_judge_rest(miner) for miner in miners}
    if Effect.NOT_APPLIED in effects:
        return Effect.NOT_APPLIED
    return Effect.UNKNOWN if effects else Effect.APPLIED


def _judge_rest(miner: Miner) -> Effect:
    """Tell whether something that still runs shows that it was not stopped."""
    if miner.condition in (MinerCondition.MINING, MinerCondition.IDLE):
        return Effect.NOT_APPLIED
    # What the agent cannot start, it cannot stop. All else that tells nothing may be a
    # process whose command line merely has the name of a miner in it.
    is_out_of_reach = miner.name in SOFTWARE and miner.name not in STARTABLE
    return Effect.NOT_APPLIED if is_out_of_reach else Effect.UNKNOWN


def _judge_start(
    command: StartMiner, before: RigState, miners: Iterable[Miner], elapsed: float
) -> Effect:
    miners = tuple(miners)
    found = next((miner for miner in miners if miner.name == command.software), None)
    if found is None:
        return Effect.NOT_APPLIED
    # Two that hash at a time fight for the cards.
    if any(m.condition is MinerCondition.MINING for m in miners if m is not found):
        return Effect.NOT_APPLIED
    if found.condition is MinerCondition.UNREADABLE:
        return Effect.UNKNOWN
    if _is_older(found, before, elapsed):
        return Effect.NOT_APPLIED
    is_same = is_same_algorithm(found.algorithm or "", command.algorithm)
    if is_same is False:
        return Effect.NOT_APPLIED
    if found.pool and _host(found.pool) not in map(_host, command.pools):
        return Effect.NOT_APPLIED
    effect = _is_it_running(found)
    if effect is Effect.APPLIED and is_same is None:
        return Effect.UNKNOWN
    return effect


def _judge_restart(before: RigState, miners: Iterable[Miner], elapsed: float) -> Effect:
    miners = tuple(miners)
    names = {miner.name for miner in before.miners or ()}
    found = next((m for m in miners if m.name in names), next(iter(miners), None))
    if found is None:
        return Effect.NOT_APPLIED
    if found.condition is MinerCondition.UNREADABLE:
        return Effect.UNKNOWN
    if _is_older(found, before, elapsed):
        return Effect.NOT_APPLIED
    if found.condition is MinerCondition.MINING and found.uptime is None:
        # It may never have stopped.
        return Effect.UNKNOWN
    return _is_it_running(found)


def _is_it_running(miner: Miner) -> Effect:
    match miner.condition:
        case MinerCondition.MINING:
            return Effect.APPLIED
        case MinerCondition.IDLE:
            return Effect.UNKNOWN
        case MinerCondition.STARTING if miner.version:
            return Effect.UNKNOWN
        case _:
            # It looks like this from the very beginning if it died at once.
            return Effect.NOT_APPLIED


def _is_older(miner: Miner, before: RigState, elapsed: float) -> bool:
    """Tell whether this is what ran before, or what that told last."""
    if miner.told_in <= before.reports_heard:
        return True
    return miner.uptime is not None and miner.uptime > elapsed + _LATE


def _host(pool: str) -> str:
    return _PORT.sub("", pool.rpartition("://")[2].rstrip("/")).lower()


def _judge_overclock(command: Overclock, before: RigState, after: RigState) -> Effect:
    if after.gpus is None or after.stats_heard == before.stats_heard:
        return Effect.UNKNOWN
    earlier = {gpu.card.key: gpu.reading for gpu in before.gpus or ()}
    effects = {
        _judge_setting(name, value, earlier.get(gpu.card.key), gpu.reading)
        for gpu in after.gpus
        if command.concerns(gpu)
        for name, value in command.chosen.items()
    }
    if Effect.NOT_APPLIED in effects:
        return Effect.NOT_APPLIED
    return Effect.APPLIED if effects == {Effect.APPLIED} else Effect.UNKNOWN


def _judge_setting(
    name: str, value: int, before: GpuReading | None, after: GpuReading
) -> Effect:
    match name:
        case "power_limit":
            return _judge_limit(value, before.power if before else None, after.power)
        case "core_lock":
            return _judge_lock(value, after.core_clock, _CORE_STEP, after.vendor)
        case "memory_lock":
            return _judge_lock(value, after.memory_clock, _MEMORY_STEP, after.vendor)
        case _:
            return _judge_fan(value, after.fan)


def _judge_limit(limit: int, before: float | None, after: float | None) -> Effect:
    if after is None:
        return Effect.UNKNOWN
    most = limit * _OVER_LIMIT + _WATTS_AROUND
    if after > most:
        return Effect.NOT_APPLIED
    # Limits are not told. Drawing less than before, and about as much as is allowed,
    # is as good a proof as there is.
    was_above = before is not None and before > most
    return Effect.APPLIED if was_above and after > limit * 0.8 else Effect.UNKNOWN


def _judge_lock(clock: int, now: float | None, step: int, vendor: Vendor) -> Effect:
    if now is None:
        return Effect.UNKNOWN
    if now > clock + step:
        return Effect.NOT_APPLIED
    # Lower may be the card at rest, or held back by heat or its power limit. A clock
    # of AMD's is a ceiling anyway.
    locked = vendor is Vendor.NVIDIA and now >= clock - step
    return Effect.APPLIED if locked else Effect.UNKNOWN


def _judge_fan(percent: int, now: float | None) -> Effect:
    if now is None or percent == 0:
        return Effect.UNKNOWN
    near = abs(now - percent) <= _FAN_AROUND
    return Effect.APPLIED if near else Effect.NOT_APPLIED
