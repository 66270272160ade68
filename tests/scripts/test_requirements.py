"""Pinning the dependencies of development."""

import json
from pathlib import Path

import pytest

from scripts.requirements import (
    home_assistant_version,
    integration_requirements,
    needed,
)


@pytest.fixture
def components(tmp_path: Path) -> Path:
    manifests = {
        "history": {"dependencies": ["recorder"], "requirements": []},
        "recorder": {"dependencies": ["http"], "requirements": ["sql==2", "zlib==1"]},
        "http": {"dependencies": ["recorder"]},
        "radio": {"requirements": ["radio==1"]},
    }
    for domain, manifest in manifests.items():
        (tmp_path / domain).mkdir()
        (tmp_path / domain / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_what_an_integration_depends_on_is_needed_along(components: Path) -> None:
    assert integration_requirements(components, ["history"]) == ["sql==2", "zlib==1"]


def test_an_integration_of_a_newer_home_assistant_is_passed_over(
    components: Path,
) -> None:
    assert integration_requirements(components, ["radio", "marketplace"]) == [
        "radio==1"
    ]


def test_what_is_set_up_in_any_case_is_needed_too(components: Path) -> None:
    camera = {"integration_type": "entity", "requirements": ["turbo==1"]}
    (components / "camera").mkdir()
    (components / "camera/manifest.json").write_text(json.dumps(camera))
    assert needed(components) == ["sql==2", "turbo==1", "zlib==1"]


def test_the_version_is_that_the_test_plugin_asks_for() -> None:
    pinned = "home-assistant-bluetooth==2.0.0\nhomeassistant==2026.10.4\n"
    assert home_assistant_version(pinned) == "2026.10.4"


def test_a_plugin_that_asks_for_no_version_is_noticed() -> None:
    with pytest.raises(ValueError, match="no longer asks"):
        home_assistant_version("pytest==9.0.3\n")
