"""The texts of the dialogs: one for all that they show, and none to spare."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from .component import COMPONENT, Source, sources
from .translations import FILE, Use, at, demand

# Where the texts of a dialog are, by what its class is made from. Which issue a fix is
# for, and which kind of subentry a dialog makes, is not known before it is open.
SECTIONS = {
    "ConfigFlow": "config",
    "ConfigSubentryFlow": "config_subentries.*",
    "OptionsFlow": "options",
    "OptionsFlowWithReload": "options",
    "RepairsFlow": "issues.*.fix_flow",
}

# The texts are looked for in the section of the dialog; outside of one in `config`.
USES = (
    Use("async_show_progress", "progress_action", "progress.{key}"),
    Use("async_abort", "reason", "abort.{key}"),
    Use("async_update_and_abort", "reason", "abort.{key}"),
    Use("async_update_reload_and_abort", "reason", "abort.{key}"),
    Use("async_create_entry", "description", "create_entry.{key}"),
    Use("_abort_if_unique_id_configured", "error", "abort.{key}"),
    Use("Obstacle", "reason", "error.{key}"),
    Use("WrongNetwork", "reason", "error.{key}"),
)

# Texts of which each has to be named somewhere in the code.
NAMED = ("abort", "create_entry", "error", "progress")

# What Home Assistant's own methods name, and does not have a text for.
IMPLIED = {
    "_abort_if_unique_id_configured": "already_configured",
    "_abort_if_unique_id_mismatch": "unique_id_mismatch",
    "_async_abort_entries_match": "already_configured",
}


def check(root: Path) -> Iterator[str]:
    """Complain of what a dialog shows without a text, and of texts it never shows."""
    if not (root / FILE).exists():
        return
    texts: dict[str, Any] = json.loads((root / FILE).read_text())
    modules = sources(root)
    dialogs = [
        (section, module, node)
        for module in modules
        for section, node in _dialogs(module, modules)
    ]
    for section, module, dialog in dialogs:
        yield from _missing(section, module, dialog, texts)
    within = {id(call) for _, m, dialog in dialogs for _, call in m.calls(dialog)}
    for module in modules:
        for function, call in module.calls():
            if id(call) not in within:
                yield from _named(function, call, "config", module, texts)
    said = set().union(*(module.texts() for module in modules))
    said |= {
        IMPLIED[function]
        for module in modules
        for function, _ in module.calls()
        if function in IMPLIED
    }
    for pattern in sorted(set(SECTIONS.values())):
        steps = {
            name
            for found, _, dialog in dialogs
            if found == pattern
            for name, _ in _steps(dialog)
        }
        for section in _sections(pattern, texts):
            yield from _unused(section, steps, said, texts)
    yield from _fields(root, modules, [module for _, module, _ in dialogs], texts)


def _sections(pattern: str, texts: dict[str, Any]) -> list[str]:
    """Return the sections of the texts that a dialog may find its own in."""
    before, star, after = pattern.partition(".*")
    if not star:
        return [pattern]
    found = [f"{before}.{key}{after}" for key in texts.get(before, {})]
    return [section for section in found if at(texts, section) is not None]


def _demand(
    texts: dict[str, Any], pattern: str, place: str, module: Source, line: int
) -> Iterator[str]:
    sections = _sections(pattern, texts)
    if not any(at(texts, f"{section}.{place}") for section in sections):
        yield from demand(texts, f"{pattern}.{place}", module, line)


def _dialogs(
    module: Source, modules: list[Source]
) -> Iterator[tuple[str, ast.ClassDef]]:
    classes = {
        node.name: node
        for each in modules
        for node in each.tree.body
        if isinstance(node, ast.ClassDef)
    }

    def section(node: ast.ClassDef) -> str | None:
        for base in node.bases:
            if isinstance(base, ast.Name):
                found = SECTIONS.get(base.id)
                if found is None and base.id in classes:
                    found = section(classes[base.id])
                if found is not None:
                    return found
        return None

    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and (found := section(node)) is not None:
            yield found, node


def _steps(dialog: ast.ClassDef) -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for node in dialog.body:
        if isinstance(node, ast.AsyncFunctionDef):
            name = node.name.removeprefix("async_step_")
            if name != node.name:
                yield name, node


def _missing(
    section: str, module: Source, dialog: ast.ClassDef, texts: dict[str, Any]
) -> Iterator[str]:
    for name, step in _steps(dialog):
        # A step that names itself shows itself, however many hands it goes through.
        if any(name == key for _, call in module.calls(step) for key in _said(call)):
            place = f"step.{name}.title"
            yield from _demand(texts, section, place, module, step.lineno)
    for function, call in module.calls(dialog):
        yield from _named(function, call, section, module, texts)
    for line, error in _errors(module, dialog):
        yield from _demand(texts, section, f"error.{error}", module, line)


def _said(call: ast.Call) -> Iterator[str]:
    for value in (*call.args, *(word.value for word in call.keywords)):
        match value:
            case ast.Constant(value=str(text)):
                yield text


def _named(
    function: str,
    call: ast.Call,
    section: str,
    module: Source,
    texts: dict[str, Any],
) -> Iterator[str]:
    words = {word.arg: word.value for word in call.keywords}
    for use in USES:
        if function == use.function:
            for said in _possible(module, words.get(use.argument)):
                place = use.text.format(key=said)
                yield from _demand(texts, section, place, module, call.lineno)
    if function == "_abort_if_unique_id_configured" and "error" not in words:
        place = "abort.already_configured"
        yield from _demand(texts, section, place, module, call.lineno)
    match words.get("menu_options"):
        case ast.List(elts=options):
            step = module.text_of(words.get("step_id"))
            for option in options if step is not None else ():
                if (key := module.text_of(option)) is not None:
                    place = f"step.{step}.menu_options.{key}"
                    yield from _demand(texts, section, place, module, call.lineno)


def _possible(module: Source, value: ast.expr | None) -> Iterator[str]:
    """Yield the texts that an expression can stand for."""
    if isinstance(value, ast.IfExp):
        yield from _possible(module, value.body)
        yield from _possible(module, value.orelse)
    elif (text := module.text_of(value)) is not None:
        yield text


def _errors(module: Source, dialog: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Yield the errors a form is shown with: errors["base"] = … and errors={…}."""
    for node in ast.walk(dialog):
        values: list[ast.expr] = []
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="errors"))], value=value
            ):
                values = [value]
            case ast.keyword(arg="errors", value=ast.Dict(values=values)):
                pass
        for error in values:
            for key in _possible(module, error):
                yield error.lineno, key


def _unused(
    section: str, steps: set[str], said: set[str], texts: dict[str, Any]
) -> Iterator[str]:
    for group in NAMED:
        for key in at(texts, f"{section}.{group}") or {}:
            if key not in said:
                yield f"{FILE}: {section}.{group}.{key} is used nowhere"
    for name, step in (at(texts, f"{section}.step") or {}).items():
        place = f"{section}.step.{name}"
        if name not in steps:
            yield f"{FILE}: {place} is used nowhere"
        options = step.get("menu_options", {})
        for option in options:
            if option not in steps:
                yield f"{FILE}: {place}.menu_options.{option} is used nowhere"
        for option in step.get("menu_option_descriptions", {}):
            if option not in options:
                yield f"{FILE}: {place}.menu_option_descriptions.{option} is no option"


def _fields(
    root: Path, modules: list[Source], dialogs: list[Source], texts: dict[str, Any]
) -> Iterator[str]:
    """Compare the fields that have texts with those the schemas ask for."""
    wanted = {module.path for module in dialogs}
    for module in dialogs:
        wanted |= {
            root / COMPONENT / f"{node.module}.py"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ImportFrom) and node.level == 1
        }
    asked = {
        key
        for module in modules
        if module.path in wanted
        for function, call in module.calls()
        if function in ("Required", "Optional") and call.args
        if (key := module.text_of(call.args[0])) is not None
    }
    described: set[str] = set()
    everywhere = sorted(set(SECTIONS.values()))
    for section in (each for all_ in everywhere for each in _sections(all_, texts)):
        for name, step in (at(texts, f"{section}.step") or {}).items():
            sections: dict[str, Any] = step.get("sections", {})
            described |= sections.keys()
            for key, part in ((name, step), *sections.items()):
                fields = part.get("data", {}).keys()
                described |= fields
                for field in sorted(fields ^ part.get("data_description", {}).keys()):
                    place = f"{FILE}: {section}.step.{name}"
                    yield f"{place}: {field} needs both a name and a description"
                if key in sections and not part.get("name"):
                    yield f"{FILE}: {section}.step.{name}.sections.{key} has no name"
    for field in sorted(asked - described):
        yield f"{FILE}: the field {field} of the dialogs has no text"
    for field in sorted(described - asked):
        yield f"{FILE}: no dialog asks for {field}"
