"""Having miners upgrade by themselves, and when."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from simulator import SimulatedMiner
from simulator.upgrades import Every, UpgradePlan

from .actions import PROMPT, act, ask, lose_answer, without
from .conftest import SetUp, StartMiner
from .controlling import be_impatient
from .running import listened_to, shown

ACTION = "configure_auto_upgrade"


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


@pytest.mark.parametrize(
    ("fields", "plan", "after"),
    [
        (
            {"schedule": "daily", "time": "04:30:00"},
            UpgradePlan(Every.DAY, hour=4, minute=30),
            {"schedule": "daily", "time": "04:30:00"},
        ),
        (
            {"schedule": "weekly", "weekday": "wednesday", "time": "02:00:15"},
            UpgradePlan(Every.WEEK, day=3, hour=2, second=15),
            {"schedule": "weekly", "weekday": "wednesday", "time": "02:00:15"},
        ),
        (
            {"schedule": "monthly", "day": 28, "time": "23:59:00"},
            UpgradePlan(Every.MONTH, day=28, hour=23, minute=59),
            {"schedule": "monthly", "day": 28, "time": "23:59:00"},
        ),
    ],
)
@pytest.mark.usefixtures("all_enabled")
async def test_a_miner_upgrades_when_it_is_told_to(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    plan: UpgradePlan,
    after: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    [told] = await ask(hass, ACTION, entry, enabled=True, **fields)
    assert miner.machine.upgrades.auto
    assert miner.machine.upgrades.plan == plan
    assert told["ok"]
    assert told["after"] == {"enabled": True, **after}
    await hass.async_block_till_done()
    assert hass.states.is_state("switch.antminer_s19k_pro_automatic_upgrade", "on")
    assert shown(hass, "next_automatic_upgrade") != "unknown"


async def test_what_is_left_out_stays(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    await act(hass, ACTION, entry, enabled=True, schedule="daily", time="04:30:00")
    [told] = await ask(hass, ACTION, entry, enabled=False)
    assert told["before"] == {
        "enabled": True,
        "schedule": "daily",
        "time": "04:30:00",
    }
    assert not miner.machine.upgrades.auto
    assert miner.machine.upgrades.plan == UpgradePlan(Every.DAY, hour=4, minute=30)


@pytest.mark.parametrize(
    ("fields", "field", "schedules"),
    [
        ({"weekday": "monday"}, "weekday", "weekly"),
        ({"schedule": "daily", "day": 3}, "day", "monthly"),
        ({"schedule": "monthly", "weekday": "monday"}, "weekday", "weekly"),
        ({"time": "03:00"}, "time", "daily, weekly, monthly"),
    ],
)
async def test_fields_that_do_not_go_together_are_refused(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    field: str,
    schedules: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, ACTION, entry, enabled=True, **fields)
    assert caught.value.translation_key == "schedule_does_not_fit"
    assert caught.value.translation_placeholders == {
        "field": field,
        "schedules": schedules,
    }
    assert miner.calls == calls


@pytest.mark.parametrize(
    "fields",
    [
        {"schedule": "daily"},
        {"enabled": True, "schedule": "monthly", "day": 29},
        {"enabled": True, "schedule": "yearly"},
        {"enabled": True, "schedule": "weekly", "weekday": "unknown"},
    ],
)
async def test_what_no_miner_can_do_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, fields: dict[str, Any]
) -> None:
    entry = await set_up(miner)
    with pytest.raises(vol.Invalid):
        await act(hass, ACTION, entry, **fields)


async def test_a_miner_that_is_too_old_for_it_is_not_asked(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(api=7))
    [told] = await ask(hass, ACTION, entry, enabled=True)
    assert told["error"] == "The Braiins OS of Antminer S19k Pro is too old for this"
    assert told["before"] is None


async def test_an_answer_that_gets_lost_is_no_failure_if_the_miner_shows_the_change(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    be_impatient(entry)
    done = lose_answer(monkeypatch, "UpdateAutoUpgradeConfig")
    [told] = await ask(hass, ACTION, entry, enabled=True, schedule="daily")
    # The time, which nobody gave, is the miner's own.
    assert told["after"] == {"enabled": True, "schedule": "daily", "time": "03:00:00"}
    assert len(done) == 1


async def test_a_miner_that_has_no_schedule_is_given_one(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetAutoUpgradeStatus", "schedule")
    entry = await set_up(miner)
    [told] = await ask(hass, ACTION, entry, enabled=True)
    assert (told["before"], told["after"]) == ({"enabled": False}, {"enabled": True})
