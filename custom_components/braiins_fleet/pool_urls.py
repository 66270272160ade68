"""The addresses of pools: what is one, and which are the same."""

from ipaddress import IPv6Address
import re
from typing import Final

from .rig import is_base58check, without_login

EXAMPLE: Final = "stratum+tcp://pool.example.com:3333"

_URL = re.compile(
    r"""
    (?P<scheme>stratum\+tcp|stratum\+ssl|stratum2\+tcp)://
    (?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[(?P<ipv6>[0-9a-f:.]+)\])
    (?::(?P<port>[0-9]{1,5}))?
    (?P<path>/[^\s@]*)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HIGHEST_PORT = 65535

# The key itself has 32 bytes. Pools write it with its version in front, or without.
_KEY_LENGTHS = (32, 34)


def is_pool_url(url: str) -> bool:
    """Tell whether this can be the address of a pool.

    A login is no part of it: pools are given the user in a field of its own.
    """
    found = _URL.fullmatch(url)
    if found is None or not found["scheme"].islower():
        return False
    if found["port"] is not None and not 0 < int(found["port"]) <= _HIGHEST_PORT:
        return False
    try:
        return found["ipv6"] is None or bool(IPv6Address(found["ipv6"]))
    except ValueError:
        return False


def has_sound_key(url: str) -> bool:
    """Tell whether a pool that needs a key in its address has one without a slip.

    Only Stratum V2 has one: by it the miner knows that it talks to the right pool.
    """
    found = _URL.fullmatch(url)
    if found is None or found["scheme"] != "stratum2+tcp":
        return True
    return _is_sound((found["path"] or "").strip("/"))


def _is_sound(key: str) -> bool:
    # It is read as a number, in front of which ones mean nothing.
    digits = key.lstrip("1")
    return any(is_base58check(digits, length) for length in _KEY_LENGTHS)


def are_same(one: str, other: str) -> bool:
    """Tell whether two addresses are those of one pool, whatever login they have."""
    return _comparable(one) == _comparable(other)


def _comparable(url: str) -> tuple[str, str]:
    """Take a host in any letters; what follows it may be a key."""
    scheme, mark, rest = without_login(url.strip()).partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}{mark}{host}".casefold(), path
