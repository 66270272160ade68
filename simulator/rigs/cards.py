"""Graphics cards: clocks and limits move hashrate, power and heat; fans answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import math
from random import Random

_ROOM_C = 24.0
_INERTIA_S = 45.0
_IDLE_FAN_BELOW_C = 50.0
_LEAST_FAN = 30.0
_FAN_PER_DEGREE = 3.0
_THROTTLES_AT_C = 88.0
# The part of the power that the cores take, and what their clock does to it.
_CORE_SHARE = 0.75
_CORE_EXPONENT = 2.4
_IDLE_CORE_MHZ = 210
_IDLE_MEMORY_MHZ = 405
_STEP_S = 5.0
_LONGEST_S = 600.0


class Vendor(StrEnum):
    """Who made a card, as the agent writes it."""

    NVIDIA = "NVIDIA"
    AMD = "AMD"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardModel:
    """A kind of card; `hashrate` in H/s of an algorithm that needs cores and memory."""

    name: str
    vendor: Vendor
    sku: str
    memory_mib: int
    core_mhz: int
    memory_mhz: int
    watts: int
    min_watts: int
    max_watts: int
    idle_watts: int
    hashrate: float
    has_fan: bool = True
    tells_memory_heat: bool = False


_MODELS = (
    CardModel(
        name="NVIDIA GeForce RTX 3080",
        vendor=Vendor.NVIDIA,
        sku="",
        memory_mib=10240,
        core_mhz=1710,
        memory_mhz=9501,
        watts=320,
        min_watts=100,
        max_watts=370,
        idle_watts=22,
        hashrate=45.2e6,
    ),
    CardModel(
        name="NVIDIA GeForce RTX 4070",
        vendor=Vendor.NVIDIA,
        sku="",
        memory_mib=12282,
        core_mhz=2475,
        memory_mhz=10501,
        watts=200,
        min_watts=100,
        max_watts=215,
        idle_watts=12,
        hashrate=34.0e6,
    ),
    CardModel(
        name="NVIDIA CMP 170HX",
        vendor=Vendor.NVIDIA,
        sku="",
        memory_mib=8192,
        core_mhz=1410,
        memory_mhz=1458,
        watts=250,
        min_watts=100,
        max_watts=250,
        idle_watts=30,
        hashrate=52.0e6,
        has_fan=False,
        tells_memory_heat=True,
    ),
    CardModel(
        name="Radeon RX 6800 XT",
        vendor=Vendor.AMD,
        sku="D41206",
        memory_mib=16368,
        core_mhz=2250,
        memory_mhz=1000,
        watts=255,
        min_watts=90,
        max_watts=293,
        idle_watts=8,
        hashrate=32.5e6,
        tells_memory_heat=True,
    ),
)

CARDS: Mapping[str, CardModel] = {
    "rtx3080": _MODELS[0],
    "rtx4070": _MODELS[1],
    "cmp170hx": _MODELS[2],
    "rx6800xt": _MODELS[3],
}


class Card:
    """One card. It lives lazily: `advance` catches up with what happened meanwhile."""

    def __init__(self, model: CardModel, slot: int, random: Random) -> None:
        """Plug a card into a slot; no two are quite alike."""
        self.model = model
        self.slot = slot
        self.luck = random.uniform(0.98, 1.02)
        self.airflow = random.uniform(0.92, 1.08)
        self.power_limit = float(model.watts)
        self.core_lock: int | None = None
        self.memory_lock: int | None = None
        self.fan_fixed: int | None = None
        self.busy = False
        self.lost = False
        """Whether it fell off the bus."""
        self.room_c = _ROOM_C
        self.heat_c = _ROOM_C + 8
        self.fan = 0.0

    @property
    def bus_id(self) -> str:
        """Where it is on the bus, as sysfs writes it."""
        return f"0000:{self.slot:02x}:00.0"

    @property
    def memory_mhz(self) -> int:
        """The clock of its memory now."""
        if not self.busy:
            return _IDLE_MEMORY_MHZ
        if self.memory_lock is None:
            return self.model.memory_mhz
        return min(self.memory_lock, round(self.model.memory_mhz * 1.1))

    @property
    def core_mhz(self) -> int:
        """The clock of its cores now, held down by lock, power limit and heat."""
        if not self.busy:
            return self.core_lock or _IDLE_CORE_MHZ
        model = self.model
        wanted = float(self.core_lock or model.core_mhz)
        if self.heat_c > _THROTTLES_AT_C:
            wanted *= max(0.4, 1 - (self.heat_c - _THROTTLES_AT_C) / 20)
        for_cores = self.power_limit - model.idle_watts - self._memory_watts
        full = (model.watts - model.idle_watts) * _CORE_SHARE
        share = math.pow(max(0.01, for_cores / full), 1 / _CORE_EXPONENT)
        within = share * model.core_mhz
        return round(min(wanted, within) / 15) * 15

    @property
    def _memory_watts(self) -> float:
        full = (self.model.watts - self.model.idle_watts) * (1 - _CORE_SHARE)
        return full * self.memory_mhz / self.model.memory_mhz

    @property
    def watts(self) -> float:
        """What it takes now."""
        if not self.busy:
            return self.model.idle_watts * self.luck
        full = (self.model.watts - self.model.idle_watts) * _CORE_SHARE
        ratio = self.core_mhz / self.model.core_mhz
        cores = full * math.pow(ratio, _CORE_EXPONENT)
        return self.model.idle_watts + self._memory_watts + cores

    @property
    def hashrate(self) -> float:
        """What it hashes now, in H/s."""
        if not self.busy:
            return 0.0
        core = self.core_mhz / self.model.core_mhz
        memory = self.memory_mhz / self.model.memory_mhz
        return self.model.hashrate * self.luck * math.sqrt(core * memory)

    @property
    def fan_rpm(self) -> int:
        """How fast its fan turns."""
        return round(self.fan * 33)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        left = min(seconds, _LONGEST_S)
        while left > 0:
            step = min(left, _STEP_S)
            left -= step
            if self.model.has_fan:
                self.fan = self._wanted_fan()
            cooling = (0.25 + self.fan / 100) * self.airflow
            if not self.model.has_fan:
                cooling = 0.9 * self.airflow
            end = self.room_c + self.watts / cooling * 0.115
            self.heat_c += (end - self.heat_c) * (1 - math.exp(-step / _INERTIA_S))

    def _wanted_fan(self) -> float:
        if self.fan_fixed is not None:
            return float(self.fan_fixed)
        if self.heat_c < _IDLE_FAN_BELOW_C and not self.busy:
            return 0.0
        wanted = _LEAST_FAN + (self.heat_c - _IDLE_FAN_BELOW_C) * _FAN_PER_DEGREE
        return min(max(wanted, _LEAST_FAN), 100.0)
