"""Tell one miner from another, however its address changes."""

from homeassistant.config_entries import ConfigEntry

from .asic import Brand, Details, Platform
from .const import CONF_UID, FLEET

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


def manufacturer(details: Details) -> str | None:
    """Return who built the miner."""
    if details.platform is Platform.STM32MP157C_II2_BMM1:
        return "Braiins"
    return _BUILDERS.get(details.brand)
