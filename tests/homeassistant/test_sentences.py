"""The sentence files: what is understood by Home Assistant's own agent."""

from collections.abc import Iterator, Mapping
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, floor_registry as fr
import pytest

from .actions import PROMPT
from .conftest import SetUp, StartMiner
from .rig_orders import (
    BY,
    commands_end,
    keep_profile,
    keep_sheet,
    put_in,
    while_living,
)
from .rigging import Yard
from .speaking import call, expose, heard, learn, say, understood

ONE = {"name": "Garage miner"}
ALL = {"name": "all", "kind": "miners"}
AREA = {"area": "Garage", "kind": "miners"}
FLOOR = {"floor": "Basement", "kind": "miners"}
ONLY = {"kind": "miners"}
EVERYTHING = {"name": "all"}

type Meaning = Mapping[str, Any]

# By what it is, who is meant, and then in how many ways one can say it.
ENGLISH: list[tuple[str, Meaning, list[str]]] = [
    (
        "Pause",
        ONE,
        [
            "pause the garage miner",
            "Pause garage miner, please.",
            "stop mining on the garage miner",
            "pause mining with my garage miner",
        ],
    ),
    ("Pause", ALL, ["pause all miners", "turn off the miners"]),
    ("Pause", EVERYTHING, ["pause my fleet", "pause everything"]),
    (
        "Pause",
        AREA,
        [
            "pause the miners in the garage",
            "turn all of the miners in the garage off",
            "pause all the garage miners",
        ],
    ),
    ("Pause", FLOOR, ["switch off the miners in the basement"]),
    ("Pause", ONLY, ["pause the miner", "stop mining on my miner"]),
    ("Resume", ONE, ["resume the garage miner", "start mining with the garage miner"]),
    ("Resume", ALL, ["resume every miner", "turn on all of the miners"]),
    ("Resume", FLOOR, ["resume all miners on the basement floor"]),
    (
        "SetPower",
        {**ONE, "power": 2400},
        [
            "set the garage miner to 2400 watts",
            "set the garage miner to 2400W",
            "limit the garage miner to two thousand four hundred watts",
            "set the garage miner to twenty four hundred watts",
            "set the power of the garage miner to 2.4 kilowatts",
            "set the power limit of the garage miner to two point four kilowatts",
            "set the garage miner power target to 2400 watts",
            "throttle the garage miner down to 2400 watts",
            "run the garage miner at 2400 watts",
        ],
    ),
    (
        "SetPower",
        {**ONE, "thousands": 2, "power": 400},
        ["set the garage miner to 2,400 watts"],
    ),
    (
        "SetPower",
        {**ALL, "percent": 80},
        [
            "set the power of all miners to 80%",
            "run my miners at eighty percent",
            "set the miners to 80 percent of their normal power",
        ],
    ),
    (
        "SetPower",
        {**AREA, "of": "nominal"},
        ["run the miners in the garage at full power"],
    ),
    ("SetPower", {**ONE, "of": "max"}, ["set the garage miner to maximum power"]),
    ("SetPower", {**ONE, "of": "min"}, ["run the garage miner at minimum power"]),
    (
        "SetPower",
        {**ONE, "direction": "less", "power": 200},
        [
            "reduce the garage miner by 200 watts",
            "give the garage miner two hundred watts less",
        ],
    ),
    (
        "SetPower",
        {**ONE, "direction": "less", "percent": 10},
        ["lower the power of the garage miner by ten percent"],
    ),
    ("SetPower", {**ALL, "direction": "less"}, ["lower the power of all miners"]),
    (
        "SetPower",
        {**ONE, "direction": "more", "power": 500},
        ["increase the power of the garage miner by 500 watts"],
    ),
    ("SetPower", {**ONE, "direction": "more"}, ["give the garage miner more power"]),
    (
        "Ask",
        {**ONE, "about": "status"},
        [
            "is the garage miner mining",
            "how is the garage miner doing?",
            "what is the status of the garage miner",
        ],
    ),
    (
        "Ask",
        {**ALL, "about": "status"},
        ["are the miners mining", "how are my miners doing"],
    ),
    (
        "Ask",
        {**AREA, "about": "hashrate"},
        ["what's the hash rate of the miners in the garage"],
    ),
    (
        "Ask",
        {**ONE, "about": "hashrate"},
        [
            "what is the hashrate of the garage miner",
            "what is the garage miner hashrate",
            "how fast is the garage miner hashing",
        ],
    ),
    (
        "Ask",
        {**ONE, "about": "power"},
        [
            "what is the power of the garage miner",
            "how much power does the garage miner use",
            "how many watts is the garage miner drawing",
            "power consumption of the garage miner",
        ],
    ),
    ("Ask", {**ALL, "about": "power"}, ["how much electricity do all miners use"]),
    ("Ask", {**ONE, "about": "efficiency"}, ["how efficient is the garage miner"]),
    (
        "Ask",
        {**FLOOR, "about": "temperature"},
        ["how hot are the miners on the basement floor"],
    ),
    (
        "Ask",
        {**ONE, "about": "temperature"},
        ["how hot is the garage miner", "what is the temperature of the garage miner"],
    ),
    (
        "Ask",
        {**ALL, "about": "problems"},
        [
            "do the miners have any problems",
            "are there any errors on my miners",
            "is everything okay with all miners",
        ],
    ),
    ("Ask", {**ONE, "about": "problems"}, ["what's wrong with the garage miner"]),
]

GERMAN: list[tuple[str, Meaning, list[str]]] = [
    (
        "Pause",
        ONE,
        [
            "pausiere den Garage miner",
            "Garage miner bitte pausieren",
            "halte den Garage miner an",
            "stoppe das Mining auf dem Garage miner",
        ],
    ),
    ("Pause", ALL, ["pausiere alle Miner", "schalte die Miner aus", "alle Miner aus"]),
    (
        "Pause",
        AREA,
        ["pausiere die Miner in der Garage", "schalte alle Miner in der Garage aus"],
    ),
    ("Pause", FLOOR, ["halte die Miner im Basement an"]),
    ("Pause", ONLY, ["pausiere den Miner", "meinen Miner pausieren"]),
    (
        "Resume",
        ONE,
        ["lass den Garage miner wieder laufen", "setze den Garage miner fort"],
    ),
    (
        "Resume",
        ALL,
        ["schalte alle Miner wieder ein", "setze das Mining auf allen Minern fort"],
    ),
    (
        "SetPower",
        {**ONE, "power": 2400},
        [
            "stelle den Garage miner auf 2400 Watt",
            "stell den Garage miner auf zweitausendvierhundert Watt",
            "begrenze die Leistung vom Garage miner auf 2,4 Kilowatt",
            "stelle den Garage miner auf zwei Komma vier Kilowatt ein",
            "lass den Garage miner mit 2400 Watt laufen",
            "Garage miner auf 2400 Watt drosseln",
        ],
    ),
    (
        "SetPower",
        {**ONE, "thousands": 2, "power": 400},
        ["stelle den Garage miner auf 2.400 Watt"],
    ),
    (
        "SetPower",
        {**ALL, "percent": 80},
        [
            "drossle alle Miner auf achtzig Prozent",
            "stelle die Leistung der Miner auf 80 %",
        ],
    ),
    (
        "SetPower",
        {**AREA, "of": "nominal"},
        ["lass die Miner in der Garage mit voller Leistung laufen"],
    ),
    (
        "SetPower",
        {**ONE, "of": "max"},
        ["stelle den Garage miner auf maximale Leistung"],
    ),
    (
        "SetPower",
        {**ONE, "direction": "less", "power": 200},
        [
            "verringere die Leistung vom Garage miner um 200 Watt",
            "gib dem Garage miner zweihundert Watt weniger",
        ],
    ),
    (
        "SetPower",
        {**ALL, "direction": "less", "percent": 10},
        ["senke die Leistung aller Miner um zehn Prozent"],
    ),
    ("SetPower", {**ONE, "direction": "more"}, ["gib dem Garage miner mehr Leistung"]),
    (
        "Ask",
        {**ONE, "about": "status"},
        [
            "läuft der Garage miner",
            "wie läuft der Garage miner?",
            "was macht der Garage miner",
        ],
    ),
    ("Ask", {**ONLY, "about": "status"}, ["läuft der Miner"]),
    (
        "Ask",
        {**ALL, "about": "status"},
        ["laufen die Miner", "wie ist der Status meiner Miner"],
    ),
    (
        "Ask",
        {**ONE, "about": "hashrate"},
        ["wie hoch ist die Hashrate von Garage miner"],
    ),
    ("Ask", {**ALL, "about": "hashrate"}, ["wie hoch ist die Hashrate aller Miner"]),
    (
        "Ask",
        {**ONE, "about": "power"},
        [
            "wie viel Strom braucht der Garage miner",
            "wie hoch ist der Verbrauch vom Garage miner",
        ],
    ),
    (
        "Ask",
        {**AREA, "about": "power"},
        ["wie viel Watt ziehen die Miner in der Garage"],
    ),
    ("Ask", {**ALL, "about": "efficiency"}, ["wie effizient sind die Miner"]),
    ("Ask", {**ONE, "about": "temperature"}, ["wie heiß ist der Garage miner"]),
    (
        "Ask",
        {**ONE, "about": "problems"},
        ["hat der Garage miner Probleme", "ist mit dem Garage miner alles in Ordnung"],
    ),
    ("Ask", {**ALL, "about": "problems"}, ["gibt es Fehler bei den Minern"]),
]


@pytest.fixture
async def _garage_miner(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    """Set up a miner in a garage below the house."""
    below = fr.async_get(hass).async_create("Basement")
    ar.async_get(hass).async_create("Garage", floor_id=below.floor_id)
    entry = await set_up(await start_miner(timing=PROMPT))
    await call(hass, entry, "Garage miner", "Garage")


@pytest.mark.usefixtures("_garage_miner")
@pytest.mark.parametrize(("language", "table"), [("en", ENGLISH), ("de", GERMAN)])
async def test_what_one_says_is_understood(
    hass: HomeAssistant, language: str, table: list[tuple[str, Meaning, list[str]]]
) -> None:
    await learn(hass)
    for intent, meaning, sentences in table:
        for sentence in sentences:
            response = await say(hass, sentence, language)
            assert understood(response) == {"intent": intent, **meaning}, sentence


def documented(heading: str) -> Iterator[tuple[str, str]]:
    """Return the sentences that a part of the docs gives, with their languages."""
    docs = (Path(__file__).parents[2] / "docs/voice.md").read_text()
    part = docs.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    for row in re.findall(r"^\|(.+)\|$", part, re.MULTILINE):
        english, german = (cell.strip() for cell in row.split("|")[:2])
        if " " in english and "/" not in english and not english.startswith("copy"):
            yield english, "en"
            yield german, "de"


@pytest.fixture
async def _listening(hass: HomeAssistant, language: str, heading: str) -> None:
    hass.config.language = language
    await learn(hass, sentences=heading.startswith("With the"))


@pytest.mark.parametrize(
    ("language", "names", "floor"),
    [
        ("en", ("Garage miner", "Attic rig"), "First"),
        ("de", ("Garagenminer", "Dachbodenrig"), "Erdgeschoss"),
    ],
)
@pytest.mark.parametrize(
    "heading", ["Without doing anything", "With the sentences for miners and rigs"]
)
@pytest.mark.usefixtures("_listening")
async def test_what_the_docs_say_can_be_said(
    *,
    yard: Yard,
    start_miner: StartMiner,
    set_up: SetUp,
    language: str,
    names: tuple[str, str],
    floor: str,
    heading: str,
) -> None:
    hass = yard.hass
    level = fr.async_get(hass).async_create(floor)
    ar.async_get(hass).async_create("Garage", floor_id=level.floor_id)
    entry = await set_up(await start_miner(timing=PROMPT))
    await call(hass, entry, names[0], "Garage")
    rig = await yard.start("rtx3080", name=names[1])
    put_in(yard, rig, "Garage")
    rig.coordinator.control.assign_sheet(keep_sheet(yard, "Ravencoin"), by=BY)
    for profile in "Night", "Nacht":
        keep_profile(yard, profile)
    for entity in hass.states.async_entity_ids("sensor"):
        expose(hass, entity)
    sentences = [said for said, spoken in documented(heading) if spoken == language]
    assert len(sentences) >= 5
    for sentence in sentences:
        response = await while_living(yard, say(hass, sentence, language))
        assert response.error_code is None, (sentence, heard(response))
        await commands_end(rig)
