"""Hashboards: how watts become hashes, and what the averages say about it."""

from dataclasses import dataclass
from functools import lru_cache
import math
from random import Random

from .models import Model

WINDOWS_S = (5, 15, 30, 60, 300, 900, 1800, 3600, 86400)
"""The windows of the hashrate averages, as the wire lists them."""

_CHIP_WORK_TERAHASHES = (1 << 32) * 256 / 1e12
_ERRORS_PER_HASH = 1.5e-3
_JITTER_C = 0.15
_SPARK = 0.25
"""Below this share of its smallest share of power a board finds nothing."""


@lru_cache(maxsize=1024)
def _weights(seconds: float) -> tuple[float, ...]:
    # Half the window as time constant: 86 % of a change shows after one window.
    return tuple(1 - math.exp(-2 * seconds / window) for window in WINDOWS_S)


@dataclass(frozen=True, slots=True)
class Curve:
    """Hashrate against power for one board of a model."""

    nominal_w: float
    nominal: float
    idle_w: float
    bend: float
    spark_w: float
    max_w: float

    def hashrate(self, watts: float) -> float:
        """Return TH/s at so many watts."""
        if watts < self.spark_w:
            return 0.0
        load = (watts - self.idle_w) / (self.nominal_w - self.idle_w)
        return self.nominal * math.pow(load, self.bend)

    def watts(self, hashrate: float) -> float:
        """Return the power that so many TH/s take."""
        if hashrate <= 0:
            return self.idle_w
        load = math.pow(hashrate / self.nominal, 1 / self.bend)
        return self.idle_w + load * (self.nominal_w - self.idle_w)


def curve(model: Model) -> Curve:
    """Return the curve of one board, an equal part of its machine."""
    boards = len(model.board_ids)
    idle = model.idle_w / boards
    smallest = model.power.min / boards
    return Curve(
        nominal_w=model.power.default / boards,
        nominal=model.hashrate.default / boards,
        idle_w=idle,
        bend=model.bend,
        spark_w=idle + (smallest - idle) * _SPARK,
        max_w=model.power.max / boards,
    )


class Board:
    """One hashboard."""

    __slots__ = (
        "averages",
        "chip_c",
        "contact",
        "down",
        "enabled",
        "errors",
        "factor",
        "frequency",
        "hashes",
        "hashrate",
        "id",
        "jitter_c",
        "serial",
        "voltage",
        "watts",
    )

    def __init__(self, board_id: str, index: int, model: Model, random: Random) -> None:
        """Make a board as individual as `random` wants it."""
        self.id = board_id
        self.enabled = True
        self.down = False
        """Broken: it does not answer, whatever was configured."""
        self.factor = random.uniform(0.985, 1.01)
        self.contact = random.uniform(0.94, 1.0)
        """How well its chips give off heat, against the best."""
        self.jitter_c = 0.0
        self.serial = (
            f"{model.board_name[:3]}{random.randrange(10**9, 10**10)}X{index}A"
        )
        self.watts = 0.0
        self.hashrate = 0.0
        self.hashes = 0.0
        """Tera-hashes since the mining software started."""
        self.errors = 0.0
        self.frequency = 0.0
        self.voltage = 0.0
        self.chip_c = 0.0
        self.averages = [0.0] * len(WINDOWS_S)

    @property
    def works(self) -> bool:
        """Whether it takes part in mining."""
        return self.enabled and not self.down

    @property
    def sensor_c(self) -> float:
        """What its hottest sensor reads, in sixteenths of a degree."""
        return round((self.chip_c + self.jitter_c) * 16) / 16

    def hash(self, seconds: float, random: Random) -> float:
        """Hash for a while; returns the tera-hashes done."""
        done = 0.0
        if self.hashrate > 0:
            expected = self.hashrate * seconds
            # Work is seen through nonces found, so short windows flicker.
            flicker = math.sqrt(_CHIP_WORK_TERAHASHES / expected)
            done = max(0.0, expected * (1 + random.gauss(0.0, min(flicker, 0.3))))
            self.errors = (
                self.hashrate * _ERRORS_PER_HASH * (1 + random.gauss(0.0, 0.1))
            )
        else:
            self.errors = 0.0
        self.jitter_c = random.gauss(0.0, _JITTER_C)
        self.hashes += done
        rate = done / seconds
        averages = self.averages
        for index, weight in enumerate(_weights(seconds)):
            averages[index] += (rate - averages[index]) * weight
        return done

    def restart(self) -> None:
        """Forget what is counted since the start, averages included."""
        self.hashes = 0.0
        self.errors = 0.0
        self.averages = [0.0] * len(WINDOWS_S)
