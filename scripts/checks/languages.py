"""The other languages say all that English says, and nothing else."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from .component import COMPONENT

FOLDER = COMPONENT / "translations"
ORIGINAL = "en.json"
PLACEHOLDER = re.compile(r"{(\w+)}")


def check(root: Path) -> Iterator[str]:
    """Complain of texts that are missing, left over, or have other placeholders."""
    if not (root / FOLDER / ORIGINAL).exists():
        return
    original = _texts(root / FOLDER / ORIGINAL)
    for path in sorted((root / FOLDER).glob("*.json")):
        if path.name == ORIGINAL:
            continue
        file = path.relative_to(root)
        texts = _texts(path)
        for place in original.keys() - texts.keys():
            yield f"{file}: {place} is missing"
        for place in texts.keys() - original.keys():
            yield f"{file}: {place} is not in {ORIGINAL}"
        for place in sorted(original.keys() & texts.keys()):
            if _placeholders(texts[place]) != _placeholders(original[place]):
                yield f"{file}: {place} has other placeholders than {ORIGINAL}"


def _texts(path: Path) -> dict[str, str]:
    return dict(_flatten(json.loads(path.read_text()), ""))


def _flatten(texts: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        here = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            yield from _flatten(value, here)
        else:
            yield here, str(value)


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))
