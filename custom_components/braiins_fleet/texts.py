"""Texts that Home Assistant does not look up by itself, in the language of the home."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN


@callback
def text(hass: HomeAssistant, category: str, key: str) -> str | None:
    """Return a text as it is in the translations, with its placeholders."""
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{category}.{key}")
