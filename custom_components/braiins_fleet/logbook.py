"""A plain sentence in the logbook for whatever happens to a miner.

The event entity has a line there too, which cannot be left out, and which says no more
than the kind of event. This one names the miner, and the error, pool or status.
"""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_HAPPENED
from .happenings import What


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Tell Home Assistant how to put into words what happened."""
    devices = dr.async_get(hass)

    @callback
    def describe(event: Event) -> dict[str, str]:
        device = devices.async_get(event.data[ATTR_DEVICE_ID])
        name = device.name_by_user or device.name if device else None
        return {
            LOGBOOK_ENTRY_NAME: name or "",
            LOGBOOK_ENTRY_MESSAGE: _sentence(hass, event.data),
        }

    async_describe_event(DOMAIN, EVENT_HAPPENED, describe)


def _sentence(hass: HomeAssistant, happened: Mapping[str, Any]) -> str:
    what = happened[CONF_TYPE]
    about = dict(happened)
    if what == What.STATUS_CHANGED:
        for end in ("from", "to"):
            key = f"sensor.status.state.{about[end]}"
            about[end] = _text(hass, "entity", key) or about[end]
    sentence = _text(hass, "common", f"logbook_{what}")
    # What a later version has written down, this one may not know.
    return what if sentence is None else sentence.format(**about)


def _text(hass: HomeAssistant, category: str, key: str) -> str | None:
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{category}.{key}")
