"""Actions that set several things at once which belong together.

What there is an entity for as well is read, and has its bounds and choices, as there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.const import PERCENTAGE
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import (
    CoolingKind,
    Dps,
    DpsMode,
    FanPauseMode,
    FanPauseRuntime,
    Miner,
    Reading,
)
from .changes import ChangeAction, Fields, invalid, require_api, within
from .control import Change
from .coordinator import MinerCoordinator
from .number import NUMBERS, MinerNumberDescription, scales_by_power
from .select import SELECTS, MinerSelectDescription, coolings
from .setting import (
    AUTOMATIC,
    SettingDescription,
    change_cooling,
    change_ramping,
    choose_cooling,
    cooled,
    cooling_now,
    fans_stay_on,
    paused_fans,
)
from .state import MinerState
from .switch import SWITCHES

ATTR_DISABLE: Final = "disable"
ATTR_ENABLE: Final = "enable"
ATTR_ENABLED: Final = "enabled"
ATTR_FAN_SPEED: Final = "fan_speed"
ATTR_MODE: Final = "mode"
ATTR_PAUSED_FANS: Final = "paused_fans"
ATTR_PAUSED_FAN_SPEED: Final = "paused_fan_speed"
ATTR_SHUTDOWN: Final = "shutdown"

_KINDS = (
    CoolingKind.AUTO,
    CoolingKind.MANUAL,
    CoolingKind.IMMERSION,
    CoolingKind.HYDRO,
)
# The other fields of cooling are of every mode.
_MODES_WITH: Mapping[str, tuple[CoolingKind, ...]] = {
    "min_fan_speed": (CoolingKind.AUTO,),
    "max_fan_speed": (CoolingKind.AUTO,),
    ATTR_FAN_SPEED: (CoolingKind.MANUAL,),
    "required_fans": (CoolingKind.AUTO, CoolingKind.MANUAL),
    ATTR_PAUSED_FANS: (CoolingKind.AUTO, CoolingKind.MANUAL),
    ATTR_PAUSED_FAN_SPEED: (CoolingKind.AUTO, CoolingKind.MANUAL),
}

type _Wanted = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """Settings by the fields of the action that sets them.

    `fit` refuses fields that do not go together; `write` gets those that were given.
    """

    what: str
    settings: Mapping[str, SettingDescription]
    write: Callable[[MinerCoordinator, Miner, _Wanted], Awaitable[object]]
    fit: Callable[[MinerCoordinator, Fields], None] = lambda _, __: None

    def plan(self, coordinator: MinerCoordinator, fields: Fields) -> Change:
        """Refuse what the miner does not allow before anything is sent."""
        given = {
            name: setting for name, setting in self.settings.items() if name in fields
        }
        for setting in given.values():
            require_api(coordinator, setting.since)
        self.fit(coordinator, fields)
        wanted = {
            name: _allowed(coordinator, setting, fields[name])
            for name, setting in given.items()
        }

        def value(state: MinerState) -> _Wanted:
            return {name: setting.value(state) for name, setting in given.items()}

        return Change(
            what=self.what,
            command=lambda miner: self.write(coordinator, miner, wanted),
            value=value,
            done=lambda state: value(state) == wanted,
            again=True,
        )


def _allowed(
    coordinator: MinerCoordinator, setting: SettingDescription, value: Any
) -> Any:
    """Return what goes over the wire, if the miner allows it."""
    match setting:
        case MinerNumberDescription():
            limits = coordinator.data.snapshot.limits
            is_whole = setting.native_step == 1
            allowed = within(
                coordinator,
                value,
                setting.bounds(limits) if limits else None,
                unit=setting.native_unit_of_measurement or "",
                digits=0 if is_whole else 2,
            )
            return round(allowed) if is_whole else allowed
        case MinerSelectDescription():
            choices = setting.choices(coordinator.data)
            if value not in choices:
                raise invalid(
                    "choice_impossible",
                    coordinator,
                    choice=value,
                    choices=", ".join(choices),
                )
    return value


def _means_nothing(
    coordinator: MinerCoordinator, field: str, setting: str
) -> ServiceValidationError:
    return invalid("means_nothing", coordinator, field=field, setting=setting)


def _fit_scaling(coordinator: MinerCoordinator, fields: Fields) -> None:
    now, other = "power", "hashrate"
    if not scales_by_power(coordinator.data):
        now, other = other, now
    for field in (f"{other}_step", f"min_{other}_target"):
        if field in fields:
            raise _means_nothing(coordinator, field, f"tuning: {now}_target")


async def _scale(_: MinerCoordinator, miner: Miner, wanted: _Wanted) -> None:
    changes = dict(wanted)
    if ATTR_MODE in changes:
        changes[ATTR_MODE] = DpsMode(changes[ATTR_MODE])
    if ATTR_SHUTDOWN in changes:
        changes["shutdown_enabled"] = changes.pop(ATTR_SHUTDOWN)
    await miner.set_dps(Dps(**changes))


def _fit_cooling(coordinator: MinerCoordinator, fields: Fields) -> None:
    # In which mode it is, it says when its turn has come.
    mode = fields.get(ATTR_MODE)
    kinds = coolings(coordinator.data) if mode is None else [mode]
    _require_in(coordinator, kinds, fields)
    if round(fields.get(ATTR_FAN_SPEED, 1)) < 1:
        raise fans_stay_on(coordinator)
    if fields.get(ATTR_PAUSED_FANS) == AUTOMATIC and ATTR_PAUSED_FAN_SPEED in fields:
        raise _means_nothing(
            coordinator, ATTR_PAUSED_FAN_SPEED, f"{ATTR_PAUSED_FANS}: {AUTOMATIC}"
        )


def _require_in(
    coordinator: MinerCoordinator, kinds: Sequence[str], fields: Fields
) -> None:
    """Refuse fields that none of these modes of cooling has."""
    for field, having in _MODES_WITH.items():
        if field in fields and not any(kind in having for kind in kinds):
            raise _means_nothing(coordinator, field, f"mode: {', '.join(kinds)}")


async def _cool(coordinator: MinerCoordinator, miner: Miner, wanted: _Wanted) -> None:
    changes = dict(wanted)
    mode = changes.pop(ATTR_MODE, None)
    if not changes:
        await choose_cooling(miner, mode)
        return
    now = await cooling_now(miner)
    kind = now.kind if mode is None else CoolingKind(mode)
    _require_in(coordinator, [kind.value], wanted)
    choice = changes.pop(ATTR_PAUSED_FANS, None)
    speed = changes.pop(ATTR_PAUSED_FAN_SPEED, None)
    if choice is not None:
        changes["paused"] = await paused_fans(miner, choice, speed)
    elif speed is not None:
        if now.paused is None or now.paused.mode is not FanPauseMode.MANUAL:
            raise _means_nothing(
                coordinator, ATTR_PAUSED_FAN_SPEED, f"{ATTR_PAUSED_FANS}: {AUTOMATIC}"
            )
        changes["paused"] = replace(now.paused, speed=speed)
    await change_cooling(miner, kind=kind, **changes)


def _plan_boards(coordinator: MinerCoordinator, fields: Fields) -> Change:
    """Refuse boards that the miner does not have before anything is sent."""
    known = known_boards(coordinator)
    enable, disable = (fields.get(each, ()) for each in (ATTR_ENABLE, ATTR_DISABLE))
    for board in (*enable, *disable):
        if board not in known:
            raise invalid(
                "no_such_board",
                coordinator,
                board=board,
                boards=", ".join(known) or "-",
            )
        if board in enable and board in disable:
            raise invalid("board_both_ways", coordinator, board=board)
    wanted = dict.fromkeys(enable, True) | dict.fromkeys(disable, False)

    async def command(miner: Miner) -> None:
        if enable:
            await miner.boards.enable(*enable)
        if disable:
            await miner.boards.disable(*disable)

    def value(state: MinerState) -> dict[str, bool | None]:
        return {board: _is_enabled(state, board) for board in wanted}

    return Change(
        what="set_hashboards",
        command=command,
        value=value,
        done=lambda state: value(state) == wanted,
        again=True,
        reads=(Reading.HASHBOARDS,),
    )


def known_boards(coordinator: MinerCoordinator) -> list[str]:
    """Return the ids of the boards of a miner, also while none is listed."""
    state = coordinator.data
    limits = state.snapshot.limits
    of_limits = limits.boards.ids if limits and limits.boards else ()
    return sorted({*state.boards, *of_limits})


def _is_enabled(state: MinerState, board: str) -> bool | None:
    """Tell whether a board is enabled, also while none is listed."""
    if board in state.boards:
        return state.boards[board].enabled
    configuration = state.snapshot.configuration
    boards = configuration.boards if configuration else None
    for each in boards.boards if boards else ():
        if each.id == board:
            return each.enabled
    return None


_BY_KEY: Mapping[str, SettingDescription] = {
    each.key: each
    for each in (*NUMBERS, *SELECTS, *SWITCHES)
    if isinstance(each, SettingDescription)
}
# Its entity is the fan.
_FAN_SPEED = MinerNumberDescription(
    key=ATTR_FAN_SPEED,
    since=4,
    native_unit_of_measurement=PERCENTAGE,
    native_step=1,
    value=cooled(lambda it: it.fan_speed if it.kind is CoolingKind.MANUAL else None),
    bounds=lambda limits: limits.cooling.fan_speed if limits.cooling else None,
    write=lambda miner, speed: change_cooling(miner, fan_speed=speed),
)

_RAMPING = _Settings(
    what="set_quick_ramping",
    settings={"up": _BY_KEY["ramp_up"], "down": _BY_KEY["ramp_down"]},
    write=lambda _, miner, wanted: change_ramping(miner, **wanted),
)
_SCALING_FIGURES = (
    "power_step",
    "hashrate_step",
    "min_power_target",
    "min_hashrate_target",
    "shutdown_hours",
    "start_percent",
)
_SCALING = _Settings(
    what="set_dps",
    settings={
        ATTR_ENABLED: _BY_KEY["dps"],
        ATTR_MODE: _BY_KEY["dps_mode"],
        ATTR_SHUTDOWN: _BY_KEY["dps_shutdown"],
        **{name: _BY_KEY[f"dps_{name}"] for name in _SCALING_FIGURES},
    },
    fit=_fit_scaling,
    write=_scale,
)
_COOLING_FIGURES = (
    "target_temperature",
    "hot_temperature",
    "dangerous_temperature",
    "min_fan_speed",
    "max_fan_speed",
    "required_fans",
    ATTR_PAUSED_FAN_SPEED,
)
_COOLING = _Settings(
    what="set_cooling",
    settings={
        ATTR_MODE: _BY_KEY["cooling"],
        ATTR_FAN_SPEED: _FAN_SPEED,
        ATTR_PAUSED_FANS: _BY_KEY[ATTR_PAUSED_FANS],
        **{name: _BY_KEY[name] for name in _COOLING_FIGURES},
    },
    fit=_fit_cooling,
    write=_cool,
)

# What a miner allows is another matter; this is only to be a number at all.
_FIGURE = vol.All(vol.Coerce(float), vol.Range(min=0, max=100_000))
_BOARDS = vol.All(cv.ensure_list, vol.Length(min=1), [cv.string])
_PAUSED_FANS = (AUTOMATIC, FanPauseRuntime.LIMITED, FanPauseRuntime.INDEFINITE)


def _one_of(*choices: str) -> vol.In:
    return vol.In([str(choice) for choice in choices])


def _action(settings: _Settings, **other: Any) -> ChangeAction:
    return ChangeAction(
        name=settings.what,
        plan=settings.plan,
        fields={
            vol.Optional(name): other.get(name, _FIGURE) for name in settings.settings
        },
        some_of=tuple(settings.settings),
    )


SETTINGS_CHANGES: tuple[ChangeAction, ...] = (
    _action(_RAMPING),
    _action(
        _SCALING,
        enabled=cv.boolean,
        mode=_one_of(DpsMode.NORMAL, DpsMode.BOOST),
        shutdown=cv.boolean,
    ),
    _action(_COOLING, mode=_one_of(*_KINDS), paused_fans=_one_of(*_PAUSED_FANS)),
    ChangeAction(
        name="set_hashboards",
        plan=_plan_boards,
        fields={
            vol.Optional(ATTR_ENABLE): _BOARDS,
            vol.Optional(ATTR_DISABLE): _BOARDS,
        },
        some_of=(ATTR_ENABLE, ATTR_DISABLE),
    ),
)
