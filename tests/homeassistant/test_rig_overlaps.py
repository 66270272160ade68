"""Several things that are wanted of one rig at about the same time."""

import asyncio
from typing import Any

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.braiins_fleet.rig import Effect, InstallMiner, Refused
from simulator.rigs import Habits

from .controlling import act, look, said
from .rig_orders import (
    BY,
    OFTEN,
    Agent,
    commands_end,
    keep_profile,
    keep_sheet,
    told,
    while_living,
)
from .rigging import Yard
from .running import until

LIMIT = "power_limit"


async def test_of_two_sheets_that_fail_neither_stays(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    old, first, second = (keep_sheet(yard, each) for each in ("Old", "1", "2"))
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    control.assign_sheet(old, by=BY)
    starts = asyncio.create_task(control.start_mining(first, by=BY))
    await agent.has_been_given(1)
    starts_other = asyncio.create_task(control.start_mining(second, by=BY))
    await agent.has_been_given(2)
    for place, start in enumerate((starts, starts_other)):
        agent.says(place, Refused("no such file"))
        with pytest.raises(HomeAssistantError):
            await start
    assert control.sheet is old


async def test_a_sheet_that_worked_counts_again_where_the_next_one_fails(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    first, second = keep_sheet(yard, "First"), keep_sheet(yard, "Second")
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    starts = asyncio.create_task(control.start_mining(first, by=BY))
    await agent.has_been_given(1)
    starts_other = asyncio.create_task(control.start_mining(second, by=BY))
    await agent.has_been_given(2)
    agent.says(0, Effect.APPLIED)
    await starts
    agent.says(1, Refused("no such file"))
    with pytest.raises(HomeAssistantError):
        await starts_other
    assert control.sheet is first


async def test_a_sheet_that_is_taken_back_does_not_come_back_when_it_fails(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    old, new = keep_sheet(yard, "Old"), keep_sheet(yard, "New")
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    control.assign_sheet(old, by=BY)
    starts = asyncio.create_task(control.start_mining(new, by=BY))
    await agent.has_been_given(1)
    control.assign_sheet(None, by=BY)
    agent.says(0, Refused("no such file"))
    with pytest.raises(HomeAssistantError):
        await starts
    assert control.sheet is None


async def test_a_rig_that_is_still_being_stopped_is_turned_on_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080")
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    agent = Agent(rigged, monkeypatch)
    stops = asyncio.create_task(act(yard.hass, "switch.turn_off", "switch.garage"))
    await agent.has_been_given(1)
    # That it mines no more is not to be seen yet.
    assert look(yard.hass, "switch.garage").state == "on"
    starts = asyncio.create_task(act(yard.hass, "switch.turn_on", "switch.garage"))
    await agent.has_been_given(2)
    agent.says(0, Effect.APPLIED)
    await stops
    agent.says(1, Effect.APPLIED)
    await agent.has_been_given(3)
    agent.says(2, Effect.APPLIED)
    await starts
    assert [each.kind for each, _ in agent.given] == [
        "stop_miner",
        "stop_miner",
        "start_miner",
    ]


async def test_a_rig_that_is_being_started_goes_over_to_the_sheet_chosen_last(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard, "Second")
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    control.assign_sheet(keep_sheet(yard, "First"), by=BY)
    await yard.hass.async_block_till_done()
    turned_on = asyncio.create_task(act(yard.hass, "switch.turn_on", "switch.garage"))
    await agent.has_been_given(1)
    select = "select.garage_flight_sheet"
    chosen = asyncio.create_task(
        act(yard.hass, "select.select_option", select, option="Second")
    )
    await agent.has_been_given(2)
    agent.says(0, Effect.APPLIED)
    agent.says(1, Effect.APPLIED)
    await asyncio.gather(turned_on, chosen)
    assert look(yard.hass, select).state == "Second"


async def test_a_sheet_that_fails_does_not_take_the_place_of_a_later_one(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    first, second = keep_sheet(yard, "First"), keep_sheet(yard, "Second")
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    starts = asyncio.create_task(control.start_mining(first, by=BY))
    await agent.has_been_given(1)
    starts_other = asyncio.create_task(control.start_mining(second, by=BY))
    await agent.has_been_given(2)
    agent.says(0, Refused("no such file"))
    with pytest.raises(HomeAssistantError) as overtaken:
        await starts
    assert said(overtaken.value)[0] == "rig_superseded"
    agent.says(1, Effect.APPLIED)
    await starts_other
    assert control.sheet is second


async def test_a_profile_that_is_confirmed_late_does_not_replace_a_later_one(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080")
    first, second = keep_profile(yard, "First"), keep_profile(yard, "Second")
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    orders = [asyncio.create_task(control.cards.apply(first, by=BY))]
    await agent.has_been_given(1)
    orders.append(asyncio.create_task(control.cards.apply(second, by=BY)))
    await agent.has_been_given(2)
    agent.says(1, Effect.APPLIED)
    await orders[1]
    assert control.cards.profile is second
    agent.says(0, Effect.UNKNOWN)
    await orders[0]
    assert control.cards.profile is second


async def test_what_is_set_of_a_card_after_a_profile_outlasts_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080")
    profile = keep_profile(yard)
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    [card] = rigged.coordinator.data.cards
    applies = asyncio.create_task(control.cards.apply(profile, by=BY))
    await agent.has_been_given(1)
    sets = asyncio.create_task(control.cards.set_one(card, LIMIT, 120, by=BY))
    await agent.has_been_given(2)
    agent.says(1, Effect.APPLIED)
    await sets
    agent.says(0, Effect.UNKNOWN)
    await applies
    assert control.cards.profile is profile
    assert control.assignment.cards == {card: {LIMIT: 120}}


async def test_cards_that_are_set_no_more_stay_so_when_an_earlier_order_ends(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080")
    profile = keep_profile(yard)
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    applies = asyncio.create_task(control.cards.apply(profile, by=BY))
    await agent.has_been_given(1)
    await control.cards.reset(by=BY)
    agent.says(0, Effect.APPLIED)
    await applies
    assert control.cards.profile is None


async def test_a_profile_is_assigned_though_whoever_chose_it_waits_no_more(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080")
    profile = keep_profile(yard)
    control, agent = rigged.coordinator.control, Agent(rigged, monkeypatch)
    applies = asyncio.create_task(control.cards.apply(profile, by=BY))
    await agent.has_been_given(1)
    applies.cancel()
    with pytest.raises(asyncio.CancelledError):
        await applies
    agent.says(0, Effect.APPLIED)
    await commands_end(rigged)
    assert control.cards.profile is profile


async def test_a_profile_that_waits_for_a_rig_is_not_applied_after_a_reset(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", habits=OFTEN)
    keep_profile(yard)
    await rigged.leave()
    everything = {"entity_id": "all"}

    async def ask(action: str, **fields: Any) -> None:
        call = yard.hass.services.async_call(
            "braiins_fleet", action, everything | fields, blocking=True
        )
        await while_living(yard, call)

    await ask("apply_overclock", profile="Quiet", when_connected=True)
    await ask("reset_overclock")
    rigged.agent.start()
    await until(lambda: rigged.coordinator.rig.session is not None)
    await rigged.caught_up()
    await yard.live(30)
    await commands_end(rigged)
    assert told(rigged) == []


async def test_what_was_assigned_to_a_rig_is_forgotten_with_it(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    control = rigged.coordinator.control
    control.assign_sheet(keep_sheet(yard), by=BY)
    yard.hass.config_entries.async_remove_subentry(yard.entry, rigged.rig_id)
    await yard.hass.async_block_till_done()
    assert control.assignment.flight_sheet is None


async def test_what_a_rig_still_runs_is_stopped_before_it_has_told_of_it(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080")
    sheet = keep_sheet(yard)
    assert await yard.hass.config_entries.async_reload(yard.entry.entry_id)
    rigged.machine.orphan()
    rig, control = rigged.coordinator.rig, rigged.coordinator.control
    starts: list[asyncio.Task[Effect]] = []

    def start() -> None:
        if rig.state.connected and not starts:
            starts.append(asyncio.create_task(control.start_mining(sheet, by=BY)))

    rig.listen(start)
    await until(lambda: bool(starts))
    await while_living(yard, asyncio.wait_for(starts[0], None))
    [process] = rigged.machine.processes
    assert process.own


@pytest.mark.parametrize("action", ["stop_mining", "shutdown"])
async def test_nothing_is_done_late_as_the_rig_was_busy_for_long(
    yard: Yard, action: str
) -> None:
    rigged = await yard.start("rtx3080", habits=Habits(install_s=120))
    control, now = rigged.coordinator.control, yard.hass.loop.time
    installs = asyncio.create_task(control.command(InstallMiner("xmrig"), by=BY))
    await until(lambda: told(rigged) == ["install_miner"])
    began = now()
    call = yard.hass.services.async_call(
        "braiins_fleet", action, {"entity_id": "all"}, blocking=True
    )
    with pytest.raises(HomeAssistantError) as failed:
        await while_living(yard, call)
    assert said(failed.value) == ("rig_busy", "install_miner")
    assert now() - began < 10
    assert not installs.done()
    await commands_end(rigged)
    await installs
    assert told(rigged) == ["install_miner"]
    # By now, there is time for it.
    await while_living(yard, control.stop_mining(by=BY))
    assert told(rigged) == ["install_miner", "stop_miner"]
