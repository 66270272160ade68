"""A rig as its entities show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from .hashrates import HashrateUnit, unit_of
from .rig import Card, Gpu, Miner, MinerCondition, RigState
from .rig_software import Installed

# Software that prepares is at work already; one that crashed is not, though the agent
# says that it runs.
_AT_WORK = (
    MinerCondition.MINING,
    MinerCondition.STARTING,
    MinerCondition.IDLE,
    MinerCondition.UNREADABLE,
)


class Trouble(StrEnum):
    """What can be wrong with a rig."""

    CARDS_LOST = "cards_lost"
    CARDS_UNREADABLE = "cards_unreadable"
    MINER_CRASHED = "miner_crashed"
    MINER_SILENT = "miner_silent"
    TOKEN_SHARED = "token_shared"  # noqa: S105 - not a token, but what became of one


@dataclass(frozen=True, slots=True, kw_only=True)
class RigSnapshot:
    """A rig at one moment; energy is in kWh.

    One that is not `connected` keeps what was known of it last. `cards` are all that it
    is known to have, by their keys, and `gpus` those that can be read now. Those that
    have not been read for a while are `lost`, or `unreadable` with all of their vendor.
    The `software` is that which it is known to have, whether it runs or not.
    """

    state: RigState = field(default_factory=RigState)
    connected: bool = False
    cards: Mapping[str, Card] = field(default_factory=dict)
    gpus: Mapping[str, Gpu] = field(default_factory=dict)
    lost: tuple[Card, ...] = ()
    unreadable: tuple[Card, ...] = ()
    energy: float = 0.0
    mining_since: datetime | None = None
    troubles: tuple[Trouble, ...] = ()
    software: Mapping[str, Installed] = field(default_factory=dict)

    def counted_in(self, unit: HashrateUnit) -> tuple[Miner, ...]:
        """Return the software that hashes in a unit."""
        return tuple(miner for miner in self.state.miners or () if _unit(miner) is unit)

    def hashrate(self, unit: HashrateUnit) -> float | None:
        """Return what is hashed in a unit; where nothing is, that is zero."""
        # Software that tells nothing may hash anything.
        if self.state.miners is None or None in map(_unit, self.state.miners):
            return None
        rates = [miner.hashrate for miner in self.counted_in(unit)]
        known = [rate for rate in rates if rate is not None]
        if len(known) < len(rates):
            return None
        return sum(known) / unit.scale

    def card_hashrate(self, gpu: Gpu, unit: HashrateUnit) -> float | None:
        """Return what a card hashes in a unit."""
        if self.state.miners is None:
            return None
        at_work = next((miner for miner in self.state.miners if miner.gpus), None)
        if at_work is None:
            return None if self.state.miners else 0.0
        if _unit(at_work) is not unit:
            return 0.0
        return None if gpu.hashrate is None else gpu.hashrate / unit.scale

    def efficiency(self, unit: HashrateUnit) -> float | None:
        """Return what a hash costs, where one software has the rig to itself."""
        state = self.state
        if not state.miners or len(state.miners) > 1 or state.power is None:
            return None
        rate = self.hashrate(unit)
        if not rate or state.miners[0].condition is not MinerCondition.MINING:
            return None
        return state.power / rate

    @property
    def hottest_gpu(self) -> float | None:
        """How hot the hottest card is."""
        read = (gpu.reading.temperature for gpu in self.gpus.values())
        return max((each for each in read if each is not None), default=None)

    @property
    def reject_rate(self) -> float | None:
        """The part of the shares that was rejected, in percent."""
        miner = self.state.miner
        if miner is None or miner.accepted is None or miner.rejected is None:
            return None
        sent = miner.accepted + miner.rejected
        return 100 * miner.rejected / sent if sent else None


def is_at_work(snapshot: RigSnapshot) -> bool | None:
    """Tell whether software runs on a rig that is to mine."""
    if snapshot.state.miners is None:
        return None
    return any(miner.condition in _AT_WORK for miner in snapshot.state.miners)


def _unit(miner: Miner) -> HashrateUnit | None:
    """Return what software counts in; until it says what it hashes, nothing."""
    if miner.algorithm is None and not miner.hashrate:
        return None
    return unit_of(miner.algorithm, miner.name)


def without_counts(state: RigState) -> RigState:
    """Return a state that equals another one that shows the same."""
    return replace(state, connections=0, stats_heard=0, reports_heard=0)
