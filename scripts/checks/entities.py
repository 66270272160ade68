"""The texts of entities: one for each that the component describes, and none to spare.

Descriptions are made in tables, by loops and by partials, so that they are not read off
the source: the component is loaded, and they are taken from its platforms.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
from string import Formatter
import sys
from types import ModuleType
from typing import Any, TypeIs

from homeassistant.const import Platform
from homeassistant.helpers.entity import EntityDescription

from .component import COMPONENT

FILE = COMPONENT / "translations/en.json"

type Descriptions = Mapping[str, Mapping[str, EntityDescription]]

# Another name than its own, as a test has the component loaded already, or another one.
_LOADED_AS = "component_to_check"


def check(root: Path) -> Iterator[str]:
    """Complain of entities without their texts, and of texts without an entity."""
    if not (root / FILE).exists():
        return
    texts = json.loads((root / FILE).read_text()).get("entity", {})
    known = descriptions(root)
    for platform, entities in known.items():
        for key, description in entities.items():
            place = f"{FILE}: entity.{platform}.{key}"
            text = texts.get(platform, {}).get(key)
            if text is None:
                yield f"{place} is missing"
            else:
                yield from _compare(place, description, text)
    for platform, entities in texts.items():
        for key in entities:
            if key not in known.get(platform, {}):
                yield f"{FILE}: entity.{platform}.{key} is used nowhere"


def descriptions(root: Path) -> Descriptions:
    """Return the descriptions of all entities, by platform and key of translation."""
    found: dict[str, dict[str, EntityDescription]] = {}
    for platform, module in _modules(root):
        for value in vars(module).values():
            for one in value if isinstance(value, tuple | list) else (value,):
                if _is_description(one):
                    key = one.translation_key or one.key
                    found.setdefault(platform, {})[key] = one
    return found


def _is_description(value: object) -> TypeIs[EntityDescription]:
    # Home Assistant makes some of its descriptions of another class of that name.
    return any(base.__name__ == "EntityDescription" for base in type(value).__mro__)


def _modules(root: Path) -> list[tuple[str, ModuleType]]:
    folder = root / COMPONENT
    names = {
        path.stem: platform
        for path in sorted(folder.glob("*.py"))
        if (platform := _platform_of(path.stem)) is not None
    }
    return [*zip(names.values(), load(root, names), strict=True)]


def load(root: Path, names: Iterable[str]) -> list[ModuleType]:
    """Load some of the component's modules, and leave no trace of that."""
    try:
        _load_package(root / COMPONENT)
        return [import_module(f"{_LOADED_AS}.{name}") for name in names]
    finally:
        for name in [name for name in sys.modules if name.startswith(_LOADED_AS)]:
            del sys.modules[name]


def _load_package(folder: Path) -> None:
    init = folder / "__init__.py"
    spec = spec_from_file_location(
        _LOADED_AS, init, submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{init} cannot be loaded")
    package = sys.modules[_LOADED_AS] = module_from_spec(spec)
    if init.exists():
        spec.loader.exec_module(package)


def _platform_of(name: str) -> str | None:
    """Return the platform of a module: fleet_sensor.py has sensors, as sensor.py."""
    fitting = [
        platform.value for platform in Platform if f"_{name}".endswith(f"_{platform}")
    ]
    return max(fitting, key=len, default=None)


def _compare(
    place: str, description: EntityDescription, text: Mapping[str, Any]
) -> Iterator[str]:
    part = getattr(description, "part", None)
    wanted = set() if part is None else {part.name}
    # Software and algorithms go by their own names, the same in all languages.
    for named in ("software", "algorithm"):
        if hasattr(description, named):
            wanted = {named}
    if _placeholders(text.get("name", "")) != wanted:
        names = ", ".join(sorted(wanted)) or "none"
        yield f"{place}.name has other placeholders than {names}"
    states = text.get("state", {})
    options = getattr(description, "options", None)
    if options is not None:
        yield from _both_ways(f"{place}.state", states, options)
    kinds = getattr(description, "event_types", None)
    if kinds is not None:
        attribute = text.get("state_attributes", {}).get("event_type", {})
        yield from _both_ways(
            f"{place}.state_attributes.event_type.state",
            attribute.get("state", {}),
            kinds,
        )


def _both_ways(place: str, texts: Mapping[str, str], words: list[str]) -> Iterator[str]:
    for word in sorted(set(words) - texts.keys()):
        yield f"{place}.{word} is missing"
    for word in sorted(texts.keys() - set(words)):
        yield f"{place}.{word} is used nowhere"


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
