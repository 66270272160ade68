"""A miner that was replaced hands everything that was made of it to the new one."""

from dataclasses import replace

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import (  # type: ignore[import-untyped]  # has no types
    ClientSessionGenerator,
)

from custom_components.braiins_fleet import config_flow
from custom_components.braiins_fleet.const import CONF_UID, DOMAIN
from simulator import SimulatedMiner

from .conftest import MakeEntry, SetUp, StartMiner
from .repairing import (
    Browser,
    Dialog,
    choose,
    confirm,
    open_fix,
    start_repairs,
    told,
)
from .running import PassingTime, poll


@pytest.fixture
async def browser(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Browser:
    """Open Home Assistant in a browser."""
    await start_repairs(hass)
    client: Browser = await hass_client()
    return client


@pytest.fixture
async def entry(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> MockConfigEntry:
    """Set up a miner, and have another one answer in its place."""
    entry: MockConfigEntry = await set_up(still_miner)
    pass_time.jump(10)
    await poll(hass, entry)
    still_miner.faults.wrong_identity()
    pass_time.jump(600)
    await poll(hass, entry)
    return entry


async def open_form(
    hass: HomeAssistant, browser: Browser, entry: ConfigEntry
) -> Dialog:
    """Say that the miner was replaced."""
    menu = await open_fix(hass, browser, "another_miner", entry)
    assert menu["step_id"] == "init"
    return await choose(hass, browser, menu, "adopt")


async def test_all_that_was_made_of_the_old_miner_stands_for_the_new_one(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    devices, entities = dr.async_get(hass), er.async_get(hass)
    [before] = dr.async_entries_for_config_entry(devices, entry.entry_id)
    area = ar.async_get(hass).async_create("Garage")
    devices.async_update_device(before.id, area_id=area.id, name_by_user="Heater")
    power = "sensor.antminer_s19k_pro_power"
    entities.async_update_entity(power, new_entity_id="sensor.heater", name="Watts")
    known = {
        each.entity_id
        for each in er.async_entries_for_config_entry(entities, entry.entry_id)
    }
    counted = entry.runtime_data.meter.watt_hours
    assert counted > 0

    form = await open_form(hass, browser, entry)
    who = still_miner.machine.identity
    mac = who.mac.lower()
    assert form["description_placeholders"]["other"] == f"Antminer S19k Pro ({mac})"
    done = await confirm(hass, browser, form)
    assert done["type"] == "create_entry"

    assert told(hass, entry) == {}
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == mac
    assert entry.data[CONF_UID] == who.uid
    assert entry.title == "Antminer S19k Pro"
    [after] = dr.async_entries_for_config_entry(devices, entry.entry_id)
    assert after.id == before.id
    assert after.identifiers == {(DOMAIN, mac)}
    assert after.connections == {(dr.CONNECTION_NETWORK_MAC, mac)}
    assert after.serial_number == who.serial
    assert (after.name_by_user, after.area_id) == ("Heater", area.id)
    found = er.async_entries_for_config_entry(entities, entry.entry_id)
    assert {each.entity_id for each in found} == known
    assert all(each.unique_id.startswith(f"{mac}_") for each in found)
    heater = entities.async_get("sensor.heater")
    assert heater
    assert (heater.unique_id, heater.name) == (f"{mac}_power", "Watts")
    state = hass.states.get("sensor.heater")
    assert state
    assert float(state.state) > 1000
    assert entry.runtime_data.meter.watt_hours >= counted

    # And so it is after a restart.
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.last_update_success
    found = er.async_entries_for_config_entry(entities, entry.entry_id)
    assert {each.entity_id for each in found} == known


@pytest.mark.parametrize(
    ("model", "title", "boards"),
    [
        ("s21_hydro", "Antminer S21 Hyd.", {"0", "1", "2"}),
        ("bmm_101", "Braiins Mini Miner BMM 101", set[str]()),
    ],
)
async def test_a_miner_of_another_model_brings_its_own_name_and_boards(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    start_miner: StartMiner,
    entry: MockConfigEntry,
    browser: Browser,
    model: str,
    title: str,
    boards: set[str],
) -> None:
    await still_miner.stop()
    new = await start_miner(model, port=still_miner.port, seed=7)
    await seen(hass, entry)
    form = await open_form(hass, browser, entry)
    done = await confirm(hass, browser, form)
    assert done["type"] == "create_entry"
    assert entry.unique_id == new.machine.identity.mac.lower()
    assert entry.title == title
    assert boards_of(hass, entry) == boards
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.name, device.model) == (title, title)


async def test_a_new_miner_that_is_stopped_may_have_the_boards_of_the_old_one(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    still_miner.machine.mining.stop()
    done = await confirm(hass, browser, await open_form(hass, browser, entry))
    assert done["type"] == "create_entry"
    assert boards_of(hass, entry) == {"1", "2", "3"}


async def test_a_second_miner_of_a_model_is_told_apart(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    MockConfigEntry(domain=DOMAIN, title="Antminer S19k Pro").add_to_hass(hass)
    await confirm(hass, browser, await open_form(hass, browser, entry))
    tail = still_miner.machine.identity.mac.lower().replace(":", "")[-6:]
    assert entry.title == f"Antminer S19k Pro {tail}"


async def test_a_name_that_a_person_gave_stays(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    start_miner: StartMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    hass.config_entries.async_update_entry(entry, title="Heater")
    await still_miner.stop()
    await start_miner("bmm_101", port=still_miner.port)
    await seen(hass, entry)
    await confirm(hass, browser, await open_form(hass, browser, entry))
    assert entry.title == "Heater"


async def test_a_miner_that_was_never_seen_can_be_replaced(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    add_entry: MakeEntry,
    browser: Browser,
) -> None:
    entry = add_entry(still_miner)
    still_miner.faults.wrong_identity()
    assert not await hass.config_entries.async_setup(entry.entry_id)
    done = await confirm(hass, browser, await open_form(hass, browser, entry))
    assert done["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == still_miner.machine.identity.mac.lower()
    assert entry.title == "Antminer S19k Pro"


async def test_a_new_miner_that_does_not_know_its_mac_is_known_by_its_own_id(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    machine = still_miner.machine
    machine.identity = replace(machine.identity, mac="00:00:00:00:00:00")
    await poll(hass, entry)
    await confirm(hass, browser, await open_form(hass, browser, entry))
    assert entry.unique_id == machine.identity.uid
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.connections == set()


async def test_a_new_miner_that_was_found_before_is_not_offered_any_more(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    mac = still_miner.machine.identity.mac.lower()
    found = DhcpServiceInfo(
        ip=still_miner.host, hostname="", macaddress=mac.replace(":", "")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config_flow, "DEFAULT_PORT", still_miner.port)
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_DHCP}, data=found
        )
    [offer] = hass.config_entries.flow.async_progress()
    assert offer["context"]["unique_id"] == mac
    await confirm(hass, browser, await open_form(hass, browser, entry))
    assert entry.unique_id == mac
    assert hass.config_entries.flow.async_progress() == []


async def test_a_new_miner_that_was_ignored_is_not_ignored_any_more(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    mac = still_miner.machine.identity.mac.lower()
    ignored = MockConfigEntry(domain=DOMAIN, unique_id=mac, source=SOURCE_IGNORE)
    ignored.add_to_hass(hass)
    await confirm(hass, browser, await open_form(hass, browser, entry))
    assert entry.unique_id == mac
    assert hass.config_entries.async_get_entry(ignored.entry_id) is None


async def test_a_miner_with_an_entry_of_its_own_takes_no_other_place(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
    add_entry: MakeEntry,
) -> None:
    who, before = still_miner.machine.identity, entry.unique_id
    add_entry(still_miner, unique_id=who.mac.lower(), uid=who.uid)
    end = await confirm(hass, browser, await open_form(hass, browser, entry))
    assert (end["type"], end["reason"]) == ("abort", "has_entry")
    assert entry.unique_id == before
    assert "another_miner" in told(hass, entry)


async def test_a_miner_that_is_back_is_not_replaced(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    form = await open_form(hass, browser, entry)
    still_miner.faults.clear()
    end = await confirm(hass, browser, form)
    assert (end["type"], end["reason"]) == ("abort", "is_back")
    assert entry.unique_id == still_miner.machine.identity.mac.lower()


async def test_only_the_miner_that_a_person_was_told_of_is_taken(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    start_miner: StartMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    form = await open_form(hass, browser, entry)
    before = entry.unique_id
    await still_miner.stop()
    third = await start_miner("s21", port=still_miner.port)
    end = await confirm(hass, browser, form)
    assert (end["type"], end["reason"]) == ("abort", "yet_another")
    assert entry.unique_id == before

    await seen(hass, entry)
    form = await open_form(hass, browser, entry)
    await confirm(hass, browser, form)
    assert entry.unique_id == third.machine.identity.mac.lower()


async def test_a_new_miner_that_does_not_answer_can_be_tried_again(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    form = await open_form(hass, browser, entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    form = await confirm(hass, browser, form)
    assert form["errors"] == {"base": "nothing_answers"}
    still_miner.faults.clear("refuse")
    await still_miner.settled()

    still_miner.faults.fail("GetMinerDetails")
    form = await confirm(hass, browser, form)
    assert form["errors"] == {"base": "miner_said"}
    assert form["description_placeholders"]["error"] == "simulated failure"
    still_miner.faults.clear("fail")

    still_miner.machine.accounts.password = "another"
    form = await confirm(hass, browser, form)
    assert form["errors"] == {"base": "wrong_password"}
    still_miner.machine.accounts.password = "root"
    done = await confirm(hass, browser, form)
    assert done["type"] == "create_entry"


async def test_a_miner_that_was_removed_meanwhile_is_not_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, browser: Browser
) -> None:
    form = await open_form(hass, browser, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    end = await confirm(hass, browser, form)
    assert (end["type"], end["reason"]) == ("abort", "miner_removed")


async def seen(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until a miner has been seen where another one was."""
    await entry.runtime_data.miner.connected()
    await poll(hass, entry)


def boards_of(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the boards that have entities."""
    return {
        entity.unique_id.partition("_board:")[2].partition("_")[0]
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if "_board:" in entity.unique_id
    }
