"""Fans, temperatures and the cooling mode."""

from dataclasses import replace
from typing import Any

from simulator.configuration import (
    FAN_RATIO,
    FAN_SPEED,
    PAUSE_FAN_RATIO,
    CoolingMode,
    CoolingSettings,
)
from simulator.machine import Machine
from simulator.models import Bounds
from simulator.refusals import InvalidValue
from simulator.schema import enum, message

from .saving import save_of

_State = message("GetCoolingStateResponse")
_Immersion = message("SetImmersionModeResponse")
_Mode = message("SetCoolingModeResponse")

_CHIP = enum("SensorLocation")["CHIP"]
_RUNTIMES = enum("FanPauseRuntime")
_FIRST_WITH_MODES = 4


def state(machine: Machine, _: Any) -> Any:
    """Answer what fans and temperatures are like."""
    answer = _State()
    if machine.mining.running:
        machine.require_software()
        hottest = max(machine.boards, key=lambda board: board.sensor_c)
        sensor = answer.highest_temperature
        sensor.id = machine.boards.index(hottest)
        sensor.location = _CHIP
        sensor.temperature.degree_c = hottest.sensor_c
    ratio = machine.cooling.fan_ratio
    model = machine.model
    for fan in machine.cooling.fans:
        entry = answer.fans.add(
            rpm=fan.rpm(ratio, model.fan_rpm), target_speed_ratio=ratio
        )
        if model.numbers_fans:
            entry.position = fan.position
    return answer


def _temperatures(
    machine: Machine, settings: CoolingSettings, mode: Any
) -> CoolingSettings:
    model = machine.model
    changes: dict[str, Any] = {}
    for name, field, bounds in (
        ("target_temperature", "target_c", model.target_c),
        ("hot_temperature", "hot_c", model.hot_c),
        ("dangerous_temperature", "dangerous_c", model.dangerous_c),
    ):
        if mode.HasField(name):
            value = bounds.check(name, getattr(mode, name).degree_c)
            changes[field] = value
    settings = replace(settings, **changes)
    if not settings.target_c < settings.hot_c < settings.dangerous_c:
        raise InvalidValue(
            "target, hot and dangerous temperature must rise in that order"
        )
    return settings


def _pause_mode(settings: CoolingSettings, mode: Any) -> CoolingSettings:
    match mode.WhichOneof("mode"):
        case "manual":
            manual = mode.manual
            ratio = (
                manual.pause_cooldown_fan_speed_ratio
                if manual.HasField("pause_cooldown_fan_speed_ratio")
                else 0.0
            )
            return replace(
                settings,
                pause_fan_ratio=PAUSE_FAN_RATIO.check(
                    "pause_cooldown_fan_speed_ratio", ratio
                ),
                pause_fan_forever=manual.fan_pause_runtime == _RUNTIMES["INDEFINITE"],
            )
        case "auto":
            return replace(settings, pause_fan_ratio=None, pause_fan_forever=False)
        case _:
            return settings


def _fans(machine: Machine, settings: CoolingSettings, mode: Any) -> CoolingSettings:
    if mode.HasField("minimum_required_fans"):
        fans = Bounds(0, 0, machine.model.fans)
        wanted = fans.check("minimum_required_fans", mode.minimum_required_fans)
        settings = replace(settings, required_fans=int(wanted))
    if mode.HasField("pause_mode"):
        settings = _pause_mode(settings, mode.pause_mode)
    return settings


def _fan_speed(mode: Any, field: str, before: int) -> int:
    if not mode.HasField(field):
        return before
    return int(FAN_SPEED.check(field, getattr(mode, field)))


def set_mode(machine: Machine, request: Any) -> Any:
    """Change the cooling mode; what a request leaves out stays as it is."""
    save = save_of(request)
    name = request.WhichOneof("mode")
    if name is None:
        raise InvalidValue("no cooling mode was given")
    if machine.model.hydro and name in ("auto", "manual"):
        raise InvalidValue("this machine has no fans, only immersion or hydro cool it")
    mode = getattr(request, name)
    settings = replace(machine.saved.cooling, mode=CoolingMode(name))
    settings = _temperatures(machine, settings, mode)
    if name in ("auto", "manual"):
        settings = _fans(machine, settings, mode)
    if name == "auto":
        settings = replace(
            settings,
            min_fan=_fan_speed(mode, "min_fan_speed", settings.min_fan),
            max_fan=_fan_speed(mode, "max_fan_speed", settings.max_fan),
        )
        if settings.min_fan > settings.max_fan:
            raise InvalidValue("min_fan_speed must not be above max_fan_speed")
    if name == "manual" and mode.HasField("fan_speed_ratio"):
        ratio = FAN_RATIO.check("fan_speed_ratio", mode.fan_speed_ratio)
        settings = replace(settings, fan_ratio=ratio)
    machine.change(save, cooling=settings)
    answer = _Mode()
    fill_mode(getattr(answer, name), settings)
    return answer


def fill_mode(mode: Any, settings: CoolingSettings) -> None:
    """Write settings into the message of their mode."""
    mode.target_temperature.degree_c = settings.target_c
    mode.hot_temperature.degree_c = settings.hot_c
    mode.dangerous_temperature.degree_c = settings.dangerous_c
    if settings.mode not in (CoolingMode.AUTO, CoolingMode.MANUAL):
        return
    mode.minimum_required_fans = settings.required_fans
    if settings.mode is CoolingMode.AUTO:
        mode.min_fan_speed = settings.min_fan
        mode.max_fan_speed = settings.max_fan
    else:
        mode.fan_speed_ratio = settings.fan_ratio
    if settings.pause_fan_ratio is None:
        mode.pause_mode.auto.SetInParent()
    else:
        manual = mode.pause_mode.manual
        manual.pause_cooldown_fan_speed_ratio = settings.pause_fan_ratio
        runtime = "INDEFINITE" if settings.pause_fan_forever else "LIMITED"
        manual.fan_pause_runtime = _RUNTIMES[runtime]


def fill_configuration(machine: Machine, configuration: Any) -> None:
    """Write the saved settings as the firmware of its time would."""
    settings = machine.saved.cooling
    if machine.firmware.minor < _FIRST_WITH_MODES:
        configuration.minimum_required_fans = settings.required_fans
        if settings.mode in (CoolingMode.IMMERSION, CoolingMode.HYDRO):
            configuration.disabled.fan_speed_ratio = 0.0
            return
    fill_mode(getattr(configuration, settings.mode.value), settings)


def set_immersion(machine: Machine, request: Any) -> Any:
    """Switch immersion cooling on or off, the old way."""
    save = save_of(request)
    on = request.enable_immersion_mode
    back = CoolingMode.HYDRO if machine.model.hydro else CoolingMode.AUTO
    mode = CoolingMode.IMMERSION if on else back
    machine.change(save, cooling=replace(machine.saved.cooling, mode=mode))
    return _Immersion(immersion_mode=on)
