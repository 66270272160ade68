"""Mining software, as the agent sees it: processes, and what their interfaces tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
import re
from typing import Any

from .cards import Card, Vendor

_SHARES_PER_HOUR = 90
_REJECTED = 0.012
# Of these, cards find about as many as they hash millions of others.
_SOLUTIONS = re.compile(r"(beam|cuck|equi|zel|zhash|[0-9]+[_/][0-9]).*", re.IGNORECASE)
_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A kind of mining software, by the name that the agent has for it."""

    name: str
    executables: tuple[str, ...]
    version: str
    vendors: frozenset[Vendor] = frozenset()
    tells: bool = True
    """Whether the agent understands its interface."""
    startable: bool = True
    killed_by_name: bool = True
    """Whether a stop without a child of the agent's own reaches it."""
    starts_from_folder: bool = False
    """Whether what the agent installs, it can also start."""
    newest: str = ""
    """The version that is to be had, if that is another one."""
    keeps_older: bool = False
    """Whether the agent finds an older program in the folder before the newer."""


_BOTH = frozenset({Vendor.NVIDIA, Vendor.AMD})

# In this order the agent looks where it finds no process by its exact name.
_ALL = (
    Program(
        name="t-rex",
        executables=("t-rex", "trex"),
        version="0.26.8",
        vendors=frozenset({Vendor.NVIDIA}),
    ),
    Program(
        name="lolminer",
        executables=("lolMiner", "lolminer"),
        version="lolMiner 1.88",
        newest="lolMiner 1.98a",
        vendors=_BOTH,
    ),
    Program(
        name="gminer",
        executables=("miner", "gminer"),
        version="GMiner 3.44",
        vendors=_BOTH,
        killed_by_name=False,
    ),
    Program(
        name="teamredminer",
        executables=("teamredminer",),
        version="0.10.21",
        vendors=frozenset({Vendor.AMD}),
        tells=False,
        keeps_older=True,
    ),
    Program(name="xmrig", executables=("xmrig",), version="6.22.2", keeps_older=True),
    Program(
        name="nbminer",
        executables=("nbminer",),
        version="42.3",
        vendors=_BOTH,
        tells=False,
    ),
    Program(
        name="srbminer",
        executables=("SRBMiner-MULTI", "srbminer-multi"),
        version="2.7.5",
        vendors=_BOTH,
        starts_from_folder=True,
        newest="2.7.6",
        keeps_older=True,
    ),
    Program(
        name="bzminer",
        executables=("bzminer",),
        version="",
        vendors=_BOTH,
        tells=False,
        startable=False,
        killed_by_name=False,
        keeps_older=True,
    ),
)

PROGRAMS: Mapping[str, Program] = {program.name: program for program in _ALL}
ALIASES: Mapping[str, str] = {
    "trex": "t-rex",
    "trm": "teamredminer",
    "srbminer-multi": "srbminer",
}


@dataclass(slots=True, kw_only=True)
class Process:
    """A running miner, or one that crashed and was never buried."""

    program: Program
    given_name: str
    algorithm: str
    pool: str
    pid: int
    started: float
    own: bool
    """Whether it is the child of the agent that runs now."""
    alive: bool = True
    version: str = ""
    silent: bool = False
    """Whether its interface does not answer."""
    cpu_hashrate: float = 0.0

    def kill(self) -> None:
        """End it; a child of the agent's stays about as a zombie."""
        self.alive = False


def tell(
    process: Process, cards: Sequence[Card], moment: float, random: Random
) -> dict[str, Any]:
    """Return what the agent makes of the interface of a process."""
    program = process.program
    status: dict[str, Any] = {
        "name": program.name,
        "version": "",
        "running": True,
        "algorithm": "",
        "pool": "",
        "hashrate": 0,
        "uptime": 0,
        "shares": {"accepted": 0, "rejected": 0},
    }
    if not (process.alive and program.tells) or process.silent:
        return status
    uptime = int(moment - process.started)
    found = int(uptime * _SHARES_PER_HOUR / 3600)
    rejected = int(found * _REJECTED)
    status |= {
        "version": process.version,
        "algorithm": process.algorithm,
        "pool": _pool(program, process.pool),
        "uptime": _uptime(program, uptime),
        "shares": {"accepted": found - rejected, "rejected": rejected},
    }
    if not program.vendors:
        status["hashrate"] = _number(process.cpu_hashrate * random.uniform(0.97, 1.03))
        return status
    usable = [card for card in cards if card.model.vendor in program.vendors]
    scale = _scale(program, process.algorithm)
    rates = [card.hashrate * scale * random.uniform(0.995, 1.005) for card in usable]
    # What the agent looks for, GMiner does not tell.
    status["hashrate"] = 0 if program.name == "gminer" else _number(sum(rates))
    if usable:
        status["gpuStats"] = [
            {
                "index": number,
                "hashrate": _number(rate),
                "temperature": int(card.heat_c),
                "fanSpeed": card.fan_rpm
                if program.name == "srbminer"
                else int(card.fan),
                "power": int(card.watts),
            }
            for number, (card, rate) in enumerate(zip(usable, rates, strict=True))
        ]
    return status


def _scale(program: Program, algorithm: str) -> float:
    # The agent takes whatever lolMiner counts for millions.
    exaggerates = program.name == "lolminer"
    return 1 if exaggerates or not _SOLUTIONS.match(algorithm) else 1 / _MILLION


def _pool(program: Program, pool: str) -> str:
    if program.name in ("xmrig", "lolminer", "srbminer"):
        # SRBMiner is given several in a row, and begins with the first one.
        return pool.partition(",")[0].rpartition("://")[2]
    return pool


def _uptime(program: Program, seconds: int) -> int:
    match program.name:
        case "nbminer":
            return 0
        case "srbminer":
            return seconds // 60 * 60
        case _:
            return seconds


def _number(value: float) -> int | float:
    """Write a number as Go does: whole ones have no point."""
    value = round(value, 2)
    return int(value) if value.is_integer() else value
