"""Finds what somebody means who says the name of a flight sheet or of a profile.

What was heard is written otherwise than it was typed once: "raven coin two miners".
"""

import re
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from .rig_failures import no_such, several_such

# Of fewer letters nobody can tell what they begin.
_BEGINNING: Final = 3


def meant(entry: ConfigEntry[Any], kind: str, said: str) -> ConfigSubentry:
    """Return the one of this name, or of one that sounds so, or that begins so.

    Whoever could mean several is asked to say more.
    """
    there = list(entry.get_subentries_of_type(kind))
    for fits in (_is_written_so, _sounds_so, _begins_so):
        found = [each for each in there if fits(each.title, said)]
        if len(found) == 1:
            return found[0]
        if found:
            raise several_such(kind, said, found)
    raise no_such(kind, said, there)


def _is_written_so(title: str, said: str) -> bool:
    return title.casefold() == said.strip().casefold()


def _sounds_so(title: str, said: str) -> bool:
    return _sound(title) == _sound(said) != ""


def _begins_so(title: str, said: str) -> bool:
    """Tell whether the title has these words, from the beginning of one of its own."""
    sound, words = _sound(said), _words(title)
    return len(sound) >= _BEGINNING and any(
        "".join(words[place:]).startswith(sound) for place in range(len(words))
    )


def _sound(text: str) -> str:
    return "".join(_words(text))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
