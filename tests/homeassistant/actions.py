"""Actions, called as a person or an automation does."""

from collections.abc import Callable
import json
from math import inf
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_dumps
import pytest

from custom_components.braiins_fleet.const import DOMAIN
from simulator import Machine, SimulatedMiner, Timing
from simulator.refusals import Late
from simulator.services import ANSWERS

type Target = ConfigEntry[Any] | list[ConfigEntry[Any]] | dict[str, Any]

# One that takes a change over at once, so that a test need not wait for it.
PROMPT = Timing(reconfigure_s=0)


async def ask(
    hass: HomeAssistant,
    action: str,
    target: Target,
    context: Context | None = None,
    **fields: Any,
) -> list[dict[str, Any]]:
    """Call an action, and return what it says of each miner."""
    answer = await hass.services.async_call(
        DOMAIN,
        action,
        fields,
        blocking=True,
        context=context,
        target=_target(hass, target),
        return_response=True,
    )
    assert answer is not None
    # It goes to a browser, and into the trace of an automation.
    assert json.loads(json_dumps(answer)) == answer
    assert set(answer) == {"miners"}
    miners: Any = answer["miners"]
    return list(miners)


async def act(
    hass: HomeAssistant,
    action: str,
    target: Target,
    context: Context | None = None,
    **fields: Any,
) -> None:
    """Call an action as an automation does that wants no answer."""
    await hass.services.async_call(
        DOMAIN,
        action,
        fields,
        blocking=True,
        context=context,
        target=_target(hass, target),
    )


def device_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dr.DeviceEntry:
    """Return the device of a miner, or of the fleet."""
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert isinstance(device, dr.DeviceEntry)
    return device


def _target(hass: HomeAssistant, target: Target) -> dict[str, Any]:
    if isinstance(target, dict):
        return target
    entries = target if isinstance(target, list) else [target]
    return {"device_id": [device_of(hass, entry).id for entry in entries]}


def lose_answer(
    monkeypatch: pytest.MonkeyPatch, method: str, *, times: float = inf
) -> list[Machine]:
    """Let miners do what a method says, and say so too late; returns which did."""
    done: list[Machine] = []

    def lose(machine: Machine, _: Any) -> None:
        machine.tell_status()
        done.append(machine)
        if len(done) <= times:
            raise Late

    _change(monkeypatch, method, lose)
    return done


def when_called(
    monkeypatch: pytest.MonkeyPatch, method: str, tell: Callable[[Machine], object]
) -> None:
    """Tell of each call of a method."""
    _change(monkeypatch, method, lambda machine, _: tell(machine))


def without(monkeypatch: pytest.MonkeyPatch, method: str, field: str) -> None:
    """Leave a field, such as pools.0.stats, out of what miners answer."""
    *groups, last = field.split(".")

    def cut(_: Machine, answer: Any) -> None:
        for group in groups:
            answer = answer[int(group)] if group.isdecimal() else getattr(answer, group)
        answer.ClearField(last)

    _change(monkeypatch, method, cut)


def answer_with(
    monkeypatch: pytest.MonkeyPatch, method: str, answer: Callable[[Machine, Any], Any]
) -> None:
    """Have miners answer something else, and do nothing else, when they are asked."""
    [path] = (path for path in ANSWERS if path.endswith(f"/{method}"))
    assert isinstance(ANSWERS, dict)
    monkeypatch.setitem(ANSWERS, path, answer)


def _change(
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    change: Callable[[Machine, Any], object],
) -> None:
    """Look at, or change, what miners answer that were not asked for it yet."""
    [path] = (path for path in ANSWERS if path.endswith(f"/{method}"))
    usual = ANSWERS[path]

    def answer(machine: Machine, request: Any) -> Any:
        message = usual(machine, request)
        change(machine, message)
        return message

    answer_with(monkeypatch, method, answer)


def power_of(miner: SimulatedMiner) -> float:
    """Return the power target that a miner aims at."""
    tuner = miner.machine.running.tuner
    assert tuner.enabled
    assert tuner.mode.name == "POWER"
    return tuner.power


def hashrate_of(miner: SimulatedMiner) -> float:
    """Return the hashrate target that a miner aims at."""
    tuner = miner.machine.running.tuner
    assert tuner.enabled
    assert tuner.mode.name == "HASHRATE"
    return tuner.hashrate
