"""Whether there is room for all that rigs have, or only for what matters most."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    entity_platform,
    entity_registry as er,
    issue_registry as ir,
)

from .const import DOMAIN

# Home Assistant takes so many entities of one entry, and all rigs share that of the
# fleet. Where this part of them is taken, details would take the place of rigs.
_FOR_DETAILS: Final = 0.4
_DETAILS_OFF: Final = "details_off"


@callback
def has_room(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Tell whether more than the essential entities can be enabled."""
    entities = er.async_get(hass).entities
    taken = entities.get_enabled_count_for_config_entry_id(entry.entry_id)
    return taken < _FOR_DETAILS * entity_platform.MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY


@callback
def tell_of_details(hass: HomeAssistant) -> None:
    """Say that there are too many rigs for all of what they have to be enabled."""
    most = entity_platform.MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
    ir.async_create_issue(
        hass,
        DOMAIN,
        _DETAILS_OFF,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=_DETAILS_OFF,
        translation_placeholders={"most": f"{most:,}"},
    )


@callback
def withdraw_details(hass: HomeAssistant) -> None:
    """Say so no longer."""
    ir.async_delete_issue(hass, DOMAIN, _DETAILS_OFF)
