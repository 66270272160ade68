"""Clocks, limits and fans of cards: what the agent really sets, and on which of them.

It takes offsets for any card, and fans of NVIDIA cards, and says that all went well
without having done a thing. None of that is offered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, override

from .commands import Command
from .errors import Unacceptable
from .software import Vendor
from .state import Gpu

ALL_CARDS: Final = -1

_ON_THE_WIRE: Final = {
    "power_limit": "powerLimit",
    "core_lock": "coreLock",
    "memory_lock": "memLock",
    "fan": "fanSpeed",
}


@dataclass(frozen=True, slots=True)
class Range:
    """The values that are sent; a card may want narrower ones, and says so."""

    low: int
    high: int


OFFERED: Final[Mapping[Vendor, Mapping[str, Range]]] = {
    Vendor.NVIDIA: {
        "power_limit": Range(50, 600),
        "core_lock": Range(200, 3500),
        "memory_lock": Range(400, 16_000),
    },
    Vendor.AMD: {
        "power_limit": Range(50, 600),
        "core_lock": Range(200, 3500),
        "memory_lock": Range(200, 12_000),
        # Zero leaves it to the card.
        "fan": Range(0, 100),
    },
    Vendor.OTHER: {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overclock(Command):
    """Set clocks and limits of one card, or of all cards of the rig.

    `gpu` is a card's number with the tool of its vendor, or `ALL_CARDS`. What is
    `None` stays as it is. There is no way back to what the card had before.
    """

    kind: ClassVar = "apply_oc"
    deadline: ClassVar = 60.0
    # Each card of a rig may have one of its own.
    patience: ClassVar = 90.0
    # Two rounds of measuring, as most agents do it.
    settles: ClassVar = 75.0

    gpu: int
    vendors: frozenset[Vendor]
    power_limit: int | None = None
    core_lock: int | None = None
    memory_lock: int | None = None
    fan: int | None = None

    def __post_init__(self) -> None:
        # An agent that is told no card would take the first one.
        if self.gpu < ALL_CARDS:
            raise Unacceptable("gpu", "range")
        if not self.chosen:
            raise Unacceptable("power_limit", "missing")
        offered = _offered_by_all(self.vendors)
        for name, value in self.chosen.items():
            if name not in offered:
                raise Unacceptable(name, "not_offered")
            if not offered[name].low <= value <= offered[name].high:
                raise Unacceptable(name, "range")

    @property
    def chosen(self) -> dict[str, int]:
        """What is to be set, by the names of the fields here."""
        return {
            field.name: value
            for field in fields(self)
            if field.name in _ON_THE_WIRE
            and (value := getattr(self, field.name)) is not None
        }

    def concerns(self, gpu: Gpu) -> bool:
        """Tell whether this reaches a card."""
        return gpu.card.vendor in self.vendors and self.gpu in (
            ALL_CARDS,
            gpu.reading.ordinal,
        )

    @override
    def payload(self) -> Mapping[str, Any]:
        settings = {_ON_THE_WIRE[name]: value for name, value in self.chosen.items()}
        return {"gpuIndex": self.gpu, **settings}


def offered(gpus: Sequence[Gpu], gpu: Gpu | None = None) -> Mapping[str, Range]:
    """Return what can be set of a card, or of all of a rig's cards together.

    An AMD card cannot be meant alone where there are others: the agent counts them
    otherwise than it reports them, and in a rig with cards of both vendors it takes
    one number for a card of each.
    """
    vendors = {each.card.vendor for each in gpus}
    if gpu is not None and len(gpus) > 1 and vendors != {Vendor.NVIDIA}:
        return {}
    return _offered_by_all(vendors)


def overclock(
    gpus: Sequence[Gpu], gpu: Gpu | None = None, /, **settings: int | None
) -> Overclock:
    """Return the command that sets a card, or all of a rig's cards together."""
    if not offered(gpus, gpu):
        raise Unacceptable("gpu", "not_offered")
    vendors = frozenset(each.card.vendor for each in gpus)
    alone = gpu is not None and vendors == {Vendor.NVIDIA}
    number = gpu.reading.ordinal if gpu is not None and alone else ALL_CARDS
    return Overclock(gpu=number, vendors=vendors, **settings)


def _offered_by_all(vendors: set[Vendor] | frozenset[Vendor]) -> dict[str, Range]:
    """Return what all of these vendors have, within the bounds of each."""
    each = [OFFERED[vendor] for vendor in sorted(vendors)]
    if not each:
        return {}
    return {
        name: Range(
            max(ranges[name].low for ranges in each),
            min(ranges[name].high for ranges in each),
        )
        for name in each[0]
        if all(name in ranges for ranges in each)
    }
