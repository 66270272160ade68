"""What is found out about a Home Assistant with a fleet in it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """Until every miner had live values: seconds, longest stall in ms, kB per miner.

    `cpu` is in s too, and `garbage` is what the collector took of it.
    """

    seconds: float
    cpu: float
    garbage: float
    stall: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What it takes to run, net of what the watching takes.

    CPU in % of one core, and in ms per poll of a miner. Stalls in ms: how long the
    loop was kept from its other work, and how long it was itself at work at a stretch;
    `stalls` counts those over 50 ms. Python's collector takes `garbage` of the CPU, and
    `collection` ms at the longest; `full` counts how often it went through everything.
    States that changed, per minute and per poll. How long after a poll a healthy miner
    is polled again, in s. Memory in kB.
    """

    seconds: float
    cpu: float
    watching: float
    polls: int
    cpu_per_poll: float
    stall: float
    work: float
    stalls: int
    garbage: float
    collection: float
    full: int
    states: float
    states_per_poll: float
    pause: float
    longest_pause: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the CPU goes, in ms per poll of a miner; and how much is written for it.

    In vain is what was written and had not changed.
    """

    wire: float
    parsing: float
    state: float
    entities: float
    writing: float
    fleet: float
    writes: float
    in_vain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the recorder's thread takes in % of one core, and its rows per minute."""

    cpu: float
    rows: float


@dataclass(slots=True, kw_only=True)
class Found:
    """All of it, with so many miners; in s where nothing else is said."""

    miners: int
    boot: float | None = None
    alone: Running | None = None
    added: SetUp | None = None
    settling: Running | None = None
    running: Running | None = None
    recorded: Recorded | None = None
    parts: Parts | None = None
    hanging: Running | None = None
    away: float | None = None
    return_seen_after: float | None = None
    reload_one: SetUp | None = None
    reload_all: SetUp | None = None
    restart: SetUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """Until every rig was added and had told of itself.

    Seconds, seconds of CPU, longest stall in ms, kB per rig; how many entities were
    enabled then, and how many Home Assistant did not take, as it has a limit.
    """

    seconds: float
    cpu: float
    stall: float
    memory: float
    entities: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """How long a command takes there and back, in ms: one by one, and all at once."""

    median: float
    worst: float
    together_median: float
    together_worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Until every rig was back that had been cut off, and had told of itself.

    Seconds, seconds of CPU, and in ms the longest stall and work at a stretch.
    """

    seconds: float
    cpu: float
    stall: float
    work: float


@dataclass(slots=True, kw_only=True)
class FoundOfRigs:
    """All of it, with so many rigs; `attempts` is how often each dialled, once cut."""

    rigs: int
    alone: Running | None = None
    dialled: Dialled | None = None
    running: Running | None = None
    commanded: Commanded | None = None
    back: Back | None = None
    attempts: float | None = None


def read(found: Found | FoundOfRigs, where: str) -> Any:
    """Return a figure by its name, or by that of its part, a dot and its own."""
    part, _, name = where.partition(".")
    value = getattr(found, part)
    return value if value is None or not name else getattr(value, name)
