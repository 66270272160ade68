"""The fleet has an entry of its own: by itself, or from the menu."""

from homeassistant.config_entries import SOURCE_SYSTEM, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.const import DOMAIN, FLEET

from .dialogs import choose, open_menu, send


def know_fleet(hass: HomeAssistant) -> MockConfigEntry:
    """Let Home Assistant know the fleet already."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=FLEET, title="Mining fleet")
    entry.add_to_hass(hass)
    return entry


async def test_the_fleet_is_added_from_the_menu(hass: HomeAssistant) -> None:
    menu = await open_menu(hass)
    assert menu["menu_options"] == ["find", "address", "fleet"]
    form = await choose(hass, menu, "fleet")
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "fleet"

    result = await send(hass, form, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Mining fleet"
    assert result["data"] == {}
    assert result["result"].unique_id == FLEET


async def test_the_fleet_is_called_what_its_device_is_called(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    hass.config.language = "de"
    form = await choose(hass, await open_menu(hass), "fleet")
    result = await send(hass, form, {})
    await hass.async_block_till_done()
    [device] = dr.async_entries_for_config_entry(
        device_registry, result["result"].entry_id
    )
    assert result["title"] == device.name == "Mining-Flotte"


async def test_the_fleet_is_not_offered_twice(hass: HomeAssistant) -> None:
    know_fleet(hass)
    menu = await open_menu(hass)
    assert menu["menu_options"] == ["find", "address"]


async def test_the_fleet_is_not_added_twice(hass: HomeAssistant) -> None:
    form = await choose(hass, await open_menu(hass), "fleet")
    know_fleet(hass)
    result = await send(hass, form, {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "fleet_exists"


async def test_the_fleet_comes_without_a_dialog_where_the_system_asks_for_it(
    hass: HomeAssistant,
) -> None:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SYSTEM}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == FLEET


async def test_an_open_dialog_about_the_fleet_does_not_keep_the_system_from_it(
    hass: HomeAssistant,
) -> None:
    await choose(hass, await open_menu(hass), "fleet")
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SYSTEM}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_fleet_has_no_address_to_change(hass: HomeAssistant) -> None:
    result = await know_fleet(hass).start_reconfigure_flow(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "fleet_has_no_address"


async def test_the_fleet_has_no_options(hass: HomeAssistant) -> None:
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert not know_fleet(hass).supports_options
