"""How a miner is listened to, and what breaks between it and Home Assistant."""

import asyncio
from functools import partial
import socket
from typing import Any

import grpc
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest

from custom_components.braiins_fleet.asic import Miner
from simulator import FakeClock, SimulatedMiner
from simulator.mining import Reason

from .conftest import MakeEntry, SetUp, StartMiner
from .running import (
    PassingTime,
    fall_silent,
    listened_to,
    poll,
    polls_end,
    shown,
    until,
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer less long."""
    monkeypatch.setattr(
        "custom_components.braiins_fleet.Miner", partial(Miner, read_timeout=0.3)
    )


def pause(miner: SimulatedMiner) -> None:
    """Let a miner pause, for which it takes half a minute of its time."""
    assert isinstance(miner.clock, FakeClock)
    miner.machine.mining.pause(Reason.USER)
    miner.clock.advance(30)


async def test_a_change_of_the_status_is_heard_and_looked_at_at_once(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    assert shown(hass, "status") == "normal"
    pause(still_miner)
    await until(lambda: shown(hass, "status") == "paused")
    await until(lambda: shown(hass, "power") == "9")


async def test_a_change_during_a_poll_is_looked_at_after_it(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    coordinator = entry.runtime_data
    # What this poll reads was true, but is so no more when it has it all.
    still_miner.faults.slow(0.2)
    before = still_miner.calls
    coordinator.poll()
    await until(lambda: still_miner.calls > before)
    still_miner.machine.mining.pause(Reason.USER)
    pause(still_miner)
    await until(lambda: shown(hass, "status") == "paused")
    still_miner.faults.clear()
    before = still_miner.calls
    await polls_end(hass)
    await until(lambda: still_miner.calls > before)
    await polls_end(hass)
    assert shown(hass, "power") == "9"


async def test_what_is_heard_while_nothing_can_be_read_is_shown_once_it_can(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)
    pause(still_miner)
    before = still_miner.calls
    await until(lambda: still_miner.calls > before)
    await polls_end(hass)
    still_miner.faults.clear()
    await poll(hass, entry)
    assert entry.runtime_data.condition["listens_to_status"]
    assert shown(hass, "status") == "paused"


async def test_without_a_stream_the_status_is_read_with_each_poll(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    still_miner.faults.fail("GetMinerStatus")
    entry = await set_up(still_miner)
    await pass_time(10)
    assert shown(hass, "status") == "normal"
    pause(still_miner)
    await pass_time(10)
    assert shown(hass, "status") == "paused"
    assert not entry.runtime_data.condition["listens_to_status"]

    # It is tried again now and then.
    still_miner.faults.clear()
    await pass_time(70)
    await listened_to(entry)


async def test_a_stream_that_is_denied_for_once_is_tried_again(
    *,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    still_miner.faults.fail("GetMinerStatus", code=grpc.StatusCode.PERMISSION_DENIED)
    entry = await set_up(still_miner)
    await pass_time(30)
    still_miner.faults.clear()
    await pass_time(70)
    await listened_to(entry)


@pytest.mark.usefixtures("impatient")
async def test_a_miner_that_hangs_is_unavailable_and_comes_back(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.hang()
    for _ in range(3):
        assert shown(hass, "status") == "normal"
        await poll(hass, entry)
    assert shown(hass, "status") == STATE_UNAVAILABLE
    still_miner.faults.clear()
    await poll(hass, entry)
    assert shown(hass, "status") == "normal"


@pytest.mark.usefixtures("impatient")
async def test_a_miner_that_hangs_holds_nobody_else_up(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    hangs, healthy = await start_miner(), await start_miner("s21")
    hanging = await set_up(hangs)
    await set_up(healthy)
    hangs.faults.hang()
    hanging.runtime_data.poll()
    before = healthy.calls
    pass_time.jump(10)
    await until(lambda: healthy.calls > before)
    assert hanging.runtime_data._polling
    await polls_end(hass)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["garbage", "half_open"])
async def test_a_miner_that_talks_nonsense_or_not_at_all_is_unavailable(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, fault: str
) -> None:
    entry = await set_up(still_miner)
    getattr(still_miner.faults, fault)()
    for _ in range(3):
        await poll(hass, entry)
    assert shown(hass, "status") == STATE_UNAVAILABLE
    still_miner.faults.clear()
    while shown(hass, "status") == STATE_UNAVAILABLE:
        await poll(hass, entry)
    assert shown(hass, "status") == "normal"


async def test_the_return_of_a_miner_is_noticed_soon(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)
    assert shown(hass, "status") == STATE_UNAVAILABLE

    still_miner.faults.clear()
    await still_miner.settled()
    async with asyncio.timeout(6):
        await until(lambda: shown(hass, "status") == "normal")


async def test_a_reboot_in_the_middle_of_a_poll_is_survived(
    *,
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    uptime = shown(hass, "uptime")
    still_miner.faults.slow(0.5)
    before = still_miner.calls
    entry.runtime_data.poll()
    await until(lambda: still_miner.calls > before)
    still_miner.faults.reboot(90)
    await still_miner.settled()
    await polls_end(hass)
    assert shown(hass, "status") == "normal"
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)
    assert shown(hass, "power") == STATE_UNAVAILABLE

    still_miner.faults.clear()
    clock.advance(90)
    await still_miner.settled()
    # It is there, though it does not mine yet.
    await until(lambda: shown(hass, "status") == "not_started")
    assert shown(hass, "power") == STATE_UNKNOWN
    clock.advance(30)
    await until(lambda: shown(hass, "status") == "normal")
    await polls_end(hass)
    assert shown(hass, "power") not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    assert shown(hass, "uptime") != uptime


async def test_a_name_that_leads_elsewhere_by_then_is_followed(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo
    leads_to = still_miner.host

    def lead(host: Any, *arguments: Any, **named: Any) -> Any:
        host = leads_to if host == "miner.lan" else host
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lead)
    entry = await set_up(still_miner, host="miner.lan")
    await listened_to(entry)
    still_miner.machine.move("127.0.0.2")
    await still_miner.settled()
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)
    await pass_time(30)
    assert shown(hass, "status") == STATE_UNAVAILABLE

    leads_to = "127.0.0.2"
    await pass_time(60)
    assert shown(hass, "status") == "normal"


async def test_a_miner_that_is_away_is_not_asked_all_the_time(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)
    polls: list[None] = []
    entry.runtime_data._farm.async_on_change(lambda: polls.append(None))
    await pass_time(300, step=5)
    assert len(polls) == 5


async def test_unloading_does_not_wait_for_a_poll_that_hangs(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.hang()
    before = still_miner.calls
    entry.runtime_data.poll()
    await until(lambda: still_miner.calls > before)
    async with asyncio.timeout(2):
        assert await hass.config_entries.async_unload(entry.entry_id)
    # Nor is anything left behind, which is seen to after each test.
    assert not entry._background_tasks


async def test_a_miner_that_hangs_as_it_is_set_up_can_be_given_up(
    hass: HomeAssistant, still_miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(still_miner)
    still_miner.faults.hang()
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: still_miner.calls > 0)
    setting_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await setting_up
