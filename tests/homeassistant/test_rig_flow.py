"""Adding a rig, renaming it, giving it another token, removing it."""

import asyncio
import json
from typing import Any

from homeassistant.components.http import ApiConfig
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.const import CONF_NAME, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.braiins_fleet.const import CONF_TOKEN_HASH, DOMAIN, RIG
from custom_components.braiins_fleet.rig import digest_of

from .conftest import SetUp, StartMiner
from .dialogs import subentry_dialog, suggested
from .rigging import Rigged, Yard, goodbye, received, token_in
from .running import shown, until


async def begin(yard: Yard) -> Any:
    """Begin to add a rig."""
    return await subentry_dialog(yard.hass, yard.entry, RIG, {"source": SOURCE_USER})


async def change(yard: Yard, rig_id: str, what: str) -> Any:
    """Choose what to change about a rig."""
    menu = await subentry_dialog(
        yard.hass,
        yard.entry,
        RIG,
        {"source": SOURCE_RECONFIGURE, "subentry_id": rig_id},
    )
    assert menu["menu_options"] == ["rename", "token"]
    return await yard.send(menu, {"next_step_id": what})


async def renew_token(yard: Yard, rig_id: str) -> str:
    """Give a rig another token."""
    form = await change(yard, rig_id, "token")
    form = await yard.send(form, {CONF_URL: yard.url})
    token = token_in(form)
    result = await yard.send(form, {})
    assert result["reason"] == "token_changed"
    return token


async def test_a_rig_is_added_and_its_token_is_shown_once(
    hass: HomeAssistant, yard: Yard
) -> None:
    form = await begin(yard)
    form = await yard.send(form, {CONF_NAME: " Garage ", CONF_URL: "http://ha:8123/"})
    command = form["description_placeholders"]["command"]
    token = token_in(form)
    assert command == f"bloxos-agent -server http://ha:8123 -token {token}"
    assert len(token) == 43
    result = await yard.send(form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    [rig] = yard.entry.subentries.values()
    assert rig.title == "Garage"
    assert rig.data == {CONF_TOKEN_HASH: digest_of(token)}
    assert token not in json.dumps(yard.entry.as_dict(), default=str)
    assert hass.states.get("binary_sensor.garage_connected").state == "off"  # type: ignore[union-attr]  # else this fails


async def test_the_address_that_home_assistant_has_at_home_is_suggested(
    hass: HomeAssistant, yard: Yard
) -> None:
    await hass.config.async_update(
        internal_url="http://192.168.1.5:8123", external_url="https://example.com"
    )
    assert suggested(await begin(yard)) == {CONF_URL: "http://192.168.1.5:8123"}


async def test_where_there_is_no_such_address_it_is_left_to_the_person(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hass.config, "api", None)
    assert suggested(await begin(yard)) == {CONF_URL: ""}
    no_network = ApiConfig("0.0.0.0", "0.0.0.0", 8123, use_ssl=False)  # noqa: S104 - nothing listens there
    monkeypatch.setattr(hass.config, "api", no_network)
    assert suggested(await begin(yard)) == {CONF_URL: ""}


@pytest.mark.parametrize(
    "url",
    [
        "192.168.1.5:8123",
        "homeassistant.local",
        "ftp://ha:8123",
        "http://",
        "http://me:secret@ha:8123",
        "http://ha:8123/lovelace",
        "http://ha:8123/?a=b",
        "http://ha:8123/#a",
        "http://[ha",
        "http://my home:8123",
    ],
)
async def test_an_address_that_the_agent_cannot_use_is_refused(
    yard: Yard, url: str
) -> None:
    form = await begin(yard)
    form = await yard.send(form, {CONF_NAME: "Garage", CONF_URL: url})
    assert form["errors"] == {CONF_URL: "invalid_url"}
    form = await yard.send(form, {CONF_NAME: "Garage", CONF_URL: "https://ha"})
    assert form["step_id"] == "command"


async def test_a_rig_needs_a_name(yard: Yard) -> None:
    form = await begin(yard)
    form = await yard.send(form, {CONF_NAME: "  ", CONF_URL: "http://ha"})
    assert form["errors"] == {CONF_NAME: "name_missing"}
    form = await yard.send(form, {CONF_NAME: "Garage", CONF_URL: "http://ha"})
    assert form["step_id"] == "command"


async def test_two_rigs_are_never_one_worker_for_a_pool(yard: Yard) -> None:
    await yard.add("Küche 1")
    attic, _ = await yard.add("Attic")
    form = await begin(yard)
    for name in ("küche 1", "Kuche-1"):
        form = await yard.send(form, {CONF_NAME: name, CONF_URL: "http://ha"})
        assert form["errors"] == {CONF_NAME: "name_taken"}
    form = await yard.send(form, {CONF_NAME: "Küche 2", CONF_URL: "http://ha"})
    assert form["step_id"] == "command"
    form = await change(yard, attic, "rename")
    form = await yard.send(form, {CONF_NAME: "Kuche 1"})
    assert form["errors"] == {CONF_NAME: "name_taken"}
    # Its own name can be written in another way.
    result = await yard.send(form, {CONF_NAME: "ATTIC"})
    assert result["reason"] == "reconfigure_successful"


async def test_only_the_fleet_has_rigs(start_miner: StartMiner, set_up: SetUp) -> None:
    entry = await set_up(await start_miner())
    assert entry.supported_subentry_types == {}


async def test_an_agent_that_was_started_too_early_gets_in_when_the_dialog_is_through(
    yard: Yard,
) -> None:
    await yard.add("Attic")
    form = await begin(yard)
    form = await yard.send(form, {CONF_NAME: "Garage", CONF_URL: yard.url})
    simulated = await yard.simulate(token_in(form))
    await simulated.agent.until(lambda: bool(simulated.agent.delays))
    await yard.send(form, {})
    yard.pass_time.jump(1)
    await simulated.agent.connected.wait()


async def test_a_rig_is_renamed_with_its_devices_and_stays_connected(
    yard: Yard, device_registry: dr.DeviceRegistry
) -> None:
    rig = await yard.start("rtx3080")
    form = await change(yard, rig.rig_id, "rename")
    assert suggested(form) == {CONF_NAME: "Garage"}
    form = await yard.send(form, {CONF_NAME: " "})
    assert form["errors"] == {CONF_NAME: "name_missing"}
    result = await yard.send(form, {CONF_NAME: "Attic"})
    assert result["reason"] == "reconfigure_successful"
    assert {
        device.name
        for device in dr.async_entries_for_config_entry(
            device_registry, yard.entry.entry_id
        )
    } == {"Mining fleet", "Attic", "Attic RTX 3080 01:00.0"}
    assert rig.agent.attempts == 1


async def test_a_new_token_ends_the_connection_at_once_and_lets_in_the_agent_with_it(
    yard: Yard,
) -> None:
    rig = await yard.start()
    stays = await yard.start(name="Attic")
    token = await renew_token(yard, rig.rig_id)
    await until(lambda: not rig.agent.connected.is_set())
    await until(lambda: bool(rig.agent.delays))
    await rig.agent.stop()
    socket = await yard.dial(token)
    assert (await received(socket))["rigId"] == rig.rig_id
    assert stays.agent.attempts == 1


async def test_the_address_is_asked_for_with_a_new_token_too(yard: Yard) -> None:
    rig_id, _ = await yard.add()
    form = await change(yard, rig_id, "token")
    form = await yard.send(form, {CONF_URL: "nowhere"})
    assert form["errors"] == {CONF_URL: "invalid_url"}


async def test_a_rig_is_removed_with_all_that_it_had(
    hass: HomeAssistant,
    yard: Yard,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    stays = await yard.start(name="Attic")
    rig_id, token = await yard.add()
    socket = await yard.dial(token)
    await received(socket)
    parting = asyncio.create_task(goodbye(socket))
    hass.config_entries.async_remove_subentry(yard.entry, rig_id)
    assert await parting == 4005
    await hass.async_block_till_done()

    assert not any(
        rig_id in known_as
        for device in dr.async_entries_for_config_entry(
            device_registry, yard.entry.entry_id
        )
        for _, known_as in device.identifiers
    )
    assert not any(
        entity.unique_id.startswith(rig_id)
        for entity in er.async_entries_for_config_entry(
            entity_registry, yard.entry.entry_id
        )
    )
    assert stays.agent.attempts == 1
    assert shown(hass, "power", "sensor.attic") != "unavailable"


async def test_a_rig_that_is_removed_takes_its_issues_along(
    hass: HomeAssistant, yard: Yard, issues: Any
) -> None:
    rig = await lost_card(yard)
    assert issues()
    hass.config_entries.async_remove_subentry(yard.entry, rig.rig_id)
    await hass.async_block_till_done()
    assert not issues()


async def test_the_fleet_that_is_removed_takes_its_rigs_along(
    hass: HomeAssistant, yard: Yard, hass_storage: dict[str, Any], issues: Any
) -> None:
    rig = await lost_card(yard)
    assert issues()
    await rig.agent.stop()
    await hass.config_entries.async_remove(yard.entry.entry_id)
    await hass.async_block_till_done()
    assert not issues()
    await yard.pass_time(11, step=11)
    assert hass_storage[f"{DOMAIN}.rigs"]["data"]["cards"] == {}


async def lost_card(yard: Yard) -> Rigged:
    """Start a rig, and have it lose a card of two."""
    rig = await yard.start("rx6800xt", "rx6800xt")
    rig.simulated.faults.gpu_lost(1)
    await yard.live(130)
    return rig
