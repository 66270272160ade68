"""What is said to somebody who asks after miners, in all the languages."""

from dataclasses import replace
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components import braiins_fleet
from custom_components.braiins_fleet.asic import MinerStatus
from custom_components.braiins_fleet.hashrates import HashrateUnit
from custom_components.braiins_fleet.rig import MinerCondition
from custom_components.braiins_fleet.rig_state import Trouble
from custom_components.braiins_fleet.speech import speech_in
from custom_components.braiins_fleet.spoken_answers import About
from custom_components.braiins_fleet.spoken_rigs import OFF
from simulator import SimulatedMiner

from .conftest import SetUp, StartMiner
from .running import poll
from .speaking import call, learn

LANGUAGES = ["cs", "de", "en", "es", "fr"]
GARAGE, SHED, TOO_OLD = "Garage miner", "Shed miner", "Old miner"

type Entries = dict[str, ConfigEntry[Any]]
type Miners = dict[str, SimulatedMiner]


@pytest.fixture
async def miners(start_miner: StartMiner) -> Miners:
    """Start three miners, one of them too old to tell of errors."""
    return {
        GARAGE: await start_miner("s19k_pro"),
        SHED: await start_miner("s19j_pro"),
        TOO_OLD: await start_miner("s19"),
    }


@pytest.fixture
async def entries(hass: HomeAssistant, miners: Miners, set_up: SetUp) -> Entries:
    """Set them up."""
    entries = {name: await set_up(miner) for name, miner in miners.items()}
    for name, entry in entries.items():
        await call(hass, entry, name)
    await learn(hass, sentences=False)
    return entries


async def ask(
    hass: HomeAssistant, about: str, name: str = "all", language: str = "en"
) -> str:
    """Ask after something without having to find words for it."""
    slots = {"about": {"value": about}, "name": {"value": name}}
    response = await intent.async_handle(
        hass, "test", "BraiinsFleetAsk", slots, language=language
    )
    assert response.response_type is intent.IntentResponseType.QUERY_ANSWER
    speech: str = response.speech["plain"]["speech"]
    return speech


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (
            "status",
            (
                "Garage miner is mining. "
                "That makes 118 terahash per second at 2,762 watts."
            ),
        ),
        ("hashrate", "Garage miner makes 118 terahash per second."),
        ("power", "Garage miner draws 2,762 watts."),
        ("efficiency", "Garage miner needs 23.4 joules per terahash."),
        ("temperature", "The hottest chip of Garage miner is at 61 degrees."),
        ("problems", "Garage miner reports no problems."),
    ],
)
async def test_of_one_miner_there_is_a_plain_answer(
    hass: HomeAssistant, about: str, answer: str
) -> None:
    assert await ask(hass, about, GARAGE) == answer


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (
            "status",
            (
                "3 of 3 miners are mining. "
                "That makes 317 terahash per second at 9,087 watts."
            ),
        ),
        ("hashrate", "3 miners make 317 terahash per second together."),
        ("power", "3 miners draw 9,087 watts together."),
        ("efficiency", "3 miners need 28.7 joules per terahash on average."),
        ("temperature", "Of 3 miners, Old miner has the hottest chip: 61 degrees."),
        (
            "problems",
            (
                "None of 2 miners reports a problem. "
                "Nothing is known about that from Old miner."
            ),
        ),
    ],
)
async def test_of_several_there_is_one_answer(
    hass: HomeAssistant, about: str, answer: str
) -> None:
    assert await ask(hass, about) == answer


def become(entry: ConfigEntry[Any], **changes: Any) -> None:
    """Have a miner tell something else than it does."""
    coordinator = entry.runtime_data
    coordinator.async_set_updated_data(replace(coordinator.data, **changes))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_status_has_a_sentence(
    hass: HomeAssistant, entries: Entries, language: str
) -> None:
    told = {}
    for status in MinerStatus:
        become(entries[GARAGE], status=status)
        told[status] = await ask(hass, "status", GARAGE, language)
        assert GARAGE in told[status]
    assert len({*told.values()}) == len(told)


async def test_those_that_do_not_mine_are_named(
    hass: HomeAssistant, entries: Entries
) -> None:
    become(entries[GARAGE], status=MinerStatus.PAUSED)
    become(entries[SHED], status=MinerStatus.UNKNOWN)
    assert await ask(hass, "status") == (
        "1 of 3 miners are mining. That makes 95 terahash per second at 3,250 watts. "
        "Paused: Garage miner. Nothing is known about that from Shed miner."
    )
    become(entries[TOO_OLD], status=MinerStatus.PAUSED)
    assert await ask(hass, "status") == (
        "0 of 3 miners are mining. Paused: Garage miner, Old miner. "
        "Nothing is known about that from Shed miner."
    )


async def test_a_miner_that_is_away_is_told_of(
    hass: HomeAssistant, miners: Miners, entries: Entries
) -> None:
    await entries[SHED].runtime_data.async_shutdown()
    assert miners
    entries[GARAGE].runtime_data.async_set_update_error(TimeoutError())
    await hass.config_entries.async_unload(entries[TOO_OLD].entry_id)
    assert await ask(hass, "power") == (
        "Shed miner draws 3,075 watts. No answer from Garage miner, Old miner."
    )
    assert await ask(hass, "status", GARAGE) == "No answer from Garage miner."


async def test_what_is_not_known_is_not_made_up(
    hass: HomeAssistant, entries: Entries
) -> None:
    for entry in entries.values():
        snapshot = replace(entry.runtime_data.data.snapshot, stats=None)
        become(entry, snapshot=snapshot)
    nothing = "Nothing is known about that from"
    for about in "hashrate", "power", "efficiency":
        assert await ask(hass, about, GARAGE) == f"{nothing} Garage miner."
    assert await ask(hass, "power") == f"{nothing} Garage miner, Old miner, Shed miner."
    assert await ask(hass, "status", GARAGE) == "Garage miner is mining."


async def test_problems_are_told_in_the_words_of_the_miner(
    hass: HomeAssistant, miners: Miners, entries: Entries
) -> None:
    miners[GARAGE].faults.broken_fan(1)
    entries[GARAGE].runtime_data._agenda.begin_anew()
    await poll(hass, entries[GARAGE])
    assert await ask(hass, "problems", GARAGE) == (
        "Garage miner reports: fan 1 does not turn."
    )
    assert await ask(hass, "problems") == (
        "1 of 2 miners report problems. Garage miner reports: fan 1 does not turn. "
        "Nothing is known about that from Old miner."
    )


@pytest.mark.usefixtures("entries")
async def test_temperatures_are_those_of_the_home(hass: HomeAssistant) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    assert await ask(hass, "temperature", GARAGE) == (
        "The hottest chip of Garage miner is at 141 degrees."
    )


async def test_large_numbers_are_said_in_large_units(
    hass: HomeAssistant, entries: Entries
) -> None:
    data = entries[GARAGE].runtime_data.data
    work = data.snapshot.stats.work
    rates = replace(work.hashrates, minute_1=1234.5)
    stats = replace(
        data.snapshot.stats, power=12_345, work=replace(work, hashrates=rates)
    )
    become(entries[GARAGE], snapshot=replace(data.snapshot, stats=stats))
    for language, power, hashrate in (
        ("en", "12.3 kilowatts", "1.23 petahash per second"),
        ("de", "12,3 Kilowatt", "1,23 Petahash pro Sekunde"),
        ("de-CH", "12,3 Kilowatt", "1,23 Petahash pro Sekunde"),
        ("tlh", "12.3 kilowatts", "1.23 petahash per second"),
    ):
        assert power in await ask(hass, "power", GARAGE, language)
        assert hashrate in await ask(hass, "hashrate", GARAGE, language)


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_is_said_in_each_language(
    hass: HomeAssistant, language: str
) -> None:
    for about in About:
        english = {await ask(hass, about), await ask(hass, about, GARAGE)}
        spoken = {
            await ask(hass, about, language=language),
            await ask(hass, about, GARAGE, language),
        }
        assert language == "en" or not english & spoken
        assert not any(re.search(r"[{}]|\bW\b|TH/s", answer) for answer in spoken)


async def test_of_many_names_a_few_are_said(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await learn(hass, sentences=False)
    entries = [
        await set_up(await start_miner("bmm_101", seed=seed)) for seed in range(7)
    ]
    for entry in entries:
        become(entry, status=MinerStatus.PAUSED)
    said = await ask(hass, "status")
    assert said.startswith("0 of 7 miners are mining. Paused: Braiins Mini Miner")
    assert said.endswith(" and 2 more.")


async def test_an_error_without_a_text_of_ours_is_said_as_it_is(
    hass: HomeAssistant,
) -> None:
    speech = await speech_in(hass, "de")
    assert speech.error(HomeAssistantError("It broke"), GARAGE) == "It broke."


def test_there_are_no_other_texts() -> None:
    folder = Path(braiins_fleet.__file__).parent
    texts = json.loads((folder / "translations/en.json").read_text())["common"]
    of_one_or_all = {
        *(about.value for about in About if about is not About.STATUS),
        *("pause", "problems_none", "resume", "set_power_target"),
        *("reboot", "restart"),
    }
    of_several_rigs = {
        *("apply_flight_sheet", "apply_overclock", "failed", "hashrate", "pause"),
        *("power", "problems", "problems_none", "reboot", "restart", "resume"),
        *("status", "temperature"),
    }
    doing = {OFF, *MinerCondition} - {MinerCondition.MINING}
    statuses = {status.value for status in MinerStatus} - {"unknown"}
    expected = {
        *of_one_or_all,
        *(f"{key}_all" for key in (*of_one_or_all, "failed", "status")),
        *(f"status_{status}" for status in statuses),
        *("degrees", "joules", "kilowatts", "petahash", "terahash", "watts"),
        *("away", "done", "figures", "more", "not_allowed", "number", "unknown"),
        *(f"{key}_rigs" for key in of_several_rigs),
        *(f"{rigs}_{what}" for rigs in ("rig", "rigs") for what in (*doing, "away")),
        *(f"trouble_{trouble}" for trouble in Trouble),
        *(f"{of}_{unit.slug}" for of in ("joules", "rate") for unit in HashrateUnit),
        *("apply_flight_sheet", "apply_overclock", "connection_rig"),
        *("connection_rig_all", "power_total", "rate_in", "rig_temperature"),
    }
    spoken = {key for key in texts if key.startswith("speech_")}
    assert spoken == {f"speech_{key}" for key in expected}
