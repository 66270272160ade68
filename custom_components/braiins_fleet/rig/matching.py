"""Which card of the mining software is which card of the rig.

The software numbers cards in its own way. Mostly it is that of the vendor's tool, but
nothing says so. What both tell of a card (heat, power) shows where it is not.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from .readings import GpuReading, MinerGpu
from .software import SOFTWARE

# A difference of so many degrees weighs as much as one of so many watts.
_DEGREES = 1.0
_WATTS = 4.0
# Two cards have to fit better by this the other way round to be taken as swapped.
_CLEARLY = 15.0


def match(
    software: str, gpus: Sequence[GpuReading], reported: Sequence[MinerGpu]
) -> Mapping[int, MinerGpu]:
    """Return what the software tells of each card, by the card's place in `gpus`.

    Empty where the numbers cannot be trusted: no figure is better than that of
    another card.
    """
    known = SOFTWARE.get(software)
    if known is None or not reported:
        return {}
    usable = [i for i, gpu in enumerate(gpus) if gpu.vendor in known.vendors]
    if {gpu.index for gpu in reported} - set(range(len(usable))):
        return {}
    matched = {usable[gpu.index]: gpu for gpu in reported}
    if len(matched) < len(reported):
        return {}
    for (i, one), (j, other) in combinations(matched.items(), 2):
        straight = _apart(gpus[i], one) + _apart(gpus[j], other)
        crossed = _apart(gpus[i], other) + _apart(gpus[j], one)
        if straight - crossed > _CLEARLY:
            return {}
    return matched


def _apart(gpu: GpuReading, reported: MinerGpu) -> float:
    """Return how badly two readings fit; what one of them lacks says nothing."""
    apart = 0.0
    if gpu.temperature is not None and reported.temperature is not None:
        apart += abs(gpu.temperature - reported.temperature) / _DEGREES
    if gpu.power is not None and reported.power is not None:
        apart += abs(gpu.power - reported.power) / _WATTS
    return apart
