"""Takes out of diagnostics what is nobody else's business."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from ipaddress import ip_address
import re
from typing import Any
from urllib.parse import unquote

from homeassistant.components.diagnostics import REDACTED

from .const import FLEET

# What these hold is taken out, and so is what they hold wherever else it turns up,
# such as the address in the text of an error.
_TELLING = frozenset(
    {
        "address",
        "dns_servers",
        "gateway",
        "host",
        "hostname",
        "mac",
        "serial_number",
        "uid",
        "unique_id",
        "user",
        "wallet",
    }
)
# These can be any word, and would take others along.
_TAKEN_OUT = _TELLING | {
    "configuration_url",
    "connections",
    "contract",
    "identifiers",
    "password",
    "token",
    "token_hash",
    "username",
    "worker",
}
# What is called so by everybody tells nothing.
_ORDINARY = frozenset({"antminer", FLEET})
_SHORTEST = 5

_MAC = re.compile(r"(?i)\b[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}\b")
_IPV4 = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_IPV6 = re.compile(r"(?i)[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*")
# A login before the host, and whatever follows it: some pools have a key there.
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#]+)([/?#]\S*)?")


def redacted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return data that can be shown to anybody: plain, and without what tells who."""
    simple = _plain(data)
    names = {name.casefold() for name in _names(simple)} - _ORDINARY
    # The longest first: a shorter one may be a part of it.
    long = sorted((n for n in names if len(n) >= _SHORTEST), key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, long)) or r"(?!)", re.IGNORECASE)
    result: dict[str, Any] = _redact(simple, known)
    return result


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return str(value)
        case Mapping():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case BaseException():
            return f"{type(value).__name__}: {value}"
    if is_dataclass(value):
        # What is not shown are messages as they came, in which nothing can be redacted.
        shown = [one.name for one in fields(value) if one.repr]
        return {name: _plain(getattr(value, name)) for name in shown}
    return str(value)


def _names(value: Any, key: str = "") -> Iterator[str]:
    """Yield what tells who or where it is, in all ways it may be written."""
    match value:
        case str() if key in _TELLING:
            yield value
            if key in ("user", "wallet"):
                # The name of the worker follows that of the account, or its wallet.
                yield value.partition(".")[0]
            if _MAC.fullmatch(value):
                bare = re.sub("[:-]", "", value)
                # Miners, and we, name a miner after the end of its MAC.
                yield from (bare, bare[-6:])
        case list():
            for each in value:
                yield from _names(each, key)
        case dict():
            for name, each in value.items():
                yield from _names(each, name)


def _redact(value: Any, known: re.Pattern[str]) -> Any:
    match value:
        case str():
            return _redact_text(value, known)
        case list():
            return [_redact(each, known) for each in value]
        case dict():
            return {
                key: REDACTED if each and key in _TAKEN_OUT else _redact(each, known)
                for key, each in value.items()
            }
    return value


def _redact_text(text: str, known: re.Pattern[str]) -> str:
    if "%5B" in text:
        # So gRPC writes the brackets around an address.
        text = unquote(text)
    text = _URL.sub(_redact_url, text)
    text = known.sub(REDACTED, text)
    text = _MAC.sub(REDACTED, text)
    text = _IPV4.sub(REDACTED, text)
    return _IPV6.sub(_redact_ipv6, text)


def _redact_url(found: re.Match[str]) -> str:
    scheme, host, rest = found.groups()
    return f"{scheme}{host}/{REDACTED}" if rest else f"{scheme}{host}"


def _redact_ipv6(found: re.Match[str]) -> str:
    try:
        ip_address(found[0])
    except ValueError:
        return found[0]
    return REDACTED
