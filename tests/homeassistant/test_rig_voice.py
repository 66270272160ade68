"""Speaking with rigs: what they do then, and what is said to that."""

from homeassistant.auth.models import User
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.intent import IntentResponseErrorCode
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED
from simulator import SimulatedMiner
from simulator.mining import Reason

from .actions import power_of
from .conftest import SetUp
from .rig_orders import (
    BY,
    OFTEN,
    commands_end,
    keep_profile,
    keep_sheet,
    put_in,
    told,
    while_living,
)
from .rigging import Rigged, Yard
from .speaking import call, hear, heard, hidden, learn, say

ATTIC, SHED = "Attic rig", "Shed rig"

pytestmark = pytest.mark.usefixtures("_learned")


@pytest.fixture
async def _learned(hass: HomeAssistant) -> None:
    """Listen before rigs are let in, as the house cannot be added to after that."""
    await learn(hass)


@pytest.fixture
async def attic(yard: Yard) -> Rigged:
    """Have a rig that mines, though nobody said what."""
    return await yard.start("rtx3080", name=ATTIC, habits=OFTEN)


async def tell(yard: Yard, sentence: str, language: str = "en") -> str:
    """Say a sentence, wait until all is done, and return what was said to that."""
    answer = await while_living(yard, hear(yard.hass, sentence, language))
    for rig in yard.rigs:
        await commands_end(rig)
    return answer


def sheet_of(rig: Rigged) -> str | None:
    """Return the name of the flight sheet that is assigned."""
    sheet = rig.coordinator.control.sheet
    return sheet.title if sheet else None


async def test_home_assistant_itself_switches_a_rig_by_its_name(
    yard: Yard, attic: Rigged
) -> None:
    attic.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    assert await tell(yard, "turn off the attic rig") == "Turned off the switch"
    assert told(attic)[-1] == "stop_miner"
    assert await tell(yard, "turn on the attic rig") == "Turned on the switch"
    assert told(attic)[-1] == "start_miner"


async def test_the_switch_of_a_rig_from_before_keeps_its_id(yard: Yard) -> None:
    rig_id, token = await yard.add(ATTIC)
    registry = er.async_get(yard.hass)
    known_as = f"{rig_id}_rig_mining_on"
    fresh = registry.async_get_entity_id(Platform.SWITCH, DOMAIN, known_as)
    assert fresh == "switch.attic_rig"
    registry.async_update_entity(fresh, new_entity_id="switch.attic_rig_mining")
    await yard.hass.config_entries.async_reload(yard.entry.entry_id)
    await yard.simulate(token)
    await yard.hass.async_block_till_done()
    kept = registry.async_get_entity_id(Platform.SWITCH, DOMAIN, known_as)
    assert kept == "switch.attic_rig_mining"
    state = yard.hass.states.get(kept)
    assert state is not None
    assert state.name == ATTIC


async def test_a_rig_is_stopped_started_and_restarted(
    yard: Yard, attic: Rigged
) -> None:
    for sentence, answer, command in (
        ("stop the attic rig", "Pausing Attic rig.", "stop_miner"),
        ("start the attic rig", "Resuming Attic rig.", "restart_miner"),
        (
            "restart the attic rig",
            "Restarting the mining software of Attic rig.",
            "restart_miner",
        ),
        ("reboot the attic rig", "Rebooting Attic rig.", "reboot"),
    ):
        assert await tell(yard, sentence) == answer
        assert told(attic)[-1] == command


async def test_everything_in_an_area_is_paused_and_goes_on(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    shed = await yard.start("rtx3080", name=SHED)
    for rig in attic, shed:
        put_in(yard, rig, "Garage")
    await call(yard.hass, await set_up(miner), "Garage miner", "Garage")
    pausing = "Pausing Garage miner. Pausing 2 rigs."
    assert await tell(yard, "pause everything in the garage") == pausing
    assert Reason.USER in miner.machine.mining.reasons
    assert attic.machine.processes == shed.machine.processes == []
    assert await tell(yard, "resume the miners in the garage") == (
        "Resuming Garage miner."
    )
    assert await tell(yard, "turn on all rigs") == "Resuming 2 rigs."
    assert len(attic.machine.processes) == len(shed.machine.processes) == 1
    await tell(yard, "pause the garage miners")
    assert Reason.USER in miner.machine.mining.reasons
    assert len(attic.machine.processes) == len(shed.machine.processes) == 1


async def test_miners_are_restarted_as_well(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await call(yard.hass, await set_up(miner), "Garage miner", "Garage")
    assert await tell(yard, "restart my fleet") == (
        "Restarting the mining software of Garage miner. "
        "Restarting the mining software of Attic rig."
    )
    assert told(attic) == ["restart_miner"]
    assert await tell(yard, "reboot the garage miner") == "Rebooting Garage miner."
    assert told(attic) == ["restart_miner"]


async def test_nobody_waits_for_what_takes_a_rig_long(
    yard: Yard, attic: Rigged
) -> None:
    keep_sheet(yard)
    attic.simulated.faults.slow(8)
    answer = await while_living(
        yard, hear(yard.hass, "put the attic rig on the raven flight sheet")
    )
    assert answer == "Attic rig goes over to the flight sheet Raven."
    assert sheet_of(attic) is None
    # It goes on, though whoever spoke is gone.
    await commands_end(attic)
    assert told(attic)[-1] == "start_miner"
    assert sheet_of(attic) == "Raven"


async def test_what_is_said_last_counts(yard: Yard, attic: Rigged) -> None:
    attic.simulated.faults.slow(8)
    for sentence in "stop the attic rig", "start the attic rig":
        await while_living(yard, hear(yard.hass, sentence))
    await commands_end(attic)
    assert told(attic) == ["stop_miner", "restart_miner"]
    assert len(attic.machine.processes) == 1


async def test_flight_sheets_and_profiles_go_by_what_is_heard(
    yard: Yard, attic: Rigged
) -> None:
    keep_sheet(yard, "Raven-Coin 2")
    keep_profile(yard, "Night (quiet)")
    keep_profile(yard, "Day")
    control = attic.coordinator.control
    assert await tell(yard, "mine ravencoin 2 with all rigs") == (
        "Attic rig goes over to the flight sheet Raven-Coin 2."
    )
    assert sheet_of(attic) == "Raven-Coin 2"
    assert await tell(yard, "use the night overclock on the attic rig") == (
        "Attic rig gets the overclock profile Night (quiet)."
    )
    assert control.cards.profile is not None
    assert control.cards.profile.title == "Night (quiet)"
    german = await tell(yard, "nimm das Profil Day für das Attic rig", "de")
    assert german == "Attic rig bekommt das Übertaktungsprofil Day."
    assert control.cards.profile.title == "Day"


async def test_what_is_not_there_is_answered_with_what_is(
    yard: Yard, attic: Rigged
) -> None:
    put_it = "put the attic rig on the {} flight sheet"
    assert await tell(yard, put_it.format("ergo")) == (
        "There is no flight sheet called ergo, nor any other. Add one in the entry of "
        "the mining fleet."
    )
    keep_sheet(yard, "Raven A")
    keep_sheet(yard, "Raven B")
    assert await tell(yard, put_it.format("ergo")) == (
        "There is no flight sheet called ergo. There are: Raven A, Raven B."
    )
    assert await tell(yard, put_it.format("raven")) == (
        "Several flight sheets could be meant by raven: Raven A, Raven B. Say the "
        "whole name."
    )
    assert told(attic) == []


async def test_what_does_not_apply_is_said(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await call(yard.hass, await set_up(miner), "Garage miner", "Garage")
    keep_sheet(yard)
    assert await tell(yard, "set the attic rig to 200 watts") == (
        "Attic rig is a GPU rig and has no power target. Give it an overclock profile "
        "that draws less or more."
    )
    assert await tell(yard, "put the garage miner on the raven flight sheet") == (
        "Garage miner is not a GPU rig. Flight sheets and overclock profiles are only "
        "for those."
    )
    before = power_of(miner)
    both = await tell(yard, "run my fleet at 80 percent")
    assert both.startswith("Garage miner now aims for ")
    assert "Attic rig is a GPU rig and has no power target." in both
    assert power_of(miner) < before
    assert told(attic) == []


async def test_a_rig_that_is_away_is_told_nothing(yard: Yard, attic: Rigged) -> None:
    shed = await yard.start("rtx3080", name=SHED)
    keep_sheet(yard)
    keep_profile(yard)
    await attic.leave()
    away = (
        "Attic rig is not connected. Nothing was sent to it, and nothing is kept for "
        "later."
    )
    for sentence in (
        "pause the attic rig",
        "reboot the attic rig",
        "put the attic rig on the raven flight sheet",
        "use the quiet overclock on the attic rig",
    ):
        response = await while_living(yard, say(yard.hass, sentence))
        assert heard(response) == away
        assert response.error_code is IntentResponseErrorCode.FAILED_TO_HANDLE
    answer = await tell(yard, "pause all rigs")
    assert answer == f"Pausing Shed rig. It failed for 1 of 2 rigs. {away}"
    assert shed.machine.processes == []


async def test_a_rig_without_a_flight_sheet_is_not_started(
    yard: Yard, attic: Rigged
) -> None:
    assert await tell(yard, "pause the attic rig") == "Pausing Attic rig."
    attic.machine.saved = None
    assert "The agent of Attic rig has not started anything" in await tell(
        yard, "start the attic rig"
    )


async def test_two_rigs_of_one_name_are_not_guessed_at(
    yard: Yard, attic: Rigged
) -> None:
    second = await yard.start("rtx3080", name="Shed")
    device_id = dr.async_get_device_id_by_identifier(
        yard.hass, (DOMAIN, second.rig_id), config_entry_id=yard.entry.entry_id
    )
    dr.async_get(yard.hass).async_update_device(device_id, name_by_user="Attic Rig")
    await yard.hass.async_block_till_done()
    answer = await tell(yard, "pause the attic rig")
    assert answer.casefold() == "sorry, there are multiple devices called attic rig"
    assert told(attic) == told(second) == []


async def test_the_rig_is_the_only_one_there_is(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await call(yard.hass, await set_up(miner), "Garage miner", "Garage")
    assert await tell(yard, "pause the rig") == "Pausing Attic rig."
    assert attic.machine.processes == []
    await yard.start("rtx3080", name=SHED)
    assert await tell(yard, "pause the rig") == (
        "Sorry, more than one device matched your request"
    )


async def test_nobody_has_rigs_do_what_he_may_not(
    yard: Yard, attic: Rigged, hass_read_only_user: User
) -> None:
    keep_sheet(yard)
    context = Context(user_id=hass_read_only_user.id)
    for sentence in (
        "pause all rigs",
        "reboot the attic rig",
        "mine raven with the attic rig",
        # Nor does he learn what there is.
        "mine gold with the attic rig",
    ):
        response = await say(yard.hass, sentence, context=context)
        assert heard(response) == "You are not allowed to do that."
        assert response.error_code is IntentResponseErrorCode.FAILED_TO_HANDLE
    assert told(attic) == []
    answer = await say(yard.hass, "is the attic rig mining", context=context)
    assert heard(answer).startswith("Attic rig is mining.")


async def test_who_said_it_is_known_of_what_rigs_did(
    yard: Yard, attic: Rigged, hass_admin_user: User
) -> None:
    told_of = async_capture_events(yard.hass, EVENT_CHANGED)
    context = Context(user_id=hass_admin_user.id)
    await while_living(yard, say(yard.hass, "pause all rigs", context=context))
    await commands_end(attic)
    [event] = told_of
    assert event.data["type"] == "pause"
    assert event.data["entity_id"] == "switch.attic_rig"
    assert event.context.user_id == hass_admin_user.id


async def test_a_rig_that_is_not_exposed_is_not_spoken_to(
    yard: Yard, attic: Rigged
) -> None:
    with hidden(yard.hass, "switch.attic_rig"):
        assert await tell(yard, "pause the attic rig") == (
            "Sorry, Attic rig is not exposed"
        )
        assert await tell(yard, "pause all rigs") == (
            "There is no GPU rig there that voice assistants may know of."
        )
    assert told(attic) == []
