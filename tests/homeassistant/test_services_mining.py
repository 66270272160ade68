"""The actions that switch mining, and miners, on and off."""

import asyncio
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import EVENT_CHANGED
from simulator import FakeClock, Machine, SimulatedMiner
from simulator.mining import Reason, Software

from .actions import PROMPT, act, ask, device_of, lose_answer, power_of, when_called
from .conftest import SetUp, StartMiner
from .running import PassingTime, listened_to, shown, until


async def test_mining_is_paused_and_resumed(
    *,
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    [answer] = await ask(hass, "pause", entry)
    # It takes half a minute to ramp down.
    assert answer == {
        "name": "Antminer S19k Pro",
        "device_id": device_of(hass, entry).id,
        "ok": True,
        "before": "normal",
        "after": "normal",
        "error": None,
    }
    clock.advance(30)
    still_miner.machine.act()
    await until(lambda: shown(hass, "status") == "paused")
    [answer] = await ask(hass, "resume", entry)
    assert (answer["ok"], answer["before"]) == (True, "paused")
    await until(lambda: shown(hass, "status") == "normal")
    assert still_miner.machine.mining.reasons == set()


async def test_the_mining_software_is_stopped_started_and_restarted(
    *,
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)

    def software() -> Software:
        return still_miner.machine.mining.software

    await act(hass, "stop", entry)
    assert software() is Software.STOPPED
    await until(lambda: shown(hass, "status") == "not_started")

    [answer] = await ask(hass, "start", entry)
    assert (answer["ok"], answer["before"]) == (True, "not_started")
    clock.advance(30)
    still_miner.machine.act()
    assert software() is Software.RUNNING
    await until(lambda: shown(hass, "status") == "normal")

    await act(hass, "restart", entry)
    assert software() is Software.STARTING


async def test_a_miner_is_rebooted(
    *,
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    [answer] = await ask(hass, "reboot", entry)
    assert answer["ok"]
    clock.advance(1)
    still_miner.machine.act()
    assert not still_miner.machine.present


@pytest.mark.parametrize(
    ("action", "method"),
    [
        ("pause", "PauseMining"),
        ("resume", "ResumeMining"),
        ("start", "Start"),
        ("stop", "Stop"),
        ("restart", "Restart"),
        ("reboot", "Reboot"),
    ],
)
async def test_miners_have_their_turn_so_many_seconds_apart(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    clock: FakeClock,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    method: str,
) -> None:
    entries = [
        await set_up(await start_miner(model)) for model in ("s19k_pro", "s21", "s19")
    ]
    begun = clock.now()
    told: list[tuple[str, float]] = []

    def tell(machine: Machine) -> None:
        told.append((machine.model.key, clock.now() - begun))

    when_called(monkeypatch, method, tell)
    changed = async_capture_events(hass, EVENT_CHANGED)
    task = asyncio.create_task(ask(hass, action, entries, stagger=20))
    await until(lambda: bool(told))
    while not task.done():
        # One that reboots goes away half a second later, and answers before that.
        await until(lambda: len(changed) == len(told))
        await pass_time(0.4)
    assert [model for model, _ in told] == ["s19", "s19k_pro", "s21"]
    assert [later for _, later in told] == pytest.approx([0, 20, 40], abs=4)
    assert [answer["ok"] for answer in await task] == [True] * 3


async def test_a_miner_that_is_away_does_not_hold_up_those_after_it(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miners = [await start_miner(model) for model in ("s19", "s19k_pro")]
    entries = [await set_up(miner) for miner in miners]
    miners[0].machine.mining.stop()
    answers = await ask(hass, "pause", entries, stagger=0.05)
    assert [answer["ok"] for answer in answers] == [False, True]
    assert Reason.USER in miners[1].machine.mining.reasons


async def test_what_was_done_though_the_answer_got_lost_is_no_error(
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = lose_answer(monkeypatch, "Stop")
    entry = await set_up(await start_miner())
    [answer] = await ask(hass, "stop", entry)
    assert (answer["ok"], answer["after"]) == (True, "not_started")
    assert len(done) == 1


async def test_what_does_not_show_at_once_is_asked_for_again(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Half a minute passes before a pause shows: the miner has to say that it will.
    done = lose_answer(monkeypatch, "PauseMining", times=1)
    miner = await start_miner()
    entry = await set_up(miner)
    [answer] = await ask(hass, "pause", entry)
    assert answer["ok"]
    assert len(done) == 2
    assert Reason.USER in miner.machine.mining.reasons


@pytest.mark.parametrize("fields", [{"power": 2000}, {"change": -760}])
async def test_a_target_that_was_set_though_the_answer_got_lost_is_no_error(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
) -> None:
    done = lose_answer(monkeypatch, "SetPowerTarget")
    miner = await start_miner(timing=PROMPT)
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_power_target", entry, **fields)
    assert (answer["ok"], answer["before"], answer["after"]) == (True, 2760, 2000)
    assert len(done) == 1
    assert power_of(miner) == 2000


@pytest.mark.parametrize("method", ["Restart", "Reboot"])
async def test_what_nobody_can_tell_was_done_is_an_error_and_not_tried_again(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    done = lose_answer(monkeypatch, method)
    entry = await set_up(await start_miner())
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, method.lower(), entry)
    assert error.value.translation_key == "command_unanswered"
    assert len(done) == 1


async def test_an_event_tells_of_each_miner_what_was_done_and_by_whom(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    told: list[Event] = async_capture_events(hass, EVENT_CHANGED)
    entry = await set_up(await start_miner(timing=PROMPT))
    await act(hass, "set_power_target", entry, power=2000)
    await act(hass, "stop", entry)
    with pytest.raises(HomeAssistantError):
        await act(hass, "pause", entry)
    device_id = device_of(hass, entry).id
    assert [event.data for event in told] == [
        {
            "device_id": device_id,
            "entity_id": "number.antminer_s19k_pro_power_target",
            "type": "set_power_target",
            "before": 2760,
            "after": 2000,
        },
        {
            "device_id": device_id,
            "entity_id": "switch.antminer_s19k_pro",
            "type": "stop",
            "before": "normal",
            "after": "not_started",
        },
    ]
