"""What an owner can set, as a machine keeps it: saved, and taken over when applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TypedDict

from .models import Bounds, Model

RAMP_S = Bounds(20, 5, 600)
DPS_SHUTDOWN_H = Bounds(3, 1, 24)
DPS_START_PERCENT = Bounds(100, 10, 100)
FAN_SPEED = Bounds(100, 0, 100)
FAN_RATIO = Bounds(1.0, 0.0, 1.0)
PAUSE_FAN_RATIO = Bounds(0.3, 0.0, 1.0)
PAUSE_FAN_LIMIT_S = 600


class Save(Enum):
    """What to do with a change."""

    ONLY = 1
    APPLY = 2
    FORCE = 3


class TunerMode(Enum):
    """What the tuner aims at."""

    POWER = 1
    HASHRATE = 2


class CoolingMode(StrEnum):
    """Who looks after the heat."""

    AUTO = "auto"
    MANUAL = "manual"
    IMMERSION = "immersion"
    HYDRO = "hydro"


@dataclass(frozen=True, slots=True)
class TunerSettings:
    """The targets; both are kept, `mode` says which one counts."""

    enabled: bool
    mode: TunerMode
    power: float
    hashrate: float


@dataclass(frozen=True, slots=True)
class ManualSettings:
    """Fixed frequency (MHz) and voltage, for all boards and for single ones."""

    frequency: float
    voltage: float
    boards: Mapping[str, tuple[float | None, float | None]] = field(
        default_factory=dict
    )

    def of(self, board: str) -> tuple[float, float]:
        """Return frequency and voltage of one board."""
        frequency, voltage = self.boards.get(board, (None, None))
        return frequency or self.frequency, voltage or self.voltage


@dataclass(frozen=True, slots=True)
class DpsSettings:
    """Dynamic performance scaling: how the live target follows the heat."""

    enabled: bool
    boost: bool
    power_step: float
    hashrate_step: float
    min_power: float
    min_hashrate: float
    shutdown: bool
    shutdown_h: int
    start_percent: int


@dataclass(frozen=True, slots=True)
class CoolingSettings:
    """Temperatures in °C, fan speeds in per cent, ratios from 0 to 1."""

    mode: CoolingMode
    target_c: float
    hot_c: float
    dangerous_c: float
    min_fan: int
    max_fan: int
    fan_ratio: float
    required_fans: int
    pause_fan_ratio: float | None = None
    """The speed while paused; None lets the machine slow them down by itself."""
    pause_fan_forever: bool = False


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Where to mine, and as whom."""

    uid: str
    url: str
    user: str
    password: str | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """Pools that stand in for each other, and their share of the work."""

    uid: str
    name: str
    quota: int | None
    ratio: float | None
    pools: tuple[PoolSettings, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it."""

    tuner: TunerSettings
    manual: ManualSettings
    dps: DpsSettings
    cooling: CoolingSettings
    groups: tuple[GroupSettings, ...]
    disabled_boards: frozenset[str] = frozenset()
    ramp_up_s: int = int(RAMP_S.default)
    ramp_down_s: int = int(RAMP_S.default)


class Parts(TypedDict, total=False):
    """Any parts of a configuration, to be replaced."""

    tuner: TunerSettings
    manual: ManualSettings
    dps: DpsSettings
    cooling: CoolingSettings
    groups: tuple[GroupSettings, ...]
    disabled_boards: frozenset[str]
    ramp_up_s: int
    ramp_down_s: int


def factory_configuration(
    model: Model, groups: tuple[GroupSettings, ...]
) -> Configuration:
    """Return what a machine of this model is shipped with."""
    steps = dps_bounds(model)
    return Configuration(
        tuner=TunerSettings(
            enabled=True,
            mode=TunerMode.POWER,
            power=model.power.default,
            hashrate=model.hashrate.default,
        ),
        manual=ManualSettings(model.frequency.default, model.voltage.default),
        dps=DpsSettings(
            enabled=False,
            boost=False,
            power_step=steps.power_step.default,
            hashrate_step=steps.hashrate_step.default,
            min_power=steps.min_power.default,
            min_hashrate=steps.min_hashrate.default,
            shutdown=False,
            shutdown_h=int(DPS_SHUTDOWN_H.default),
            start_percent=int(DPS_START_PERCENT.default),
        ),
        cooling=CoolingSettings(
            mode=CoolingMode.HYDRO if model.hydro else CoolingMode.AUTO,
            target_c=model.target_c.default,
            hot_c=model.hot_c.default,
            dangerous_c=model.dangerous_c.default,
            min_fan=10,
            max_fan=100,
            fan_ratio=1.0,
            required_fans=min(1, model.fans),
        ),
        groups=groups,
    )


def default_groups(worker: str) -> tuple[GroupSettings, ...]:
    """Return one group of two pools."""
    pools = (
        ("stratum+tcp://stratum.pool.example:3333", "garage"),
        ("stratum+tcp://backup.pool.example:3333", "garage"),
    )
    return (
        GroupSettings(
            uid=f"group-{worker}",
            name="Default",
            quota=1,
            ratio=None,
            pools=tuple(
                PoolSettings(
                    uid=f"pool-{worker}-{number}",
                    url=url,
                    user=f"{user}.{worker}",
                    password="x",  # noqa: S106  # what pools expect from everybody
                    enabled=True,
                )
                for number, (url, user) in enumerate(pools)
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class DpsBounds:
    """What the steps and floors of a model's DPS may be."""

    power_step: Bounds
    hashrate_step: Bounds
    min_power: Bounds
    min_hashrate: Bounds


def dps_bounds(model: Model) -> DpsBounds:
    """Return the DPS bounds of a model: steps of a tenth, floors at two thirds."""
    power, hashrate = model.power, model.hashrate
    return DpsBounds(
        power_step=Bounds(
            max(1, round(power.default / 10)),
            max(1, round(power.default / 100)),
            round(power.default / 3),
        ),
        hashrate_step=Bounds(
            round(hashrate.default / 10, 2),
            round(hashrate.default / 100, 3),
            round(hashrate.default / 3, 2),
        ),
        min_power=Bounds(round(power.default * 2 / 3), power.min, power.max),
        min_hashrate=Bounds(
            round(hashrate.default * 2 / 3, 2), hashrate.min, hashrate.max
        ),
    )
