"""The whole suite fails where a method of the API is used by no test."""

from pathlib import Path

import pytest

from scripts.checks import api
from scripts.checks.__main__ import ROOT
from scripts.methods_gate import shortcomings


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """Write down that all was asked for that has to be."""
    file = tmp_path / "asked.txt"
    used = api.methods(ROOT) - api.unused(ROOT)
    file.write_text("\n".join(f"/braiins.bos.v1.{method}" for method in used))
    return file


def test_it_is_all_right_if_all_that_are_used_are_tested(asked: Path) -> None:
    assert shortcomings(ROOT, asked) == []


def test_a_method_that_is_never_asked_for_is_told(asked: Path) -> None:
    asked.write_text(asked.read_text().replace("Service/Reboot", "Service/Restart"))
    assert shortcomings(ROOT, asked) == [
        "ActionsService/Reboot is used by no test in tests/homeassistant"
    ]


def test_a_method_that_is_used_against_what_is_said_is_told(asked: Path) -> None:
    asked.write_text(f"{asked.read_text()}\n/braiins.bos.v1.PoolService/SetPoolGroups")
    assert shortcomings(ROOT, asked) == [
        "PoolService/SetPoolGroups is used, and docs/api.md says that it is not"
    ]
