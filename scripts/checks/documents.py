"""docs/entities.md: every entity as it is, and none that is not there.

Its tables have a row for each, by its English name, with its unit and its kind.
"""

from collections import Counter
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

from .component import COMPONENT
from .entities import descriptions

FILE = Path("docs/entities.md")
TEXTS = COMPONENT / "translations/en.json"

# What stands for the part that an entity is of.
_PLACEHOLDER = re.compile(r"{\w+}")
_STANDS_FOR = re.compile(r"\*\w+\*")


class Row(NamedTuple):
    """What is said of an entity."""

    name: str
    unit: str
    kind: str


def check(root: Path) -> Iterator[str]:
    """Complain of entities that are left out, made up, or described as others."""
    if not (root / TEXTS).exists():
        return
    if not (root / FILE).exists():
        yield f"{FILE} is missing"
        return
    there, said = Counter(_there(root)), Counter(_said((root / FILE).read_text()))
    for row in sorted((there - said).elements()):
        yield f"{FILE}: {_in_words(row)} has no row"
    for row in sorted((said - there).elements()):
        yield f"{FILE}: {_in_words(row)} is no entity"


def _there(root: Path) -> Iterator[Row]:
    texts: dict[str, Any] = json.loads((root / TEXTS).read_text()).get("entity", {})
    for platform, entities in descriptions(root).items():
        for key, entity in entities.items():
            name = texts.get(platform, {}).get(key, {}).get("name", key)
            off = not entity.entity_registry_enabled_default
            kinds = [entity.entity_category, "off" if off else None]
            yield Row(
                _PLACEHOLDER.sub("*", name),
                getattr(entity, "native_unit_of_measurement", None) or "",
                ", ".join(filter(None, kinds)),
            )


def _said(document: str) -> Iterator[Row]:
    columns: list[str] | None = None
    for line in document.splitlines():
        if not line.startswith("|"):
            columns = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if columns is None:
            columns = cells
        elif columns[0] == "entity" and not cells[0].startswith("---"):
            row = dict(zip(columns, cells, strict=False))
            name = _STANDS_FOR.sub("*", row["entity"])
            yield Row(name, row.get("unit", ""), row.get("kind", ""))


def _in_words(row: Row) -> str:
    return " | ".join(row)
