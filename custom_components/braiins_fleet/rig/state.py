"""What is known of a rig at a moment, put together from all that it told."""

from dataclasses import dataclass, field
from enum import StrEnum

from .readings import Cpu, GpuReading, MinerGpu
from .software import Vendor


class MinerCondition(StrEnum):
    """How mining software that runs is doing."""

    STARTING = "starting"
    MINING = "mining"
    IDLE = "idle"
    """It answers, and hashes no more."""
    SILENT = "silent"
    """It runs, as far as can be seen, and tells nothing."""
    UNREADABLE = "unreadable"
    """It runs, as far as can be seen, and the agent cannot read what it tells."""
    CRASHED = "crashed"
    """It has hashed, and then fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Which card this is: by its place on the bus, or by its number where that is odd.

    Two cards that swap their numbers cannot be told apart without a bus.
    """

    key: str
    name: str
    vendor: Vendor
    bus_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A card and how it does; `hashrate` where the software's cards can be told."""

    card: Card
    reading: GpuReading
    hashrate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Miner:
    """Mining software that runs, in H/s and s.

    `told_in` is the number of the report that all of this is from: after one in which
    the software told nothing, that of the one before holds for a while.
    """

    name: str
    condition: MinerCondition
    algorithm: str | None = None
    pool: str | None = None
    version: str | None = None
    hashrate: float | None = None
    accepted: int | None = None
    rejected: int | None = None
    uptime: int | None = None
    gpus: tuple[MinerGpu, ...] = ()
    told_in: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RigState:
    """A rig as it is; `None` is not known now.

    `measured` tells whether it was measured lately: if so, and nothing is known of
    `gpus`, the tool of their vendor fails, as it does where one card is in trouble.
    `cards` are all that it was seen to have, and `lost` those that are missing among
    others of their vendor.

    `connections`, `stats_heard` and `reports_heard` count, so that what came after
    something can be told from what came before.
    """

    connected: bool = False
    connections: int = 0
    stats_heard: int = 0
    reports_heard: int = 0
    measured: bool = False
    cpu: Cpu | None = None
    gpus: tuple[Gpu, ...] | None = None
    cards: tuple[Card, ...] = ()
    lost: tuple[Card, ...] = ()
    miners: tuple[Miner, ...] | None = None

    @property
    def miner(self) -> Miner | None:
        """The software that counts, where several run."""
        return self.miners[0] if self.miners else None

    @property
    def mining(self) -> bool | None:
        """Whether anything hashes."""
        if self.miners is None:
            return None
        conditions = {each.condition for each in self.miners}
        if MinerCondition.MINING in conditions:
            return True
        return None if MinerCondition.UNREADABLE in conditions else False

    @property
    def hashrate(self) -> float | None:
        """What the software that counts hashes; of none running, nothing."""
        if self.miners is None:
            return None
        return self.miners[0].hashrate if self.miners else 0.0

    @property
    def power(self) -> float | None:
        """What those parts take that tell it, in W."""
        known = [
            watts
            for watts in (
                *(gpu.reading.power for gpu in self.gpus or ()),
                self.cpu.power if self.cpu else None,
            )
            if watts is not None
        ]
        return sum(known) if known else None
