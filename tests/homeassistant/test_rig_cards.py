"""Cards are set as they are to be, and whoever wants to know is told what they have."""

from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.braiins_fleet.rig import Busy, Disconnected, Effect, Refused
from simulator.rigs import RigMachine

from .controlling import look, said
from .rig_orders import (
    BY,
    OFTEN,
    Agent,
    come_back,
    commands_end,
    keep_profile,
    note_failures,
    told,
    while_living,
)
from .rigging import Rigged, Yard

FIRST = "number.garage_rtx_3080_01_00_0_"


async def applied(rigged: Rigged, profile: ConfigSubentry) -> Effect:
    """Choose a profile, and wait for what comes of it."""
    cards = rigged.coordinator.control.cards
    return await while_living(rigged.yard, cards.apply(profile, by=BY))


def limits(rigged: Rigged) -> list[float]:
    return [card.power_limit for card in rigged.machine.cards]


def edit(yard: Yard, profile: ConfigSubentry, **data: Any) -> None:
    yard.hass.config_entries.async_update_subentry(
        yard.entry, profile, data=dict(profile.data) | data
    )


async def has_tried(rigged: Rigged) -> None:
    """Let the rig measure a few times, and what comes of that be done."""
    await rigged.yard.live(20)
    await commands_end(rigged)


@pytest.mark.parametrize("waits", [False, True], ids=["assigned", "waiting"])
async def test_cards_are_set_once_they_can_be_read(yard: Yard, waits: bool) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    profile = keep_profile(yard)
    if not waits:
        await applied(rigged, profile)
    await rigged.leave()
    if waits:
        call = yard.hass.services.async_call(
            "braiins_fleet",
            "apply_overclock",
            {"entity_id": "all", "profile": "Quiet", "when_connected": True},
            blocking=True,
        )
        await while_living(yard, call)
    rigged.machine.boot()
    # The driver is not up yet.
    rigged.simulated.faults.tool_fails()
    await come_back(rigged)
    await has_tried(rigged)
    assert limits(rigged) == [320]
    rigged.simulated.faults.clear()
    await has_tried(rigged)
    assert limits(rigged) == [150]
    assert rigged.coordinator.control.cards.profile is profile


async def test_cards_that_could_not_be_set_again_are_tried_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    failures = note_failures(yard.hass)
    await applied(rigged, keep_profile(yard))
    limit = f"{FIRST}power_limit"
    await yard.hass.async_block_till_done()
    assert look(yard.hass, limit).state == "150"
    await rigged.leave()
    agent = Agent(rigged, monkeypatch)
    await come_back(rigged)
    # Being busy is no failure, and the last of three others is told of.
    outcomes = [Busy("install_miner")] + [Refused("no devices")] * 3
    for place, outcome in enumerate(outcomes):
        await agent.has_been_given(place + 1)
        assert failures == []
        agent.says(place, outcome)
        await commands_end(rigged)
        await yard.live(10)
    await yard.live(30)
    assert len(agent.given) == len(outcomes)
    [failure] = failures
    assert failure["command"] == "apply_oc"
    assert "no devices" in failure["error"]
    assert look(yard.hass, limit).state == "unknown"


async def test_cards_of_a_rig_that_is_lost_again_are_set_when_it_is_back(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    failures = note_failures(yard.hass)
    await applied(rigged, keep_profile(yard))
    agent = Agent(rigged, monkeypatch)
    for place in range(2):
        await rigged.leave()
        await come_back(rigged)
        await agent.has_been_given(place + 1)
        agent.says(place, Disconnected())
        await has_tried(rigged)
    assert len(agent.given) == 2
    assert failures == []


async def test_a_card_that_wakes_up_later_than_others_is_set_as_well(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", "rtx3080", mining=False, habits=OFTEN)
    await applied(rigged, keep_profile(yard))
    await rigged.leave()
    rigged.machine.boot()
    late = rigged.machine.cards.pop()
    await come_back(rigged)
    await has_tried(rigged)
    assert limits(rigged) == [150]
    rigged.machine.cards.append(late)
    await has_tried(rigged)
    assert limits(rigged) == [150, 150]


async def test_a_profile_is_not_set_again_where_it_would_reach_other_cards(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    failures = note_failures(yard.hass)
    await applied(rigged, keep_profile(yard))
    before = len(told(rigged))
    await rigged.leave()
    rigged.machine.cards += RigMachine(["rx6800xt"], clock=yard.clock).cards
    await come_back(rigged)
    await has_tried(rigged)
    assert len(told(rigged)) == before
    [failure] = failures
    assert "cards that this profile is not for" in failure["error"]


async def test_what_is_meant_for_one_card_never_reaches_another(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", "rtx3080", "rtx3080", habits=OFTEN)
    cards = [{"number": 1, "power_limit": 110}]
    await applied(rigged, keep_profile(yard, power_limit=200, cards=cards))
    assert limits(rigged) == [200, 110, 200]
    # One falls off the bus, and those behind it move up when the rig restarts.
    rigged.simulated.faults.gpu_lost(0)
    await rigged.leave()
    rigged.machine.boot()
    await come_back(rigged)
    await has_tried(rigged)
    assert limits(rigged) == [110, 200]


async def test_an_edited_profile_is_applied_where_it_is_assigned(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    profile = keep_profile(yard)
    keep_profile(yard, "Other")
    await applied(rigged, profile)
    before = len(told(rigged))
    edit(yard, profile, power_limit=250)
    await yard.hass.async_block_till_done()
    # What was not sent yet is not shown.
    assert look(yard.hass, f"{FIRST}power_limit").state == "150"
    await commands_end(rigged)
    assert told(rigged)[before:] == ["apply_oc"]
    assert limits(rigged) == [250]
    assert look(yard.hass, f"{FIRST}power_limit").state == "250"
    yard.hass.config_entries.async_update_subentry(yard.entry, profile, title="Calm")
    await commands_end(rigged)
    assert len(told(rigged)) == before + 1


async def test_an_edited_profile_that_a_card_refuses_is_told_of(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    failures = note_failures(yard.hass)
    profile = keep_profile(yard)
    await applied(rigged, profile)
    edit(yard, profile, power_limit=500)
    await yard.hass.async_block_till_done()
    for _ in range(3):
        await has_tried(rigged)
    [failure] = failures
    assert "takes a power limit of 100 to 370 W" in failure["error"]
    assert look(yard.hass, f"{FIRST}power_limit").state == "unknown"


async def test_cards_are_as_before_where_one_refuses_a_profile(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", "rtx3080", mining=False, habits=OFTEN)
    first = keep_profile(yard, "First", power_limit=160)
    too_much = keep_profile(yard, cards=[{"number": 1, "power_limit": 490}])
    with pytest.raises(HomeAssistantError) as failed:
        await applied(rigged, too_much)
    assert said(failed.value)[0] == "rig_partly_set"
    await commands_end(rigged)
    # There is no way back from what nobody has set before, but it is shown.
    assert limits(rigged) == [150, 320]
    assert look(yard.hass, f"{FIRST}power_limit").state == "150"
    second = "number.garage_rtx_3080_02_00_0_power_limit"
    assert look(yard.hass, second).state == "unknown"

    await applied(rigged, first)
    with pytest.raises(HomeAssistantError):
        await applied(rigged, too_much)
    await commands_end(rigged)
    assert limits(rigged) == [160, 160]
    assert rigged.coordinator.control.cards.profile is first
    assert [
        look(yard.hass, each).state for each in (f"{FIRST}power_limit", second)
    ] == [
        "160",
        "160",
    ]


@pytest.mark.parametrize("how", ["other", "edited", "deleted"])
async def test_a_fan_that_no_profile_fixes_any_more_is_left_to_the_card(
    yard: Yard, how: str
) -> None:
    rigged = await yard.start("rx6800xt", mining=False, habits=OFTEN)
    rigged.machine.has_onboard = True
    amd: dict[str, Any] = {"vendors": "amd", "core_lock": None}
    loud = keep_profile(yard, "Loud", **amd, fan=30)
    other = keep_profile(yard, **amd)
    await applied(rigged, loud)
    assert [card.fan_fixed for card in rigged.machine.cards] == [30]
    match how:
        case "other":
            await applied(rigged, other)
        case "edited":
            edit(yard, loud, fan=None)
        case _:
            yard.hass.config_entries.async_remove_subentry(yard.entry, loud.subentry_id)
    await yard.hass.async_block_till_done()
    await commands_end(rigged)
    assert [card.fan_fixed for card in rigged.machine.cards] == [None]


async def test_what_a_card_has_after_a_restart_is_only_what_it_got_again(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", mining=False, habits=OFTEN)
    await applied(rigged, keep_profile(yard))
    await applied(rigged, keep_profile(yard, "Limit", core_lock=None))
    await yard.hass.async_block_till_done()
    # A lock stays until the card is restarted.
    assert look(yard.hass, f"{FIRST}core_lock").state == "1200"
    await rigged.leave()
    rigged.machine.boot()
    await come_back(rigged)
    await has_tried(rigged)
    assert look(yard.hass, f"{FIRST}core_lock").state == "unknown"
    assert look(yard.hass, f"{FIRST}power_limit").state == "150"
