"""icons.json: an icon for each entity that Home Assistant has none for."""

from collections.abc import Iterator, Mapping
from functools import cache
import json
from pathlib import Path
from typing import Any

import hass_frontend
from homeassistant.helpers.entity import EntityDescription

from .component import COMPONENT
from .entities import descriptions

FILE = COMPONENT / "icons.json"
_PREFIX = "mdi:"


def check(root: Path) -> Iterator[str]:
    """Complain of icons that are missing, of no entity, or not to be had."""
    if not (root / FILE).exists():
        yield f"{FILE} is missing"
        return
    icons = json.loads((root / FILE).read_text()).get("entity", {})
    known = descriptions(root)
    for platform, entities in known.items():
        for key, description in entities.items():
            if _needs_one(description) and key not in icons.get(platform, {}):
                yield f"{FILE}: entity.{platform}.{key} is missing"
    for platform, entities in icons.items():
        for key, icon in entities.items():
            place = f"entity.{platform}.{key}"
            entity = known.get(platform, {}).get(key)
            if entity is None:
                yield f"{FILE}: {place} is no entity"
            else:
                yield from _look(place, icon, entity)


def _needs_one(description: EntityDescription) -> bool:
    """Tell whether there is no kind of thing that would give the icon."""
    return description.device_class in (None, "enum")


def _look(
    place: str, icon: Mapping[str, Any], description: EntityDescription
) -> Iterator[str]:
    if "default" not in icon and _needs_one(description):
        yield f"{FILE}: {place}.default is missing"
    options = getattr(description, "options", None)
    for state in icon.get("state", {}):
        if options is not None and state not in options:
            yield f"{FILE}: {place}.state.{state} is no state of it"
    yield from _compare(place, icon)
    for name, attribute in icon.get("state_attributes", {}).items():
        yield from _compare(f"{place}.state_attributes.{name}", attribute)


def _compare(place: str, icon: Mapping[str, Any]) -> Iterator[str]:
    default, states = icon.get("default"), icon.get("state", {})
    for state, name in states.items():
        if name == default:
            yield f"{FILE}: {place}.state.{state} is no other than the default"
    for name in filter(None, (default, *states.values())):
        yield from look_up(place, name)


def look_up(place: str, name: str) -> Iterator[str]:
    """Complain of an icon that Home Assistant does not have."""
    if not name.startswith(_PREFIX) or name.removeprefix(_PREFIX) not in _drawn():
        yield f"{FILE}: {place}: there is no icon {name}"


@cache
def _drawn() -> frozenset[str]:
    """Return the names of the icons that Home Assistant's pages have."""
    file = hass_frontend.where() / "static/mdi/iconList.json"
    return frozenset(icon["name"] for icon in json.loads(file.read_text()))
