"""What becomes of a miner's entities when it does not answer as it should."""

import logging

import grpc
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import (
    CONF_POLL_INTERVAL,
    CONF_TOLERATED_MISSES,
)
from simulator import SimulatedMiner

from .conftest import SetUp
from .running import (
    READINGS,
    PassingTime,
    fall_silent,
    listened_to,
    poll,
    polls_end,
    shown,
)

POWER = "sensor.antminer_s19k_pro_power"


async def test_a_single_missed_poll_changes_nothing(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await poll(hass, entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    fall_silent(still_miner)
    await poll(hass, entry)
    still_miner.faults.clear()
    await poll(hass, entry)
    of_the_miner = [
        change for change in changes if "antminer" in change.data["entity_id"]
    ]
    assert not of_the_miner


async def test_after_three_missed_polls_a_miner_is_unavailable(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    before = shown(hass, "power")
    fall_silent(still_miner)
    for _ in range(2):
        await poll(hass, entry)
        assert shown(hass, "power") == before
    await poll(hass, entry)
    assert {
        state.state
        for state in hass.states.async_all("sensor")
        if "antminer" in state.entity_id
    } == {STATE_UNAVAILABLE}

    still_miner.faults.clear()
    await poll(hass, entry)
    assert shown(hass, "power") == before


async def test_misses_count_only_in_a_row(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    before = shown(hass, "power")
    for _ in range(3):
        fall_silent(still_miner)
        await poll(hass, entry)
        await poll(hass, entry)
        still_miner.faults.clear()
        await poll(hass, entry)
    assert shown(hass, "power") == before


@pytest.mark.parametrize("tolerated", [1, 5])
async def test_how_many_misses_are_tolerated_is_an_option(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, tolerated: int
) -> None:
    entry = await set_up(still_miner, options={CONF_TOLERATED_MISSES: tolerated})
    before = shown(hass, "power")
    fall_silent(still_miner)
    for _ in range(tolerated - 1):
        await poll(hass, entry)
        assert shown(hass, "power") == before
    await poll(hass, entry)
    assert shown(hass, "power") == STATE_UNAVAILABLE


async def test_a_miner_that_is_polled_rarely_is_looked_at_again_soon(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner, options={CONF_POLL_INTERVAL: 300})
    before = shown(hass, "power")
    fall_silent(still_miner)
    await pass_time(305, step=5)
    assert shown(hass, "power") == before
    # For longer than half a minute it has not answered by then.
    await pass_time(10, step=5)
    assert shown(hass, "power") == STATE_UNAVAILABLE
    still_miner.faults.clear()
    await pass_time(10, step=5)
    assert shown(hass, "status") == "normal"


@pytest.mark.parametrize(
    ("options", "kept_for", "gone_after"),
    [
        ({CONF_POLL_INTERVAL: 5}, 9, 16),
        # Half a minute is no limit for those who choose how much they overlook.
        ({CONF_POLL_INTERVAL: 5, CONF_TOLERATED_MISSES: 30}, 144, 151),
        # After a miss, it is asked every ten seconds.
        ({CONF_POLL_INTERVAL: 60, CONF_TOLERATED_MISSES: 10}, 89, 152),
    ],
)
async def test_how_long_a_silence_is_overlooked(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    options: dict[str, int],
    kept_for: int,
    gone_after: int,
) -> None:
    entry = await set_up(still_miner, options=options)
    await pass_time(options[CONF_POLL_INTERVAL])
    await poll(hass, entry)
    before = shown(hass, "power")
    fall_silent(still_miner)
    await pass_time(kept_for)
    assert shown(hass, "power") == before
    await pass_time(gone_after - kept_for)
    assert shown(hass, "power") == STATE_UNAVAILABLE


async def test_a_single_miss_of_a_miner_that_is_polled_rarely_changes_nothing(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner, options={CONF_POLL_INTERVAL: 300})
    before = shown(hass, "power")
    still_miner.faults.fail(*READINGS, code=grpc.StatusCode.INTERNAL)
    await pass_time(305, step=5)
    assert shown(hass, "power") == before
    still_miner.faults.clear()
    await pass_time(10, step=5)
    assert shown(hass, "status") == "normal"


@pytest.mark.parametrize(("options", "polls"), [({}, 6), ({"poll_interval": 20}, 3)])
async def test_a_miner_is_polled_once_per_interval(
    *,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    options: dict[str, int],
    polls: int,
) -> None:
    entry = await set_up(still_miner, options=options)
    await listened_to(entry)
    refreshed: list[None] = []
    entry.runtime_data._farm.async_on_change(lambda: refreshed.append(None))
    await pass_time(60.5, step=0.5)
    assert len(refreshed) == polls


async def test_at_rest_a_poll_asks_for_no_more_than_what_moves(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    # By now all that is read but once a minute was read for the second time.
    await pass_time(61)
    calls = []
    for _ in range(6):
        before = still_miner.calls
        await pass_time(10)
        calls.append(still_miner.calls - before)
    # With three of the polls the boards are read as well, with two the fans, and with
    # one the pools, the tuner, the errors and the configuration.
    assert min(calls) == 1
    assert sum(calls) == 6 + 3 + 2 + 4
    await polls_end(hass)


async def test_going_away_and_coming_back_are_logged_once_each(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(still_miner)
    caplog.clear()
    fall_silent(still_miner)
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            await poll(hass, entry)
        still_miner.faults.clear()
        for _ in range(3):
            await poll(hass, entry)
    logged = [
        record
        for record in caplog.records
        if record.name == "custom_components.braiins_fleet"
        and record.levelno >= logging.INFO
    ]
    assert [record.levelno for record in logged] == [logging.ERROR, logging.INFO]
    assert f"Antminer S19k Pro does not answer at {still_miner.host}" in caplog.text


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNAVAILABLE,
    ],
)
async def test_a_miner_that_reconfigures_itself_keeps_its_figures_for_a_minute(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    code: grpc.StatusCode,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(10)
    before = shown(hass, "power")
    still_miner.faults.fail(*READINGS, code=code)
    await pass_time(55)
    assert shown(hass, "power") == before
    await pass_time(20)
    assert shown(hass, "power") == STATE_UNAVAILABLE
    still_miner.faults.clear()
    await pass_time(10)
    assert shown(hass, "status") == "normal"


async def test_a_reading_that_fails_keeps_for_a_minute_and_is_then_unknown(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    await pass_time(10)
    still_miner.faults.fail("GetMinerStats", "GetCoolingState")
    before = shown(hass, "power")
    await pass_time(55)
    assert shown(hass, "power") == before != STATE_UNKNOWN
    assert shown(hass, "fan_0_speed") not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    await pass_time(20)
    assert shown(hass, "power") == STATE_UNKNOWN
    # That it fails was noticed later here.
    await pass_time(30)
    # There is no fan known to be there.
    assert shown(hass, "fan_0_speed") == STATE_UNAVAILABLE
    assert shown(hass, "status") == "normal"
    assert shown(hass, "hottest_chip") == "61"

    still_miner.faults.clear()
    await pass_time(10)
    assert shown(hass, "power") not in (STATE_UNAVAILABLE, STATE_UNKNOWN)


async def test_what_fails_for_a_moment_is_asked_for_again_at_the_next_poll(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    still_miner.faults.fail("GetLicenseState")
    await set_up(still_miner)
    assert shown(hass, "license") is None
    still_miner.faults.clear()
    await pass_time(70)
    assert shown(hass, "license") == "valid"


async def test_forgotten_tokens_are_renewed_unnoticed(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.lose_tokens()
    await poll(hass, entry)
    assert entry.runtime_data.condition["missed_polls"] == 0
    assert shown(hass, "power") == "2762"


async def test_a_password_that_is_wrong_all_of_a_sudden_is_asked_for(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await pass_time(10)
    still_miner.machine.accounts.password = "changed"
    still_miner.faults.lose_tokens()
    await pass_time(10)
    assert shown(hass, "power") == STATE_UNAVAILABLE
    [dialog] = hass.config_entries.flow.async_progress()
    assert dialog["context"]["source"] == "reauth"
    assert dialog["context"]["entry_id"] == entry.entry_id

    # Whoever tries again and again may be shut out.
    before = still_miner.calls
    await pass_time(120, step=5)
    assert still_miner.calls == before


async def test_polls_go_on_once_the_password_is_right_after_all(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    await set_up(still_miner)
    still_miner.machine.accounts.password = "changed"
    still_miner.faults.lose_tokens()
    await pass_time(10)
    assert shown(hass, "power") == STATE_UNAVAILABLE

    still_miner.machine.accounts.password = "root"
    await hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": POWER}, blocking=True
    )
    assert shown(hass, "status") == "normal"
    before = still_miner.calls
    await pass_time(10)
    assert still_miner.calls > before
