"""A person makes overclock profiles, from a starting point or from nothing."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.const import DOMAIN, FLEET
from custom_components.braiins_fleet.flight_sheets import OVERCLOCK, profile_of
from custom_components.braiins_fleet.rig import STARTING_POINTS, Settings, Vendor

from .dialogs import suggested
from .test_sheet_flow import send

TYPED: dict[str, Any] = {
    "name": "Quiet",
    "vendors": "nvidia",
    "power_limit": 200,
    "core_lock": 1400,
}


@pytest.fixture
async def fleet(hass: HomeAssistant) -> MockConfigEntry:
    """Set up the fleet."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=FLEET, title="Mining fleet")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def begin(
    hass: HomeAssistant, fleet: MockConfigEntry, start: str | None = None
) -> SubentryFlowResult:
    """Choose where to begin."""
    form = await hass.config_entries.subentries.async_init(
        (fleet.entry_id, OVERCLOCK), context={"source": SOURCE_USER}
    )
    return await send(hass, form, {"start_from": start} if start else {})


async def test_a_profile_is_made_from_nothing(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await begin(hass, fleet)
    assert suggested(form) == {}
    result = await send(hass, form, TYPED)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = fleet.subentries.values()
    profile = profile_of(subentry)
    assert profile.name == "Quiet"
    assert profile.vendors == frozenset({Vendor.NVIDIA})
    assert profile.settings == Settings(power_limit=200, core_lock=1400)


async def test_a_starting_point_fills_in_the_form(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await begin(hass, fleet, "Radeon RX 6800 XT")
    start = STARTING_POINTS["Radeon RX 6800 XT"]
    filled_in = suggested(form)
    assert filled_in == {
        "name": "Radeon RX 6800 XT",
        "vendors": "amd",
        **start.settings.chosen,
    }
    await send(hass, form, filled_in | {"fan": 0})
    (subentry,) = fleet.subentries.values()
    assert profile_of(subentry).settings.fan == 0


async def test_a_card_can_have_values_of_its_own(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    cards = [{"number": 2, "power_limit": 150}]
    await send(hass, await begin(hass, fleet), TYPED | {"cards": cards})
    (subentry,) = fleet.subentries.values()
    assert profile_of(subentry).of_card(2).power_limit == 150
    form = await fleet.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert suggested(form) == TYPED | {"cards": cards}
    result = await send(hass, form, TYPED | {"name": "Loud", "power_limit": 250})
    assert result["reason"] == "reconfigure_successful"
    (subentry,) = fleet.subentries.values()
    assert subentry.title == "Loud"
    assert profile_of(subentry).cards == {}


@pytest.mark.parametrize(
    ("wrong", "field", "error"),
    [
        ({"name": " "}, "name", "name_malformed"),
        ({"name": "None"}, "name", "name_reserved"),
        ({"power_limit": 9999}, "power_limit", "power_limit_range"),
        (
            {"vendors": "both", "memory_lock": 300},
            "memory_lock",
            "memory_lock_range",
        ),
        ({"fan": 50}, "fan", "fan_not_offered"),
        ({"cards": [{"number": 0}]}, "cards", "cards_missing"),
        (
            {"vendors": "amd", "cards": [{"number": 0, "power_limit": 100}]},
            "cards",
            "cards_not_offered",
        ),
        ({"cards": [{"number": 0, "power_limit": 100}] * 2}, "cards", "cards_twice"),
        ({"cards": [{"number": 0, "memory_lock": 300}]}, "cards", "cards_range"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_can_be_put_right(
    hass: HomeAssistant,
    fleet: MockConfigEntry,
    wrong: dict[str, Any],
    field: str,
    error: str,
) -> None:
    form = await send(hass, await begin(hass, fleet), TYPED | wrong)
    assert form["errors"] == {field: error}
    result = await send(hass, form, TYPED)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_profile_sets_something(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await begin(hass, fleet)
    form = await send(hass, form, {"name": "Quiet", "vendors": "nvidia"})
    assert form["errors"] == {"power_limit": "power_limit_missing"}


async def test_what_is_possible_is_said(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await begin(hass, fleet)
    form = await send(hass, form, TYPED | {"vendors": "both", "memory_lock": 300})
    assert form["description_placeholders"] == {"low": "400", "high": "12000"}


async def test_a_name_is_given_once(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    await send(hass, await begin(hass, fleet), TYPED)
    form = await send(hass, await begin(hass, fleet), TYPED | {"name": "QUIET"})
    assert form["errors"] == {"name": "name_taken"}
