"""translations/en.json: a text for everything the code names, and none to spare."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from .component import COMPONENT, Source, source, sources

FILE = COMPONENT / "translations/en.json"


@dataclass(frozen=True)
class Use:
    """Calls that name a text: the function, its argument, and where the text is."""

    function: str
    argument: str
    text: str  # {key} is the argument's value, {module} the name of the file

    def is_made_by(self, function: str) -> bool:
        """Tell whether a call of this function is such a use."""
        if self.function.startswith("*"):
            return function.endswith(self.function[1:])
        return function == self.function


USES = (
    Use("async_show_form", "step_id", "config.step.{key}"),
    Use("async_show_menu", "step_id", "config.step.{key}"),
    Use("async_show_progress", "progress_action", "config.progress.{key}"),
    Use("async_abort", "reason", "config.abort.{key}"),
    Use("HomeAssistantError", "translation_key", "exceptions.{key}.message"),
    Use("ServiceValidationError", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryAuthFailed", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryError", "translation_key", "exceptions.{key}.message"),
    Use("ConfigEntryNotReady", "translation_key", "exceptions.{key}.message"),
    Use("UpdateFailed", "translation_key", "exceptions.{key}.message"),
    Use("async_create_issue", "translation_key", "issues.{key}.title"),
    Use("SelectSelectorConfig", "translation_key", "selector.{key}.options"),
    Use("*EntityDescription", "translation_key", "entity.{module}.{key}.name"),
)

# The texts that Home Assistant's own flow methods name, and does not have itself.
IMPLIED = {
    "_abort_if_unique_id_configured": {"already_configured"},
    "_abort_if_unique_id_mismatch": {"unique_id_mismatch"},
    "_async_abort_entries_match": {"already_configured"},
}

# Texts of which each has to be named somewhere in the code.
NAMED = ("config.error", "config.abort", "config.progress", "exceptions", "issues")


def check(root: Path) -> Iterator[str]:
    """Complain of texts that are missing and of texts nobody uses."""
    if not (root / FILE).exists():
        yield f"{FILE} is missing"
        return
    texts: dict[str, Any] = json.loads((root / FILE).read_text())
    for module in sources(root):
        yield from _missing(module, texts)
    yield from _unused(root, texts)
    flow = source(root, "config_flow.py")
    if flow is not None:
        for part in (_steps, _menu_options, _fields):
            yield from part(flow, texts)


def _missing(module: Source, texts: dict[str, Any]) -> Iterator[str]:
    for function, call in module.calls():
        for use in USES:
            if not use.is_made_by(function):
                continue
            key = module.text_of(_argument(call, use.argument))
            if key is not None:
                place = use.text.format(key=key, module=module.path.stem)
                yield from _demand(texts, place, module, call.lineno)
        for key in _certain(function, call):
            yield from _demand(texts, f"config.abort.{key}", module, call.lineno)
    if module.path.name == "config_flow.py":
        for line, key in _errors(module):
            yield from _demand(texts, f"config.error.{key}", module, line)


def _certain(function: str, call: ast.Call) -> Iterator[str]:
    """Yield the implied texts that are shown whatever step it is."""
    if (
        function == "_abort_if_unique_id_configured"
        and _argument(call, "error") is None
    ):
        yield "already_configured"


def _demand(
    texts: dict[str, Any], place: str, module: Source, line: int
) -> Iterator[str]:
    if _at(texts, place) is None:
        yield f"{FILE}: {place} is missing ({module.path.name}:{line})"


def _errors(flow: Source) -> Iterator[tuple[int, str]]:
    """Yield the errors a form is shown with: errors["base"] = … and errors={…}."""
    for node in ast.walk(flow.tree):
        values: list[ast.expr] = []
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="errors"))],
                value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)),
            ):
                values = _returned(flow, name)
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value
            ):
                values = [value]
            case ast.keyword(arg="errors", value=ast.Dict(values=values)):
                pass
        for error in values:
            if (key := flow.text_of(error)) is not None:
                yield error.lineno, key


def _returned(flow: Source, function: str) -> list[ast.expr]:
    return [
        node.value
        for definition in ast.walk(flow.tree)
        if isinstance(definition, ast.FunctionDef) and definition.name == function
        for node in ast.walk(definition)
        if isinstance(node, ast.Return) and node.value is not None
    ]


def _unused(root: Path, texts: dict[str, Any]) -> Iterator[str]:
    said: set[str] = set()
    by_module: dict[str, set[str]] = {}
    for module in sources(root):
        by_module[module.path.stem] = module.texts()
        said |= by_module[module.path.stem]
        for function, _ in module.calls():
            said |= IMPLIED.get(function, set())
    for group in NAMED:
        for key in _at(texts, group) or {}:
            if key not in said:
                yield f"{FILE}: {group}.{key} is used nowhere"
    for platform, entities in texts.get("entity", {}).items():
        for key in entities:
            if key not in by_module.get(platform, set()):
                yield f"{FILE}: entity.{platform}.{key} is used nowhere"


def _steps(flow: Source, texts: dict[str, Any]) -> Iterator[str]:
    """Compare the steps that have texts with the methods of the flow."""
    methods = {
        node.name.removeprefix("async_step_")
        for node in ast.walk(flow.tree)
        if isinstance(node, ast.AsyncFunctionDef)
    }
    for name, step in texts.get("config", {}).get("step", {}).items():
        if name not in methods:
            yield f"{FILE}: config.step.{name} is used nowhere"
        for option in step.get("menu_options", {}):
            if option not in methods:
                place = f"config.step.{name}.menu_options.{option}"
                yield f"{FILE}: {place} is used nowhere"


def _menu_options(flow: Source, texts: dict[str, Any]) -> Iterator[str]:
    for function, call in flow.calls():
        step = flow.text_of(_argument(call, "step_id"))
        match _argument(call, "menu_options"):
            case ast.List(elts=options) if function == "async_show_menu":
                for option in options:
                    place = f"config.step.{step}.menu_options.{flow.text_of(option)}"
                    yield from _demand(texts, place, flow, call.lineno)


def _fields(flow: Source, texts: dict[str, Any]) -> Iterator[str]:
    """Compare the fields that have texts with those the schemas ask for."""
    asked = {
        key
        for function, call in flow.calls()
        if function in ("Required", "Optional") and call.args
        if (key := flow.text_of(call.args[0])) is not None
    }
    described: set[str] = set()
    for name, step in texts.get("config", {}).get("step", {}).items():
        for part in (step, *step.get("sections", {}).values()):
            fields, help_texts = part.get("data", {}), part.get("data_description", {})
            for field in sorted(fields.keys() ^ help_texts.keys()):
                place = f"{FILE}: config.step.{name}"
                yield f"{place}: {field} needs both a name and a description"
            described |= fields.keys()
    for field in sorted(asked - described):
        yield f"{FILE}: the field {field} of the config flow has no text"
    for field in sorted(described - asked):
        yield f"{FILE}: no form of the config flow asks for {field}"


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _at(texts: dict[str, Any], place: str) -> Any:
    found: Any = texts
    for part in place.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found
