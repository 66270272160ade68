"""What answers each method: messages on one side, the machine on the other."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator.machine import Machine

from . import (
    access,
    actions,
    configuration,
    cooling,
    dps,
    licensing,
    logs,
    miner,
    modes,
    network,
    pools,
    settings,
    targets,
    tuning,
    upgrade,
)

type Answer = Callable[[Machine, Any], Any]
type Chunks = Callable[[Machine, Any], Iterator[Any]]

VERSION = "/braiins.bos.ApiVersionService/GetApiVersion"
LOGIN = "/braiins.bos.v1.AuthenticationService/Login"
STATUS = "/braiins.bos.v1.MinerService/GetMinerStatus"
UPGRADE = "/braiins.bos.v1.UpgradeService/SystemUpgrade"

OPEN = frozenset({VERSION, LOGIN})
"""What needs no token."""

_ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "AuthenticationService": {"SetPassword": access.set_password},
    "ActionsService": {
        "Start": actions.start,
        "Stop": actions.stop,
        "PauseMining": actions.pause,
        "ResumeMining": actions.resume,
        "Restart": actions.restart,
        "Reboot": actions.reboot,
        "FactoryReset": actions.factory_reset,
        "SetLocateDeviceStatus": actions.set_locating,
        "GetLocateDeviceStatus": actions.locating,
    },
    "CoolingService": {
        "GetCoolingState": cooling.state,
        "SetImmersionMode": cooling.set_immersion,
        "SetCoolingMode": cooling.set_mode,
    },
    "MinerService": {
        "GetMinerDetails": miner.details,
        "GetMinerStats": miner.stats,
        "GetErrors": miner.errors,
        "GetHashboards": miner.hashboards,
        "EnableHashboards": miner.enable_boards,
        "DisableHashboards": miner.disable_boards,
    },
    "PerformanceService": {
        "GetTunerState": tuning.tuner_state,
        "ListTargetProfiles": tuning.profiles,
        "GetMinerEfficiencyProfile": tuning.efficiency,
        "SetDefaultPowerTarget": targets.set_default_power,
        "SetPowerTarget": targets.set_power,
        "IncrementPowerTarget": targets.increment_power,
        "DecrementPowerTarget": targets.decrement_power,
        "SetRelativePowerTarget": targets.set_relative_power,
        "SetDefaultHashrateTarget": targets.set_default_hashrate,
        "SetHashrateTarget": targets.set_hashrate,
        "IncrementHashrateTarget": targets.increment_hashrate,
        "DecrementHashrateTarget": targets.decrement_hashrate,
        "SetRelativeHashrateTarget": targets.set_relative_hashrate,
        "SetDPS": dps.set_dps,
        "SetPerformanceMode": modes.set_mode,
        "GetActivePerformanceMode": modes.active_mode,
        "RemoveTunedProfiles": tuning.remove_profiles,
        "SetQuickRamping": modes.set_ramping,
        "SetDefaultQuickRamping": modes.set_default_ramping,
    },
    "PoolService": {
        "GetPoolGroups": pools.groups,
        "CreatePoolGroup": pools.create,
        "UpdatePoolGroup": pools.update,
        "RemovePoolGroup": pools.remove,
        "SetPoolGroups": pools.replace_all,
    },
    "ConfigurationService": {
        "GetMinerConfiguration": configuration.configuration,
        "GetConstraints": configuration.constraints,
    },
    "NetworkService": {
        "GetNetworkConfiguration": network.configuration,
        "SetNetworkConfiguration": network.configure,
        "GetNetworkInfo": network.info,
    },
    "LicenseService": {
        "GetLicenseState": licensing.state,
        "ApplyContractKey": licensing.apply,
    },
    "AdvancedSettingsService": {
        "GetSettingsSchema": settings.schema,
        "GetSettings": settings.settings,
        "SetSettings": settings.change,
        "ResetAllSettings": settings.reset,
    },
    "UpgradeService": {
        "UpdateAutoUpgradeConfig": upgrade.set_auto,
        "GetAutoUpgradeStatus": upgrade.auto,
        "RestoreStock": upgrade.restore_stock,
    },
}

ANSWERS: Mapping[str, Answer] = {
    VERSION: access.version,
    **{
        f"/braiins.bos.v1.{service}/{method}": answer
        for service, methods in _ANSWERS.items()
        for method, answer in methods.items()
    },
}

CHUNKS: Mapping[str, Chunks] = {
    "/braiins.bos.v1.MinerService/GetLog": logs.log,
    "/braiins.bos.v1.MinerService/GetSupportArchive": logs.archive,
}
