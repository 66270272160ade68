"""Tell one miner from another, however its address changes."""

from collections.abc import Container

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .asic import Brand, Details, Platform
from .const import CONF_UID, DOMAIN, FLEET

_BUILDERS = {Brand.ANTMINER: "Bitmain", Brand.WHATSMINER: "MicroBT"}


def is_fleet(entry: ConfigEntry) -> bool:
    """Tell whether this is the entry of the fleet, and not that of a miner."""
    return entry.unique_id == FLEET


def identity(details: Details) -> str | None:
    """Return what a miner is known by for good: its MAC, else its own id.

    A miner that was just switched on may not know either yet.
    """
    return details.mac or details.uid


def is_miner_of(entry: ConfigEntry, details: Details) -> bool:
    """Tell whether this is the miner that the entry was made for.

    Its MAC may be missing for a while after a start; its own id then still tells.
    """
    known_as = {entry.unique_id, entry.data.get(CONF_UID)} - {None}
    return not known_as.isdisjoint({details.mac, details.uid})


def entry_of(hass: HomeAssistant, details: Details) -> ConfigEntry | None:
    """Return the entry that was made for this miner, if there is one."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return next((entry for entry in entries if is_miner_of(entry, details)), None)


def name_of(details: Details, known_as: str, taken: Container[str]) -> str:
    """Name a miner after its model, and apart from its likes."""
    model = details.model or "Braiins OS miner"
    if model not in taken:
        return model
    return f"{model} {known_as.replace(':', '')[-6:]}"


def who_is(hass: HomeAssistant, details: Details) -> str:
    """Say which miner this is, so that a person can find it in the garage."""
    entry = entry_of(hass, details)
    if entry is not None:
        return entry.title
    known_as = str(identity(details))
    return f"{name_of(details, known_as, ())} ({known_as})"


def manufacturer(details: Details) -> str | None:
    """Return who built the miner."""
    if details.platform is Platform.STM32MP157C_II2_BMM1:
        return "Braiins"
    return _BUILDERS.get(details.brand)
