"""Which miners an action is for, and whether whoever calls it may do that to them."""

from collections.abc import Iterable

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, ENTITY_MATCH_ALL
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)

from .const import DOMAIN
from .coordinator import MinerConfigEntry, MinerCoordinator
from .identity import is_fleet


async def miners_of(
    hass: HomeAssistant,
    call: ServiceCall,
    *,
    only_reads: bool = False,
    or_none: bool = False,
) -> list[MinerConfigEntry]:
    """Return the miners that an action is for, also those that are not set up now."""
    miners = sorted(_chosen(hass, call), key=lambda each: each.title)
    if not miners and not or_none:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_miners"
        )
    await require_permission(hass, call.context, miners, only_reads=only_reads)
    return miners


def coordinator_of(miner: MinerConfigEntry) -> MinerCoordinator:
    """Return what keeps up with a miner, if that is set up now."""
    if miner.state is not ConfigEntryState.LOADED:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="not_set_up",
            translation_placeholders={"miner": miner.title},
        )
    return miner.runtime_data


def all_miners(hass: HomeAssistant) -> list[MinerConfigEntry]:
    """Return every miner that is not switched off in the settings."""
    return [entry for entry in _entries(hass) if not is_fleet(entry)]


def _entries(hass: HomeAssistant) -> list[MinerConfigEntry]:
    return hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )


def _chosen(hass: HomeAssistant, call: ServiceCall) -> list[MinerConfigEntry]:
    known = _entries(hass)
    miners = all_miners(hass)
    if call.data.get(ATTR_ENTITY_ID) == ENTITY_MATCH_ALL:
        return miners
    target = TargetSelection(call.data)
    selected = async_extract_referenced_entity_ids(hass, target)
    # The fleet means all miners, but not for standing in some area with a few of them.
    named = _entries_of(hass, selected.referenced, target.device_ids)
    if any(is_fleet(entry) and entry.entry_id in named for entry in known):
        return miners
    within = _entries_of(
        hass, selected.indirectly_referenced, selected.referenced_devices
    )
    return [entry for entry in miners if entry.entry_id in named | within]


def _entries_of(
    hass: HomeAssistant, entity_ids: Iterable[str], device_ids: Iterable[str]
) -> set[str | None]:
    """Return the ids of the entries that entities and devices belong to."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    return {
        entity.config_entry_id
        for entity_id in entity_ids
        if (entity := entities.async_get(entity_id)) is not None
        # A rig belongs to the fleet's entry, and is none of its miners.
        and entity.config_subentry_id is None
    } | {
        device.config_entry_id
        for device_id in device_ids
        if (device := devices.async_get(device_id)) is not None
        and device.config_subentry_id is None
    }


async def require_permission(
    hass: HomeAssistant,
    context: Context,
    miners: Iterable[MinerConfigEntry],
    *,
    only_reads: bool = False,
) -> None:
    """Refuse a user who may not do that to each of the miners, before any of them."""
    registry = er.async_get(hass)
    entities = (
        entity.entity_id
        for miner in miners
        for entity in er.async_entries_for_config_entry(registry, miner.entry_id)
    )
    await require_rights(hass, context, entities, only_reads=only_reads)


async def require_rights(
    hass: HomeAssistant,
    context: Context,
    entity_ids: Iterable[str],
    *,
    only_reads: bool = False,
) -> None:
    """Refuse a user who may not control each of the entities, or not even see it."""
    if context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None:
        raise UnknownUser(context=context)
    if user.is_admin:
        return
    policy = POLICY_READ if only_reads else POLICY_CONTROL
    for entity_id in entity_ids:
        if not user.permissions.check_entity(entity_id, policy):
            raise Unauthorized(context=context, entity_id=entity_id, permission=policy)
