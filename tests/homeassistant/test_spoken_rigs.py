"""What is said to somebody who asks after rigs, in all the languages."""

from dataclasses import replace
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent
import pytest

from custom_components.braiins_fleet.rig import MinerCondition
from custom_components.braiins_fleet.rig_state import Trouble
from custom_components.braiins_fleet.spoken_answers import About

from .actions import PROMPT
from .conftest import SetUp, StartMiner
from .rigging import Yard, received
from .speaking import call, learn
from .test_rig import measure, miner, tell
from .test_spoken_answers import LANGUAGES

ATTIC, CELLAR, SHED = "Attic rig", "Cellar rig", "Shed rig"
RIGS = {"name": "all", "kind": "rigs"}
NOTHING = "Nothing is known about that from"

pytestmark = pytest.mark.usefixtures("_learned")


@pytest.fixture
async def _learned(hass: HomeAssistant) -> None:
    await learn(hass, sentences=False)


async def ask(yard: Yard, about: str, language: str = "en", **whom: str) -> str:
    """Ask after something without having to find words for it."""
    asked = {"about": about, **(whom or RIGS)}
    response = await intent.async_handle(
        yard.hass,
        "test",
        "BraiinsFleetAsk",
        {key: {"value": value} for key, value in asked.items()},
        language=language,
    )
    assert response.response_type is intent.IntentResponseType.QUERY_ANSWER
    speech: str = response.speech["plain"]["speech"]
    return speech


async def connect(yard: Yard, name: str, watts: float, heat: int) -> tuple[str, Any]:
    """Add a rig for which the test speaks, and whose card tells this."""
    rig_id, token = await yard.add(name)
    socket = await yard.dial(token)
    await received(socket)
    card = {
        "index": 0,
        "name": "NVIDIA GeForce RTX 3080",
        "vendor": "NVIDIA",
        "busId": "00000000:01:00.0",
        "powerDraw": watts,
        "temperature": heat,
    }
    await measure(yard, rig_id, socket, gpus=[card])
    return rig_id, socket


async def mine(yard: Yard, rig: tuple[str, Any], algorithm: str, rate: float) -> None:
    """Have a rig tell what it hashes."""
    await tell(yard, *rig, **miner(algorithm, rate))


async def stop(yard: Yard, rig: tuple[str, Any]) -> None:
    """Have a rig tell that nothing runs, until that is believed."""
    for _ in range(3):
        await tell(yard, *rig, name="", running=False)


def become(yard: Yard, name: str, **changes: Any) -> None:
    """Have a rig show something else than it tells."""
    [rig] = [
        rig for rig in yard.entry.runtime_data.garage.coordinators if rig.name == name
    ]
    rig.async_set_updated_data(replace(rig.data, **changes))


@pytest.fixture
async def rigs(_learned: None, yard: Yard) -> dict[str, tuple[str, Any]]:
    """Have two rigs that mine something else, and one that does not."""
    found = {
        ATTIC: await connect(yard, ATTIC, 320.4, 63),
        CELLAR: await connect(yard, CELLAR, 21, 32),
        SHED: await connect(yard, SHED, 180, 71),
    }
    await mine(yard, found[ATTIC], "KawPow", 45.2e6)
    await mine(yard, found[SHED], "equihash125_4", 33.4e6)
    await stop(yard, found[CELLAR])
    return found


@pytest.mark.usefixtures("rigs")
@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (
            "status",
            (
                "Attic rig is mining. That makes 45.2 megahash per second in kawpow "
                "at 320 watts."
            ),
        ),
        ("hashrate", "Attic rig makes 45.2 megahash per second in kawpow."),
        ("power", "Attic rig draws 320 watts."),
        ("efficiency", "Attic rig needs 7.09 joules per megahash."),
        ("temperature", "The hottest card of Attic rig is at 63 degrees."),
        ("problems", "Attic rig reports no problems."),
        ("connection", "Attic rig is connected."),
    ],
)
async def test_of_one_rig_there_is_a_plain_answer(
    yard: Yard, about: str, answer: str
) -> None:
    assert await ask(yard, about, name=ATTIC) == answer


@pytest.mark.usefixtures("rigs")
@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (
            "status",
            (
                "2 of 3 rigs are mining. That makes 45.2 megahash per second in "
                "kawpow, 33.4 solutions per second in equihash125_4 at 500 watts. "
                "Not mining: Cellar rig."
            ),
        ),
        (
            "hashrate",
            (
                "2 rigs make 45.2 megahash per second in kawpow, 33.4 solutions per "
                "second in equihash125_4. Not mining: Cellar rig."
            ),
        ),
        ("power", "3 rigs draw 521 watts together."),
        (
            "efficiency",
            (
                "Attic rig needs 7.09 joules per megahash. Shed rig needs 5.39 joules "
                "per solution. Not mining: Cellar rig."
            ),
        ),
        ("temperature", "Of 3 rigs, Shed rig has the hottest card: 71 degrees."),
        ("problems", "None of 3 rigs reports a problem."),
        ("connection", "3 of 3 rigs are connected."),
    ],
)
async def test_of_several_rigs_there_is_one_answer(
    yard: Yard, about: str, answer: str
) -> None:
    assert await ask(yard, about) == answer


async def test_only_the_same_algorithm_is_added_up(
    yard: Yard, rigs: dict[str, tuple[str, Any]]
) -> None:
    await mine(yard, rigs[CELLAR], "kawpow", 100e6)
    await mine(yard, rigs[SHED], "etchash", 60e6)
    assert await ask(yard, "hashrate") == (
        "3 rigs make 145 megahash per second in kawpow, 60 megahash per second in "
        "etchash."
    )


@pytest.mark.usefixtures("rigs")
async def test_the_fleet_is_told_of_in_one_breath(
    yard: Yard, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("s19k_pro", timing=PROMPT))
    await call(yard.hass, entry, "Garage miner")
    assert await ask(yard, "power", name="all") == (
        "Garage miner draws 2,762 watts. 3 rigs draw 521 watts together. "
        "That is 3,283 watts in all."
    )
    assert await ask(yard, "hashrate", name="all") == (
        "Garage miner makes 118 terahash per second. 2 rigs make 45.2 megahash per "
        "second in kawpow, 33.4 solutions per second in equihash125_4. Not mining: "
        "Cellar rig."
    )
    assert await ask(yard, "connection", name="all") == (
        "Garage miner answers. 3 of 3 rigs are connected."
    )
    # One of them alone is no sum.
    entry.runtime_data.async_set_update_error(TimeoutError())
    for name in CELLAR, SHED:
        become(yard, name, connected=False)
    assert await ask(yard, "power", name="all") == (
        "No answer from Garage miner. Attic rig draws 320 watts. "
        "Not connected: Cellar rig, Shed rig."
    )


@pytest.mark.usefixtures("rigs")
async def test_rigs_that_are_away_are_named(yard: Yard) -> None:
    become(yard, ATTIC, connected=False)
    for about in About:
        told = await ask(yard, about)
        assert told.endswith("Not connected: Attic rig.")
        assert await ask(yard, about, name=ATTIC) == "Attic rig is not connected."
    assert await ask(yard, "connection") == "Not connected: Attic rig."
    become(yard, SHED, connected=False)
    assert await ask(yard, "connection") == "Not connected: Attic rig, Shed rig."


@pytest.mark.usefixtures("rigs")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_whatever_the_software_does_has_a_sentence(
    yard: Yard, language: str
) -> None:
    rig = yard.entry.runtime_data.garage.coordinators[0]
    before = rig.data.state
    told: set[str] = set()
    for miners in (
        None,
        (),
        *(
            (replace(before.miners[0], condition=condition),)
            for condition in MinerCondition
        ),
    ):
        become(yard, rig.name, state=replace(before, miners=miners))
        told.add(await ask(yard, "status", language, name=rig.name))
        told.add(await ask(yard, "status", language))
    assert len(told) == 2 * (2 + len(MinerCondition))
    assert not any(re.search(r"[{}]", each) for each in told)


@pytest.mark.usefixtures("rigs")
async def test_what_is_not_known_of_a_rig_is_not_made_up(yard: Yard) -> None:
    rig = yard.entry.runtime_data.garage.coordinators[0]
    state = replace(rig.data.state, miners=None, gpus=None, cpu=None)
    become(yard, rig.name, state=state, gpus={})
    for about in "status", "hashrate", "power", "efficiency", "temperature":
        assert await ask(yard, about, name=rig.name) == f"{NOTHING} {rig.name}."
    # Two that mine beside each other share what the rig draws.
    miners = rig.rig.state.miners * 2
    become(yard, rig.name, state=replace(rig.rig.state, miners=miners))
    assert await ask(yard, "efficiency", name=rig.name) == f"{NOTHING} {rig.name}."


@pytest.mark.usefixtures("rigs")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_trouble_is_told(yard: Yard, language: str) -> None:
    told = set()
    for trouble in Trouble:
        become(yard, ATTIC, troubles=(trouble,))
        told.add(await ask(yard, "problems", language, name=ATTIC))
    assert len(told) == len(Trouble)


@pytest.mark.usefixtures("rigs")
async def test_those_in_trouble_are_counted(yard: Yard) -> None:
    become(yard, ATTIC, troubles=(Trouble.CARDS_LOST, Trouble.TOKEN_SHARED))
    assert await ask(yard, "problems") == (
        "1 of 3 rigs report problems. Attic rig reports: a graphics card is missing; "
        "another rig uses the same token."
    )


@pytest.mark.usefixtures("rigs")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_of_rigs_is_said_in_each_language(
    yard: Yard, language: str
) -> None:
    for about in About:
        english = {await ask(yard, about), await ask(yard, about, name=ATTIC)}
        spoken = {
            await ask(yard, about, language),
            await ask(yard, about, language, name=ATTIC),
        }
        assert language == "en" or not english & spoken
        assert not any(re.search(r"[{}]|\bW\b|MH/s", answer) for answer in spoken)


@pytest.mark.parametrize(
    ("algorithm", "rate", "rated", "cost"),
    [
        ("cryptonightgpu", 2e3, "2,000 hashes per second", "0.1 joules per hash"),
        ("randomx", 5e3, "5 kilohash per second", "40 joules per kilohash"),
        ("kheavyhash", 1.25e9, "1.25 gigahash per second", "160 joules per gigahash"),
    ],
)
async def test_hashrates_are_said_in_the_unit_of_their_algorithm(
    yard: Yard, algorithm: str, rate: float, rated: str, cost: str
) -> None:
    rig = await connect(yard, ATTIC, 200, 60)
    await mine(yard, rig, algorithm, rate)
    said = await ask(yard, "hashrate")
    assert said == f"Attic rig makes {rated} in {algorithm}."
    assert await ask(yard, "efficiency") == f"Attic rig needs {cost}."
