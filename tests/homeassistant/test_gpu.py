"""The cards of a rig: what they show, and what becomes of them when they go."""

from collections.abc import Callable
import re

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import (  # type: ignore[import-untyped]  # has no types
    WebSocketGenerator,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_HAPPENED

from .rigging import Rigged, Yard
from .running import shown
from .test_rig import connect, kinds, measure, number, state, value

type Issues = Callable[[], list[str]]

AMD = "rx_6800_xt_02_00_0"


@pytest.fixture
async def _the_page_of_devices(hass: HomeAssistant) -> None:
    """Have the page on which devices are deleted."""
    for component in ("config", "websocket_api"):
        assert await async_setup_component(hass, component, {})


def device_of(yard: Yard, rig: Rigged, key: str) -> dr.AnyDeviceEntry | None:
    """Return the device of a card."""
    return dr.async_get(yard.hass).async_get_device_by_identifier(
        (DOMAIN, f"{rig.rig_id}_gpu:{key}"), yard.entry.entry_id
    )


async def delete(
    yard: Yard, ws: WebSocketGenerator, device: dr.AnyDeviceEntry | None
) -> bool:
    """Delete a device as a person does; returns whether that was let happen."""
    assert device is not None
    client = await ws(yard.hass)
    response = await client.remove_device(device.id)
    await yard.hass.async_block_till_done()
    success: bool = response["success"]
    return success


async def test_each_card_is_a_device_behind_its_rig(yard: Yard) -> None:
    rig = await yard.start("rtx3080", "rx6800xt")
    devices = dr.async_get(yard.hass)
    itself = devices.async_get_device_by_identifier(
        (DOMAIN, rig.rig_id), yard.entry.entry_id
    )
    card = device_of(yard, rig, "0000:01:00.0")
    assert itself is not None
    assert isinstance(card, dr.DeviceEntry)
    assert card.via_device_id == itself.id
    assert card.config_subentry_id == rig.rig_id
    assert card.name == "Garage RTX 3080 01:00.0"
    assert card.manufacturer == "NVIDIA"
    assert card.model == "NVIDIA GeForce RTX 3080"


@pytest.mark.usefixtures("all_enabled")
async def test_a_card_shows_what_is_told_of_it(hass: HomeAssistant, yard: Yard) -> None:
    rig = await yard.start("rx6800xt", "rtx3080")
    card = rig.machine.cards[1]
    assert number(hass, f"{AMD}_temperature") == int(card.heat_c)
    assert number(hass, f"{AMD}_memory_temperature") == int(card.heat_c + 14)
    assert number(hass, f"{AMD}_fan_speed") == int(card.fan)
    assert number(hass, f"{AMD}_power") == int(card.watts)
    assert number(hass, f"{AMD}_core_clock") == card.core_mhz
    assert number(hass, f"{AMD}_memory_clock") == card.memory_mhz
    assert number(hass, f"{AMD}_utilization") == 100
    assert number(hass, f"{AMD}_video_memory") == pytest.approx(16, abs=0.1)
    assert value(hass, f"{AMD}_bus_id") == "0000:02:00.0"
    assert value(hass, f"{AMD}_vendor") == "amd"
    assert number(hass, f"{AMD}_hashrate_mh_s") == pytest.approx(
        card.hashrate / 1e6, rel=0.02
    )
    # This one does not tell how hot its memory is.
    assert hass.states.get("sensor.garage_rtx_3080_01_00_0_memory_temperature") is None


async def test_cards_that_do_not_tell_their_place_are_counted(yard: Yard) -> None:
    rig = await yard.start("rx6800xt", "rx6800xt", rocm=True)
    assert set(rig.coordinator.data.cards) == {"amd-0", "amd-1"}
    card = device_of(yard, rig, "amd-1")
    assert card is not None
    assert card.name == "Garage D41206 2"


async def test_a_card_that_rests_hashes_nothing(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    rig.machine.processes.clear()
    await yard.live(10)
    assert number(hass, f"{AMD}_hashrate_mh_s") == 0
    rig.machine.launch({"name": "lolminer", "algorithm": "beamhash", "pool": "p:1"})
    await yard.live(10)
    assert number(hass, f"{AMD}_hashrate_mh_s") == 0
    assert number(hass, f"{AMD}_hashrate_sol_s") > 0
    rig.machine.processes[0].silent = True
    await yard.live(40)
    assert value(hass, f"{AMD}_hashrate_sol_s") == "unknown"


async def test_a_card_that_falls_off_the_bus_is_told_of(
    hass: HomeAssistant, yard: Yard, issues: Issues
) -> None:
    rig = await yard.start("rx6800xt", "rx6800xt")
    happened = async_capture_events(hass, EVENT_HAPPENED)
    rig.simulated.faults.gpu_lost(1)
    await yard.live(40)
    assert value(hass, f"{AMD}_temperature") == STATE_UNAVAILABLE
    # It may be there again with the next measurement.
    assert happened == []
    await yard.live(90)
    assert kinds(happened) == ["gpu_lost"]
    assert happened[0].data["card"] == "RX 6800 XT 02:00.0"
    problem = state(hass, "binary_sensor.problem")
    assert problem.state == "on"
    assert problem.attributes["problems"] == ["cards_lost"]
    assert problem.attributes["lost_cards"] == ["RX 6800 XT 02:00.0"]
    assert issues() == ["cards_lost"]

    rig.simulated.faults.clear()
    await yard.live(40)
    assert number(hass, f"{AMD}_temperature") > 0
    assert state(hass, "binary_sensor.problem").state == "off"
    assert issues() == []


async def test_a_lost_card_that_silences_all_others_is_told_of_as_well(
    hass: HomeAssistant, yard: Yard, issues: Issues
) -> None:
    rig = await yard.start("rtx3080", "rtx3080")
    happened = async_capture_events(hass, EVENT_HAPPENED)
    rig.simulated.faults.gpu_lost(1)
    await yard.live(130)
    assert kinds(happened) == ["cards_unreadable"]
    assert value(hass, "rtx_3080_01_00_0_power") == STATE_UNAVAILABLE
    assert value(hass, "power") == "unknown"
    assert issues() == ["cards_unreadable"]
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"cards_unreadable_{rig.rig_id}")
    assert issue is not None
    assert issue.translation_placeholders == {
        "rig": "Garage",
        "cards": r"RTX 3080 01\:00\.0\, RTX 3080 02\:00\.0",
    }

    await rig.simulated.reboot()
    await yard.live(60)
    await rig.caught_up()
    await yard.live(130)
    assert kinds(happened)[-1] == "gpu_lost"
    assert number(hass, "rtx_3080_01_00_0_power") > 0
    assert issues() == ["cards_lost"]


async def test_the_name_of_a_card_brings_no_links_and_pictures_into_an_issue(
    hass: HomeAssistant, yard: Yard
) -> None:
    evil = "[x](http://e.example) ![y](https://e.example/p) <img> www.e.example"
    rig_id, socket = await connect(yard)
    cards = [
        {"name": name, "vendor": "NVIDIA", "busId": f"{place}:00.0"}
        for name, place in ((evil, "01"), ("RTX", "02"))
    ]
    await measure(yard, rig_id, socket, gpus=cards)
    for _ in range(4):
        await yard.live(40)
        await measure(yard, rig_id, socket, gpus=cards[1:])
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"cards_lost_{rig_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    said = issue.translation_placeholders["cards"]
    assert re.sub(r"\\([^\w\s])", r"\1", said) == f"{evil[:63]}… 01:00.0"
    assert not re.search(r"(?<!\\)[!-/:-@\[\]-`{-~]", said)


async def test_an_issue_about_a_card_outlasts_a_reload_and_no_longer(
    hass: HomeAssistant, yard: Yard, issues: Issues
) -> None:
    rig = await yard.start("rx6800xt", "rx6800xt")
    rig.simulated.faults.gpu_lost(1)
    await yard.live(130)
    for lost in (True, False):
        if not lost:
            rig.simulated.faults.clear()
        await rig.leave()
        await hass.config_entries.async_reload(yard.entry.entry_id)
        rig.agent.told.clear()
        rig.agent.start()
        await rig.caught_up()
        assert issues() == (["cards_lost"] if lost else [])


async def test_a_card_that_is_put_in_appears_by_itself(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt", "rx6800xt")
    new = rig.machine.cards.pop()
    rig_id, token = await yard.add("Attic")
    simulated = await yard.simulate(token, "rx6800xt")
    attic = Rigged(yard, rig_id, token, simulated)
    yard.rigs.append(attic)
    await attic.caught_up()
    assert shown(hass, f"{AMD}_temperature", "sensor.attic") is None
    attic.machine.cards.append(new)
    await yard.live(40)
    assert shown(hass, f"{AMD}_temperature", "sensor.attic") is not None
    assert rig.agent.attempts == 1


@pytest.mark.usefixtures("_the_page_of_devices")
async def test_a_card_that_was_taken_out_can_be_deleted(
    hass: HomeAssistant,
    yard: Yard,
    issues: Issues,
    hass_ws_client: WebSocketGenerator,
    entity_registry: er.EntityRegistry,
) -> None:
    rig = await yard.start("rx6800xt", "rx6800xt")
    rig.simulated.faults.gpu_lost(1)
    await yard.live(130)
    assert await delete(yard, hass_ws_client, device_of(yard, rig, "0000:02:00.0"))
    assert device_of(yard, rig, "0000:02:00.0") is None
    assert entity_registry.async_get(f"sensor.garage_{AMD}_temperature") is None
    assert state(hass, "binary_sensor.problem").state == "off"
    assert issues() == []

    # Put in again, it is there again.
    rig.simulated.faults.clear()
    await yard.live(40)
    assert number(hass, f"{AMD}_temperature") > 0


@pytest.mark.usefixtures("_the_page_of_devices")
async def test_what_is_there_cannot_be_deleted(
    yard: Yard, hass_ws_client: WebSocketGenerator
) -> None:
    rig = await yard.start("rx6800xt")
    devices = dr.async_get(yard.hass)
    itself = devices.async_get_device_by_identifier(
        (DOMAIN, rig.rig_id), yard.entry.entry_id
    )
    fleet = devices.async_get_device_by_identifier(
        (DOMAIN, "fleet"), yard.entry.entry_id
    )
    assert not await delete(yard, hass_ws_client, device_of(yard, rig, "0000:01:00.0"))
    assert not await delete(yard, hass_ws_client, itself)
    assert not await delete(yard, hass_ws_client, fleet)
    await rig.leave()
    await yard.hass.config_entries.async_unload(yard.entry.entry_id)
    assert not await delete(yard, hass_ws_client, itself)


async def test_a_token_that_two_rigs_use_is_told_of(
    hass: HomeAssistant, yard: Yard, issues: Issues
) -> None:
    rig = await yard.start("rx6800xt")
    rig.simulated.faults.duplicate()
    await yard.live(420, step=5)
    problem = state(hass, "binary_sensor.problem")
    assert problem.attributes["problems"] == ["token_shared"]
    assert issues() == ["token_shared"]
    assert state(hass, "binary_sensor.connected").state == "on"

    rig.simulated.faults.clear()
    await yard.live(240)
    assert state(hass, "binary_sensor.problem").state == "off"
    assert issues() == []


async def test_an_agent_that_finds_its_own_old_connection_is_no_other_rig(
    hass: HomeAssistant, yard: Yard, issues: Issues
) -> None:
    rig = await yard.start("rx6800xt")
    rig.agent.connected.clear()
    await rig.agent.lose_power()
    rig.agent.start()
    for _ in range(40):
        await yard.pass_time(5, step=5)
        yard.entry.runtime_data.garage.rigs.look()
        if rig.agent.connected.is_set():
            break
    await rig.caught_up()
    assert rig.coordinator.condition["times_connected"] == 2
    assert issues() == []
    assert ir.async_get(hass).async_get_issue(DOMAIN, "token_shared") is None


async def test_an_agent_that_makes_up_cards_gets_no_devices_without_end(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    for bus in range(3):
        cards = [
            {"name": "RTX", "vendor": "NVIDIA", "busId": f"0000:{bus:02x}:{slot:02x}.0"}
            for slot in range(64)
        ]
        await measure(yard, rig_id, socket, gpus=cards)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), yard.entry.entry_id)
    # Those, the rig itself and the fleet.
    assert len(devices) == 64 + 2
    assert len(hass.data[DOMAIN].rigs.cards(rig_id)) == 64
