"""What mining software there is to install, and which of two versions is newer."""

from dataclasses import dataclass
from itertools import dropwhile
import re
from typing import Any, Final

from .software import Software

_TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_MOST_ASSETS: Final = 500
# Some put their name in front, and some have a letter behind: `lolMiner 1.98a`.
_VERSION: Final = re.compile(
    r"""
    (?:[a-z][a-z-]*[ -]+)?
    v?(?P<numbers>[0-9]{1,6}(?:[.-][0-9]{1,6}){0,4})(?P<letter>[a-z]?)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The newest of a program; `fits` is whether the agent finds something in it."""

    version: str
    tag: str
    fits: bool


def read_release(software: Software, answer: Any) -> Release | None:
    """Read what GitHub says of a release; of one that is none, nothing."""
    if not isinstance(answer, dict):
        return None
    tag, assets = answer.get("tag_name"), answer.get("assets")
    if not isinstance(tag, str) or not isinstance(assets, list):
        return None
    version = version_in(tag) if _TAG.fullmatch(tag) else None
    if version is None:
        return None
    names = [
        name
        for asset in assets[:_MOST_ASSETS]
        if isinstance(asset, dict) and isinstance(name := asset.get("name"), str)
    ]
    wanted = software.asset.format(tag.removeprefix("v"))
    return Release(
        version=version, tag=tag, fits=any(_is_taken(name, wanted) for name in names)
    )


def _is_taken(name: str, wanted: str) -> bool:
    """Tell whether the agent would take a file for what it looks for."""
    low = name.lower()
    return low == wanted.lower() or (
        "linux" in low and "64" in low and "arm" not in low
    )


def version_in(text: str) -> str | None:
    """Return the version alone, if there is one and nothing that nobody can compare."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    return found["numbers"].replace("-", ".") + found["letter"].lower()


def is_newer(version: str, than: str) -> bool:
    """Tell whether one is newer of two versions that `version_in` returned."""
    return _order(version) > _order(than)


def _order(version: str) -> tuple[list[int], str]:
    numbers = [int(number) for number in re.findall(r"[0-9]+", version)]
    # 1.2 and 1.2.0 are the same.
    shortened = [*dropwhile(lambda number: number == 0, reversed(numbers))][::-1]
    return shortened, version[-1] if version[-1].isalpha() else ""
