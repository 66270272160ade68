"""The totals of the fleet, and what they are made of."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from custom_components.braiins_fleet.const import CONF_COUNT_UNREACHABLE
from simulator import SimulatedMiner
from simulator.mining import Reason

from .conftest import MakeEntry, SetUp, StartMiner
from .running import PassingTime, fall_silent, listened_to, poll, shown, until


def total(hass: HomeAssistant, name: str) -> str | None:
    """Return what a sensor of the fleet shows."""
    return shown(hass, name, "sensor.mining_fleet")


def number(state: str | None) -> float:
    """Return the figure that a sensor shows."""
    return float(str(state))


def counts(hass: HomeAssistant) -> dict[str, int]:
    """Return how many miners there are of each kind."""
    kinds = ("", "_mining", "_paused", "_unreachable")
    return {kind: int(number(total(hass, f"miners{kind}"))) for kind in kinds}


async def lose(
    hass: HomeAssistant, entry: ConfigEntry[Any], miner: SimulatedMiner
) -> None:
    """Let a miner fall silent until it counts as unreachable."""
    fall_silent(miner)
    while entry.runtime_data.last_update_success:
        await poll(hass, entry)


async def test_the_totals_are_those_of_all_miners(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    for model in ("s19k_pro", "s21"):
        await set_up(await start_miner(model))
    await pass_time(20)
    devices = "sensor.antminer_s19k_pro", "sensor.antminer_s21"
    for name in ("hashrate", "nominal_hashrate", "power"):
        parts = [number(shown(hass, name, device)) for device in devices]
        assert number(total(hass, name)) == pytest.approx(sum(parts), rel=0.02)
    assert number(total(hass, "efficiency")) == pytest.approx(
        number(total(hass, "power")) / number(total(hass, "hashrate")), abs=0.1
    )
    assert counts(hass) == {"": 2, "_mining": 2, "_paused": 0, "_unreachable": 0}
    assert total(hass, "errors") == "0"
    assert total(hass, "found_blocks") == "0"


async def test_a_miner_that_is_away_is_left_out(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    stays, goes = await start_miner(), await start_miner("s21")
    await set_up(stays)
    entry = await set_up(goes)
    await lose(hass, entry, goes)
    await pass_time(10)
    assert counts(hass) == {"": 2, "_mining": 1, "_paused": 0, "_unreachable": 1}
    assert number(total(hass, "power")) == pytest.approx(2762, abs=10)


@pytest.mark.parametrize(
    ("counts_as_zero", "power"), [(False, STATE_UNKNOWN), (True, "0")]
)
async def test_when_all_are_away_only_what_is_to_count_as_nothing_is_known(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    counts_as_zero: bool,
    power: str,
) -> None:
    entry = await set_up(still_miner, options={CONF_COUNT_UNREACHABLE: counts_as_zero})
    await lose(hass, entry, still_miner)
    await pass_time(10)
    assert total(hass, "power") == power
    # Nobody says how these are.
    for name in ("efficiency", "errors", "found_blocks", "hottest_chip", "reject_rate"):
        assert total(hass, name) == STATE_UNKNOWN


async def test_who_reports_no_errors_is_not_without_any(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    await set_up(await start_miner("s19j_pro", api=0))
    await pass_time(10)
    assert total(hass, "errors") == STATE_UNKNOWN


async def test_a_miner_that_pauses_does_not_spoil_the_efficiency_of_the_others(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    works, pauses = await start_miner(), await start_miner("s21")
    await set_up(works)
    entry = await set_up(pauses)
    await listened_to(entry)
    pauses.machine.mining.pause(Reason.USER)
    # Its average of a minute tells of work for a while yet.
    await pass_time(30)
    await until(lambda: shown(hass, "status", "sensor.antminer_s21") == "paused")
    await pass_time(10)
    assert counts(hass) == {"": 2, "_mining": 1, "_paused": 1, "_unreachable": 0}
    assert number(total(hass, "efficiency")) == pytest.approx(
        number(shown(hass, "efficiency")), abs=0.5
    )


async def test_the_blocks_of_a_miner_that_comes_back_are_not_found_again(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    await pass_time(10)
    state = hass.states.get("sensor.mining_fleet_found_blocks")
    assert state is not None
    # What may increase only, the recorder takes for another meter once it is less.
    assert state.attributes["state_class"] == "total"


async def test_areas_have_totals_of_their_own(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    registry, areas = dr.async_get(hass), ar.async_get(hass)
    for model, area in (("s19k_pro", "Garage"), ("s21", "Shed"), ("s19j_pro", None)):
        entry = await set_up(await start_miner(model))
        [device] = dr.async_entries_for_config_entry(registry, entry.entry_id)
        if area is not None:
            registry.async_update_device(device.id, area_id=areas.async_create(area).id)
    await pass_time(10)
    state = hass.states.get("sensor.mining_fleet_power")
    assert state is not None
    totals = state.attributes["areas"]
    assert list(totals) == ["Garage", "Shed"]
    assert totals["Garage"]["power"] == pytest.approx(2762, abs=10)
    assert totals["Shed"]["miners_mining"] == 1


async def test_a_miner_that_is_removed_counts_no_more(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    await set_up(await start_miner())
    entry = await set_up(await start_miner("s21"))
    await pass_time(300, step=5)
    before = number(total(hass, "energy"))
    assert before > 0.4
    await hass.config_entries.async_remove(entry.entry_id)
    await pass_time(60, step=5)
    assert counts(hass)[""] == 1
    # What it has used, it has used.
    assert before < number(total(hass, "energy")) < before + 0.1


async def test_what_has_not_changed_is_not_written(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    await pass_time(10)
    reported = []
    hass.bus.async_listen(
        EVENT_STATE_REPORTED,
        callback(lambda event: reported.append(event.data["entity_id"])),
        event_filter=callback(lambda data: "mining_fleet" in data["entity_id"]),
    )
    await pass_time(60, step=5)
    assert reported == []


async def test_the_totals_wait_for_the_last_of_the_miners(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    add_entry: MakeEntry,
    add_fleet: Callable[[], Awaitable[ConfigEntry]],
) -> None:
    fleet = await add_fleet()
    entry = add_entry(await start_miner())
    entry.mock_state(hass, ConfigEntryState.SETUP_IN_PROGRESS)
    await hass.config_entries.async_reload(fleet.entry_id)
    await pass_time(5)
    assert total(hass, "power") == STATE_UNAVAILABLE
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    await pass_time(1)
    assert counts(hass) == {"": 1, "_mining": 0, "_paused": 0, "_unreachable": 1}
