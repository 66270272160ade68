"""The whole configuration, and what values it may have."""

from typing import Any

from simulator.configuration import (
    DPS_SHUTDOWN_H,
    DPS_START_PERCENT,
    FAN_RATIO,
    FAN_SPEED,
    PAUSE_FAN_LIMIT_S,
    PAUSE_FAN_RATIO,
    RAMP_S,
    TunerMode,
    dps_bounds,
)
from simulator.machine import Machine
from simulator.models import Bounds
from simulator.schema import enum, message

from . import cooling, pools

_Configuration = message("GetMinerConfigurationResponse")
_Constraints = message("GetConstraintsResponse")

_TUNER_MODES = enum("TunerMode")
_DPS_MODES = enum("DPSMode")
_COOLING_MODES = enum("CoolingMode")
_PAUSE_MODES = enum("FanPauseMode")
_RUNTIMES = enum("FanPauseRuntime")
_FIRST_WITH_HYDRO = 4


def configuration(machine: Machine, _: Any) -> Any:
    """Answer all that is saved."""
    answer = _Configuration()
    saved = machine.saved
    if machine.quirks.lists_groups:
        for group in saved.groups:
            pools.fill_configuration(answer.pool_groups.add(), group)
    cooling.fill_configuration(machine, answer.temperature)
    answer.tuner.enabled = saved.tuner.enabled
    power = saved.tuner.mode is TunerMode.POWER
    answer.tuner.tuner_mode = _TUNER_MODES[
        "POWER_TARGET" if power else "HASHRATE_TARGET"
    ]
    answer.tuner.power_target.watt = round(saved.tuner.power)
    answer.tuner.hashrate_target.terahash_per_second = saved.tuner.hashrate
    _fill_dps(machine, answer.dps)
    _fill_boards(machine, answer.hashboard_config)
    return answer


def _fill_dps(machine: Machine, entry: Any) -> None:
    dps = machine.saved.dps
    entry.enabled = dps.enabled
    entry.power_step.watt = round(dps.power_step)
    entry.hashrate_step.terahash_per_second = dps.hashrate_step
    entry.min_power_target.watt = round(dps.min_power)
    entry.min_hashrate_target.terahash_per_second = dps.min_hashrate
    entry.shutdown_enabled = dps.shutdown
    entry.shutdown_duration.hours = dps.shutdown_h
    entry.mode = _DPS_MODES["BOOST" if dps.boost else "NORMAL"]
    entry.on_start_target_percent = dps.start_percent


def _fill_boards(machine: Machine, entry: Any) -> None:
    saved = machine.saved
    entry.global_frequency.hertz = saved.manual.frequency * 1e6
    entry.global_voltage.volt = saved.manual.voltage
    for board in machine.model.board_ids:
        one = entry.hashboards.add(id=board, enabled=board not in saved.disabled_boards)
        frequency, voltage = saved.manual.boards.get(board, (None, None))
        if frequency is not None:
            one.frequency.hertz = frequency * 1e6
        if voltage is not None:
            one.voltage.volt = voltage
    entry.quick_ramping_time_up_s = saved.ramp_up_s
    entry.quick_ramping_time_down_s = saved.ramp_down_s


def _bound(entry: Any, field: str, bounds: Bounds, factor: float = 1.0) -> None:
    for name in ("default", "min", "max"):
        value = getattr(bounds, name) * factor
        part = getattr(entry, name)
        setattr(part, field, round(value) if field in ("watt", "hours") else value)


def _bound_plain(entry: Any, bounds: Bounds, *, whole: bool) -> None:
    for name in ("default", "min", "max"):
        value = getattr(bounds, name)
        setattr(entry, name, int(value) if whole else value)


def constraints(machine: Machine, _: Any) -> Any:
    """Answer the bounds and defaults of this model."""
    answer = _Constraints()
    model = machine.model
    tuner = answer.tuner_constraints
    _bound(tuner.power_target, "watt", model.power)
    _bound(tuner.hashrate_target, "terahash_per_second", model.hashrate)
    tuner.enabled.default = True
    tuner.default_mode = _TUNER_MODES["POWER_TARGET"]
    _fill_cooling(machine, answer.cooling_constraints)
    dps, bounds = answer.dps_constraints, dps_bounds(model)
    _bound(dps.power_step, "watt", bounds.power_step)
    _bound(dps.hashrate_step, "terahash_per_second", bounds.hashrate_step)
    _bound(dps.min_power_target, "watt", bounds.min_power)
    _bound(dps.min_hashrate_target, "terahash_per_second", bounds.min_hashrate)
    dps.shutdown_enabled.default = False
    _bound(dps.shutdown_duration, "hours", DPS_SHUTDOWN_H)
    dps.enabled.default = False
    dps.mode = _DPS_MODES["NORMAL"]
    _bound_plain(dps.on_start_target_percent, DPS_START_PERCENT, whole=True)
    boards = answer.hashboards_constraints
    if model.lists_boards:
        boards.hashboard_ids.extend(model.board_ids)
    boards.enabled.default = True
    _bound(boards.frequency, "hertz", model.frequency, 1e6)
    _bound(boards.voltage, "volt", model.voltage)
    _bound_plain(boards.quick_ramping_time_s, RAMP_S, whole=True)
    return answer


def _fill_cooling(machine: Machine, entry: Any) -> None:
    model = machine.model
    mode = "HYDRO" if model.hydro else "AUTO"
    if model.hydro and machine.firmware.minor < _FIRST_WITH_HYDRO:
        mode = "DISABLED"
    entry.default_cooling_mode = _COOLING_MODES[mode]
    _bound(entry.target_temperature, "degree_c", model.target_c)
    _bound(entry.hot_temperature, "degree_c", model.hot_c)
    _bound(entry.dangerous_temperature, "degree_c", model.dangerous_c)
    if not model.fans:
        return
    _bound_plain(entry.fan_speed_ratio, FAN_RATIO, whole=False)
    fans = Bounds(min(1, model.fans), 0, model.fans)
    _bound_plain(entry.minimum_required_fans, fans, whole=True)
    _bound_plain(entry.min_fan_speed, Bounds(10, 0, 100), whole=True)
    _bound_plain(entry.max_fan_speed, FAN_SPEED, whole=True)
    _bound_plain(entry.pause_cooldown_fan_speed_ratio, PAUSE_FAN_RATIO, whole=False)
    entry.default_fan_pause_mode = _PAUSE_MODES["AUTO"]
    entry.default_fan_pause_runtime = _RUNTIMES["LIMITED"]
    entry.fan_pause_runtime_limited_duration_s = PAUSE_FAN_LIMIT_S
