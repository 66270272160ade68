"""Lint's checks of the English texts."""

from copy import deepcopy
from pathlib import Path
import re
from typing import Any

import pytest

from scripts.checks import dialogs, translations
from scripts.checks.component import COMPONENT

from .conftest import TEXTS, write_texts


def complaints(tree: Path) -> str:
    return "\n".join([*translations.check(tree), *dialogs.check(tree)])


def change(tree: Path, place: str, text: Any) -> None:
    """Set the text at a place, or take it away with `None`."""
    texts = deepcopy(TEXTS)
    *groups, key = place.split(".")
    group = texts
    for name in groups:
        group = group.setdefault(name, {})
    if text is None:
        del group[key]
    else:
        group[key] = text
    write_texts(tree, texts)


@pytest.mark.parametrize(
    "place",
    [
        "config.step.add.title",
        "config.step.user.menu_options.add",
        "config.step.wait.title",
        "config.error.no_password",
        "config.error.nothing_answers",
        "config.error.wrong_password",
        "config.abort.already_configured",
        "config.abort.fleet_exists",
        "config.abort.gone",
        "config.abort.moved",
        "config.create_entry.one",
        "config.progress.search",
        "issues.gone.fix_flow.step.confirm.title",
        "issues.gone.fix_flow.abort.is_back",
        "options.step.init.title",
        "options.error.too_short",
        "exceptions.no_answer",
    ],
)
def test_a_text_the_code_names_is_missed(tree: Path, place: str) -> None:
    change(tree, place, None)
    # Which issue a fix is for is not known to the check.
    place = place.replace(".gone.", ".*.")
    assert re.search(
        rf"{re.escape(place)}(\.name|\.message)? is missing", complaints(tree)
    )


@pytest.mark.parametrize(
    "place",
    [
        "config.step.other",
        "config.step.user.menu_options.other",
        "config.error.other",
        "config.abort.other",
        "config.create_entry.other",
        "config.progress.other",
        "issues.gone.fix_flow.abort.other",
        "issues.gone.fix_flow.step.other",
        "options.step.other",
        "options.error.other",
        "exceptions.other",
        "issues.other",
    ],
)
def test_a_text_nobody_uses_is_noticed(tree: Path, place: str) -> None:
    change(tree, place, {"title": "Other"})
    assert complaints(tree) == f"{translations.FILE}: {place} is used nowhere"


def test_a_description_of_what_is_no_option_is_noticed(tree: Path) -> None:
    change(tree, "config.step.user.menu_option_descriptions.other", "Other")
    assert "menu_option_descriptions.other is no option" in complaints(tree)


@pytest.mark.parametrize(
    ("place", "fields", "descriptions", "complaint"),
    [
        ("config.step.add", [], [], "the field host of the dialogs has no text"),
        ("config.step.add", ["host", "age"], ["host", "age"], "no dialog asks for age"),
        ("config.step.add", ["host"], [], "config.step.add: host needs both"),
        ("options.step.init", [], ["interval"], "init: interval needs both"),
        (
            "config.step.add.sections.more",
            ["site"],
            [],
            "config.step.add: site needs both a name and a description",
        ),
    ],
)
def test_a_field_has_a_name_and_a_description(
    tree: Path, place: str, fields: list[str], descriptions: list[str], complaint: str
) -> None:
    texts = deepcopy(TEXTS)
    step = texts
    for name in place.split("."):
        step = step[name]
    step["data"] = dict.fromkeys(fields, "Name")
    step["data_description"] = dict.fromkeys(descriptions, "What it is.")
    write_texts(tree, texts)
    assert complaint in complaints(tree)


def test_a_section_has_a_name(tree: Path) -> None:
    change(tree, "config.step.add.sections.more.name", None)
    assert "config.step.add.sections.more has no name" in complaints(tree)


def test_what_is_asked_for_elsewhere_is_no_field_of_a_dialog(tree: Path) -> None:
    (tree / COMPONENT / "services.py").write_text('SCHEMA = {Required("watts"): int}\n')
    assert complaints(tree) == ""


def test_the_texts_cannot_be_left_out(tree: Path) -> None:
    (tree / translations.FILE).unlink()
    assert "is missing" in complaints(tree)
