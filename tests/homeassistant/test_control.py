"""What becomes of a change, whatever goes wrong on its way."""

import asyncio
from typing import Any

import grpc
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import EVENT_CHANGED
from simulator import SimulatedMiner
from simulator.machine import Machine

from .conftest import SetUp, StartMiner
from .controlling import (
    MINER,
    act,
    be_impatient,
    be_patient,
    in_time,
    is_available,
    look,
    lose_next_answer,
    note_changes,
    said,
)
from .running import READINGS, PassingTime, listened_to, poll, until

POWER = f"number.{MINER}_power_target"
COOLING = f"select.{MINER}_cooling_mode"
SCALING = f"switch.{MINER}_performance_scaling"


async def aim(hass: HomeAssistant, watts: float) -> None:
    """Set the power target."""
    await act(hass, "number.set_value", POWER, value=watts)


def target(machine: Machine) -> float:
    """Return the power target that the machine has."""
    return machine.saved.tuner.power


async def fails(doing: Any) -> tuple[str | None, str | None]:
    """Return what is said of something that fails."""
    with pytest.raises(HomeAssistantError) as failure:
        await doing
    return said(failure.value)


async def test_a_slider_sends_its_first_value_and_its_last(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    changes = note_changes(still_miner)
    await asyncio.gather(*(aim(hass, 2000 + 10 * step) for step in range(10)))
    assert [change["tuner"].power for change in changes] == [2000, 2090]
    assert look(hass, POWER).state == "2090"


async def test_what_overtakes_a_figure_is_the_same_figure_only(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    changes = note_changes(still_miner)
    await asyncio.gather(
        aim(hass, 2000),
        act(hass, "number.set_value", f"number.{MINER}_hot_temperature", value=81),
        act(hass, "switch.turn_on", SCALING),
        aim(hass, 2100),
    )
    assert [set(change) for change in changes] == [
        {"tuner"},
        {"cooling"},
        {"dps"},
        {"tuner"},
    ]


async def test_two_changes_of_one_miner_take_turns_and_those_of_two_do_not(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner()
    other = await start_miner("s21")
    await set_up(miner)
    await set_up(other)
    miner.faults.hang()
    changes, others = note_changes(miner), note_changes(other)
    doing = [
        asyncio.create_task(aim(hass, 2000)),
        asyncio.create_task(act(hass, "switch.turn_on", SCALING)),
    ]
    await act(hass, "number.set_value", "number.antminer_s21_power_target", value=3000)
    assert len(others) == 1
    assert not changes
    # The second is not even under way.
    paths: list[str] = []
    exchange = miner_connection(hass).exchange

    async def note(requests: Any, **named: Any) -> Any:
        paths.append(requests[0][0].path.rpartition("/")[2])
        return await exchange(requests, **named)

    miner_connection(hass).exchange = note
    miner.faults.clear()
    await asyncio.gather(*doing)
    assert [set(change) for change in changes] == [{"tuner"}, {"dps"}]
    # In between, the first was read back.
    assert paths.index("SetDPS") > 0


def miner_connection(hass: HomeAssistant) -> Any:
    """Return how the first miner is connected."""
    first = hass.config_entries.async_loaded_entries("braiins_fleet")[0]
    return first.runtime_data.miner._connection


async def test_what_was_done_without_an_answer_is_a_success(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    told = async_capture_events(hass, EVENT_CHANGED)
    lose_next_answer(still_miner)
    await aim(hass, 2000)
    assert look(hass, POWER).state == "2000"
    assert [(event.data["before"], event.data["after"]) for event in told] == [
        (2760, 2000)
    ]


async def test_the_home_is_told_who_changed_what(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    told = async_capture_events(hass, EVENT_CHANGED)
    somebody = Context()
    await hass.services.async_call(
        "switch",
        "turn_on",
        {ATTR_ENTITY_ID: SCALING},
        blocking=True,
        context=somebody,
    )
    [event] = told
    assert event.context is somebody
    assert event.data == {
        "device_id": device.id,
        "entity_id": SCALING,
        "type": SCALING,
        "before": False,
        "after": True,
    }


async def test_of_a_pause_the_home_is_told_before_it_shows(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    told = async_capture_events(hass, EVENT_CHANGED)
    mining = f"switch.{MINER}"
    await act(hass, "switch.turn_off", mining)
    # The miner ramps down first.
    assert look(hass, mining).state == "on"
    assert [(event.data["before"], event.data["after"]) for event in told] == [
        (True, False)
    ]


async def test_what_was_not_done_without_an_answer_is_none(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    told = async_capture_events(hass, EVENT_CHANGED)
    still_miner.faults.fail("SetPowerTarget", code=grpc.StatusCode.DEADLINE_EXCEEDED)
    assert (await fails(aim(hass, 2000)))[0] == "command_unanswered"
    assert look(hass, POWER).state == "2760"
    assert not told


async def test_a_miner_that_hangs_is_given_up(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    be_impatient(entry, 0.05)
    still_miner.faults.hang()
    # What it was set to before is no proof that it is set to that now.
    key, _ = await fails(in_time(aim(hass, 2760), pass_time))
    assert key == "command_unanswered"
    still_miner.faults.clear()
    be_patient(entry)
    await poll(hass, entry)
    await aim(hass, 2000)
    assert look(hass, POWER).state == "2000"


async def test_a_connection_that_breaks_after_it_was_done_does_not_matter(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner()
    entry = await set_up(miner)
    await listened_to(entry)
    change = miner.machine.change

    def break_off(save: Any, **parts: Any) -> None:
        change(save, **parts)
        miner.faults.refuse()

    miner.machine.change = break_off  # type: ignore[method-assign]  # and then it is gone
    aiming = asyncio.create_task(aim(hass, 2000))
    await until(lambda: target(miner.machine) == 2000)
    await miner.settled()
    miner.faults.clear()
    await aiming
    assert look(hass, POWER).state == "2000"


async def test_a_miner_that_went_away_is_not_told_anything(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    await until(lambda: not entry.runtime_data.condition["listens_to_status"])
    assert is_available(hass, POWER)
    key, _ = await fails(in_time(aim(hass, 2000), pass_time))
    assert key == "nothing_answers"
    assert target(still_miner.machine) == 2760


async def test_another_miner_at_the_address_is_not_told_anything(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    await until(lambda: not entry.runtime_data.condition["listens_to_status"])
    still_miner.faults.wrong_identity()
    # Of its status it would hear at once, and then not even be asked to.
    still_miner.faults.fail("GetMinerStatus")
    still_miner.faults.clear("refuse")
    await still_miner.settled()
    await entry.runtime_data.miner.connected()
    assert is_available(hass, POWER)
    assert (await fails(aim(hass, 2000)))[0] == "another_miner"
    assert target(still_miner.machine) == 2760


async def test_an_unavailable_miner_is_told_nothing_and_nothing_breaks(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.fail(*READINGS, code=grpc.StatusCode.DEADLINE_EXCEEDED)
    for _ in range(3):
        await poll(hass, entry)
    assert not is_available(hass, POWER)
    await aim(hass, 2000)
    assert target(still_miner.machine) == 2760


@pytest.mark.parametrize(
    ("code", "kind", "key"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, ServiceValidationError, "command_refused"),
        (grpc.StatusCode.FAILED_PRECONDITION, HomeAssistantError, "command_not_now"),
        (grpc.StatusCode.ABORTED, HomeAssistantError, "command_not_now"),
        (grpc.StatusCode.INTERNAL, HomeAssistantError, "command_failed"),
        (grpc.StatusCode.UNIMPLEMENTED, HomeAssistantError, "command_unsupported"),
        (grpc.StatusCode.PERMISSION_DENIED, HomeAssistantError, "wrong_password"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, HomeAssistantError, "command_unanswered"),
        (grpc.StatusCode.UNAVAILABLE, HomeAssistantError, "nothing_answers"),
    ],
)
async def test_a_person_is_told_what_is_the_matter(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    code: grpc.StatusCode,
    kind: type[HomeAssistantError],
    key: str,
) -> None:
    await set_up(still_miner)
    still_miner.faults.fail("SetPowerTarget", code=code)
    with pytest.raises(HomeAssistantError) as failure:
        await aim(hass, 2000)
    assert type(failure.value) is kind
    assert said(failure.value) == (key, "simulated failure")
    # And has a sentence to read.
    assert "Antminer S19k Pro" in str(failure.value)
    assert look(hass, POWER).state == "2760"


async def test_a_password_that_is_wrong_by_now_is_asked_for(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.machine.accounts.password = "changed"
    still_miner.faults.lose_tokens()
    assert (await fails(aim(hass, 2000)))[0] == "wrong_password"
    await until(lambda: any(entry.async_get_active_flows(hass, {"reauth"})))


async def test_entities_stay_while_the_miner_takes_a_change_over(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await in_time(aim(hass, 2000), pass_time)
    # All at once it says nothing more, not even what it is set to.
    still_miner.faults.fail(*READINGS, code=grpc.StatusCode.UNAVAILABLE)
    await pass_time(25)
    still_miner.faults.clear()
    await pass_time(30)
    assert not [
        event.data["entity_id"]
        for event in events
        if event.data["new_state"].state == STATE_UNAVAILABLE
    ]
    assert look(hass, f"sensor.{MINER}_power").state != "2762"


async def test_entities_stay_while_the_miner_opens_its_port_anew(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    change = still_miner.machine.change

    def break_off(save: Any, **parts: Any) -> None:
        change(save, **parts)
        still_miner.faults.refuse()

    still_miner.machine.change = break_off  # type: ignore[method-assign]  # and then it is gone
    assert (await fails(in_time(aim(hass, 2000), pass_time)))[0] == "nothing_answers"
    still_miner.faults.clear()
    await still_miner.settled()
    await until(lambda: entry.runtime_data.condition["listens_to_status"])
    await pass_time(11)
    assert look(hass, POWER).state == "2000"
    assert not [
        event.data["entity_id"]
        for event in events
        if event.data["new_state"].state == STATE_UNAVAILABLE
    ]


async def test_what_the_miner_takes_over_late_is_shown_before_long(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    change = still_miner.machine.change
    late: list[Any] = []
    still_miner.machine.change = lambda save, **parts: late.append((save, parts))  # type: ignore[method-assign]  # not yet
    await aim(hass, 2000)
    assert look(hass, POWER).state == "2760"
    [(save, parts)] = late
    change(save, **parts)
    await pass_time(5)
    assert look(hass, POWER).state == "2000"


async def test_after_a_change_the_miner_is_followed_and_then_left_alone(
    pass_time: PassingTime,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(70)
    await aim(hass, 2000)
    power = f"sensor.{MINER}_power"
    await pass_time(6)
    assert int(look(hass, power).state) < 2700
    await pass_time(30)
    before = still_miner.calls
    await pass_time(20)
    # Two polls, and the tuner is at work.
    assert still_miner.calls - before <= 8


async def test_an_entry_can_be_unloaded_in_the_middle_of_a_change(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.hang()
    before = still_miner.calls
    aiming = asyncio.create_task(aim(hass, 2000))
    waiting = asyncio.create_task(act(hass, "switch.turn_on", SCALING))
    await until(lambda: still_miner.calls > before)
    assert await hass.config_entries.async_unload(entry.entry_id)
    for doing in (aiming, waiting):
        assert (await fails(doing))[0] == "nothing_answers"
    still_miner.faults.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    # What it came to, nobody knew.
    assert float(look(hass, POWER).state) == target(still_miner.machine)


async def test_whoever_gives_up_does_not_break_a_change_off(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.slow(0.1)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    before = still_miner.calls
    aiming = asyncio.create_task(aim(hass, 2000))
    await until(lambda: still_miner.calls > before)
    # As a script is that is started again.
    aiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await aiming
    assert target(still_miner.machine) == 2000
    assert look(hass, POWER).state == "2000"
    still_miner.faults.clear()
    await poll(hass, entry)
    await aim(hass, 2100)
    assert look(hass, POWER).state == "2100"
    assert STATE_UNAVAILABLE not in {event.data["new_state"].state for event in events}


async def test_whoever_gives_up_is_not_told_what_became_of_it(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    still_miner.faults.slow(0.1)
    still_miner.faults.fail("SetPowerTarget", code=grpc.StatusCode.INVALID_ARGUMENT)
    before = still_miner.calls
    aiming = asyncio.create_task(aim(hass, 2000))
    await until(lambda: still_miner.calls > before)
    aiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await aiming
    assert "never retrieved" not in caplog.text


async def test_several_entities_are_told_at_once(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    boards = [f"switch.{MINER}_{name}" for name in ("locate_light", "scaling_shutdown")]
    await hass.services.async_call(
        "switch", "turn_on", {ATTR_ENTITY_ID: boards}, blocking=True
    )
    assert still_miner.machine.locating
    assert still_miner.machine.saved.dps.shutdown


async def test_pools_and_the_password_survive_all_kinds_of_changes(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    machine = still_miner.machine
    await set_up(still_miner)
    groups, password = machine.saved.groups, machine.accounts.password
    await aim(hass, 2000)
    for action, entity_id, fields in (
        ("number.set_value", f"number.{MINER}_hot_temperature", {"value": 81}),
        (
            "select.select_option",
            f"select.{MINER}_cooling_mode",
            {"option": "immersion"},
        ),
        ("select.select_option", f"select.{MINER}_tuning_mode", {"option": "manual"}),
        ("switch.turn_on", SCALING, {}),
        ("switch.turn_off", f"switch.{MINER}", {}),
    ):
        await act(hass, action, entity_id, **fields)
    assert machine.saved.groups == machine.running.groups == groups
    assert [pool.password for pool in machine.saved.groups[0].pools] == ["x", "x"]
    assert machine.accounts.password == password
