"""What a miner is told to do or not to do."""

from collections.abc import Callable
from dataclasses import replace

import grpc
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.switch import SWITCHES
from simulator import SimulatedMiner, Timing
from simulator.license import LicenseState
from simulator.machine import Machine
from simulator.mining import Status

from .conftest import SetUp, StartMiner
from .controlling import (
    MINER,
    act,
    in_time,
    is_available,
    keys,
    look,
    lose_next_answer,
    said,
)
from .running import PassingTime, listened_to, poll, until

MINING = f"switch.{MINER}"

SETTINGS: dict[str, Callable[[Machine], bool]] = {
    "performance_scaling": lambda machine: machine.saved.dps.enabled,
    "scaling_shutdown": lambda machine: machine.saved.dps.shutdown,
    "locate_light": lambda machine: machine.locating,
    "automatic_upgrade": lambda machine: machine.upgrades.auto,
}


def status(miner: SimulatedMiner) -> Status:
    """Return what the miner is doing."""
    return miner.machine.status


async def turn(hass: HomeAssistant, entity_id: str, *, on: bool) -> None:
    """Turn something on or off."""
    await act(hass, f"switch.turn_{'on' if on else 'off'}", entity_id)


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_switch_is_on_when_the_miner_says_so(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, name: str
) -> None:
    await set_up(still_miner)
    entity_id, is_on = f"switch.{MINER}_{name}", SETTINGS[name]
    before = still_miner.machine.saved
    for on in (not is_on(still_miner.machine), is_on(still_miner.machine)):
        await turn(hass, entity_id, on=on)
        assert is_on(still_miner.machine) is on
        assert look(hass, entity_id).state == (STATE_ON if on else STATE_OFF)
    assert still_miner.machine.saved == before


def test_every_switch_is_tried() -> None:
    assert len(SWITCHES) == len(SETTINGS) + 2


async def test_a_board_is_switched_and_the_others_are_not(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(timing=Timing(reconfigure_s=0))
    await set_up(miner)
    boards = [f"switch.{MINER}_board_{number}" for number in (1, 2, 3)]
    before = miner.machine.saved
    await turn(hass, boards[1], on=False)
    assert miner.machine.saved == replace(before, disabled_boards=frozenset("2"))
    assert [look(hass, each).state for each in boards] == [
        STATE_ON,
        STATE_OFF,
        STATE_ON,
    ]
    await turn(hass, boards[1], on=True)
    assert miner.machine.saved == before
    assert look(hass, boards[1]).state == STATE_ON


async def test_a_board_is_not_told_off_before_the_miner_says_so(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    board = f"switch.{MINER}_board_3"
    busy = still_miner.machine.moment
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    # For two seconds it only says that it is busy.
    await in_time(turn(hass, board, on=False), pass_time)
    assert still_miner.machine.moment > busy + 2
    assert [
        event.data["new_state"].state
        for event in events
        if event.data["entity_id"] == board
    ] == [STATE_OFF]
    assert look(hass, board).state == STATE_OFF


async def test_a_miner_without_boards_has_no_switches_for_them(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("bmm_101"))
    assert keys(hass, entry, "switch") == {
        "mining",
        "dps",
        "dps_shutdown",
        "locate",
        "auto_upgrade",
    }


@pytest.mark.parametrize("minor", range(12))
async def test_switches_are_there_since_the_firmware_has_them(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, minor: int
) -> None:
    miner = await start_miner(api=minor)
    entry = await set_up(miner)
    boards = {f"board:{number}_board_enabled" for number in (1, 2, 3)}
    assert keys(hass, entry, "switch") == (
        {"mining", "dps", "dps_shutdown", "locate", *boards}
        | ({"auto_upgrade"} if minor >= 8 else set())
    )
    await turn(hass, f"switch.{MINER}_performance_scaling", on=True)
    assert miner.machine.saved.dps.enabled


async def test_mining_goes_off_when_the_miner_has_paused_and_not_before(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await turn(hass, MINING, on=False)
    assert status(still_miner) is Status.NORMAL
    assert look(hass, MINING).state == STATE_ON
    await pass_time(21)
    assert status(still_miner) is Status.PAUSED
    assert look(hass, MINING).state == STATE_OFF
    await turn(hass, MINING, on=True)
    await until(lambda: look(hass, MINING).state == STATE_ON)
    assert status(still_miner) is Status.NORMAL


async def test_mining_is_paused_and_not_stopped(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    await turn(hass, MINING, on=False)
    await pass_time(60)
    assert still_miner.machine.mining.running


async def test_mining_that_was_stopped_is_started(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.machine.mining.stop()
    still_miner.machine.tell_status()
    await until(lambda: look(hass, MINING).state == STATE_OFF)
    await turn(hass, MINING, on=True)
    # It starts already, so to ask again does no harm.
    await turn(hass, MINING, on=True)
    await pass_time(21)
    assert status(still_miner) is Status.NORMAL
    assert look(hass, MINING).state == STATE_ON


async def test_without_software_there_is_nothing_to_pause(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    still_miner.machine.mining.stop()
    with pytest.raises(HomeAssistantError) as refusal:
        await turn(hass, MINING, on=False)
    assert said(refusal.value) == (
        "command_not_now",
        "the mining software is not running",
    )


@pytest.mark.parametrize("on", [True, False])
async def test_a_pause_of_which_the_answer_was_lost_is_asked_for_again(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    on: bool,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    if on:
        await turn(hass, MINING, on=False)
        await pass_time(21)
    lose_next_answer(still_miner)
    await turn(hass, MINING, on=on)
    await pass_time(30)
    assert look(hass, MINING).state == (STATE_ON if on else STATE_OFF)


async def test_a_pause_that_is_never_answered_is_no_success(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    still_miner.faults.fail("PauseMining", code=grpc.StatusCode.DEADLINE_EXCEEDED)
    with pytest.raises(HomeAssistantError) as failure:
        await turn(hass, MINING, on=False)
    assert said(failure.value)[0] == "command_unanswered"
    assert look(hass, MINING).state == STATE_ON


async def test_a_miner_that_its_licence_holds_back_is_not_mining(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.machine.license.become(LicenseState.EXPIRED)
    await pass_time(30)
    assert status(still_miner) is Status.RESTRICTED
    assert look(hass, MINING).state == STATE_OFF


async def test_nobody_says_whether_a_miner_mines_that_does_not_tell(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    monkeypatch.setattr("simulator.mining.Status.NORMAL._value_", 0)
    await set_up(still_miner)
    assert look(hass, MINING).state == STATE_UNAVAILABLE


async def test_a_switch_is_unavailable_while_nobody_knows_what_it_is_set_to(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.fail("GetMinerConfiguration")
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    scaling = f"switch.{MINER}_performance_scaling"
    assert is_available(hass, scaling)
    await pass_time(75)
    assert look(hass, scaling).state == STATE_UNAVAILABLE
    assert is_available(hass, MINING)
