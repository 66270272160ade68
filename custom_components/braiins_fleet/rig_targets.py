"""Which rigs an action is for, and whether whoever calls it may do that to them."""

from collections.abc import Iterable
from typing import Any, cast

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .const import DOMAIN
from .fleet import FleetConfigEntry
from .identity import is_fleet
from .rig_coordinator import RigCoordinator
from .targets import require_rights


def all_rigs(hass: HomeAssistant) -> list[RigCoordinator]:
    """Return every rig, be it connected or not."""
    fleets = (
        cast("FleetConfigEntry", entry)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if is_fleet(entry)
    )
    return sorted(
        (rig for fleet in fleets for rig in fleet.runtime_data.garage.coordinators),
        key=lambda rig: rig.name,
    )


async def rigs_of(hass: HomeAssistant, call: ServiceCall) -> list[RigCoordinator]:
    """Return the rigs that an action is for, be they connected or not."""
    rigs = rigs_chosen(hass, call)
    if not rigs:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_rigs"
        )
    await require_rig_permission(hass, call.context, rigs)
    return rigs


def rigs_chosen(hass: HomeAssistant, call: ServiceCall) -> list[RigCoordinator]:
    """Return the rigs that were chosen, of which there may be none."""
    rigs = all_rigs(hass)
    if not rigs:
        return []
    chosen = _chosen(hass, call, rigs[0].config_entry)
    return rigs if chosen is None else [rig for rig in rigs if rig.id in chosen]


def _chosen(
    hass: HomeAssistant, call: ServiceCall, fleet: ConfigEntry[Any]
) -> set[str | None] | None:
    """Return the ids of the rigs that were chosen, or nothing if that is all of them.

    The fleet means all rigs, but not for standing in some area with a few of them.
    """
    if call.data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        return None
    target = TargetSelection(call.data)
    selected = async_extract_referenced_entity_ids(hass, target)
    named = _parts_of(hass, fleet, selected.referenced, target.device_ids)
    if None in named:
        return None
    return named | _parts_of(
        hass, fleet, selected.indirectly_referenced, selected.referenced_devices
    )


def _parts_of(
    hass: HomeAssistant,
    fleet: ConfigEntry[Any],
    entity_ids: Iterable[str],
    device_ids: Iterable[str],
) -> set[str | None]:
    """Return the rigs that entities and devices belong to; the fleet is none of them.

    The card of a rig means the rig.
    """
    entities, devices = er.async_get(hass), dr.async_get(hass)
    return {
        entity.config_subentry_id
        for entity_id in entity_ids
        if (entity := entities.async_get(entity_id)) is not None
        and entity.config_entry_id == fleet.entry_id
    } | {
        device.config_subentry_id
        for device_id in device_ids
        if (device := devices.async_get(device_id)) is not None
        and device.config_entry_id == fleet.entry_id
    }


async def require_rig_permission(
    hass: HomeAssistant,
    context: Context,
    rigs: Iterable[RigCoordinator],
    *,
    only_reads: bool = False,
) -> None:
    """Refuse a user who may not do that to each of the rigs, before any of them."""
    registry = er.async_get(hass)
    entries = {rig.id: rig.config_entry.entry_id for rig in rigs}
    entities = (
        entity.entity_id
        for entry_id in set(entries.values())
        for entity in er.async_entries_for_config_entry(registry, entry_id)
        if entity.config_subentry_id in entries
    )
    await require_rights(hass, context, entities, only_reads=only_reads)
