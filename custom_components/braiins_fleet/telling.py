"""Tells the home what was changed about a miner or a rig, and by whom."""

from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, CONF_TYPE, Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN, EVENT_CHANGED

# Actions that set what there is an entity for as well, and which that is.
SET_BY_ACTION: Final = {
    "apply_flight_sheet": (Platform.SELECT, "flight_sheet"),
    "apply_overclock": (Platform.SELECT, "overclock"),
    "reset_overclock": (Platform.SELECT, "overclock"),
    "set_hashrate_target": (Platform.NUMBER, "hashrate_target"),
    "set_power_target": (Platform.NUMBER, "power_target"),
}


@dataclass(frozen=True, slots=True)
class By:
    """The entity or the action by which something was wanted, and who wanted it."""

    what: str
    context: Context | None = None


@callback
def tell_change(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    by: By,
    *,
    known_as: str,
    switch: str,
    **about: Any,
) -> None:
    """Tell what was changed about the one that is `known_as` this.

    The logbook of a device asks for its entities alone. So a change is told of the
    entity that shows it, or else of the `switch` that stands for all of the miner.
    """
    registry = er.async_get(hass)
    if registry.async_get(by.what) is None:
        platform, key = SET_BY_ACTION.get(by.what, (Platform.SWITCH, switch))
        entity_id = registry.async_get_entity_id(platform, DOMAIN, f"{known_as}_{key}")
    else:
        entity_id = by.what
    hass.bus.async_fire(
        EVENT_CHANGED,
        {
            ATTR_DEVICE_ID: dr.async_get_device_id_by_identifier(
                hass, (DOMAIN, known_as), config_entry_id=entry.entry_id
            ),
            ATTR_ENTITY_ID: entity_id,
            CONF_TYPE: by.what,
            **about,
        },
        context=by.context,
    )
