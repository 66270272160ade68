"""Lint's check that the table of the API's methods is complete, and names what is."""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
import pytest

from scripts import protos
from scripts.checks import api
from scripts.checks.__main__ import ROOT
from scripts.checks.component import COMPONENT

DOCUMENT = """
## Actions

| method | in Home Assistant |
|---|---|
| `Pause` | `braiins_fleet.pause`; *Mining* |
| `Login` | By itself: whenever it has to |
| `Increment` | Not used: some firmware does not do it |

## Boards

| method | in Home Assistant |
|---|---|
| `Enable` | *Board 1 enabled* |
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a component with two entities, an action, and an API of four methods."""
    compiled = FileDescriptorSet()
    file = compiled.file.add(name="bos.proto")
    for service, methods in {
        "Actions": ("Pause", "Login", "Increment"),
        "Boards": ("Enable",),
    }.items():
        described = file.service.add(name=service)
        for method in methods:
            described.method.add(name=method)
    (tmp_path / protos.COMPILED).parent.mkdir(parents=True)
    (tmp_path / protos.COMPILED).write_bytes(compiled.SerializeToString())
    (tmp_path / COMPONENT / "translations").mkdir()
    (tmp_path / api.TEXTS).write_text(
        '{"entity": {"switch": {"mining": {"name": "Mining"}, "here": {},'
        ' "board": {"name": "Board {board} enabled"}}}}'
    )
    (tmp_path / api.ACTIONS).write_text("pause:\n")
    (tmp_path / api.FILE).parent.mkdir()
    write(tmp_path, DOCUMENT)
    return tmp_path


def write(tree: Path, document: str) -> None:
    (tree / api.FILE).write_text(document)


def complaints(tree: Path) -> list[str]:
    return list(api.check(tree))


def test_a_complete_table_is_all_right(tree: Path) -> None:
    assert complaints(tree) == []


def test_where_there_is_no_api_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert complaints(tmp_path) == []


def test_a_missing_table_is_told(tree: Path) -> None:
    (tree / api.FILE).unlink()
    assert complaints(tree) == ["docs/api.md is missing"]


@pytest.mark.parametrize(
    ("row", "instead", "complaint"),
    [
        ("| `Enable` | *Board 1 enabled* |", "", "Boards/Enable has no row"),
        (
            "| `Enable` | *Board 1 enabled* |",
            "| `Enable` | *Board 1 enabled* |\n| `Enable` | *Mining* |",
            "Boards/Enable is no method, or has another row",
        ),
        (
            "| `Enable` | *Board 1 enabled* |",
            "| `Enable` | *Board 1 enabled* |\n| `Pause` | *Mining* |",
            "Boards/Pause is no method, or has another row",
        ),
        ("By itself: whenever", "whenever", "Actions/Login is served by nothing"),
        ("*Mining*", "*Minning*", "Minning is no entity"),
        ("Board 1 enabled", "Board 1", "Board 1 is no entity"),
        (".pause`", ".paws`", "braiins_fleet.paws is no action"),
    ],
)
def test_what_does_not_fit_is_told(
    tree: Path, row: str, instead: str, complaint: str
) -> None:
    write(tree, DOCUMENT.replace(row, instead))
    assert complaints(tree) == [f"docs/api.md: {complaint}"]


def test_what_is_emphasised_more_is_no_entity(tree: Path) -> None:
    write(tree, f"{DOCUMENT}\nThis is **bold**.\n")
    assert complaints(tree) == []


@pytest.mark.parametrize("file", api.FROM_ELSEWHERE)
def test_the_names_for_those_who_come_from_elsewhere_exist_too(
    tree: Path, file: Path
) -> None:
    (tree / file).write_text("| `ping` | `braiins_fleet.ping`; *Reach* |")
    assert complaints(tree) == [
        f"{file}: braiins_fleet.ping is no action",
        f"{file}: Reach is no entity",
    ]


def test_what_is_not_used_is_known_by_its_row(tree: Path) -> None:
    assert api.unused(tree) == {"Actions/Increment"}


def test_the_table_of_this_repository_is_complete() -> None:
    assert complaints(ROOT) == []
