"""What goes wrong with a miner, as Home Assistant and whoever uses it are told."""

from collections.abc import Sequence
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.update_coordinator import UpdateFailed

from .asic import (
    AsicError,
    Denied,
    NoSuchHost,
    NotNow,
    Refused,
    TimedOut,
    Unreachable,
    Unsupported,
)
from .const import DOMAIN
from .login import obstacle


def shut_out(entry: ConfigEntry[Any]) -> ConfigEntryAuthFailed:
    """Say that the login is no good any more."""
    return ConfigEntryAuthFailed(
        translation_domain=DOMAIN,
        translation_key="wrong_password",
        translation_placeholders=_words(entry),
    )


def displaced(entry: ConfigEntry[Any], other: str) -> UpdateFailed:
    """Say that another miner answers at the address."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key="another_miner",
        translation_placeholders={**_words(entry), "other": other},
    )


def being_updated(entry: ConfigEntry[Any]) -> UpdateFailed:
    """Say that nothing is asked of it while it gets another firmware."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key="being_updated",
        translation_placeholders=_words(entry),
    )


def unreadable(entry: ConfigEntry[Any], err: AsicError) -> UpdateFailed:
    """Say why a miner cannot be read."""
    why = obstacle(err)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=why.reason,
        translation_placeholders=_words(entry, why.said),
    )


def undone(entry: ConfigEntry[Any], err: AsicError | ValueError) -> HomeAssistantError:
    """Say to whoever wanted something of a miner why it was not done."""
    kind: type[HomeAssistantError] = HomeAssistantError
    match err:
        case Unsupported():
            key = "command_unsupported"
        case Denied():
            key = "wrong_password"
        case NotNow():
            key = "command_not_now"
        case Refused() | ValueError():
            key, kind = "command_refused", ServiceValidationError
        case TimedOut():
            key = "command_unanswered"
        case NoSuchHost() | Unreachable():
            key = "nothing_answers"
        case _:
            key = "command_failed"
    return kind(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=_words(entry, str(err)),
    )


def in_one(errors: Sequence[HomeAssistantError], miners: int) -> HomeAssistantError:
    """Return the error of one miner as it is, and those of several together."""
    if miners == 1:
        return errors[0]
    wrong = all(isinstance(err, ServiceValidationError) for err in errors)
    kind = ServiceValidationError if wrong else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key="some_failed",
        translation_placeholders={
            "failed": str(len(errors)),
            "miners": str(miners),
            "errors": "; ".join(dict.fromkeys(map(str, errors))),
        },
    )


def _words(entry: ConfigEntry[Any], said: str = "") -> dict[str, str]:
    return {"miner": entry.title, "host": entry.data[CONF_HOST], "error": said}
