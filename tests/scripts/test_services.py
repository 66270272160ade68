"""Lint's check of actions."""

from collections.abc import Mapping
from copy import deepcopy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.checks import icons, services
from scripts.checks.__main__ import CHECKS, ROOT
from scripts.checks.component import COMPONENT

from .conftest import DESCRIBED, ICONS, SERVICES, TEXTS, write_texts


def changed(original: Mapping[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return it with another value at a place, or without any with `None`."""
    result = deepcopy(dict(original))
    *groups, key = place.split(".")
    group = result
    for name in groups:
        group = group.setdefault(name, {})
    if value is None:
        del group[key]
    else:
        group[key] = value
    return result


def complaints(tree: Path) -> list[str]:
    return list(services.check(tree))


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("dig", None, "dig is missing"),
        ("other", {}, "other is used nowhere"),
        ("dig.fields.share", None, "dig.fields.share is missing"),
        ("rest.fields.other", {}, "rest.fields.other is used nowhere"),
        ("dig.fields.share.selector", None, "dig.fields.share.selector is missing"),
        ("dig.fields.share.default", 40, "dig.fields.share.default has to be 50"),
        ("dig.fields.share.default", None, "dig.fields.share.default has to be 50"),
        ("dig.fields.kind.default", "small", "dig.fields.kind.default has to be None"),
        (
            "dig.fields.share.example",
            "much",
            "dig.fields.share: 'much' is not accepted",
        ),
        (
            "dig.fields.share.selector.number.max",
            101,
            "dig.fields.share: 101 is not accepted",
        ),
        (
            "dig.fields.kind.selector.select.options",
            ["small", "large", "huge"],
            "dig.fields.kind: 'huge' is not accepted",
        ),
    ],
)
def test_services_yaml_describes_what_is_registered(
    tree: Path, place: str, value: Any, complaint: str
) -> None:
    text = yaml.safe_dump(changed(DESCRIBED, place, value))
    (tree / services.FILE).write_text(text)
    assert complaints(tree)[0].startswith(f"{services.FILE}: {complaint}")


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("services.dig", None, "services.dig is missing"),
        ("services.other", {}, "services.other is used nowhere"),
        ("services.dig.name", None, "services.dig.name is missing"),
        ("services.rest.description", None, "services.rest.description is missing"),
        ("services.dig.fields.kind", None, "services.dig.fields.kind is missing"),
        (
            "services.dig.fields.other",
            {"name": "Other", "description": "Another."},
            "services.dig.fields.other is used nowhere",
        ),
        (
            "services.dig.fields.kind.description",
            "",
            "services.dig.fields.kind.description is missing",
        ),
        (
            "selector.kind.options.large",
            None,
            "selector.kind.options.large is missing",
        ),
        (
            "selector.kind.options.huge",
            "Huge",
            "selector.kind.options.huge is used nowhere",
        ),
    ],
)
def test_every_action_field_and_option_has_its_texts(
    tree: Path, place: str, value: Any, complaint: str
) -> None:
    write_texts(tree, changed(TEXTS, place, value))
    assert complaints(tree) == [f"{services.TEXTS}: {complaint}"]


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("services.rest", None, "services.rest is missing"),
        ("services.other", {"service": "mdi:sleep"}, "services.other is used nowhere"),
        (
            "services.rest.service",
            "mdi:no-such-icon",
            "services.rest: there is no icon mdi:no-such-icon",
        ),
    ],
)
def test_every_action_has_an_icon(
    tree: Path, place: str, value: Any, complaint: str
) -> None:
    (tree / icons.FILE).write_text(json.dumps(changed(ICONS, place, value)))
    assert complaints(tree) == [f"{icons.FILE}: {complaint}"]


def test_an_action_and_a_field_that_are_new_are_missed_everywhere(tree: Path) -> None:
    (tree / services.SOURCE).write_text(
        SERVICES.replace('"kind"', '"sort"')
        + "    hass.services.async_register('braiins_fleet', 'new', print, plain)\n"
    )
    found = complaints(tree)
    for file, group in (
        (services.FILE, ""),
        (services.TEXTS, "services."),
        (icons.FILE, "services."),
    ):
        assert f"{file}: {group}new is missing" in found
    assert f"{services.FILE}: dig.fields.sort is missing" in found
    assert f"{services.TEXTS}: services.dig.fields.sort is missing" in found
    assert f"{services.DOCS}: `braiins_fleet.new` is missing" in found


@pytest.mark.parametrize("word", ["braiins_fleet.rest", "share"])
def test_every_action_and_field_is_in_the_docs(tree: Path, word: str) -> None:
    docs = tree / services.DOCS
    docs.write_text(docs.read_text().replace(f"`{word}`", word))
    assert complaints(tree) == [f"{services.DOCS}: `{word}` is missing"]


def test_without_any_file_all_of_it_is_missing(tree: Path) -> None:
    for file in (services.FILE, services.TEXTS, services.DOCS, icons.FILE):
        (tree / file).unlink()
    assert len(complaints(tree)) == 10


def test_a_component_without_actions_is_nothing_to_complain_about(
    tmp_path: Path,
) -> None:
    (tmp_path / COMPONENT).mkdir(parents=True)
    assert complaints(tmp_path) == []


def test_lint_runs_it_and_our_own_actions_pass() -> None:
    assert services.check in CHECKS
    assert complaints(ROOT) == []
