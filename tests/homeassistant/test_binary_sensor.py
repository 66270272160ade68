"""What a miner's binary sensors say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
    Platform,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.braiins_fleet.asic import Dps, HashrateTarget, MinerStatus
from custom_components.braiins_fleet.const import DOMAIN
from simulator import FakeClock, SimulatedMiner
from simulator.journal import Entry, Kind

from .conftest import SetUp, StartMiner
from .running import PassingTime, poll, until

type Shown = Callable[[str], State]

FIRST_POOL = "stratum+tcp://stratum.pool.example:3333"


@pytest.fixture
def shown(hass: HomeAssistant) -> Shown:
    """Return the state of a binary sensor by the end of its name."""

    def find(name: str) -> State:
        [state] = [
            state
            for state in hass.states.async_all(Platform.BINARY_SENSOR)
            if state.entity_id.endswith(f"_pro_{name}")
        ]
        return state

    return find


async def review(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Poll as it is done once a minute."""
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)


async def test_all_is_well_with_a_miner_that_mines(
    still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    await set_up(still_miner)
    assert shown("mining").state == STATE_ON
    assert shown("reachable").state == STATE_ON
    assert shown("pool_connection").state == STATE_ON
    assert shown("problem").state == STATE_OFF
    assert shown("problem").attributes["errors"] == []
    assert shown("performance_scaled_down").state == STATE_OFF
    assert [shown(f"board_{n}_enabled").state for n in (1, 2, 3)] == [STATE_ON] * 3


async def test_a_paused_miner_is_not_mining(
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    shown: Shown,
) -> None:
    entry = await set_up(still_miner)
    await entry.runtime_data.miner.mining.pause()
    clock.advance(30)
    await poll(hass, entry)
    await until(lambda: shown("mining").state == STATE_OFF)
    assert shown("reachable").state == STATE_ON


async def test_what_a_miner_does_can_be_unknown(
    still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    coordinator = (await set_up(still_miner)).runtime_data
    state = replace(coordinator.data, status=MinerStatus.UNKNOWN)
    coordinator.async_set_updated_data(state)
    assert shown("mining").state == STATE_UNKNOWN


async def test_an_error_is_a_problem_with_a_hint(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.broken_fan(1)
    await review(hass, entry)

    problem = shown("problem")
    assert problem.state == STATE_ON
    [error] = problem.attributes["errors"]
    when = error.pop("time")
    assert error == {
        "message": "fan 1 does not turn",
        "hints": ["Check the cable of the fan, or replace it."],
        "codes": ["F0101"],
        "components": ["fan 1"],
    }
    assert when == "2026-09-21T14:13:20+00:00"

    still_miner.machine.journal.entries.clear()
    await review(hass, entry)
    assert shown("problem").state == STATE_OFF
    assert shown("problem").attributes["errors"] == []


async def test_another_error_is_shown_beside_the_first(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    for fan in (0, 1):
        still_miner.faults.broken_fan(fan)
        await review(hass, entry)
    messages = [each["message"] for each in shown("problem").attributes["errors"]]
    assert messages == ["fan 0 does not turn", "fan 1 does not turn"]


async def test_an_error_whose_time_alone_changes_is_not_written_again(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    journal = still_miner.machine.journal
    journal.note(Entry(0.0, Kind.FAN, "fan 0 does not turn"))
    await review(hass, entry)
    before = shown("problem")

    journal.entries.clear()
    journal.note(Entry(500.0, Kind.FAN, "fan 0 does not turn"))
    await review(hass, entry)
    [error] = entry.runtime_data.data.snapshot.errors
    assert error.time.isoformat() == "2026-09-21T14:21:40+00:00"
    assert shown("problem") is before


async def test_an_error_of_a_miner_without_a_clock_has_no_time(
    still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    still_miner.faults.unset_clock()
    still_miner.faults.broken_fan()
    await set_up(still_miner)
    [error] = shown("problem").attributes["errors"]
    assert error["time"] is None


async def test_a_firmware_that_tells_of_no_errors_has_no_problem_sensor(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=1))
    names = {state.entity_id for state in hass.states.async_all()}
    assert "binary_sensor.antminer_s19k_pro_mining" in names
    assert "binary_sensor.antminer_s19k_pro_problem" not in names


@pytest.mark.usefixtures("all_enabled")
async def test_one_living_pool_is_enough(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.dead_pool(FIRST_POOL)
    await review(hass, entry)
    assert shown("stratum_pool_example_connection").state == STATE_OFF
    assert shown("backup_pool_example_connection").state == STATE_ON
    assert shown("pool_connection").state == STATE_ON

    still_miner.faults.dead_pool()
    await review(hass, entry)
    assert shown("pool_connection").state == STATE_OFF


async def test_what_is_not_told_of_pools_is_unknown(
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    shown: Shown,
) -> None:
    await set_up(still_miner)
    still_miner.faults.fail("GetPoolGroups")
    await pass_time(180, step=10)
    assert shown("pool_connection").state == STATE_UNKNOWN


async def test_a_miner_that_is_gone_is_not_reachable(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.refuse()
    await still_miner.settled()
    for _ in range(3):
        await poll(hass, entry)
    assert shown("reachable").state == STATE_OFF
    assert shown("mining").state == STATE_UNAVAILABLE

    still_miner.faults.clear()
    await still_miner.settled()
    await until(lambda: shown("reachable").state == STATE_ON)
    assert shown("mining").state == STATE_ON


async def test_a_miner_that_is_off_from_the_start_is_not_reachable(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.refuse()
    await still_miner.settled()
    await hass.config_entries.async_reload(entry.entry_id)
    assert shown("reachable").state == STATE_OFF
    assert shown("problem").state == STATE_UNAVAILABLE

    still_miner.faults.clear()
    await still_miner.settled()
    await until(lambda: shown("reachable").state == STATE_ON)
    assert shown("problem").state == STATE_OFF


@pytest.mark.parametrize("target", [None, HashrateTarget(120.0)])
async def test_a_miner_that_scales_its_target_down_says_so(
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    shown: Shown,
    *,
    target: HashrateTarget | None,
) -> None:
    entry = await set_up(still_miner)
    miner = entry.runtime_data.miner
    if target is not None:
        await miner.tuning.set_mode(target)
    # The smallest step there is.
    await miner.set_dps(
        Dps(enabled=True, hashrate_step=1.2)
        if target
        else Dps(enabled=True, power_step=28)
    )
    clock.advance(5)
    await review(hass, entry)
    assert shown("performance_scaled_down").state == STATE_OFF

    still_miner.faults.overheat()
    tuner = still_miner.machine.tuner
    while tuner.live == tuner.configured:
        clock.advance(10)
    await review(hass, entry)
    assert shown("performance_scaled_down").state == STATE_ON


async def test_without_a_tuner_there_is_nothing_to_scale_down(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, shown: Shown
) -> None:
    entry = await set_up(still_miner)
    running = still_miner.machine.running
    still_miner.machine.running = replace(
        running, tuner=replace(running.tuner, enabled=False)
    )
    await review(hass, entry)
    assert shown("performance_scaled_down").state == STATE_UNKNOWN


async def test_a_board_that_is_switched_off_says_so(
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    shown: Shown,
) -> None:
    entry = await set_up(still_miner)
    await entry.runtime_data.miner.boards.disable("2")
    clock.advance(5)
    await review(hass, entry)
    assert [shown(f"board_{n}_enabled").state for n in (1, 2, 3)] == [
        STATE_ON,
        STATE_OFF,
        STATE_ON,
    ]


async def test_what_one_automates_on_has_no_category(
    entity_registry: er.EntityRegistry, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    entities = {
        entity.unique_id.removeprefix(f"{entry.unique_id}_"): entity
        for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if entity.domain == Platform.BINARY_SENSOR and entity.platform == DOMAIN
    }
    assert {key for key, each in entities.items() if each.entity_category is None} == {
        "mining",
        "pool_connected",
        "problem",
        "scaled_down",
    }
    others = {each.entity_category for each in entities.values()} - {None}
    assert others == {EntityCategory.DIAGNOSTIC}
    disabled = {each.translation_key for each in entities.values() if each.disabled_by}
    assert disabled == {"pool_alive"}
