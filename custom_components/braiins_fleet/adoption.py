"""Let what stands for one miner stand for another, which has taken its place."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .asic import Details
from .const import CONF_UID, DOMAIN
from .coordinator import MinerConfigEntry
from .farm import FARM
from .identity import identity, name_of
from .issues import forget_missing_boards, tells_its_boards


async def adopt(hass: HomeAssistant, entry: MinerConfigEntry, new: Details) -> None:
    """Let an entry stand for another miner, which must not have an entry of its own.

    All that a person made of it stays: names, areas, automations, history, and the
    energy meter goes on.
    """
    async with entry.setup_lock:
        # As long as it is neither the one nor the other, nobody may read for it.
        await hass.config_entries.async_unload(entry.entry_id, _lock=False)
        await _hand_over(hass, entry, new)
        await hass.config_entries.async_setup(entry.entry_id, _lock=False)
    if entry.state is not ConfigEntryState.LOADED:
        return
    coordinator = entry.runtime_data
    if coordinator.last_update_success and tells_its_boards(coordinator.data):
        # Whoever takes another miner does not miss the boards of the old one.
        forget_missing_boards(coordinator)


async def _hand_over(
    hass: HomeAssistant, entry: MinerConfigEntry, new: Details
) -> None:
    entries = hass.config_entries
    before, now = str(entry.unique_id), str(identity(new))
    # It may have been found on the network already, and have been ignored.
    ignored = entries.async_entry_for_domain_unique_id(DOMAIN, now)
    if ignored is not None:
        await entries.async_remove(ignored.entry_id)
    for dialog in entries.flow.async_progress_by_handler(
        DOMAIN, match_context={"unique_id": now}
    ):
        entries.flow.async_abort(dialog["flow_id"])

    entries.async_update_entry(
        entry,
        unique_id=now,
        title=_title(hass, entry, new),
        data={**entry.data, CONF_UID: new.uid},
    )
    hass.data[FARM].memory.forget(entry.entry_id)

    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        devices.async_update_device(
            device.id,
            new_identifiers={(DOMAIN, now)},
            new_connections=(
                {(dr.CONNECTION_NETWORK_MAC, new.mac)} if new.mac else set()
            ),
        )

    @callback
    def rename(entity: er.RegistryEntry) -> dict[str, Any]:
        return {"new_unique_id": now + entity.unique_id.removeprefix(before)}

    await er.async_migrate_entries(hass, entry.entry_id, rename)


def _title(hass: HomeAssistant, entry: ConfigEntry, new: Details) -> str:
    """Return a new title for an entry that goes by its model, else the one it has."""
    remembered = hass.data[FARM].memory.recall(entry.entry_id)
    old = remembered[0].details if remembered else None
    if old is None:
        return entry.title
    plain = name_of(old, str(entry.unique_id), ())
    if entry.title not in (plain, name_of(old, str(entry.unique_id), (plain,))):
        return entry.title
    others = hass.config_entries.async_entries(DOMAIN)
    taken = {other.title for other in others if other is not entry}
    return name_of(new, str(identity(new)), taken)
