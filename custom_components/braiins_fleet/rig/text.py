"""What an agent says in words, made fit to be shown and logged."""

import re
from typing import Final

from .errors import Unacceptable

_NAME: Final = re.compile(r"[^\x00-\x1f]{1,100}")
_HOME: Final = re.compile(r"(?<![\w.~-])/(?:root|home/[^/\s:]+)(?=[/\s:]|$)")
# Whatever is in front of the last @, as some write it without a scheme.
_LOGIN: Final = re.compile(r"^([^:/@]*://)?.*@", re.DOTALL)
# No more is looked at, however much was sent.
_LOOKED_AT: Final = 4096


def clean(text: str, limit: int) -> str:
    """Return a text on one line, with nothing unprintable in it, and not longer.

    What is unprintable includes marks that let text run backwards.
    """
    shown = "".join(c if c.isprintable() else " " for c in text[:_LOOKED_AT])
    line = " ".join(shown.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def without_home(text: str) -> str:
    """Return a text without the name of who runs the agent."""
    return _HOME.sub("~", text)


def without_login(address: str) -> str:
    """Return the address of a pool without the login that may be in it."""
    return _LOGIN.sub(r"\1", address)


def check_name(name: str) -> None:
    """Refuse what is no name for something that a person makes for rigs."""
    if not _NAME.fullmatch(name) or not name.strip():
        raise Unacceptable("name", "malformed")
