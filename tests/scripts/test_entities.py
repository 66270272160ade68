"""Lint's checks of the texts and icons of entities."""

from copy import deepcopy
import json
from pathlib import Path
import sys
from typing import Any

import pytest

from scripts.checks import entities, icons
from scripts.checks.component import COMPONENT

from .conftest import ICONS, TEXTS, write_texts

MORE = """
from dataclasses import dataclass

from homeassistant.components.sensor import SensorEntityDescription


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True, kw_only=True)
class PartDescription(SensorEntityDescription):
    part: Part


BOARDS = [PartDescription(key="voltage", device_class="voltage", part=Part("board"))]
"""
EVENT = """
from homeassistant.components.event import EventEntityDescription

EVENT = EventEntityDescription(key="news", event_types=["good", "bad"])
"""


def complaints(tree: Path) -> list[str]:
    return [*entities.check(tree), *icons.check(tree)]


def with_text(tree: Path, platform: str, key: str, text: Any) -> None:
    """Set the texts of an entity, or take them away with `None`."""
    texts = deepcopy(TEXTS)
    _set(texts["entity"].setdefault(platform, {}), key, text)
    write_texts(tree, texts)


def with_icon(tree: Path, platform: str, key: str, icon: Any) -> None:
    """Set the icons of an entity, or take them away with `None`."""
    changed = deepcopy(ICONS)
    _set(changed["entity"].setdefault(platform, {}), key, icon)
    (tree / icons.FILE).write_text(json.dumps(changed))


def _set(group: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        del group[key]
    else:
        group[key] = value


@pytest.mark.parametrize("key", ["fee", "hashrate_15_s", "state"])
def test_an_entity_without_a_text_is_missed(tree: Path, key: str) -> None:
    with_text(tree, "sensor", key, None)
    assert complaints(tree) == [f"{entities.FILE}: entity.sensor.{key} is missing"]


@pytest.mark.parametrize(
    ("platform", "key"),
    [("sensor", "other"), ("sensor", "hashrate_30_s"), ("switch", "fee")],
)
def test_a_text_of_no_entity_is_noticed(tree: Path, platform: str, key: str) -> None:
    with_text(tree, platform, key, {"name": "Other"})
    assert complaints(tree) == [
        f"{entities.FILE}: entity.{platform}.{key} is used nowhere"
    ]


@pytest.mark.parametrize(
    ("module", "platform"),
    [("board_sensor", "sensor"), ("board_binary_sensor", "binary_sensor")],
)
def test_entities_may_be_described_beside_their_platform(
    tree: Path, module: str, platform: str
) -> None:
    (tree / COMPONENT / f"{module}.py").write_text(MORE)
    with_text(tree, platform, "voltage", {"name": "Voltage of {board}"})
    assert complaints(tree) == []


@pytest.mark.parametrize("name", ["Voltage", "Voltage of {fan}", "{board} of {fan}"])
def test_the_name_of_a_part_is_in_that_of_its_entity(tree: Path, name: str) -> None:
    (tree / COMPONENT / "board_sensor.py").write_text(MORE)
    with_text(tree, "sensor", "voltage", {"name": name})
    place = f"{entities.FILE}: entity.sensor.voltage.name"
    assert complaints(tree) == [f"{place} has other placeholders than board"]


def test_what_is_no_part_has_no_placeholder(tree: Path) -> None:
    with_text(tree, "sensor", "fee", {"name": "Fee of {board}"})
    place = f"{entities.FILE}: entity.sensor.fee.name"
    assert complaints(tree) == [f"{place} has other placeholders than none"]


def test_each_state_has_a_text_and_no_other_has(tree: Path) -> None:
    states = {"on": "On", "half": "Half"}
    with_text(tree, "sensor", "state", {"name": "State", "state": states})
    place = f"{entities.FILE}: entity.sensor.state.state"
    assert complaints(tree) == [
        f"{place}.off is missing",
        f"{place}.half is used nowhere",
    ]


def test_each_kind_of_event_has_a_text_and_no_other_has(tree: Path) -> None:
    (tree / COMPONENT / "event.py").write_text(EVENT)
    with_icon(tree, "event", "news", {"default": "mdi:bell"})
    kinds = {"event_type": {"state": {"good": "Good", "old": "Old"}}}
    with_text(tree, "event", "news", {"name": "News", "state_attributes": kinds})
    place = f"{entities.FILE}: entity.event.news.state_attributes.event_type.state"
    assert complaints(tree) == [
        f"{place}.bad is missing",
        f"{place}.old is used nowhere",
    ]


def test_the_component_is_loaded_without_a_trace(tree: Path) -> None:
    (tree / COMPONENT / "__init__.py").write_text("from .const import CONF_SITE\n")
    before = set(sys.modules)
    assert complaints(tree) == []
    assert set(sys.modules) == before


def test_a_component_that_cannot_be_loaded_is_no_sound_one(tree: Path) -> None:
    (tree / COMPONENT / "sensor.py").write_text("from .missing import KEY\n")
    before = set(sys.modules)
    with pytest.raises(ModuleNotFoundError):
        complaints(tree)
    assert set(sys.modules) == before


def test_without_any_text_there_is_nothing_to_compare(tree: Path) -> None:
    (tree / entities.FILE).unlink()
    assert list(entities.check(tree)) == []


@pytest.mark.parametrize("key", ["fee", "state"])
def test_what_has_no_icon_of_its_kind_needs_one(tree: Path, key: str) -> None:
    with_icon(tree, "sensor", key, None)
    assert complaints(tree) == [f"{icons.FILE}: entity.sensor.{key} is missing"]


@pytest.mark.parametrize(
    ("key", "icon", "complaint"),
    [
        ("other", {"default": "mdi:cash"}, " is no entity"),
        ("fee", {}, ".default is missing"),
        ("fee", {"default": "hass:cash"}, ": there is no icon hass:cash"),
        ("fee", {"default": "mdi:caash"}, ": there is no icon mdi:caash"),
        (
            "state",
            {"default": "mdi:cash", "state": {"on": "mdi:cash"}},
            ".state.on is no other than the default",
        ),
        (
            "state",
            {"default": "mdi:cash", "state": {"half": "mdi:power-off"}},
            ".state.half is no state of it",
        ),
        (
            "state",
            {"default": "mdi:cash", "state": {"on": "power"}},
            ": there is no icon power",
        ),
        (
            "fee",
            {"default": "mdi:cash", "state_attributes": {"in": {"default": "cash"}}},
            ".state_attributes.in: there is no icon cash",
        ),
    ],
)
def test_an_icon_is_one_to_be_had_and_of_an_entity(
    tree: Path, key: str, icon: dict[str, Any], complaint: str
) -> None:
    with_icon(tree, "sensor", key, icon)
    assert complaints(tree) == [f"{icons.FILE}: entity.sensor.{key}{complaint}"]


def test_the_icons_cannot_be_left_out(tree: Path) -> None:
    (tree / icons.FILE).unlink()
    assert complaints(tree) == [f"{icons.FILE} is missing"]
