"""Lint's check that the list of entities in the docs is that of the component."""

from copy import deepcopy
from pathlib import Path

import pytest

from scripts.checks import documents
from scripts.checks.component import COMPONENT

from .conftest import DOCUMENT, TEXTS, write_texts

MORE = """
from dataclasses import dataclass

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.const import EntityCategory


@dataclass(frozen=True, kw_only=True)
class BoardDescription(SensorEntityDescription):
    pass


BOARDS = [
    BoardDescription(
        key="voltage",
        native_unit_of_measurement="V",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    )
]
"""


def complaints(tree: Path) -> list[str]:
    return list(documents.check(tree))


def write(tree: Path, document: str) -> None:
    (tree / documents.FILE).write_text(document)


def with_boards(tree: Path) -> None:
    (tree / COMPONENT / "board_sensor.py").write_text(MORE)
    texts = deepcopy(TEXTS)
    texts["entity"]["sensor"]["voltage"] = {"name": "Board {board} voltage"}
    write_texts(tree, texts)


def test_an_entity_without_a_row_is_missed(tree: Path) -> None:
    write(tree, DOCUMENT.replace("| 15 s | | | |\n", ""))
    assert complaints(tree) == [f"{documents.FILE}: 15 s |  |  has no row"]


def test_a_row_without_an_entity_is_told(tree: Path) -> None:
    write(tree, f"{DOCUMENT}| Colour | | | blue |\n")
    assert complaints(tree) == [f"{documents.FILE}: Colour |  |  is no entity"]


def test_a_row_goes_by_the_name_that_is_shown(tree: Path) -> None:
    texts = deepcopy(TEXTS)
    texts["entity"]["sensor"]["fee"] = {"name": "Developer fee"}
    write_texts(tree, texts)
    assert complaints(tree) == [
        f"{documents.FILE}: Developer fee |  |  has no row",
        f"{documents.FILE}: Fee |  |  is no entity",
    ]


def test_a_part_of_a_name_may_stand_for_any(tree: Path) -> None:
    with_boards(tree)
    write(tree, f"{DOCUMENT}| Board *n* voltage | V | diagnostic, off | |\n")
    assert complaints(tree) == []


@pytest.mark.parametrize(
    "kind",
    ["| | ", "| V | ", "| V | diagnostic ", "| V | off ", "| A | diagnostic, off "],
)
def test_unit_category_and_whether_it_is_off_have_to_be_right(
    tree: Path, kind: str
) -> None:
    with_boards(tree)
    write(tree, f"{DOCUMENT}| Board *n* voltage {kind}| |\n")
    assert [line.rpartition(" ")[2] for line in complaints(tree)] == ["row", "entity"]


def test_other_tables_are_about_something_else(tree: Path) -> None:
    write(tree, f"{DOCUMENT}\n| event | attributes |\n|---|---|\n| Moved | |\n")
    assert complaints(tree) == []


def test_the_list_has_to_be_there(tree: Path) -> None:
    (tree / documents.FILE).unlink()
    assert complaints(tree) == [f"{documents.FILE} is missing"]
