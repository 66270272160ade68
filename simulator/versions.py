"""What each version of the Braiins OS Public API knows.

A simulated miner plays an API version 1.N by hiding everything newer than N.
Names are those of the wire: `package.Service/Method`, `package.Message.field`,
`package.Enum.VALUE`. A message or enum that only newer names use has no row of
its own: it is out of reach once they are hidden.
"""

from collections.abc import Mapping
from typing import Final

_ADDED: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        "GetMinerDetailsResponse.kernel_version",
        "LoginResponse.token",
        "LoginResponse.timeout_s",
        "NetworkService/GetNetworkInfo",
        "PoolStats.last_share_time",
    ),
    2: (
        "Hashboard.model",
        "MinerService/GetErrors",
        "PoolService/SetPoolGroups",
    ),
    3: (
        "Platform.PLATFORM_STM32MP157C_II2_BMM1",
        "SupportArchiveFormat.SUPPORT_ARCHIVE_FORMAT_ZIP_ENCRYPTED",
    ),
    4: (
        "CoolingAutoMode.min_fan_speed",
        "CoolingAutoMode.max_fan_speed",
        "CoolingAutoMode.minimum_required_fans",
        "CoolingConfiguration.immersion",
        "CoolingConfiguration.hydro",
        "CoolingConstraints.min_fan_speed",
        "CoolingConstraints.max_fan_speed",
        "CoolingManualMode.target_temperature",
        "CoolingManualMode.minimum_required_fans",
        "CoolingMode.COOLING_MODE_IMMERSION",
        "CoolingMode.COOLING_MODE_HYDRO",
        "CoolingService/SetCoolingMode",
        "DPSConfiguration.mode",
        "DPSConstraints.mode",
        "SetDPSRequest.mode",
        "SetDPSResponse.mode",
    ),
    5: (
        "GetMinerDetailsResponse.psu_info",
        "GetMinerDetailsResponse.control_board_soc_family",
        "GetMinerDetailsResponse.serial_number",
        "Hashboard.lowest_inlet_temp",
        "Hashboard.highest_outlet_temp",
        "Hashboard.serial_number",
        "Hashboard.board_name",
        "Hashboard.chip_type",
    ),
    6: (
        "CoolingAutoMode.pause_mode",
        "CoolingConstraints.pause_cooldown_fan_speed_ratio",
        "CoolingManualMode.pause_mode",
        "LicenseService/ApplyContractKey",
    ),
    7: (
        "CoolingConstraints.default_fan_pause_mode",
        "HashboardConstraints.quick_ramping_time_s",
        "HashboardPerformanceConfiguration.quick_ramping_time_up_s",
        "HashboardPerformanceConfiguration.quick_ramping_time_down_s",
        "PerformanceService/SetQuickRamping",
        "PerformanceService/SetDefaultQuickRamping",
    ),
    8: (
        "PerformanceService/SetRelativePowerTarget",
        "PerformanceService/SetRelativeHashrateTarget",
        "PoolGroup.uid",
        "UpgradeService/UpdateAutoUpgradeConfig",
        "UpgradeService/GetAutoUpgradeStatus",
    ),
    9: (
        "ActionsService/FactoryReset",
        "CoolingConstraints.default_fan_pause_runtime",
        "CoolingConstraints.fan_pause_runtime_limited_duration_s",
        "DPSConfiguration.on_start_target_percent",
        "DPSConstraints.on_start_target_percent",
        "ManualPauseMode.fan_pause_runtime",
        "SetDPSRequest.on_start_target_percent",
        "SetDPSResponse.on_start_target_percent",
        "TunerState.TUNER_STATE_CONTINUOUS",
    ),
    10: (
        "MinerService/GetLog",
        "PoolStats.best_share_str",
        "UpgradeService/SystemUpgrade",
        "UpgradeService/RestoreStock",
        "WorkSolverStats.best_share_str",
    ),
    11: (
        "AdvancedSettingsService/GetSettingsSchema",
        "AdvancedSettingsService/GetSettings",
        "AdvancedSettingsService/SetSettings",
        "AdvancedSettingsService/ResetAllSettings",
        "Hashboard.lowest_water_inlet_temp",
        "Hashboard.highest_water_outlet_temp",
        "PerformanceService/GetMinerEfficiencyProfile",
        "TunerState.TUNER_STATE_PREHEAT",
    ),
}

SINCE: Final[Mapping[str, int]] = {
    f"braiins.bos.v1.{name}": minor for minor, names in _ADDED.items() for name in names
}
"""Full name to the minor version that brought it; not listed means 1.0."""

LAST: Final[Mapping[str, int]] = {
    "braiins.bos.v1.CoolingConfiguration.disabled": 3,
    "braiins.bos.v1.CoolingConfiguration.minimum_required_fans": 3,
    "braiins.bos.v1.CoolingMode.COOLING_MODE_DISABLED": 3,
}
"""Full name to the last minor version whose miners fill it in.

Newer ones still declare it: from 1.4 the required fans are in the cooling modes, and
cooling can no longer be disabled.
"""

OPTIONAL_SINCE: Final[Mapping[str, int]] = {
    "braiins.bos.v1.PoolGroupConfiguration.uid": 7,
    "braiins.bos.v1.PoolConfiguration.uid": 7,
}
"""Full name to the minor version that made the field `optional`.

Before that it is a plain string, and an empty one asks the miner to make an id.
"""

FIRMWARE: Final[Mapping[int, str]] = {
    0: "24.03",
    1: "24.04",
    2: "24.06",
    3: "24.09",
    4: "25.01",
    5: "25.03",
    6: "25.05",
    7: "25.07",
    8: "25.11",
    9: "26.01",
    10: "26.04",
    11: "26.05",
}
"""Minor version to the Braiins OS release that brought it."""
