from collections.abc import Awaitable, Callable
from dataclasses import replace

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.braiins_fleet.asic import Unreachable
from custom_components.braiins_fleet.const import DOMAIN, FLEET
from custom_components.braiins_fleet.identity import is_fleet
from simulator import SimulatedMiner

from .conftest import MakeEntry, SetUp
from .running import poll


async def test_a_miner_becomes_a_device_that_tells_who_it_is(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    entry = add_entry(miner)
    assert await hass.config_entries.async_setup(entry.entry_id)

    [device] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    who = miner.machine.identity
    assert device.name == "Antminer S19k Pro"
    assert device.manufacturer == "Bitmain"
    assert device.model == "Antminer S19k Pro"
    assert device.serial_number == who.serial
    assert device.sw_version == miner.machine.firmware.release
    assert device.configuration_url == f"http://{miner.host}"
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, who.mac.lower())}
    assert device.identifiers == {(DOMAIN, who.mac.lower())}


async def test_a_mini_miner_is_made_by_braiins(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, add_entry: MakeEntry
) -> None:
    async with SimulatedMiner("bmm_101") as miner:
        entry = add_entry(miner)
        assert await hass.config_entries.async_setup(entry.entry_id)
        [device] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert device.manufacturer == "Braiins"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_an_unloaded_miner_is_hung_up_on(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    await hass.config_entries.async_setup(entry.entry_id)
    client = entry.runtime_data.miner

    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(Unreachable):
        await client.details()


async def test_miners_are_hung_up_on_when_home_assistant_stops(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(miner)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    with pytest.raises(Unreachable):
        await entry.runtime_data.miner.details()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert "Unable to remove" not in caplog.text


async def test_a_miner_that_is_off_is_tried_again(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    miner.faults.refuse()
    await miner.settled()
    await hass.config_entries.async_setup(entry.entry_id)
    assert _state(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason == f"Antminer S19k Pro does not answer at {miner.host}"

    miner.faults.clear()
    await miner.settled()
    await hass.config_entries.async_reload(entry.entry_id)
    assert _state(hass, entry) is ConfigEntryState.LOADED


async def test_that_a_known_miner_is_off_at_the_start_is_logged_once(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(miner)
    await hass.config_entries.async_unload(entry.entry_id)
    miner.faults.refuse()
    await miner.settled()
    caplog.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    assert _state(hass, entry) is ConfigEntryState.LOADED
    await poll(hass, entry)
    expected = f"Antminer S19k Pro does not answer at {miner.host}"
    told = [each.message for each in caplog.records if expected in each.message]
    assert told == [f"{expected}; it is set up from what is remembered of it"]


async def test_a_miner_that_refuses_its_login_is_asked_about(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, password="old")
    await hass.config_entries.async_setup(entry.entry_id)
    assert _state(hass, entry) is ConfigEntryState.SETUP_ERROR
    assert entry.reason == (
        "Antminer S19k Pro does not accept its username and password"
    )
    assert _dialogs(hass) == ["reauth"]


async def test_another_miner_at_the_address_is_never_taken_for_this_one(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    entry = add_entry(miner)
    miner.faults.wrong_identity()
    stranger = miner.machine.identity.mac.lower()
    await hass.config_entries.async_setup(entry.entry_id)
    assert _state(hass, entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        f"Antminer S19k Pro should be at {miner.host}, but another miner answers "
        f"there: Antminer S19k Pro ({stranger})"
    )
    assert not device_registry.devices
    assert not hass.states.async_all()


async def test_a_miner_that_does_not_know_its_mac_yet_is_known_by_its_own_id(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    miner.machine.identity = replace(miner.machine.identity, mac="00:00:00:00:00:00")
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_a_miner_added_without_mac_keeps_its_device_when_it_has_one(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    who = miner.machine.identity
    entry = add_entry(miner, unique_id=who.uid)
    miner.machine.identity = replace(who, mac="00:00:00:00:00:00")
    assert await hass.config_entries.async_setup(entry.entry_id)
    [before] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert before.connections == set()

    miner.machine.identity = who
    await hass.config_entries.async_reload(entry.entry_id)
    [after] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert after.id == before.id
    assert after.connections == {(dr.CONNECTION_NETWORK_MAC, who.mac.lower())}
    assert entry.unique_id == who.uid


async def test_the_fleet_comes_with_the_first_miner(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(miner)
    fleet = _fleet(hass)
    assert fleet is not None
    assert fleet.title == "Mining fleet"
    assert fleet.data == {}
    [device] = dr.async_entries_for_config_entry(device_registry, fleet.entry_id)
    assert device.name == "Mining fleet"
    assert device.identifiers == {(DOMAIN, FLEET)}
    assert device.entry_type is dr.DeviceEntryType.SERVICE


async def test_who_deletes_the_fleet_is_not_given_it_back(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    fleet = _fleet(hass)
    assert fleet is not None
    await hass.config_entries.async_remove(fleet.entry_id)

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert _fleet(hass) is None


async def test_a_fleet_that_is_there_already_is_the_only_one(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    add_fleet: Callable[[], Awaitable[ConfigEntry]],
) -> None:
    fleet = await add_fleet()
    await set_up(miner)
    assert _fleet(hass) is fleet
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


def _fleet(hass: HomeAssistant) -> ConfigEntry | None:
    entries = hass.config_entries.async_entries(DOMAIN)
    return next(filter(is_fleet, entries), None)


def _dialogs(hass: HomeAssistant) -> list[str]:
    """Return why each open dialog was opened."""
    return [
        flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()
    ]


def _state(hass: HomeAssistant, entry: ConfigEntry) -> ConfigEntryState:
    known = hass.config_entries.async_get_known_entry(entry.entry_id)
    return known.state
