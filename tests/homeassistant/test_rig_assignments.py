"""What a rig is to do is kept, and forgotten with the rig."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    flush_store,
)

from custom_components.braiins_fleet.rig import (
    Busy,
    Disconnected,
    Refused,
    RigError,
    TimedOut,
    Unacceptable,
)
from custom_components.braiins_fleet.rig_assignments import Assignment, RigAssignments
from custom_components.braiins_fleet.rig_failures import unacceptable, undone_by_rig

from .controlling import look, said
from .rig_orders import BY, keep_sheet
from .rigging import Yard


async def test_an_assignment_outlives_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    assigned = Assignment(
        flight_sheet="f", overclock="o", cards={"a": {"power_limit": 120}}
    )
    before = RigAssignments(hass)
    before.assign("garage", assigned)
    before.assign("attic", Assignment())
    before.forget_all_but({"garage"})
    await flush_store(before._store)
    after = RigAssignments(hass)
    await after.load()
    assert after.of("garage") == assigned
    assert after.of("attic") == Assignment()
    assert hass_storage["braiins_fleet.rig_assignments"]["data"].keys() == {"garage"}


async def test_a_sheet_that_is_deleted_is_assigned_no_more(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    sheet = keep_sheet(yard)
    rigged.coordinator.control.assign_sheet(sheet, by=BY)
    await yard.hass.async_block_till_done()
    assert look(yard.hass, "select.garage_flight_sheet").state == "Raven"
    yard.hass.config_entries.async_remove_subentry(yard.entry, sheet.subentry_id)
    await yard.hass.async_block_till_done()
    assert rigged.coordinator.control.sheet is None
    assert look(yard.hass, "select.garage_flight_sheet").state == "none"


async def test_a_sheet_can_be_chosen_and_found_once_it_is_made_or_renamed(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    select = "select.garage_flight_sheet"
    assert look(hass, select).attributes["options"] == ["none"]
    sheet = keep_sheet(yard)
    rigged.coordinator.control.assign_sheet(sheet, by=BY)
    await hass.async_block_till_done()
    assert look(hass, select).attributes["options"] == ["none", "Raven"]
    hass.config_entries.async_update_subentry(yard.entry, sheet, title="Crow")
    await hass.async_block_till_done()
    assert look(hass, select).attributes["options"] == ["none", "Crow"]
    assert look(hass, select).state == "Crow"


@pytest.mark.parametrize(
    ("err", "key"),
    [
        (Disconnected(), "rig_cut_off"),
        (TimedOut("stop_miner"), "rig_unanswered"),
        (Busy("install_miner"), "rig_busy"),
        (Refused("no such file"), "rig_refused"),
    ],
)
def test_each_way_to_fail_has_words_of_its_own(err: RigError, key: str) -> None:
    assert said(undone_by_rig("Garage", err))[0] == key


@pytest.mark.parametrize(
    ("field", "reason", "key"),
    [
        ("vendors", "other", "rig_other_cards"),
        ("gpu", "missing", "rig_no_cards"),
        ("fan", "not_offered", "rig_not_offered"),
        ("power_limit", "range", "rig_unacceptable"),
    ],
)
def test_what_cannot_be_is_refused_in_words(field: str, reason: str, key: str) -> None:
    refusal = unacceptable("Garage", Unacceptable(field, reason))
    assert isinstance(refusal, ServiceValidationError)
    assert said(refusal)[0] == key
