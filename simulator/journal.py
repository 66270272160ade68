"""The errors a machine remembers."""

from collections import deque
from dataclasses import dataclass
from enum import Enum

_KEPT = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of error: code, what it means, what to do about it."""

    code: str
    reason: str
    hint: str


class Kind(Enum):
    """The errors that the simulation knows."""

    FAN = Fault(
        "F0101", "Fan does not turn", "Check the cable of the fan, or replace it."
    )
    BOARD = Fault(
        "H0203", "Hashboard does not answer", "Reseat the cables of the hashboard."
    )
    HEAT = Fault(
        "T0301",
        "Temperature reached the dangerous limit",
        "Lower the power target or improve the air flow.",
    )
    POOLS = Fault("P0401", "No pool can be reached", "Check the network and the pools.")
    DPS = Fault(
        "D0501",
        "Too hot at the lowest power target",
        "Wait for the shutdown to end, or cool the room.",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One error as it happened."""

    moment: float
    kind: Kind
    message: str
    component: str | None = None
    index: int = 0


class Journal:
    """The last errors, oldest first."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        """Begin with none."""
        self.entries: deque[Entry] = deque(maxlen=_KEPT)

    def note(self, entry: Entry) -> None:
        """Remember an error."""
        self.entries.append(entry)
