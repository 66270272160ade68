"""Texts that Home Assistant does not look up, or not as they are meant."""

import re
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN

_MARKS: Final = re.compile(r"[!-/:-@\[-`{-~]")


@callback
def text(hass: HomeAssistant, category: str, key: str) -> str | None:
    """Return a text as it is in the translations, with its placeholders."""
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{category}.{key}")


def verbatim(said: str) -> str:
    """Return what somebody else said as a text in Markdown that reads just so.

    Else it could bring along links to anywhere, and pictures that tell who looks.
    """
    return _MARKS.sub(r"\\\g<0>", said)
