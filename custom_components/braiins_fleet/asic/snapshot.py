"""What can be read from a miner, and reading much of it at once."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .boards import Hashboard, read_hashboards
from .configuration import Configuration, Limits, read_configuration, read_limits
from .connection import parse
from .cooling import CoolingState, read_cooling_state
from .errors import AsicError, Garbled
from .firmware import AutoUpgrade, read_auto_upgrade
from .hardware import Details, read_details
from .license import License, read_license
from .logs import MinerError, read_errors
from .network import NetworkInfo, read_network_info
from .pools import PoolGroup, read_pool_groups
from .profiles import (
    EfficiencyPoint,
    TunedProfile,
    read_efficiency_profile,
    read_profiles,
)
from .stats import MinerStats, read_stats
from .tuning import (
    PerformanceMode,
    TunerState,
    read_performance_mode,
    read_tuner_state,
)
from .wire import Rpc, rpc


@dataclass(frozen=True, slots=True)
class Source[T]:
    """A call without arguments, and how to read its answer.

    One that is not steady has other figures whenever it is asked.
    """

    rpc: Rpc
    read: Callable[[Any], T]
    steady: bool = True


def _read_locate(m: Any) -> bool:
    return bool(m.enabled)


DETAILS = Source(rpc("MinerService", "GetMinerDetails"), read_details)
STATS = Source(rpc("MinerService", "GetMinerStats"), read_stats, steady=False)
HASHBOARDS = Source(rpc("MinerService", "GetHashboards"), read_hashboards, steady=False)
ERRORS = Source(rpc("MinerService", "GetErrors", since=2), read_errors)
COOLING = Source(
    rpc("CoolingService", "GetCoolingState"), read_cooling_state, steady=False
)
TUNER = Source(rpc("PerformanceService", "GetTunerState"), read_tuner_state)
PROFILES = Source(rpc("PerformanceService", "ListTargetProfiles"), read_profiles)
EFFICIENCY = Source(
    rpc("PerformanceService", "GetMinerEfficiencyProfile", since=11),
    read_efficiency_profile,
)
PERFORMANCE_MODE = Source(
    rpc("PerformanceService", "GetActivePerformanceMode"), read_performance_mode
)
POOLS = Source(rpc("PoolService", "GetPoolGroups"), read_pool_groups)
CONFIGURATION = Source(
    rpc("ConfigurationService", "GetMinerConfiguration"), read_configuration
)
LIMITS = Source(rpc("ConfigurationService", "GetConstraints"), read_limits)
LICENSE = Source(rpc("LicenseService", "GetLicenseState"), read_license)
NETWORK = Source(rpc("NetworkService", "GetNetworkInfo", since=1), read_network_info)
AUTO_UPGRADE = Source(
    rpc("UpgradeService", "GetAutoUpgradeStatus", since=8), read_auto_upgrade
)
LOCATE = Source(rpc("ActionsService", "GetLocateDeviceStatus"), _read_locate)


class Reading(StrEnum):
    """Something to read; each is a field of `Snapshot`."""

    DETAILS = "details"
    STATS = "stats"
    HASHBOARDS = "hashboards"
    ERRORS = "errors"
    COOLING = "cooling"
    TUNER = "tuner"
    PROFILES = "profiles"
    EFFICIENCY = "efficiency"
    PERFORMANCE_MODE = "performance_mode"
    POOLS = "pools"
    CONFIGURATION = "configuration"
    LIMITS = "limits"
    LICENSE = "license"
    NETWORK = "network"
    AUTO_UPGRADE = "auto_upgrade"
    LOCATE = "locate"


# What changes all the time, at the price of three calls.
LIVE = (Reading.STATS, Reading.HASHBOARDS, Reading.COOLING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was read. A reading that was not asked for, or failed, is `None`.

    `missing` says why those failed that were asked for; `raw` has the answers as they
    came, for `recall`.
    """

    details: Details | None = None
    stats: MinerStats | None = None
    hashboards: tuple[Hashboard, ...] | None = None
    errors: tuple[MinerError, ...] | None = None
    cooling: CoolingState | None = None
    tuner: TunerState | None = None
    profiles: tuple[TunedProfile, ...] | None = None
    efficiency: tuple[EfficiencyPoint, ...] | None = None
    performance_mode: PerformanceMode | None = None
    pools: tuple[PoolGroup, ...] | None = None
    configuration: Configuration | None = None
    limits: Limits | None = None
    license: License | None = None
    network: NetworkInfo | None = None
    auto_upgrade: AutoUpgrade | None = None
    locate: bool | None = None
    missing: Mapping[Reading, AsicError] = field(default_factory=dict, compare=False)
    raw: Mapping[Reading, bytes] = field(
        default_factory=dict, compare=False, repr=False
    )


SOURCES: Mapping[Reading, Source[Any]] = {
    Reading.DETAILS: DETAILS,
    Reading.STATS: STATS,
    Reading.HASHBOARDS: HASHBOARDS,
    Reading.ERRORS: ERRORS,
    Reading.COOLING: COOLING,
    Reading.TUNER: TUNER,
    Reading.PROFILES: PROFILES,
    Reading.EFFICIENCY: EFFICIENCY,
    Reading.PERFORMANCE_MODE: PERFORMANCE_MODE,
    Reading.POOLS: POOLS,
    Reading.CONFIGURATION: CONFIGURATION,
    Reading.LIMITS: LIMITS,
    Reading.LICENSE: LICENSE,
    Reading.NETWORK: NETWORK,
    Reading.AUTO_UPGRADE: AUTO_UPGRADE,
    Reading.LOCATE: LOCATE,
}


def recall(raw: Mapping[Reading, bytes]) -> Snapshot:
    """Read answers that were kept; one that cannot be read any more is left out."""
    found: dict[str, Any] = {}
    for reading, answer in raw.items():
        source = SOURCES[reading]
        with suppress(Garbled):
            found[reading.value] = source.read(parse(source.rpc, answer))
    return Snapshot(**found, raw=raw)
