"""The secrets by which rigs are known.

A token is shown to a person once; only its digest is kept. It has 256 bits of chance
in it, so a plain hash is as good as a slow one.
"""

from hashlib import sha256
from hmac import compare_digest
import secrets
from typing import Final

_BYTES: Final = 32


def make_token() -> str:
    """Return a new token, of letters that need no quoting in a command or a URL."""
    # The agent would take a dash in front for an option of its own.
    while (token := secrets.token_urlsafe(_BYTES)).startswith("-"):
        pass
    return token


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def is_same(digest: str, other: str) -> bool:
    """Compare two digests; how long that takes tells nothing about them."""
    return compare_digest(digest, other)
