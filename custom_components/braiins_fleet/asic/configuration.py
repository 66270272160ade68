"""How a miner is set up as a whole, and what it allows."""

from dataclasses import dataclass
from typing import Any

from .boards import (
    BoardsLimits,
    BoardsSettings,
    read_boards_limits,
    read_boards_settings,
)
from .cooling import CoolingLimits, CoolingMode, read_cooling_limits, read_cooling_mode
from .dps import Dps, DpsLimits, read_dps, read_dps_limits
from .pools import PoolGroupSettings, read_group_settings
from .tuning import TunerLimits, TunerSettings, read_tuner_limits, read_tuner_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that is configured. Some miners list no pool groups here."""

    pool_groups: tuple[PoolGroupSettings, ...]
    cooling: CoolingMode | None
    tuner: TunerSettings | None
    dps: Dps | None
    boards: BoardsSettings | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What can be configured, and the defaults; they differ from model to model."""

    tuner: TunerLimits | None
    cooling: CoolingLimits | None
    dps: DpsLimits | None
    boards: BoardsLimits | None


def read_configuration(m: Any) -> Configuration:
    """Read the answer of `GetMinerConfiguration`."""
    return Configuration(
        pool_groups=tuple(map(read_group_settings, m.pool_groups)),
        cooling=read_cooling_mode(m.temperature),
        tuner=read_tuner_settings(m.tuner) if m.HasField("tuner") else None,
        dps=read_dps(m.dps) if m.HasField("dps") else None,
        boards=(
            read_boards_settings(m.hashboard_config)
            if m.HasField("hashboard_config")
            else None
        ),
    )


def read_limits(m: Any) -> Limits:
    """Read the answer of `GetConstraints`."""
    return Limits(
        tuner=(
            read_tuner_limits(m.tuner_constraints)
            if m.HasField("tuner_constraints")
            else None
        ),
        cooling=(
            read_cooling_limits(m.cooling_constraints)
            if m.HasField("cooling_constraints")
            else None
        ),
        dps=read_dps_limits(m.dps_constraints)
        if m.HasField("dps_constraints")
        else None,
        boards=(
            read_boards_limits(m.hashboards_constraints)
            if m.HasField("hashboards_constraints")
            else None
        ),
    )
