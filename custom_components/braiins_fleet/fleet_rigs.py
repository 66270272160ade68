"""What the GPU rigs add to the totals of the fleet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .hashrates import HashrateUnit
from .rig import algorithm_name
from .rig_state import RigSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RigTotals:
    """Of rigs that are connected, in W. What nobody knows is `None`.

    `hashrates` are by what they are counted in, and then by algorithm.
    """

    rigs: int = 0
    connected: int = 0
    gpus: int = 0
    power: float | None = None
    hashrates: Mapping[HashrateUnit, Mapping[str, float]] = field(default_factory=dict)


def total_of_rigs(rigs: Iterable[RigSnapshot]) -> RigTotals:
    """Add up what rigs contribute."""
    rigs = tuple(rigs)
    here = [rig for rig in rigs if rig.connected]
    power = [rig.state.power for rig in here if rig.state.power is not None]
    hashrates: dict[HashrateUnit, dict[str, float]] = {}
    for rig in here:
        for unit in HashrateUnit:
            for miner in rig.counted_in(unit):
                told = algorithm_name(miner.algorithm or "")
                # Some name may have no letters that are kept.
                name = told or algorithm_name(miner.name)
                of_unit = hashrates.setdefault(unit, {})
                rate = (miner.hashrate or 0.0) / unit.scale
                of_unit[name] = of_unit.get(name, 0.0) + rate
    return RigTotals(
        rigs=len(rigs),
        connected=len(here),
        gpus=sum(len(rig.gpus) for rig in here),
        power=sum(power) if power else None,
        hashrates=hashrates,
    )
