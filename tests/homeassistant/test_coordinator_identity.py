"""Whose figures a miner's entities show: those of the right miner, or none."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from simulator import FakeClock, SimulatedMiner
from simulator.firmware import firmware_for
from simulator.mining import Reason

from .conftest import MakeEntry, SetUp, StartMiner
from .running import PassingTime, listened_to, poll, shown, state_of, until

NO_MAC = "00:00:00:00:00:00"


async def reconnect(miner: SimulatedMiner) -> None:
    """Break all connections to a miner, which can be made again."""
    miner.faults.refuse()
    await miner.settled()
    miner.faults.clear("refuse")
    await miner.settled()


async def test_another_miner_at_the_address_is_never_believed(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    coordinator = entry.runtime_data
    await listened_to(entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    still_miner.faults.wrong_identity()
    stranger = still_miner.machine.identity.mac.lower()
    # Whatever it says would be seen.
    still_miner.machine.cooling.room_c = 60
    await reconnect(still_miner)
    while coordinator.another is None:
        await poll(hass, entry)
    assert coordinator.another.mac == stranger
    assert f"Antminer S19k Pro ({stranger})" in str(coordinator.last_exception)
    told = {
        change.data["new_state"].state
        for change in changes
        if change.data["entity_id"].startswith("sensor.antminer")
    }
    assert told == {STATE_UNAVAILABLE}
    assert coordinator.data.snapshot.details.mac != stranger

    still_miner.faults.clear()
    await reconnect(still_miner)
    while not coordinator.last_update_success:
        await poll(hass, entry)
    assert shown(hass, "power") == "2762"
    assert coordinator.another is None


async def test_the_status_of_another_miner_is_never_taken_for_that_of_this_one(
    *, hass: HomeAssistant, clock: FakeClock, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    coordinator = entry.runtime_data
    await listened_to(entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    still_miner.faults.wrong_identity()
    still_miner.machine.mining.pause(Reason.USER)
    clock.advance(30)
    await reconnect(still_miner)
    # Of all there is to hear, the status is the first.
    await until(lambda: coordinator.another is not None)
    assert {
        change.data["new_state"].state
        for change in changes
        if change.data["entity_id"] == "sensor.antminer_s19k_pro_status"
    } == {STATE_UNAVAILABLE}


async def test_a_miner_that_does_not_know_who_it_is_yet_is_waited_for(
    hass: HomeAssistant, still_miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(still_miner)
    who = still_miner.machine.identity
    still_miner.machine.identity = replace(who, mac=NO_MAC, uid="")
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        f"Antminer S19k Pro at {still_miner.host} is still starting"
    )

    still_miner.machine.identity = replace(who, mac=NO_MAC)
    await hass.config_entries.async_reload(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.LOADED
    assert shown(hass, "power") == "2762"


async def test_a_miner_that_loses_its_mac_at_a_start_keeps_its_device(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    [before] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    still_miner.machine.identity = replace(still_miner.machine.identity, mac=NO_MAC)
    await hass.config_entries.async_reload(entry.entry_id)
    [after] = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert after.id == before.id
    assert after.connections == before.connections


async def test_a_miner_that_does_not_tell_who_it_is_is_not_believed(
    hass: HomeAssistant, still_miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(still_miner)
    still_miner.faults.fail("GetMinerDetails")
    await hass.config_entries.async_setup(entry.entry_id)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    assert "simulated failure" in entry.reason


async def test_new_firmware_is_noticed_and_what_it_brings_as_well(
    *,
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner("s19j_pro", api=0)
    entry = await set_up(miner)
    await listened_to(entry)
    coordinator = entry.runtime_data
    assert (coordinator.data.api.major, coordinator.data.api.minor) == (1, 0)
    old = _device(device_registry, entry).sw_version
    assert hass.states.get("sensor.antminer_s19j_pro_errors") is None

    miner.machine.install(firmware_for(11))
    await reconnect(miner)
    while coordinator.data.api.minor == 0:
        await poll(hass, entry)
    assert coordinator.data.api.minor == 11
    await pass_time(61)
    assert _device(device_registry, entry).sw_version != old
    assert hass.states.get("sensor.antminer_s19j_pro_errors") is not None


def _device(registry: dr.DeviceRegistry, entry: ConfigEntry) -> dr.DeviceEntry:
    [device] = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert isinstance(device, dr.DeviceEntry)
    return device
