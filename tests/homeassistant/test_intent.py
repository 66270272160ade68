"""Speaking with miners: what they do then, and what is said to that."""

import re
from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    intent,
)
from homeassistant.helpers.intent import IntentResponse, IntentResponseErrorCode
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.braiins_fleet.const import EVENT_CHANGED
from custom_components.braiins_fleet.control import Changed
from simulator import SimulatedMiner
from simulator.mining import Reason

from .actions import PROMPT, power_of
from .conftest import SetUp, StartMiner
from .speaking import call, expose, hear, heard, hidden, learn, say

GARAGE, SHED = "Garage miner", "Shed miner"
SWITCHES = {GARAGE: "switch.antminer_s19k_pro", SHED: "switch.antminer_s19"}

type Miners = dict[str, SimulatedMiner]
type Entries = dict[str, ConfigEntry[Any]]


@pytest.fixture
async def miners(start_miner: StartMiner) -> Miners:
    """Start two miners, which take changes over at once."""
    return {
        GARAGE: await start_miner("s19k_pro", timing=PROMPT),
        SHED: await start_miner("s19", timing=PROMPT),
    }


@pytest.fixture
async def entries(hass: HomeAssistant, miners: Miners, set_up: SetUp) -> Entries:
    """Set them up in two places, and learn to speak with them."""
    found: Entries = {}
    for name, miner in miners.items():
        found[name] = await set_up(miner)
        await call(hass, found[name], name, name.removesuffix(" miner"))
    await learn(hass)
    return found


def paused(miners: Miners) -> list[str]:
    """Return which miners a person has paused."""
    return [
        name
        for name, miner in miners.items()
        if Reason.USER in miner.machine.mining.reasons
    ]


def targets(response: IntentResponse) -> tuple[list[str], list[str]]:
    """Return which miners it went well with, and which not."""
    return (
        [target.name for target in response.success_results],
        [target.name for target in response.failed_results],
    )


@pytest.mark.usefixtures("entries")
async def test_miners_are_paused_and_resumed_by_name_area_or_all(
    hass: HomeAssistant, miners: Miners
) -> None:
    assert await hear(hass, "pause the garage miner") == "Pausing Garage miner."
    assert paused(miners) == [GARAGE]
    assert await hear(hass, "pause the miners in the shed") == "Pausing Shed miner."
    assert paused(miners) == [GARAGE, SHED]
    assert await hear(hass, "resume all miners") == "Resuming 2 miners."
    assert paused(miners) == []


@pytest.mark.usefixtures("entries")
async def test_the_switch_the_fans_and_the_sensors_need_no_sentences_of_ours(
    hass: HomeAssistant, miners: Miners
) -> None:
    assert await hear(hass, "turn off the garage miner") == "Turned off the switch"
    assert paused(miners) == [GARAGE]
    await hear(hass, "turn on the garage miner")
    assert paused(miners) == []
    await hear(hass, "set the garage miner cooling fans to sixty percent")
    assert miners[GARAGE].machine.saved.cooling.fan_ratio == 0.6
    expose(hass, "sensor.antminer_s19k_pro_power")
    answer = await hear(hass, "what is the garage miner power")
    assert re.fullmatch(r"Garage miner power is \d{4} W", answer)


@pytest.mark.usefixtures("entries")
async def test_a_power_target_is_given_in_watts_in_percent_or_as_more_and_less(
    hass: HomeAssistant, miners: Miners
) -> None:
    machine = miners[GARAGE]
    for sentence, watts, aloud in (
        ("set the garage miner to two thousand watts", 2000, "2,000 watts"),
        ("set the garage miner to 2,400 watts", 2400, "2,400 watts"),
        ("run the garage miner at 80 percent", 2208, "2,208 watts"),
        ("give the garage miner 192 watts more", 2400, "2,400 watts"),
        ("lower the power of the garage miner by 25 percent", 1800, "1,800 watts"),
        ("give the garage miner less power", 1620, "1,620 watts"),
        ("increase the power of the garage miner", 1782, "1,782 watts"),
        ("run the garage miner at full power", 2760, "2,760 watts"),
    ):
        said = await hear(hass, sentence)
        assert said == f"Garage miner now aims for {aloud}.", sentence
        assert power_of(machine) == watts


@pytest.mark.usefixtures("entries")
async def test_several_miners_are_answered_for_in_one_sentence(
    hass: HomeAssistant,
) -> None:
    said = await hear(hass, "set the power of all miners to 50 percent")
    assert said == "2 miners now aim for 3,005 watts together."


@pytest.mark.usefixtures("entries")
async def test_what_is_out_of_range_is_refused_in_plain_words(
    hass: HomeAssistant, miners: Miners
) -> None:
    before = power_of(miners[GARAGE])
    response = await say(hass, "set the garage miner to 100 watts")
    assert heard(response) == (
        "100 watts is not possible for Garage miner: it allows 771 watts to 6,435 "
        "watts."
    )
    assert response.error_code is IntentResponseErrorCode.FAILED_TO_HANDLE
    german = await hear(hass, "stelle den Garage miner auf 100 Watt", "de")
    assert german == (
        "100 Watt ist bei Garage miner nicht möglich: Erlaubt sind 771 Watt bis 6.435 "
        "Watt."
    )
    assert power_of(miners[GARAGE]) == before


async def test_one_that_fails_does_not_keep_the_others_from_it(
    hass: HomeAssistant, miners: Miners, entries: Entries
) -> None:
    await hass.config_entries.async_unload(entries[SHED].entry_id)
    response = await say(hass, "pause all miners")
    assert heard(response) == (
        "Pausing Garage miner. It failed for 1 of 2 miners. Shed miner is not set up "
        "at the moment. Its entry in the settings says why."
    )
    assert targets(response) == ([GARAGE], [SHED])
    assert paused(miners) == [GARAGE]


@pytest.mark.usefixtures("entries")
async def test_who_said_it_is_known_of_each_change(
    hass: HomeAssistant, hass_admin_user: User
) -> None:
    told = async_capture_events(hass, EVENT_CHANGED)
    context = Context(user_id=hass_admin_user.id)
    await say(hass, "pause all miners", context=context)
    assert [event.data["type"] for event in told] == ["pause", "pause"]
    assert {event.context.user_id for event in told} == {hass_admin_user.id}


@pytest.mark.usefixtures("entries")
async def test_nobody_has_miners_do_what_he_may_not(
    hass: HomeAssistant, miners: Miners, hass_read_only_user: User
) -> None:
    context = Context(user_id=hass_read_only_user.id)
    for sentence in "pause all miners", "run the garage miner at 80 percent":
        response = await say(hass, sentence, context=context)
        assert heard(response) == "You are not allowed to do that."
        assert response.error_code is IntentResponseErrorCode.FAILED_TO_HANDLE
    assert paused(miners) == []
    answer = await say(hass, "is the garage miner mining", context=context)
    assert heard(answer).startswith("Garage miner is mining.")


async def test_nobody_is_told_what_he_may_not_know(
    hass: HomeAssistant, entries: Entries
) -> None:
    assert entries
    stranger: Any = MockUser().add_to_hass(hass)
    stranger.mock_policy({})
    context = Context(user_id=stranger.id)
    response = await say(hass, "how hot is the garage miner", context=context)
    assert heard(response) == "You are not allowed to do that."


@pytest.mark.usefixtures("entries")
async def test_a_miner_that_is_not_exposed_is_not_spoken_to(
    hass: HomeAssistant, miners: Miners
) -> None:
    with hidden(hass, SWITCHES[GARAGE]):
        said = await hear(hass, "pause the garage miner")
        assert said == "Sorry, Garage miner is not exposed"
        assert await hear(hass, "pause all miners") == "Pausing Shed miner."
        assert paused(miners) == [SHED]
        assert await hear(hass, "how hot are the miners in the garage") == (
            "There is no miner there that voice assistants may know of."
        )
        with hidden(hass, SWITCHES[SHED]):
            response = await say(hass, "resume all miners")
            assert response.error_code is IntentResponseErrorCode.NO_VALID_TARGETS
    assert paused(miners) == [SHED]


async def test_without_miners_there_is_nothing_to_say(
    hass: HomeAssistant, add_fleet: Any
) -> None:
    await add_fleet()
    await learn(hass)
    said = await hear(hass, "how are the miners doing")
    assert said == "There is no miner there that voice assistants may know of."


@pytest.mark.usefixtures("entries")
async def test_a_miner_goes_by_each_name_of_its_switch(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    registry.async_update_entity(SWITCHES[GARAGE], aliases=["Big Bertha"])
    await hass.async_block_till_done()
    assert (await hear(hass, "is big bertha mining")).startswith("Garage miner is")


@pytest.mark.usefixtures("entries")
async def test_other_switches_are_none_of_our_business(hass: HomeAssistant) -> None:
    hass.states.async_set("switch.pump", "on", {"friendly_name": "Pump"})
    assert await hear(hass, "pause the pump") == (
        "Sorry, I am not aware of any device called Pump"
    )


async def test_the_miner_is_the_only_one_there_is_or_the_one_in_the_room(
    hass: HomeAssistant, miners: Miners, entries: Entries
) -> None:
    assert await hear(hass, "pause the miner") == (
        "Sorry, more than one device matched your request"
    )
    panel_entry = MockConfigEntry()
    panel_entry.add_to_hass(hass)
    devices = dr.async_get(hass)
    panel = devices.async_get_or_create(
        config_entry_id=panel_entry.entry_id, identifiers={("panel", "1")}
    )
    garage = ar.async_get(hass).async_get_area_by_name("Garage")
    assert garage
    devices.async_update_device(panel.id, area_id=garage.id)
    response = await say(hass, "pause the miner", device_id=panel.id)
    assert heard(response) == "Pausing Garage miner."
    assert paused(miners) == [GARAGE]

    await hass.config_entries.async_remove(entries[GARAGE].entry_id)
    await hass.async_block_till_done()
    assert await hear(hass, "pause the miner") == "Pausing Shed miner."


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    "slots",
    [
        {"name": " "},
        {"name": "all"},
        {"name": "all", "power": -100},
        {"name": "all", "power": 2000, "percent": 50},
        {"name": "all", "percent": 5000},
        {"name": "all", "of": "the moon"},
        {"name": "all", "power": 100, "direction": "sideways"},
    ],
)
async def test_nothing_is_done_that_makes_no_sense(
    hass: HomeAssistant, miners: Miners, slots: dict[str, Any]
) -> None:
    before = power_of(miners[GARAGE])
    given = {key: {"value": value} for key, value in slots.items()}
    with pytest.raises(intent.InvalidSlotInfo):
        await intent.async_handle(hass, "test", "BraiinsFleetSetPower", given)
    assert power_of(miners[GARAGE]) == before


async def test_a_target_that_a_miner_does_not_tell_is_not_made_up(
    hass: HomeAssistant, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = entries[GARAGE].runtime_data

    async def do(*_: Any) -> Changed:
        return Changed(2760, None)

    monkeypatch.setattr(coordinator.control, "do", do)
    assert await hear(hass, "set the garage miner to 2000 watts") == "Done."


@pytest.mark.usefixtures("entries")
async def test_less_than_nothing_is_out_of_range(
    hass: HomeAssistant, miners: Miners
) -> None:
    before = power_of(miners[GARAGE])
    said = await hear(hass, "lower the power of the garage miner by 150 percent")
    assert said.startswith("0 watts is not possible for Garage miner: it allows ")
    assert power_of(miners[GARAGE]) == before
