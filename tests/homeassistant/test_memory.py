"""What is remembered of a miner, when that is of use, and when it is forgotten."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from simulator import SimulatedMiner

from .conftest import MakeEntry, SetUp, StartMiner
from .running import shown, state_of, until

STORE = f"{DOMAIN}.miners"


async def test_a_miner_that_is_off_at_the_start_has_its_entities_and_comes_alive(
    *,
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    before = {state.entity_id for state in hass.states.async_all()}
    await hass.config_entries.async_unload(entry.entry_id)
    still_miner.faults.refuse()
    await still_miner.settled()

    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(entry) is ConfigEntryState.LOADED
    assert {state.entity_id for state in hass.states.async_all()} == before
    assert shown(hass, "power") == STATE_UNAVAILABLE
    assert shown(hass, "board_1_hashrate") == STATE_UNAVAILABLE
    assert shown(hass, "reachable", "binary_sensor.antminer_s19k_pro") == "off"
    [device] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert device.model == "Antminer S19k Pro"

    still_miner.faults.clear()
    await still_miner.settled()
    await until(lambda: shown(hass, "power") == "2762")
    assert shown(hass, "status") == "normal"


async def test_a_miner_that_is_removed_is_forgotten(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    farm = hass.data[FARM]
    farm.energy.meter(entry.entry_id).add(5)
    assert farm.memory.recall(entry.entry_id) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert farm.memory.recall(entry.entry_id) is None
    assert farm.energy.meter(entry.entry_id).watt_hours == 0


async def test_a_miner_that_is_removed_while_nothing_is_loaded_is_forgotten(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_config_dir: str,
    start_miner: StartMiner,
    add_entry: MakeEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone, kept = await start_miner(), await start_miner("s21")
    removed = add_entry(gone, disabled_by=ConfigEntryDisabler.USER)
    _write_meter(hass_config_dir, removed.entry_id)
    hass_storage[STORE] = {
        "version": 1,
        "key": STORE,
        "data": {
            "fleet_was_made": True,
            "miners": {removed.entry_id: {"api": [1, 0, 0, ""], "answers": {}}},
        },
    }
    await hass.config_entries.async_remove(removed.entry_id)
    assert "Error calling entry remove callback" not in caplog.text

    entry = add_entry(kept)
    assert await hass.config_entries.async_setup(entry.entry_id)
    farm = hass.data[FARM]
    assert farm.memory.recall(removed.entry_id) is None
    assert farm.energy.meter(removed.entry_id).watt_hours == 0


def _write_meter(config: str, entry_id: str) -> None:
    file = Path(config, ".storage", f"{DOMAIN}.energy")
    file.parent.mkdir()
    file.write_text(f"{entry_id:<40} {'5.000':>22}\n")
