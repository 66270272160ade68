"""Lint's own checks: each is silent on a sound tree, and complains of a broken one."""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
import subprocess

import pytest
import yaml

from scripts import protos
from scripts.checks import (
    addresses,
    layers,
    manifest,
    platforms,
    quality_scale,
    requirements,
)
from scripts.checks.__main__ import CHECKS, ROOT, compiled_protos
from scripts.checks.component import COMPONENT, Source

from .conftest import MANIFEST, PROTO

type Check = Callable[[Path], Iterator[str]]


def complaints(check: Check, tree: Path) -> str:
    return "\n".join(check(tree))


@pytest.mark.parametrize("check", CHECKS)
def test_a_sound_tree_draws_no_complaint(check: Check, tree: Path) -> None:
    assert complaints(check, tree) == ""


@pytest.mark.parametrize("check", CHECKS)
def test_this_repository_draws_no_complaint(check: Check) -> None:
    assert complaints(check, ROOT) == ""


def test_a_changed_proto_makes_the_compiled_set_stale(tree: Path) -> None:
    (tree / "proto/bos/version.proto").write_text(PROTO.replace("major", "minor"))
    assert "run scripts/proto" in complaints(compiled_protos, tree)


def test_a_missing_compiled_set_is_stale(tree: Path) -> None:
    (tree / protos.COMPILED).unlink()
    assert "run scripts/proto" in complaints(compiled_protos, tree)


def test_a_comment_in_a_proto_does_not_make_the_set_stale(tree: Path) -> None:
    (tree / "proto/bos/version.proto").write_text(f"// Which one.\n{PROTO}")
    assert complaints(compiled_protos, tree) == ""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (COMPONENT / "asic/wire.py", "import homeassistant.core"),
        (COMPONENT / "asic/wire.py", "from homeassistant import core"),
        (COMPONENT / "asic/wire.py", "from ..const import DOMAIN"),
        (COMPONENT / "asic/wire.py", "from .. import const"),
        (COMPONENT / "asic/deep/wire.py", "from ...const import DOMAIN"),
        ("simulator/miner.py", "from custom_components.braiins_fleet import asic"),
    ],
)
def test_a_library_may_not_reach_out(tree: Path, name: str | Path, line: str) -> None:
    (tree / name).write_text(f"import asyncio\n\n\ndef act():\n    {line}\n")
    assert f"{name}:5" in complaints(layers.check, tree)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("README.md", "See https://py" + "pi.org/project/grpcio."),
        ("README.md", "URIs: http://deb." + "debian.org/debian"),
        ("README.md", "https://registry.npm" + "js.org/"),
        ("requirements-dev.txt", "--index-url https://packages.example.com"),
        ("requirements-dev.txt", "--find-links /opt/wheels"),
        ("requirements-dev.txt", "-f /opt/wheels"),
        ("requirements-dev.txt", "grpcio @ https://example.com/grpcio.whl"),
    ],
)
def test_no_package_registry_is_named(tree: Path, name: str, line: str) -> None:
    (tree / name).write_text(f"first\n{line}\n")
    subprocess.run(["git", "add", "."], cwd=tree, check=True)
    assert complaints(addresses.check, tree) == f"{name}:2: names a package registry"


def test_what_git_does_not_track_may_name_a_registry(tree: Path) -> None:
    (tree / "notes.md").write_text("py" + "pi.org\n")
    assert complaints(addresses.check, tree) == ""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"issue_tracker": None}, "issue_tracker is missing"),
        ({"zzz": 1}, "zzz is not a key"),
        ({"dhcp": []}, "keys go by the alphabet"),
        ({"dhcp": [{"hostname": "*miner"}]}, '{"hostname": "*miner"} matches nothing'),
        ({"dhcp": [{"hostname": "Miner-*"}]}, "matches nothing"),
        ({"dhcp": [{"macaddress": "90:34:86*"}]}, "matches nothing"),
        ({"dhcp": [{"registered_devices": False}]}, "matches nothing"),
        (
            {"dhcp": [{"registered_devices": True, "hostname": "miner-*"}]},
            "matches nothing",
        ),
        ({"domain": "braiins"}, "the domain has to be the folder's name"),
        ({"version": "one"}, "the version has to read like 1.2.3"),
        ({"requirements": ["grpcio==1.83.1"]}, "grpcio==1.83.1 has to give a lower"),
        ({"requirements": ["grpcio>=1.76,<2"]}, "grpcio>=1.76,<2 has to give a lower"),
    ],
)
def test_a_manifest_is_held_to_its_form(
    tree: Path, change: dict[str, object], complaint: str
) -> None:
    changed = {k: v for k, v in (MANIFEST | change).items() if v is not None}
    (tree / COMPONENT / "manifest.json").write_text(json.dumps(changed))
    assert complaint in complaints(manifest.check, tree)


@pytest.mark.parametrize("name", ["grpcio", "pymicro-vad", "SQLAlchemy"])
def test_what_is_asked_for_is_pinned(tree: Path, name: str) -> None:
    pinned = (tree / requirements.PINNED).read_text()
    without = re.sub(rf"(?im)^{name}==.*(\n .*)*\n", "", pinned)
    assert without != pinned
    (tree / requirements.PINNED).write_text(without)
    assert "run scripts/requirements" in complaints(requirements.check, tree)


def test_another_version_than_asked_for_is_noticed(tree: Path) -> None:
    asked = (tree / requirements.ASKED).read_text()
    older = re.sub(r"0\.13\.\d+", "0.13.9", asked)
    (tree / requirements.ASKED).write_text(older)
    assert "component==0.13.9 is not pinned" in complaints(requirements.check, tree)


def test_a_pin_without_a_hash_is_noticed(tree: Path) -> None:
    with (tree / requirements.PINNED).open("a") as file:
        file.write("\nother==1.0\n")
    assert "other has no hash" in complaints(requirements.check, tree)


@pytest.mark.parametrize("line", ["", "PARALLEL_UPDATES: Final = 0"])
def test_a_platform_says_how_many_updates_run_at_once(tree: Path, line: str) -> None:
    (tree / COMPONENT / "switch.py").write_text(f"{line}\n")
    assert "switch.py: PARALLEL_UPDATES" in complaints(platforms.check, tree)


def test_what_is_no_platform_needs_no_such_limit(tree: Path) -> None:
    (tree / COMPONENT / "coordinator.py").write_text("")
    assert complaints(platforms.check, tree) == ""


def test_texts_are_not_kept_where_a_custom_integration_cannot_use_them(
    tree: Path,
) -> None:
    (tree / COMPONENT / "strings.json").write_text("{}")
    assert "strings.json" in complaints(platforms.check, tree)


@pytest.mark.parametrize(
    "standing",
    ["todo", {"status": "todo"}, {"status": "exempt", "comment": "No HTTP is spoken."}],
)
def test_a_rule_can_be_open_or_exempt_with_a_reason(
    tree: Path, standing: object
) -> None:
    with_rule(tree, "inject-websession", standing)
    assert complaints(quality_scale.check, tree) == ""


@pytest.mark.parametrize(
    "standing",
    [
        "exempt",
        "maybe",
        None,
        {"status": "exempt"},
        {"status": "exempt", "comment": " "},
        {"status": "maybe", "comment": "Who knows."},
        {"status": "done", "reason": "It is."},
    ],
)
def test_a_rule_is_not_left_without_a_proper_answer(
    tree: Path, standing: object
) -> None:
    with_rule(tree, "inject-websession", standing)
    assert "inject-websession" in complaints(quality_scale.check, tree)


def test_no_rule_of_the_scale_is_left_out_or_made_up(tree: Path) -> None:
    rules = dict.fromkeys(quality_scale.RULES - {"brands"}, "done")
    text = yaml.safe_dump({"rules": rules | {"beauty": "done"}})
    (tree / COMPONENT / "quality_scale.yaml").write_text(text)
    found = complaints(quality_scale.check, tree)
    assert "brands is missing" in found
    assert "beauty is not a rule" in found


def test_the_scale_has_54_rules() -> None:
    assert len(quality_scale.RULES) == 54


def test_the_answers_to_the_scale_cannot_be_left_out(tree: Path) -> None:
    (tree / COMPONENT / "quality_scale.yaml").unlink()
    assert "is missing" in complaints(quality_scale.check, tree)


def with_rule(tree: Path, rule: str, standing: object) -> None:
    rules = dict.fromkeys(quality_scale.RULES, "done") | {rule: standing}
    text = yaml.safe_dump({"rules": rules})
    (tree / COMPONENT / "quality_scale.yaml").write_text(text)


def test_a_name_is_read_through_its_import_as_far_as_that_is_certain(
    tree: Path,
) -> None:
    (tree / COMPONENT / "x.py").write_text(
        "from homeassistant.const import CONF_HOST as HOST, MAJOR_VERSION\n"
        "from .const import CONF_SITE\n"
        "from .missing import CONF_GONE\n"
        'OWN: str = "own"\n'
        "import json\n"
        'show("text", HOST, CONF_SITE, OWN, MAJOR_VERSION, CONF_GONE, json)\n'
    )
    source = Source(tree / COMPONENT / "x.py")
    ((_, call),) = source.calls()
    read = [source.text_of(argument) for argument in call.args]
    assert read == ["text", "host", "site", "own", None, None, None]
