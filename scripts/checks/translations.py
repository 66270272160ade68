"""translations/en.json: a text for everything the code names, and none to spare.

What the dialogs show is looked after by `dialogs`, and the entities by `entities`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from .component import COMPONENT, Source, sources

FILE = COMPONENT / "translations/en.json"


@dataclass(frozen=True)
class Use:
    """Calls that name a text: the function, its argument, and where the text is."""

    function: str
    argument: str
    text: str  # {key} is the argument's value


USES = (
    Use("HomeAssistantError", "translation_key", "exceptions.{key}.message"),
    Use("ServiceValidationError", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryAuthFailed", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryError", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryNotReady", "translation_key", "exceptions.{key}.message"),
    Use("UpdateFailed", "translation_key", "exceptions.{key}.message"),
    Use("async_create_issue", "translation_key", "issues.{key}.title"),
    Use("SelectSelectorConfig", "translation_key", "selector.{key}.options"),
)

# Texts of which each has to be named somewhere in the code.
NAMED = ("exceptions", "issues")


def check(root: Path) -> Iterator[str]:
    """Complain of texts that are missing and of texts nobody uses."""
    if not (root / FILE).exists():
        yield f"{FILE} is missing"
        return
    texts: dict[str, Any] = json.loads((root / FILE).read_text())
    modules = sources(root)
    for module in modules:
        yield from _missing(module, texts)
    yield from _unused(modules, texts)


def _missing(module: Source, texts: dict[str, Any]) -> Iterator[str]:
    for function, call in module.calls():
        for use in USES:
            if function != use.function:
                continue
            value = next(
                (word.value for word in call.keywords if word.arg == use.argument), None
            )
            if (key := module.text_of(value)) is not None:
                place = use.text.format(key=key)
                yield from demand(texts, place, module, call.lineno)


def _unused(modules: list[Source], texts: dict[str, Any]) -> Iterator[str]:
    said = set().union(*(module.texts() for module in modules))
    for group in NAMED:
        for key in at(texts, group) or {}:
            if key not in said:
                yield f"{FILE}: {group}.{key} is used nowhere"


def demand(
    texts: dict[str, Any], place: str, module: Source, line: int
) -> Iterator[str]:
    """Complain if there is no text at a place."""
    if at(texts, place) is None:
        yield f"{FILE}: {place} is missing ({module.path.name}:{line})"


def at(texts: dict[str, Any], place: str) -> Any:
    """Return what is at a place like config.step.user, if anything."""
    found: Any = texts
    for part in place.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
