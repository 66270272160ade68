"""How often a miner is asked that fails again and again, and who is told of that."""

from itertools import pairwise

import grpc
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from simulator import FakeClock, SimulatedMiner
from simulator.mining import Reason

from .actions import ask
from .conftest import SetUp
from .repairing import told
from .running import (
    READINGS,
    PassingTime,
    fall_silent,
    listened_to,
    poll,
    polls_end,
    shown,
    until,
)


def note_polls(hass: HomeAssistant, entry: ConfigEntry) -> list[float]:
    """Return a list to which the time of each poll is added."""
    noted: list[float] = []
    entry.runtime_data._farm.async_on_change(lambda: noted.append(hass.loop.time()))
    return noted


async def fail_for_long(pass_time: PassingTime) -> None:
    """Let so much time pass that a miner that fails is asked but rarely."""
    await pass_time(480, step=5)


async def test_a_miner_that_fails_again_and_again_is_asked_less_and_less(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    polls = note_polls(hass, entry)
    fall_silent(still_miner)
    await pass_time(60, step=5)
    assert len(polls) >= 6
    await pass_time(900, step=5)
    waits = [round(b - a, -1) for a, b in pairwise(polls)]
    assert waits[0] == 10 < waits[len(waits) // 2] < waits[-1] == 60
    # At full cadence it would have been 96.
    assert len(polls) < 35
    assert entry.runtime_data.condition["asked_every"] == 60


async def test_a_miner_that_answers_again_is_asked_as_ever(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    await fail_for_long(pass_time)
    assert shown(hass, "status") == STATE_UNAVAILABLE
    still_miner.faults.clear()
    await pass_time(60, step=5)
    assert shown(hass, "status") == "normal"
    assert entry.runtime_data.condition["asked_every"] == 10
    polls = note_polls(hass, entry)
    await pass_time(60.5, step=0.5)
    assert len(polls) >= 6


async def test_a_status_that_changes_has_a_failing_miner_asked_at_once(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    await fail_for_long(pass_time)
    still_miner.faults.clear()
    still_miner.machine.mining.pause(Reason.USER)
    clock.advance(30)
    await until(lambda: shown(hass, "status") == "paused")


async def test_whoever_wants_something_of_a_failing_miner_has_it_asked_at_once(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    await fail_for_long(pass_time)
    [answer] = await ask(hass, "set_power_target", entry, power=2000)
    assert not answer["ok"]
    still_miner.faults.clear()
    [answer] = await ask(hass, "set_power_target", entry, power=2000)
    assert (answer["ok"], answer["after"]) == (True, 2000)


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.FAILED_PRECONDITION]
)
async def test_what_cannot_be_listened_to_is_not_asked_more_often_for_that(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    code: grpc.StatusCode,
) -> None:
    still_miner.faults.fail("GetMinerStatus")
    entry = await set_up(still_miner)
    still_miner.faults.fail(*READINGS, code=code)
    await fail_for_long(pass_time)
    polls = note_polls(hass, entry)
    await pass_time(600, step=5)
    # Asked by the clock and by what would listen, that is twice a minute.
    assert len(polls) < 30


@pytest.mark.parametrize("interval", [60, 300])
async def test_a_miner_that_is_polled_rarely_is_never_asked_more_rarely_than_that(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    interval: int,
) -> None:
    entry = await set_up(still_miner, options={"poll_interval": interval})
    await listened_to(entry)
    fall_silent(still_miner)
    await pass_time(6 * interval + 600, step=10)
    assert shown(hass, "status") == STATE_UNAVAILABLE
    polls = note_polls(hass, entry)
    await pass_time(4 * interval + 5, step=5)
    assert 3 <= len(polls) <= 5
    still_miner.faults.clear()
    await pass_time(interval + 5, step=5)
    assert shown(hass, "status") == "normal"


async def test_a_person_is_told_of_a_miner_that_fails_until_it_answers(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    await pass_time(300, step=5)
    assert told(hass, entry) == {}
    await pass_time(600, step=5)
    [(about, text)] = told(hass, entry).items()
    assert about == "failing"
    assert text.startswith(
        "Antminer S19k Pro fails again and again\n\n"
        f"Antminer S19k Pro can be reached at {still_miner.host}, but has not given "
        "a proper answer for six minutes or longer."
    )
    assert caplog.text.count("Antminer S19k Pro fails again and again") == 1

    still_miner.faults.clear()
    await poll(hass, entry)
    assert told(hass, entry) == {}


async def test_that_a_miner_is_off_is_no_fault_of_it(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    fall_silent(still_miner)
    await fail_for_long(pass_time)
    assert "failing" in told(hass, entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    await until(lambda: not entry.runtime_data.condition["listens_to_status"])
    await polls_end(hass)
    await poll(hass, entry)
    assert told(hass, entry) == {}
