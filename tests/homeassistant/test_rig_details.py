"""Where there are very many rigs, only what matters most of them is enabled."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    entity_platform,
    entity_registry as er,
    issue_registry as ir,
)
import pytest

from custom_components.braiins_fleet.const import DOMAIN

from .rigging import Yard

_LIMIT = "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY"
_ESSENTIAL = {
    "flight_sheet",
    "overclock",
    "rig_connected",
    "rig_energy",
    "rig_event",
    "rig_hashrate_mh",
    "rig_hottest_gpu",
    "rig_mining_on",
    "rig_power",
    "rig_problem",
    "rig_reject_rate",
}


def enabled(hass: HomeAssistant, yard: Yard, rig_id: str) -> set[str]:
    """Return what is enabled of a rig, by what its unique id ends in."""
    registry = er.async_get(hass)
    return {
        entity.unique_id.removeprefix(f"{rig_id}_")
        for entity in er.async_entries_for_config_entry(registry, yard.entry.entry_id)
        if entity.config_subentry_id == rig_id and not entity.disabled
    }


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "details_off")


async def test_a_rig_that_comes_late_has_what_matters_enabled_and_the_rest_not(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await yard.start("rtx3080", name="Attic")
    assert len(enabled(hass, yard, first.rig_id)) > len(_ESSENTIAL)
    assert issue(hass) is None
    monkeypatch.setattr(entity_platform, _LIMIT, 100)
    late = await yard.start("rtx3080", name="Garage")
    await yard.live(60)
    assert enabled(hass, yard, late.rig_id) == _ESSENTIAL
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders == {"most": "100"}


async def test_nothing_is_said_of_details_any_more_when_there_is_room_again(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    entities = er.async_get(hass).entities
    await yard.start("rtx3080", name="Attic")
    taken = entities.get_enabled_count_for_config_entry_id(yard.entry.entry_id)
    # Two fifths of it are for details.
    monkeypatch.setattr(entity_platform, _LIMIT, (taken + 2) * 5 // 2)
    second = await yard.start("rtx3080", name="Garage")
    third = await yard.start("rtx3080", name="Shed")
    for rig, is_full in ((third, True), (second, False)):
        assert issue(hass) is not None
        hass.config_entries.async_remove_subentry(yard.entry, rig.rig_id)
        await hass.async_block_till_done()
        assert (issue(hass) is not None) is is_full


async def test_nothing_is_said_of_details_when_the_fleet_was_deleted(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_platform, _LIMIT, 60)
    await yard.start("rtx3080")
    assert issue(hass) is not None
    await hass.config_entries.async_remove(yard.entry.entry_id)
    await hass.async_block_till_done()
    assert issue(hass) is None


async def test_what_is_enabled_stays_so_when_rigs_become_many(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await yard.start("rtx3080")
    before = enabled(hass, yard, rig.rig_id)
    monkeypatch.setattr(entity_platform, _LIMIT, 100)
    await hass.config_entries.async_reload(yard.entry.entry_id)
    await hass.async_block_till_done()
    assert enabled(hass, yard, rig.rig_id) == before
    assert issue(hass) is None
