"""How a miner works: hashrates, power, shares."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, DecimalException
from typing import Any

from .units import read_efficiency, read_gigahash, read_megahash, read_time, read_watts


@dataclass(frozen=True, slots=True)
class Hashrates:
    """Average over the last …, in TH/s. The long ones count downtime as zero."""

    seconds_5: float | None
    seconds_15: float | None
    seconds_30: float | None
    minute_1: float | None
    minutes_5: float | None
    minutes_15: float | None
    minutes_30: float | None
    hour_1: float | None
    hours_24: float | None
    since_restart: float | None


# What the wire calls them, in the same order.
_AVERAGES = (
    "last_5s",
    "last_15s",
    "last_30s",
    "last_1m",
    "last_5m",
    "last_15m",
    "last_30m",
    "last_1h",
    "last_24h",
    "since_restart",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStats:
    """What a miner, or one of its boards, has worked; hashrates in TH/s."""

    hashrates: Hashrates | None
    nominal_hashrate: float | None
    error_hashrate: float | None
    found_blocks: int
    best_share: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStats:
    """What became of the work sent to a pool, or to all of them."""

    accepted_shares: int
    rejected_shares: int
    stale_shares: int
    last_difficulty: int
    best_share: int | None
    generated_work: int
    last_share_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerStats:
    """The live figures of a miner: power in W, efficiency in J/TH."""

    work: WorkStats | None
    pools: PoolStats | None
    power: int | None
    efficiency: float | None


# Difficulties are written out, or short: 1234567 and 1.23M are the same.
_MOST_DIGITS = 80
_SUFFIXES = {"K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21}


def read_best_share(message: Any) -> int | None:
    """Read the best share, whose number overflows on a good day, from its text.

    The text came with API 1.10; from older miners there is the number alone.
    """
    text = message.best_share_str.strip().upper()
    exponent = _SUFFIXES.get(text[-1:], 0)
    try:
        share = Decimal(text[:-1] if exponent else text).scaleb(exponent)
    except DecimalException:
        share = Decimal("NaN")
    if not share.is_finite() or share.adjusted() > _MOST_DIGITS:
        return message.best_share or None
    return int(share)


def read_hashrates(m: Any) -> Hashrates:
    """Read a `RealHashrate`."""
    # Forty such figures are half of what a poll has to read, so without a call each.
    has = m.HasField
    return Hashrates(
        *[
            getattr(m, name).gigahash_per_second / 1e3 if has(name) else None
            for name in _AVERAGES
        ]
    )


def read_work(message: Any, field: str) -> WorkStats | None:
    """Read a `WorkSolverStats`."""
    if not message.HasField(field):
        return None
    m = getattr(message, field)
    return WorkStats(
        hashrates=(
            read_hashrates(m.real_hashrate) if m.HasField("real_hashrate") else None
        ),
        nominal_hashrate=read_gigahash(m, "nominal_hashrate"),
        error_hashrate=read_megahash(m, "error_hashrate"),
        found_blocks=m.found_blocks,
        best_share=read_best_share(m),
    )


def read_pool_stats(message: Any, field: str) -> PoolStats | None:
    """Read a `PoolStats`."""
    if not message.HasField(field):
        return None
    m = getattr(message, field)
    return PoolStats(
        accepted_shares=m.accepted_shares,
        rejected_shares=m.rejected_shares,
        stale_shares=m.stale_shares,
        last_difficulty=m.last_difficulty,
        best_share=read_best_share(m),
        generated_work=m.generated_work,
        last_share_at=read_time(m, "last_share_time"),
    )


def read_stats(m: Any) -> MinerStats:
    """Read the answer of `GetMinerStats`."""
    power = m.power_stats
    return MinerStats(
        work=read_work(m, "miner_stats"),
        pools=read_pool_stats(m, "pool_stats"),
        power=read_watts(power, "approximated_consumption"),
        efficiency=read_efficiency(power, "efficiency"),
    )
