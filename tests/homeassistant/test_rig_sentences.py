"""The sentence files: what is understood of GPU rigs, and of all that mines."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, floor_registry as fr
import pytest

from .rigging import Yard
from .speaking import learn, say, understood

ONE = {"name": "Attic rig"}
RIGS = {"name": "all", "kind": "rigs"}
MINERS = {"name": "all", "kind": "miners"}
EVERYTHING = {"name": "all"}
AREA = {"area": "Garage"}
FLOOR = {"floor": "Basement"}

type Meaning = Mapping[str, Any]
type Table = list[tuple[str, Meaning, list[str]]]


def asking(about: str, whom: Meaning = ONE) -> Meaning:
    """Return what it means to ask somebody after something."""
    return {**whom, "about": about}


def sheet(name: str, whom: Meaning = ONE) -> Meaning:
    """Return what it means to put somebody on a flight sheet."""
    return {**whom, "flight_sheet": name}


def profile(name: str, whom: Meaning = ONE) -> Meaning:
    """Return what it means to give somebody a profile."""
    return {**whom, "profile": name}


ENGLISH: Table = [
    (
        "Pause",
        ONE,
        ["pause the attic rig", "stop the attic rig", "stop mining on the attic rig"],
    ),
    ("Pause", RIGS, ["pause all rigs", "turn off my GPU rigs", "stop every rig"]),
    ("Pause", {"kind": "rigs"}, ["pause the rig", "stop my mining rig"]),
    ("Pause", {**AREA, "kind": "rigs"}, ["pause the garage rigs"]),
    ("Pause", AREA, ["pause everything in the garage"]),
    ("Pause", FLOOR, ["pause everything on the basement floor"]),
    ("Pause", EVERYTHING, ["pause everything", "turn the whole fleet off"]),
    ("Resume", ONE, ["resume the attic rig", "start the attic rig"]),
    ("Resume", RIGS, ["start mining with all rigs", "switch on the rigs"]),
    ("Resume", AREA, ["resume everything in the garage"]),
    (
        "Restart",
        ONE,
        [
            "restart the attic rig",
            "restart mining on the attic rig",
            "restart the mining software of the attic rig",
        ],
    ),
    ("Reboot", ONE, ["reboot the attic rig", "power cycle the attic rig"]),
    ("Reboot", {**RIGS}, ["reboot all rigs"]),
    ("SetPower", {**ONE, "power": 200}, ["set the attic rig to 200 watts"]),
    ("Ask", asking("status"), ["is the attic rig mining"]),
    ("Ask", asking("status", RIGS), ["which rigs are mining", "how are my rigs doing"]),
    (
        "Ask",
        asking("connection", RIGS),
        ["which rigs are offline", "which of my rigs are not connected"],
    ),
    ("Ask", asking("connection", MINERS), ["which miners are unreachable"]),
    ("Ask", asking("connection"), ["is the attic rig online"]),
    (
        "Ask",
        asking("hashrate"),
        [
            "how much does the attic rig make",
            "what is the hashrate of the attic rig",
            "how fast is the attic rig hashing",
        ],
    ),
    ("Ask", asking("hashrate", EVERYTHING), ["what does my fleet hash"]),
    ("Ask", asking("power"), ["what is the power of the attic rig"]),
    (
        "Ask",
        asking("power", EVERYTHING),
        ["what does my fleet draw", "how much power does everything that mines use"],
    ),
    (
        "Ask",
        asking("temperature"),
        [
            "what is the temperature of the attic rig",
            "how hot are the cards of the attic rig",
        ],
    ),
    ("Ask", asking("problems", RIGS), ["are there any problems with my rigs"]),
    (
        "ApplyFlightSheet",
        sheet("ravencoin"),
        [
            "put the attic rig on the ravencoin flight sheet",
            "switch the attic rig to flight sheet ravencoin",
            "use the ravencoin flight sheet on the attic rig",
            "apply flight sheet ravencoin to the attic rig",
            "mine ravencoin with the attic rig",
        ],
    ),
    (
        "ApplyFlightSheet",
        sheet("raven coin", {**AREA, "kind": "rigs"}),
        ["put all rigs in the garage on the raven coin flight sheet"],
    ),
    (
        "ApplyOverclock",
        profile("night"),
        [
            "use the night overclock on the attic rig",
            "apply the overclock profile night to the attic rig",
            "set the attic rig to the night overclock profile",
        ],
    ),
    ("ApplyOverclock", profile("night", RIGS), ["use the night overclock on all rigs"]),
]

GERMAN: Table = [
    (
        "Pause",
        ONE,
        ["pausiere das Attic rig", "stoppe das Attic rig", "halte das Attic rig an"],
    ),
    (
        "Pause",
        RIGS,
        ["pausiere alle Rigs", "schalte die GPU-Rigs aus", "halte meine Rigs an"],
    ),
    ("Pause", {"kind": "rigs"}, ["pausiere das Rig"]),
    ("Pause", {**AREA, "kind": "rigs"}, ["pausiere die Rigs in der Garage"]),
    ("Pause", AREA, ["pausiere alles in der Garage", "halte alles in der Garage an"]),
    ("Pause", EVERYTHING, ["pausiere alles", "schalte die ganze Flotte aus"]),
    ("Resume", ONE, ["starte das Attic rig", "lass das Attic rig weiterlaufen"]),
    ("Resume", AREA, ["lass alles in der Garage wieder weiterlaufen"]),
    (
        "Restart",
        ONE,
        ["starte das Attic rig neu", "starte das Mining auf dem Attic rig neu"],
    ),
    ("Reboot", ONE, ["starte das Attic rig komplett neu", "reboote das Attic rig"]),
    ("SetPower", {**ONE, "power": 200}, ["stelle das Attic rig auf 200 Watt"]),
    ("Ask", asking("status"), ["läuft das Attic rig"]),
    ("Ask", asking("status", RIGS), ["welche Rigs laufen nicht", "laufen die Rigs"]),
    (
        "Ask",
        asking("connection", RIGS),
        ["welche Rigs sind offline", "welche meiner Rigs sind nicht verbunden"],
    ),
    ("Ask", asking("connection"), ["ist das Attic rig online"]),
    (
        "Ask",
        asking("hashrate"),
        ["wie viel schafft das Attic rig", "wie hoch ist die Hashrate vom Attic rig"],
    ),
    ("Ask", asking("hashrate", RIGS), ["wie hoch ist die Hashrate aller Rigs"]),
    ("Ask", asking("hashrate", EVERYTHING), ["wie hoch ist die Hashrate der Flotte"]),
    ("Ask", asking("power", EVERYTHING), ["wie viel Strom braucht meine Flotte"]),
    (
        "Ask",
        asking("temperature"),
        ["wie heiß ist das Attic rig", "wie heiß sind die Karten im Attic rig"],
    ),
    ("Ask", asking("problems", RIGS), ["gibt es Probleme mit den Rigs"]),
    (
        "ApplyFlightSheet",
        sheet("Ravencoin"),
        [
            "stelle das Attic rig auf das Flight Sheet Ravencoin",
            "nimm das Flight Sheet Ravencoin für das Attic rig",
            "schürfe Ravencoin mit dem Attic rig",
        ],
    ),
    (
        "ApplyOverclock",
        profile("Nacht"),
        [
            "nimm die Übertaktung Nacht für das Attic rig",
            "stelle das Attic rig auf das Profil Nacht",
        ],
    ),
    (
        "ApplyOverclock",
        profile("Nacht", RIGS),
        ["verwende das Übertaktungsprofil Nacht für alle Rigs"],
    ),
]


@pytest.fixture
async def _learned(hass: HomeAssistant) -> None:
    below = fr.async_get(hass).async_create("Basement")
    ar.async_get(hass).async_create("Garage", floor_id=below.floor_id)
    await learn(hass)


@pytest.mark.usefixtures("_learned")
@pytest.mark.parametrize(("language", "table"), [("en", ENGLISH), ("de", GERMAN)])
async def test_what_one_says_of_rigs_is_understood(
    yard: Yard, language: str, table: Table
) -> None:
    await yard.add("Attic rig")
    for intent, meaning, sentences in table:
        for sentence in sentences:
            response = await say(yard.hass, sentence, language)
            assert understood(response) == {"intent": intent, **meaning}, sentence


@pytest.mark.usefixtures("_learned")
@pytest.mark.parametrize(
    "sentence",
    ["turn everything off in the garage", "stop the music", "restart", "start"],
)
async def test_what_others_could_mean_is_left_to_them(
    yard: Yard, sentence: str
) -> None:
    await yard.add("Attic rig")
    response = await say(yard.hass, sentence)
    intent = response.intent
    assert intent is None or not intent.intent_type.startswith("BraiinsFleet")
