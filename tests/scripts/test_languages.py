"""Lint's check of the other languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.checks.__main__ import CHECKS, ROOT
from scripts.checks.component import COMPONENT
from scripts.checks.languages import check

ENGLISH = {"config": {"abort": {"gone": "{miner} is gone"}}, "title": "Fleet"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / COMPONENT / "translations").mkdir(parents=True)
    write(tmp_path, "en", ENGLISH)
    return tmp_path


def write(tree: Path, language: str, texts: dict[str, Any]) -> None:
    file = tree / COMPONENT / "translations" / f"{language}.json"
    file.write_text(json.dumps(texts))


def test_a_whole_translation_is_nothing_to_complain_about(tree: Path) -> None:
    write(tree, "de", {"config": {"abort": {"gone": "{miner} fehlt"}}, "title": "F"})
    assert list(check(tree)) == []


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({"config": {"abort": {"gone": "{miner} fehlt"}}}, "title is missing"),
        (
            {"config": {"abort": {"gone": "{miner}", "x": "?"}}, "title": "F"},
            "config.abort.x is not in en.json",
        ),
        (
            {"config": {"abort": {"gone": "{gerät} fehlt"}}, "title": "F"},
            "config.abort.gone has other placeholders than en.json",
        ),
    ],
)
def test_a_translation_that_differs_is_complained_of(
    tree: Path, texts: dict[str, Any], complaint: str
) -> None:
    write(tree, "de", texts)
    assert list(check(tree)) == [f"{COMPONENT}/translations/de.json: {complaint}"]


def test_a_component_without_english_is_for_another_check(tmp_path: Path) -> None:
    assert list(check(tmp_path)) == []


def test_lint_runs_it_and_our_own_translations_pass() -> None:
    assert check in CHECKS
    assert list(check(ROOT)) == []
