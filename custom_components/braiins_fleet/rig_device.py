"""The devices of rigs and of their cards."""

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .rig import Vendor
from .rig_coordinator import RigCoordinator, card_id, name_of

_MAKERS = {Vendor.NVIDIA: "NVIDIA", Vendor.AMD: "AMD"}


@callback
def keep_rig_devices(coordinator: RigCoordinator) -> None:
    """Register the devices of a rig and its cards, also of those that come later."""
    shown: list[object] = []

    @callback
    def look() -> None:
        # A look into the registry is not free, and cards change rarely.
        now = list(coordinator.data.cards.values())
        if now != shown:
            shown[:] = now
            register_rig_devices(coordinator)

    register_rig_devices(coordinator)
    coordinator.async_add_listener(look)


@callback
def register_rig_devices(coordinator: RigCoordinator) -> None:
    """Have the devices of a rig be what it is now."""
    registry = dr.async_get(coordinator.hass)
    entry_id = coordinator.config_entry.entry_id
    rig = registry.async_get_or_create(
        config_entry_id=entry_id,
        config_subentry_id=coordinator.id,
        identifiers={(DOMAIN, coordinator.id)},
        name=coordinator.name,
    )
    for key, card in coordinator.data.cards.items():
        registry.async_get_or_create(
            config_entry_id=entry_id,
            config_subentry_id=coordinator.id,
            identifiers={(DOMAIN, card_id(coordinator.id, key))},
            name=f"{coordinator.name} {name_of(card)}",
            manufacturer=_MAKERS.get(card.vendor),
            model=card.name or None,
            via_device_id=rig.id,
        )


def card_of(coordinator: RigCoordinator, device: dr.AnyDeviceEntry) -> str | None:
    """Return the key of the card that a device is, if it is one of this rig."""
    prefix = card_id(coordinator.id, "")
    for domain, known_as in device.identifiers:
        if domain == DOMAIN and known_as.startswith(prefix):
            return known_as.removeprefix(prefix)
    return None
