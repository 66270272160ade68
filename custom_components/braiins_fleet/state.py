"""What is known of a miner at one moment; entities read this and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from operator import attrgetter, is_
from typing import Any
from urllib.parse import urlsplit

from homeassistant.util import dt as dt_util

from .asic import (
    ApiVersion,
    Details,
    Fan,
    Hashboard,
    MinerStatus,
    Pool,
    PoolGroup,
    PoolStats,
    SensorLocation,
    Snapshot,
)

_SAME_START = timedelta(seconds=60)
_LIVE = {"snapshot", "boards", "fans", "boot_moment", "mining_moment"}
_LIVE_READINGS = {"stats", "hashboards", "cooling", "missing", "raw"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerState:
    """A miner as its entities show it.

    Boards, fans and pools go by what tells them apart for good. `shares` and `energy`
    move all the time, and are looked at less often than the rest: each change of a
    state costs more than the reading of it.
    """

    api: ApiVersion
    snapshot: Snapshot = field(default_factory=Snapshot)
    status: MinerStatus = MinerStatus.UNKNOWN
    boards: Mapping[str, Hashboard] = field(default_factory=dict)
    fans: Mapping[str, Fan] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)
    shares: PoolStats | None = None
    energy: float | None = None
    booted: datetime | None = None
    mining_since: datetime | None = None
    # The same on a clock that never jumps, by which a new start is told.
    boot_moment: float | None = field(default=None, compare=False)
    mining_moment: float | None = field(default=None, compare=False)

    @property
    def active_pool(self) -> str | None:
        """The key of the pool that is worked for, of several the first."""
        return next((key for key, pool in self.pools.items() if pool.active), None)

    @property
    def hottest_chip(self) -> float | None:
        """The temperature of the hottest chip, also where no boards are listed."""
        found = [
            board.chip_temperature
            for board in self.boards.values()
            if board.chip_temperature is not None
        ]
        if found:
            return max(found)
        hottest = self.snapshot.cooling.hottest if self.snapshot.cooling else None
        if hottest is None or hottest.location is not SensorLocation.CHIP:
            return None
        return hottest.temperature


_steady = attrgetter(
    *(each.name for each in fields(MinerState) if each.name not in _LIVE),
    *(
        f"snapshot.{each.name}"
        for each in fields(Snapshot)
        if each.name not in _LIVE_READINGS
    ),
)


def differs_in_live_figures_only(old: MinerState, new: MinerState) -> bool:
    """Tell whether nothing can have changed but what does with each poll.

    What was not read anew is the same object as before.
    """
    return all(map(is_, _steady(old), _steady(new), strict=True))


@dataclass(frozen=True, slots=True)
class Part[P]:
    """What a miner has several of, such as its boards.

    `name` is also the placeholder in the names of its entities, which `label` fills.
    Of those that are `live` there are other figures with each poll.
    """

    name: str
    among: Callable[[MinerState], Mapping[str, P]]
    label: Callable[[MinerState, str], str]
    live: bool


def boards_of(snapshot: Snapshot) -> dict[str, Hashboard]:
    """Return the boards by their ids."""
    return {board.id: board for board in snapshot.hashboards or ()}


def fans_of(snapshot: Snapshot) -> dict[str, Fan]:
    """Return the fans by where they sit, or in their order where they do not say."""
    fans = snapshot.cooling.fans if snapshot.cooling else ()
    return {
        str(number if fan.position is None else fan.position): fan
        for number, fan in enumerate(fans)
    }


def pools_of(groups: tuple[PoolGroup, ...] | None) -> dict[str, Pool]:
    """Return the pools by their uids, in the order of the miner."""
    pools = [pool for group in groups or () for pool in group.pools]
    return {pool.uid or pool.url: pool for pool in pools}


def starts(old: MinerState, details: Details, now: float) -> dict[str, Any]:
    """Return since when the miner, and its mining software, have been up."""
    today = dt_util.utcnow()
    changes: dict[str, Any] = {}
    for name, moment, seconds in (
        ("booted", "boot_moment", details.uptime),
        ("mining_since", "mining_moment", details.mining_uptime),
    ):
        changes[name] = changes[moment] = None
        if seconds:
            since = today - timedelta(seconds=seconds)
            before: datetime | None = getattr(old, name)
            # Seconds are cut off, and answers take their time.
            same = before is not None and abs(since - before) < _SAME_START
            changes[name] = before if same else since
            changes[moment] = now - seconds
    return changes


def pool_name(state: MinerState, key: str) -> str:
    """Name a pool after its host, and number those that share it."""
    host = _host(state.pools[key])
    alike = [each for each, pool in state.pools.items() if _host(pool) == host]
    return host if len(alike) == 1 else f"{host} {alike.index(key) + 1}"


def _host(pool: Pool) -> str:
    try:
        return urlsplit(pool.url).hostname or pool.url
    except ValueError:
        return pool.url


BOARD = Part("board", lambda state: state.boards, lambda _, key: key, live=True)
FAN = Part("fan", lambda state: state.fans, lambda _, key: key, live=True)
POOL = Part("pool", lambda state: state.pools, pool_name, live=False)
PARTS = (BOARD, FAN, POOL)
