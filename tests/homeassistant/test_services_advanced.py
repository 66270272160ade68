"""Advanced settings, which miners explain themselves."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)
import voluptuous as vol

from custom_components.braiins_fleet.const import EVENT_CHANGED
from simulator import Machine, SimulatedMiner
from simulator.refusals import InvalidValue, Late
from simulator.services import settings as answers

from .actions import PROMPT, act, answer_with, ask, lose_answer, when_called
from .conftest import SetUp, StartMiner
from .running import listened_to

SET = "set_advanced_settings"
RESET = "reset_advanced_settings"
CHANGES: dict[str, dict[str, Any]] = {
    SET: {"settings": {"min_fan_pwm": 30, "rambo_mode": True}},
    RESET: {},
}


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that has advanced settings."""
    return await start_miner(api=11, timing=PROMPT)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Machine]:
    """Tell to which miners settings were sent."""
    machines: list[Machine] = []
    when_called(monkeypatch, "SetSettings", machines.append)
    return machines


async def test_they_are_told_with_their_rules(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    miner.machine.settings.change({"min_fan_pwm": 30})
    [answer] = await ask(hass, "get_advanced_settings", entry)
    assert answer["settings"] == {
        "allow_disabling_hashboards_on_nopic_miners": False,
        "min_fan_pwm": 30,
        "rambo_mode": False,
        "restart_delay_s": 0,
    }
    assert answer["changed"] == ["min_fan_pwm"]
    assert answer["schema"]["properties"]["min_fan_pwm"]["maximum"] == 100


async def test_several_are_set_at_once_and_null_puts_one_back(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    miner.machine.settings.change({"min_fan_pwm": 30, "restart_delay_s": 5})
    changes = async_capture_events(hass, EVENT_CHANGED)
    [answer] = await ask(
        hass, SET, entry, settings={"min_fan_pwm": None, "rambo_mode": True}
    )
    before = {"min_fan_pwm": 30, "rambo_mode": False}
    after = {"min_fan_pwm": 10, "rambo_mode": True}
    assert (answer["ok"], answer["before"], answer["after"]) == (True, before, after)
    assert miner.machine.settings.chosen == {"restart_delay_s": 5, "rambo_mode": True}
    await hass.async_block_till_done()
    [change] = changes
    assert (change.data["before"], change.data["after"]) == (before, after)


async def test_all_are_put_back(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    miner.machine.settings.change({"min_fan_pwm": 30})
    [answer] = await ask(hass, RESET, entry)
    assert (answer["before"], answer["after"]) == (
        {"min_fan_pwm": 30},
        {"min_fan_pwm": 10},
    )
    assert miner.machine.settings.chosen == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"min_fan_pwm": 101},
            "does not allow 101 for min_fan_pwm. Its rule is maximum: 100",
        ),
        ({"rambo_mode": True, "min_fan_pwm": 10.5}, "Its rule is type: integer"),
        ({"rambo_mode": 1}, "does not allow 1 for rambo_mode. Its rule is type: bool"),
        ({"rambo_mode": "x" * 300}, "xxx…"),
        (
            {"rambo": True},
            "has no advanced setting rambo. It has: allow_disabling_hashboards_on_nop",
        ),
        ({"rambo": None}, "has no advanced setting rambo."),
    ],
)
async def test_what_the_rules_do_not_allow_is_not_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    written: list[Machine],
    settings: dict[str, Any],
    said: str,
) -> None:
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, SET, entry, settings=settings)
    assert said in str(error.value)
    assert written == []


async def test_a_rule_that_nobody_understands_refuses_the_change(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    written: list[Machine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)

    def with_pattern(machine: Machine, request: Any) -> Any:
        answer = answers.schema(machine, request)
        answer.schema["properties"]["min_fan_pwm"]["pattern"] = "a"
        return answer

    answer_with(monkeypatch, "GetSettingsSchema", with_pattern)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, SET, entry, settings={"min_fan_pwm": 20})
    assert "not understood here (min_fan_pwm: pattern)" in str(error.value)
    assert written == []
    # It is no obstacle to the others.
    await act(hass, SET, entry, settings={"rambo_mode": True})
    assert written == [miner.machine]


@pytest.mark.parametrize("settings", [{}, [], "min_fan_pwm", None, {1: 2}])
async def test_what_are_no_settings_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, settings: object
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await act(hass, SET, entry, settings=settings)
    assert miner.calls == calls


@pytest.mark.parametrize("action", CHANGES)
async def test_only_an_administrator_may_change_them(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    hass_read_only_user: User,
    action: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(Unauthorized):
        await act(
            hass,
            action,
            entry,
            Context(user_id=hass_read_only_user.id),
            **CHANGES[action],
        )
    assert miner.calls == calls


@pytest.mark.parametrize("action", CHANGES)
async def test_an_old_miner_has_none(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, action: str
) -> None:
    miner = await start_miner(api=10)
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, action, entry, **CHANGES[action])
    assert error.value.translation_key == "command_unsupported"
    assert miner.calls == calls
    [answer] = await ask(hass, "get_advanced_settings", entry)
    assert answer["error"] == "The Braiins OS of Antminer S19k Pro is too old for this"


@pytest.mark.parametrize(
    ("action", "method", "chosen"),
    [
        (SET, "SetSettings", {"min_fan_pwm": 30, "rambo_mode": True}),
        (RESET, "ResetAllSettings", {}),
    ],
)
async def test_what_was_done_though_no_answer_came_is_found_out(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    method: str,
    chosen: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    miner.machine.settings.change({"min_fan_pwm": 20})
    sent = lose_answer(monkeypatch, method)
    [answer] = await ask(hass, action, entry, **CHANGES[action])
    assert answer["ok"]
    assert answer["before"]["min_fan_pwm"] == 20
    assert miner.machine.settings.chosen == chosen
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("action", "method"), [(SET, "SetSettings"), (RESET, "ResetAllSettings")]
)
async def test_what_was_not_done_is_tried_once_more(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    method: str,
) -> None:
    entry = await set_up(miner)
    miner.machine.settings.change({"restart_delay_s": 20})
    heard: list[Machine] = []

    def hear_nothing(machine: Machine, _: Any) -> None:
        heard.append(machine)
        raise Late

    answer_with(monkeypatch, method, hear_nothing)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, action, entry, **CHANGES[action])
    assert error.value.translation_key == "command_unanswered"
    assert len(heard) == 2
    assert miner.machine.settings.chosen == {"restart_delay_s": 20}


async def test_what_the_miner_refuses_is_told_in_its_words(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)

    def refuse(_: Machine, __: Any) -> None:
        raise InvalidValue("not with these fans")

    answer_with(monkeypatch, "SetSettings", refuse)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, SET, entry, settings={"min_fan_pwm": 0})
    assert str(error.value) == "Antminer S19k Pro refused: not with these fans"
