"""Which miners an action is for, and whether whoever calls it may do that to them."""

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import (
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
    hass: HomeAssistant, call: ServiceCall, *, only_reads: bool = False
) -> list[MinerCoordinator]:
    """Return the miners that an action is for; the fleet's device means all of them."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(call.data))
    entities, devices = er.async_get(hass), dr.async_get(hass)
    device_ids = set(selected.referenced_devices)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        entity = entities.async_get(entity_id)
        if entity is not None and entity.device_id is not None:
            device_ids.add(entity.device_id)
    entries: dict[str, MinerConfigEntry] = {}
    for device_id in device_ids:
        device = devices.async_get(device_id)
        for entry_id in device.config_entries if device else ():
            entry = hass.config_entries.async_get_entry(entry_id)
            if entry is None or entry.domain != DOMAIN:
                continue
            found = _all(hass) if is_fleet(entry) else [entry]
            entries |= {each.entry_id: each for each in found}
    coordinators = [
        entry.runtime_data
        for entry in entries.values()
        if entry.state is ConfigEntryState.LOADED
    ]
    if not coordinators:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_miners"
        )
    await _require_permission(hass, call, coordinators, only_reads=only_reads)
    return sorted(coordinators, key=lambda each: each.name)


def _all(hass: HomeAssistant) -> list[MinerConfigEntry]:
    return [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if not is_fleet(entry)
    ]


async def _require_permission(
    hass: HomeAssistant,
    call: ServiceCall,
    coordinators: list[MinerCoordinator],
    *,
    only_reads: bool,
) -> None:
    """Refuse a user who may not do that to each of the miners, before any of them."""
    if call.context.user_id is None:
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    if user.is_admin:
        return
    policy = POLICY_READ if only_reads else POLICY_CONTROL
    registry = er.async_get(hass)
    for coordinator in coordinators:
        entry_id = coordinator.config_entry.entry_id
        for entity in er.async_entries_for_config_entry(registry, entry_id):
            if not user.permissions.check_entity(entity.entity_id, policy):
                raise Unauthorized(
                    context=call.context,
                    entity_id=entity.entity_id,
                    permission=policy,
                )
