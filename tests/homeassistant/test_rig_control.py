"""A rig does what it is told, or whoever told it learns that it did not."""

import asyncio
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.braiins_fleet.const import EVENT_HAPPENED

from .controlling import act, look, said
from .rig_orders import (
    BY,
    OFTEN,
    POOL,
    RAVEN,
    come_back,
    commands_end,
    keep_profile,
    keep_sheet,
    note_failures,
    order,
    told,
    while_living,
)
from .rigging import Yard
from .running import until

MINING = "switch.garage"
SHEET = "select.garage_flight_sheet"
OVERCLOCK = "select.garage_overclock_profile"


async def test_a_rig_mines_what_its_flight_sheet_says(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    assert look(yard.hass, SHEET).attributes["options"] == ["none", "Raven"]
    assert look(yard.hass, SHEET).state == "none"
    assert look(yard.hass, MINING).state == STATE_OFF

    await order(yard, "select.select_option", SHEET, option="Raven")
    # It was not mining, so nothing has to be told to it.
    assert told(rigged) == []
    await order(yard, "switch.turn_on", MINING)
    assert told(rigged) == ["start_miner"]
    assert look(yard.hass, MINING).state == STATE_ON
    saved = rigged.machine.saved
    assert saved is not None
    assert (saved["pool"], saved["wallet"]) == (POOL, RAVEN)
    assert saved["worker"] == "Garage"
    # It mines, so there is nothing to start.
    await order(yard, "switch.turn_on", MINING)
    assert told(rigged) == ["start_miner"]

    await order(yard, "switch.turn_off", MINING)
    assert look(yard.hass, MINING).state == STATE_OFF
    assert rigged.machine.processes == []


async def test_a_rig_that_was_rebooted_is_started_by_who_hears_that_it_is_back(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", habits=OFTEN)
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    await rigged.leave()
    rigged.machine.boot()
    # It is missed by then, but what it mined before is still known.
    await yard.live(20)
    assert rigged.coordinator.rig.state.mining

    @callback
    def start(event: Event) -> None:
        if event.data["type"] == "connected":
            yard.hass.async_create_task(act(yard.hass, "switch.turn_on", MINING))

    yard.hass.bus.async_listen(EVENT_HAPPENED, start)
    await while_living(yard, come_back(rigged))
    await commands_end(rigged)
    assert told(rigged)[-1:] == ["start_miner"]


async def test_an_order_that_fails_in_a_way_that_nobody_thought_of_is_logged(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rigged = await yard.start("rtx3080")

    async def fail(*_: Any) -> None:
        raise RuntimeError("nobody thought of it")

    monkeypatch.setattr(rigged.coordinator.rig, "carry_out", fail)
    with pytest.raises(RuntimeError):
        await rigged.coordinator.control.restart_mining(by=BY)
    assert "An order to Garage failed" in caplog.text
    assert "nobody thought of it" in caplog.text
    # Else it would count as a fault of the test.
    caplog.clear()


async def test_a_rig_without_a_flight_sheet_is_not_started(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    with pytest.raises(ServiceValidationError) as refused:
        await act(yard.hass, "switch.turn_on", MINING)
    assert said(refused.value)[0] == "no_flight_sheet"
    assert told(rigged) == []


async def test_without_a_flight_sheet_a_rig_goes_on_but_is_not_started_again(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080")
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    await order(yard, "select.select_option", SHEET, option="Raven")
    before = told(rigged)
    await order(yard, "select.select_option", SHEET, option="none")
    assert told(rigged) == before
    assert look(yard.hass, SHEET).state == "none"
    assert look(yard.hass, MINING).state == STATE_ON
    await order(yard, "switch.turn_off", MINING)
    with pytest.raises(ServiceValidationError) as refused:
        await act(yard.hass, "switch.turn_on", MINING)
    assert said(refused.value)[0] == "no_flight_sheet"


async def test_a_rig_that_mines_goes_over_to_another_sheet(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    keep_sheet(yard, pools=["stratum+tcp://other.example.com:3333"])
    await yard.hass.async_block_till_done()
    await order(yard, "select.select_option", SHEET, option="Raven")
    # What runs is stopped first, be it the agent's own or not.
    assert told(rigged) == ["stop_miner", "start_miner"]
    assert look(yard.hass, SHEET).state == "Raven"
    [process] = rigged.machine.processes
    assert process.pool == "stratum+tcp://other.example.com:3333"


async def test_a_miner_that_the_agent_did_not_start_is_stopped_all_the_same(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080")
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    rigged.machine.orphan()
    await order(yard, "select.select_option", SHEET, option="Raven")
    [process] = rigged.machine.processes
    assert process.own


async def test_nothing_is_started_beside_a_miner_that_cannot_be_stopped(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    failures = note_failures(yard.hass)
    keep_sheet(yard)
    # The agent does not find this one by its name.
    foreign = {"name": "gminer", "algorithm": "kawpow", "pool": "x.example.com:1"}
    rigged.machine.launch(foreign, own=False)
    await yard.live(20)
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "select.select_option", SHEET, option="Raven")
    assert said(failed.value)[0] == "rig_still_mining"
    assert told(rigged) == ["stop_miner", "stop_miner"]
    assert [process.given_name for process in rigged.machine.processes] == ["gminer"]
    assert look(yard.hass, SHEET).state == "none"
    assert [failure["command"] for failure in failures] == ["start_miner"]


async def test_a_miner_that_dies_at_once_is_no_success(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    failures = note_failures(yard.hass)
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    await order(yard, "select.select_option", SHEET, option="Raven")
    rigged.simulated.faults.dies_at_once()
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "switch.turn_on", MINING)
    assert said(failed.value)[0] == "rig_not_done"
    [failure] = failures
    assert failure["command"] == "start_miner"
    assert look(yard.hass, "event.garage_event").attributes["event_type"] == (
        "command_failed"
    )


async def test_what_the_agent_says_reaches_the_person(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    failures = note_failures(yard.hass)
    rigged.machine.binaries.clear()
    first = keep_sheet(yard, "First")
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    control = rigged.coordinator.control
    control.assign_sheet(first, by=BY)
    await yard.hass.async_block_till_done()
    with pytest.raises(HomeAssistantError) as failed:
        await while_living(yard, control.start_mining(yard_sheet(yard, "Raven"), by=BY))
    assert said(failed.value)[0] == "rig_software_missing"
    assert "does not find t-rex" in str(failed.value)
    assert "does not find t-rex" in failures[0]["error"]
    # What never ran is not what the rig is to do.
    assert look(yard.hass, SHEET).state == "First"


def yard_sheet(yard: Yard, title: str) -> Any:
    return next(each for each in yard.entry.subentries.values() if each.title == title)


async def test_who_wants_it_to_stop_does_not_wait_for_a_start(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    failures = note_failures(yard.hass)
    keep_sheet(yard)
    rigged.simulated.faults.dies_at_once()
    control = rigged.coordinator.control
    start = asyncio.create_task(control.start_mining(yard_sheet(yard, "Raven"), by=BY))
    await until(lambda: "start_miner" in told(rigged))
    await while_living(yard, control.stop_mining(by=BY))
    with pytest.raises(HomeAssistantError) as overtaken:
        await while_living(yard, wait_for(start))
    assert said(overtaken.value)[0] == "rig_superseded"
    assert failures == []


async def wait_for[T](task: asyncio.Task[T]) -> T:
    return await task


async def test_buttons_restart_the_miner_and_the_rig(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    await order(yard, "button.press", "button.garage_restart_mining_software")
    assert told(rigged) == ["restart_miner"]
    await order(yard, "button.press", "button.garage_reboot")
    assert told(rigged)[-1] == "reboot"
    assert yard.hass.states.get("button.garage_shut_down") is None


async def test_a_rig_that_does_not_restart_is_told_of(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    rigged.simulated.faults.no_sudo()
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "button.press", "button.garage_reboot")
    assert said(failed.value)[0] == "rig_not_done"


async def test_nothing_is_kept_for_a_rig_that_is_away(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    failures = note_failures(yard.hass)
    await rigged.leave()
    await yard.live(30)
    assert look(yard.hass, MINING).state == STATE_UNAVAILABLE
    with pytest.raises(HomeAssistantError) as away:
        await rigged.coordinator.control.stop_mining(by=BY)
    assert said(away.value)[0] == "rig_away"
    assert failures == []


async def test_a_profile_is_applied_and_applied_again_when_needed(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", "rtx4070", habits=OFTEN)
    keep_profile(yard)
    keep_sheet(yard)
    await yard.hass.async_block_till_done()
    await order(yard, "select.select_option", OVERCLOCK, option="Quiet")
    assert look(yard.hass, OVERCLOCK).state == "Quiet"
    assert told(rigged) == ["apply_oc"]
    assert [card.power_limit for card in rigged.machine.cards] == [150, 150]

    # A rig that was restarted has forgotten it.
    for card in rigged.machine.cards:
        card.power_limit = float(card.model.watts)
    await rigged.leave()
    rigged.agent.start()
    await until(lambda: rigged.coordinator.rig.session is not None)
    await yard.live(20)
    await commands_end(rigged)
    assert [card.power_limit for card in rigged.machine.cards] == [150, 150]

    before = len(told(rigged))
    await order(yard, "select.select_option", SHEET, option="Raven")
    await commands_end(rigged)
    assert told(rigged)[before:] == ["stop_miner", "start_miner", "apply_oc"]


async def test_a_profile_that_a_card_refuses_is_not_assigned(yard: Yard) -> None:
    await yard.start("rtx3080", "rtx4070", habits=OFTEN)
    keep_profile(yard, power_limit=300)
    await yard.hass.async_block_till_done()
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "select.select_option", OVERCLOCK, option="Quiet")
    key, error = said(failed.value)
    assert key == "rig_partly_set"
    assert "takes a power limit of 100 to" in (error or "")
    assert look(yard.hass, OVERCLOCK).state == "none"


async def test_a_profile_for_other_cards_is_refused(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", "rx6800xt")
    keep_profile(yard)
    await yard.hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as refused:
        await act(yard.hass, "select.select_option", OVERCLOCK, option="Quiet")
    assert said(refused.value)[0] == "rig_other_cards"
    assert told(rigged) == []


async def test_a_card_is_set_by_itself(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", "rtx4070", habits=OFTEN)
    keep_profile(yard)
    await yard.hass.async_block_till_done()
    limit = "number.garage_rtx_4070_02_00_0_power_limit"
    assert look(yard.hass, limit).state == STATE_UNKNOWN
    await order(yard, "select.select_option", OVERCLOCK, option="Quiet")
    assert look(yard.hass, limit).state == "150"
    await order(yard, "number.set_value", limit, value=120)
    assert look(yard.hass, limit).state == "120"
    assert [card.power_limit for card in rigged.machine.cards] == [150, 120]

    # Cards are set again as they were set last, each with its own.
    for card in rigged.machine.cards:
        card.power_limit = float(card.model.watts)
    await rigged.leave()
    rigged.agent.start()
    await until(lambda: rigged.coordinator.rig.session is not None)
    await yard.live(20)
    await commands_end(rigged)
    assert [card.power_limit for card in rigged.machine.cards] == [150, 120]
    assert [card.core_lock for card in rigged.machine.cards] == [1200, 1200]


async def test_only_what_the_agent_does_of_a_single_card_is_offered(
    yard: Yard,
) -> None:
    await yard.start("rtx3080", "rx6800xt", name="Mixed")
    await yard.start("rx6800xt", name="Red")
    numbers = set(yard.hass.states.async_entity_ids("number"))
    assert numbers == {
        f"number.red_rx_6800_xt_{place}_{what}"
        for place in ("01_00_0",)
        for what in (
            "power_limit",
            "core_lock",
            "memory_lock",
            "fan_speed",
        )
    }


async def test_without_a_profile_fans_are_left_to_the_cards(yard: Yard) -> None:
    rigged = await yard.start("rx6800xt", habits=OFTEN)
    rigged.machine.has_onboard = True
    keep_profile(yard, vendors="amd", fan=80)
    await yard.hass.async_block_till_done()
    await order(yard, "select.select_option", OVERCLOCK, option="Quiet")
    assert [card.fan_fixed for card in rigged.machine.cards] == [80]
    await order(yard, "select.select_option", OVERCLOCK, option="none")
    assert [card.fan_fixed for card in rigged.machine.cards] == [None]
    assert look(yard.hass, OVERCLOCK).state == "none"
