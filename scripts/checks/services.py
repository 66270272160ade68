"""Actions: what is registered is described, named and drawn, and nothing else is.

The component is loaded and its actions are registered with nobody, as their schemas are
put together of parts. Languages other than English are looked after by `languages`.
"""

from collections.abc import Iterable, Iterator, Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.helpers import config_validation as cv
import voluptuous as vol
import yaml

from . import icons
from .component import COMPONENT, DOMAIN
from .entities import load

FILE = COMPONENT / "services.yaml"
TEXTS = COMPONENT / "translations/en.json"
SOURCE = COMPONENT / "services.py"
DOCS = Path("docs/actions.md")
# Which miners an action is for is no field of it.
_TARGET = {"metadata", *map(str, cv.ENTITY_SERVICE_FIELDS)}


class _Registry:
    """Stands in for Home Assistant, and keeps what is registered."""

    def __init__(self) -> None:
        self.services = self
        self.schemas: dict[str, Any] = {}

    def async_register(
        self,
        _: str,
        name: str,
        __: object,
        schema: object,
        *___: object,
        **____: object,
    ) -> None:
        self.schemas[name] = schema


def check(root: Path) -> Iterator[str]:
    """Complain of actions, fields and options that do not agree."""
    if not (root / SOURCE).exists():
        return
    registry = _Registry()
    [module] = load(root, [SOURCE.stem])
    module.async_setup_services(registry)

    described = yaml.safe_load(_text(root / FILE, "")) or {}
    texts = json.loads(_text(root / TEXTS, "{}"))
    named = texts.get("services", {})
    docs = _text(root / DOCS, "")
    drawn = json.loads(_text(root / icons.FILE, "{}")).get("services", {})
    yield from _both_ways(registry.schemas, described, f"{FILE}: ")
    yield from _both_ways(registry.schemas, named, f"{TEXTS}: services.")
    yield from _both_ways(registry.schemas, drawn, f"{icons.FILE}: services.")
    for name, icon in drawn.items():
        yield from icons.look_up(f"services.{name}", icon.get("service", ""))
    for name, schema in registry.schemas.items():
        for word in (f"{DOMAIN}.{name}", *dict(_fields(schema))):
            if f"`{word}`" not in docs:
                yield f"{DOCS}: `{word}` is missing"
    for name in registry.schemas.keys() & described.keys() & named.keys():
        fields = dict(_fields(registry.schemas[name]))
        shown = (described[name] or {}).get("fields", {})
        yield from _both_ways(fields, shown, f"{FILE}: {name}.fields.")
        yield from _check_texts(f"services.{name}", named[name], fields)
        for key in fields.keys() & shown.keys():
            place, selectors = f"{name}.fields.{key}", texts.get("selector", {})
            yield from _check_field(place, fields[key], shown[key], selectors)


def _text(path: Path, otherwise: str) -> str:
    return path.read_text() if path.exists() else otherwise


def _both_ways(
    wanted: Iterable[str], there: Iterable[str], place: str
) -> Iterator[str]:
    for name in sorted(set(wanted) - set(there)):
        yield f"{place}{name} is missing"
    for name in sorted(set(there) - set(wanted)):
        yield f"{place}{name} is used nowhere"


def _fields(schema: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the fields of a schema, however it is wrapped, with what checks each."""
    for part in getattr(schema, "validators", ()):
        yield from _fields(part)
    inner = getattr(schema, "schema", None)
    if not isinstance(inner, Mapping):
        if inner is not None:
            yield from _fields(inner)
        return
    for marker, validator in inner.items():
        if str(marker) not in _TARGET:
            yield str(marker), (marker, validator)


def _check_texts(
    place: str, text: Mapping[str, Any], fields: Iterable[str]
) -> Iterator[str]:
    of_fields = text.get("fields", {})
    yield from _both_ways(fields, of_fields, f"{TEXTS}: {place}.fields.")
    for where, one in {
        place: text,
        **{f"{place}.fields.{key}": each for key, each in of_fields.items()},
    }.items():
        for part in ("name", "description"):
            if not one.get(part):
                yield f"{TEXTS}: {where}.{part} is missing"


def _check_field(
    place: str,
    field: tuple[Any, Any],
    shown: Mapping[str, Any],
    selectors: Mapping[str, Any],
) -> Iterator[str]:
    marker, validator = field
    [(kind, about)] = shown.get("selector", {}).items() or [(None, None)]
    if kind is None:
        yield f"{FILE}: {place}.selector is missing"
    about = about or {}
    offered = [shown[key] for key in ("default", "example") if key in shown]
    offered += [about[key] for key in ("min", "max") if kind == "number"]
    offered += about.get("options", [])
    for value in offered:
        try:
            vol.Schema(validator)(value)
        except vol.Invalid as err:
            yield f"{FILE}: {place}: {value!r} is not accepted: {err}"
    usual = None if isinstance(marker.default, vol.Undefined) else marker.default()
    if usual != shown.get("default"):
        yield f"{FILE}: {place}.default has to be {usual!r}"
    if kind == "select":
        key = about.get("translation_key", "")
        texts = selectors.get(key, {}).get("options", {})
        where = f"{TEXTS}: selector.{key}.options."
        yield from _both_ways(about.get("options", []), texts, where)
