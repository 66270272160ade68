"""Advanced settings, which differ from firmware to firmware and explain themselves."""

from collections.abc import Awaitable, Callable, Mapping
import json
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
import voluptuous as vol

from .answers import Answer, AskAction
from .asic import Faulty, Garbled, Miner, TimedOut, Unreachable
from .changes import ChangeAction, Fields, invalid, require_api
from .control import Change, Changed
from .coordinator import MinerCoordinator
from .json_schema import NotUnderstood, find_breach

ATTR_SETTINGS: Final = "settings"

_SINCE = 11
_LONGEST = 100

type _Values = Mapping[str, Any]


async def _tell(coordinator: MinerCoordinator, _: Fields) -> Answer:
    miner = coordinator.miner
    return {
        "schema": await miner.advanced.schema(),
        "settings": await miner.advanced.get(include_defaults=True),
        "changed": [*sorted(await miner.advanced.get())],
    }


def _plan_set(coordinator: MinerCoordinator, fields: Fields) -> Change:
    require_api(coordinator, _SINCE)
    wanted: _Values = fields[ATTR_SETTINGS]

    async def command(miner: Miner) -> Changed:
        _check(coordinator, await miner.advanced.schema(), wanted)
        return await _change(
            miner,
            wanted,
            lambda: miner.advanced.set(wanted),
            lambda chosen: all(
                chosen.get(name) == value for name, value in wanted.items()
            ),
        )

    return Change(what="set_advanced_settings", command=command, again=True)


def _plan_reset(coordinator: MinerCoordinator, _: Fields) -> Change:
    require_api(coordinator, _SINCE)

    async def command(miner: Miner) -> Changed:
        chosen = await miner.advanced.get()
        return await _change(miner, chosen, miner.advanced.reset, lambda left: not left)

    return Change(what="reset_advanced_settings", command=command, again=True)


async def _change(
    miner: Miner,
    names: _Values,
    send: Callable[[], Awaitable[object]],
    is_done: Callable[[_Values], bool],
) -> Changed:
    """Change settings, and find out whether that was done if no answer comes."""
    before = await miner.advanced.get(include_defaults=True)
    try:
        await send()
    except Faulty, Garbled, TimedOut, Unreachable:
        if not is_done(await miner.advanced.get()):
            raise
    after = await miner.advanced.get(include_defaults=True)
    return Changed(
        {name: before.get(name) for name in names},
        {name: after.get(name) for name in names},
    )


def _check(coordinator: MinerCoordinator, schema: _Values, wanted: _Values) -> None:
    """Refuse what the miner's own rules do not allow, or what nobody understands."""
    try:
        found = find_breach(schema, wanted)
    except NotUnderstood as err:
        raise invalid(
            "setting_not_understood",
            coordinator,
            setting=err.place or "-",
            rule=_short(err.rule),
        ) from None
    if found is None:
        return
    known = schema.get("properties", {})
    if found.place not in known and found.place in wanted:
        raise _unknown(coordinator, found.place, known)
    raise invalid(
        "setting_impossible",
        coordinator,
        setting=found.place,
        value=_short(json.dumps(found.value, default=str)),
        rule=_short(found.rule),
    )


def _unknown(
    coordinator: MinerCoordinator, name: str, known: _Values
) -> ServiceValidationError:
    return invalid(
        "setting_unknown",
        coordinator,
        setting=_short(name),
        settings=", ".join(sorted(known)) or "-",
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


ADVANCED_ASKS: tuple[AskAction, ...] = (
    AskAction(name="get_advanced_settings", ask=_tell),
)
ADVANCED_CHANGES: tuple[ChangeAction, ...] = (
    ChangeAction(
        name="set_advanced_settings",
        plan=_plan_set,
        fields={
            vol.Required(ATTR_SETTINGS): vol.All(
                vol.Schema({str: object}), vol.Length(min=1)
            )
        },
        admin=True,
    ),
    ChangeAction(name="reset_advanced_settings", plan=_plan_reset, admin=True),
)
