"""Lint's own checks: each is silent on a sound tree, and complains of a broken one."""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

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
    translations,
)
from scripts.checks.__main__ import CHECKS, ROOT, compiled_protos
from scripts.checks.component import COMPONENT, Source

type Check = Callable[[Path], Iterator[str]]

PROTO = 'syntax = "proto3"; package bos; message Version { uint64 major = 1; }'

MANIFEST = {
    "domain": "braiins_fleet",
    "name": "Braiins Fleet",
    "codeowners": ["@someone"],
    "config_flow": True,
    "documentation": "https://example.com",
    "integration_type": "hub",
    "iot_class": "local_polling",
    "issue_tracker": "https://example.com/issues",
    "requirements": ["grpcio>=1.76.0"],
    "version": "1.2.3",
}

CONFIG_FLOW = """
from homeassistant.config_entries import ConfigFlow
from homeassistant.const import CONF_HOST
import voluptuous as vol

from .const import CONF_SITE

SCHEMA = vol.Schema({vol.Required(CONF_HOST): str, vol.Optional(CONF_SITE): str})


class Flow(ConfigFlow):
    async def async_step_user(self, user_input=None):
        errors = {}
        if user_input is not None:
            await self.async_set_unique_id("miner")
            self._abort_if_unique_id_configured()
            errors["base"] = "nothing_answers"
            errors["base"] = self._reason()
        return self.async_show_form(step_id="user", data_schema=SCHEMA, errors=errors)

    async def async_step_reauth(self, entry_data):
        return self.async_update_reload_and_abort(self._get_reauth_entry())

    def _reason(self):
        return "wrong_password"
"""

SENSOR = """
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.exceptions import HomeAssistantError

PARALLEL_UPDATES = 0

SENSORS = (SensorEntityDescription(key="fee", translation_key="fee"),)


def fail():
    raise HomeAssistantError(translation_domain="x", translation_key="no_answer")
"""

TEXTS: dict[str, Any] = {
    "config": {
        "step": {
            "user": {
                "title": "Add a miner",
                "data": {"host": "Address", "site": "Site"},
                "data_description": {"host": "Its address.", "site": "Its site."},
            }
        },
        "error": {"nothing_answers": "Nothing.", "wrong_password": "Wrong."},
        "abort": {"already_configured": "Known."},
    },
    "entity": {"sensor": {"fee": {"name": "Fee"}}},
    "exceptions": {"no_answer": {"message": "No answer."}},
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small repository that no check has anything to say about."""
    files: dict[str | Path, str] = {
        "proto/bos/version.proto": PROTO,
        "simulator/miner.py": "import grpc\n",
        "README.md": "A fleet.\n",
        COMPONENT / "asic/wire.py": "from . import units\nfrom .units import Power\n",
        COMPONENT / "asic/deep/wire.py": "from ..units import Power\n",
        COMPONENT / "manifest.json": json.dumps(MANIFEST),
        COMPONENT / "const.py": 'CONF_SITE = "site"\n',
        COMPONENT / "config_flow.py": CONFIG_FLOW,
        COMPONENT / "sensor.py": SENSOR,
        COMPONENT / "quality_scale.yaml": yaml.safe_dump(
            {"rules": dict.fromkeys(quality_scale.RULES, "done")}
        ),
        COMPONENT / "translations/en.json": json.dumps(TEXTS),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in (requirements.ASKED, requirements.PINNED):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / protos.COMPILED).write_bytes(protos.compiled(tmp_path))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


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


@pytest.mark.parametrize(
    "place",
    [
        "config.step.user",
        "config.error.nothing_answers",
        "config.error.wrong_password",
        "config.abort.already_configured",
        "entity.sensor.fee",
        "exceptions.no_answer",
    ],
)
def test_a_text_the_code_names_is_missed(tree: Path, place: str) -> None:
    texts = json.loads(json.dumps(TEXTS))
    *groups, key = place.split(".")
    group = texts
    for name in groups:
        group = group[name]
    del group[key]
    write_texts(tree, texts)
    assert place in complaints(translations.check, tree)


@pytest.mark.parametrize(
    "place",
    [
        "config.step.other",
        "config.error.other",
        "config.abort.other",
        "config.progress.other",
        "entity.sensor.other",
        "entity.switch.other",
        "exceptions.other",
        "issues.other",
    ],
)
def test_a_text_nobody_uses_is_noticed(tree: Path, place: str) -> None:
    texts = json.loads(json.dumps(TEXTS))
    *groups, key = place.split(".")
    group = texts
    for name in groups:
        group = group.setdefault(name, {})
    group[key] = {"title": "Other"}
    write_texts(tree, texts)
    assert complaints(translations.check, tree) == (
        f"{translations.FILE}: {place} is used nowhere"
    )


@pytest.mark.parametrize(
    ("fields", "descriptions", "complaint"),
    [
        (["host"], ["host"], "the field site of the config flow has no text"),
        (["host", "site", "age"], ["host", "site", "age"], "asks for age"),
        (["host", "site"], ["host"], "site needs both a name and a description"),
        (["host"], ["host", "site"], "site needs both a name and a description"),
    ],
)
def test_a_field_has_a_name_and_a_description(
    tree: Path, fields: list[str], descriptions: list[str], complaint: str
) -> None:
    texts = json.loads(json.dumps(TEXTS))
    texts["config"]["step"]["user"] = {
        "data": dict.fromkeys(fields, "Name"),
        "data_description": dict.fromkeys(descriptions, "What it is."),
    }
    write_texts(tree, texts)
    assert complaint in complaints(translations.check, tree)


def test_a_menu_has_a_text_for_each_of_its_options(tree: Path) -> None:
    flow = f"""{CONFIG_FLOW}
    async def async_step_start(self, user_input=None):
        return self.async_show_menu(step_id="start", menu_options=["user", "reauth"])
"""
    (tree / COMPONENT / "config_flow.py").write_text(flow)
    texts = json.loads(json.dumps(TEXTS))
    texts["config"]["step"]["start"] = {"menu_options": {"user": "One", "gone": "Two"}}
    write_texts(tree, texts)
    found = complaints(translations.check, tree)
    assert "config.step.start.menu_options.reauth is missing" in found
    assert "config.step.start.menu_options.gone is used nowhere" in found


def test_the_texts_cannot_be_left_out(tree: Path) -> None:
    (tree / translations.FILE).unlink()
    assert "is missing" in complaints(translations.check, tree)


def write_texts(tree: Path, texts: dict[str, Any]) -> None:
    (tree / translations.FILE).write_text(json.dumps(texts))


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
