"""Fixed frequency and voltage instead of a tuner."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
import voluptuous as vol

from simulator import SimulatedMiner

from .actions import PROMPT, act, ask, lose_answer, without
from .conftest import SetUp, StartMiner
from .controlling import be_impatient
from .running import listened_to

# An Antminer S19k Pro has the boards 1, 2 and 3.
ACTION = "set_manual_tuning"


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


async def test_frequency_and_voltage_take_the_place_of_the_tuner(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, ACTION, entry, frequency=500, voltage="13.5")
    assert answer["before"] is None
    assert answer["after"] == {"frequency": 500, "voltage": 13.5, "boards": {}}
    saved = miner.machine.saved
    assert not saved.tuner.enabled
    assert (saved.manual.frequency, saved.manual.voltage) == (500, 13.5)

    # What is not given stays.
    [answer] = await ask(hass, ACTION, entry, voltage=13.2)
    assert answer["before"] == {"frequency": 500, "voltage": 13.5, "boards": {}}
    assert answer["after"] == {"frequency": 500, "voltage": 13.2, "boards": {}}


async def test_single_boards_have_settings_of_their_own(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    boards = [{"board": 1, "frequency": 480}, {"board": "3", "voltage": 13.1}]
    [answer] = await ask(hass, ACTION, entry, frequency=500, boards=boards)
    own = {"1": {"frequency": 480}, "3": {"voltage": 13.1}}
    assert answer["after"]["boards"] == own

    # They keep them while something else is changed, until others are given.
    [answer] = await ask(hass, ACTION, entry, frequency=510)
    assert answer["after"]["boards"] == own
    assert miner.machine.saved.manual.boards["1"][0] == 480
    [answer] = await ask(
        hass, ACTION, entry, boards={"board": "2", "frequency": 490, "voltage": 13}
    )
    assert answer["after"]["boards"] == {"2": {"frequency": 490, "voltage": 13}}
    [answer] = await ask(hass, ACTION, entry, boards=[])
    assert answer["after"]["boards"] == {}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"frequency": 5}, "5 MHz is not possible for Antminer S19k Pro: it allows"),
        ({"voltage": 99}, "99 V is not possible"),
        ({"boards": [{"board": "1", "voltage": 1}]}, "1 V is not possible"),
        (
            {"frequency": 500, "boards": [{"board": "7", "frequency": 500}]},
            "Antminer S19k Pro has no board 7. Its boards: 1, 2, 3",
        ),
    ],
)
async def test_what_the_miner_does_not_allow_is_not_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    said: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, **fields)
    assert str(error.value).startswith(said)
    assert miner.calls == calls


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"frequency": "fast"},
        {"frequency": "nan"},
        {"voltage": -1},
        {"boards": [{"board": "1"}]},
        {"boards": [{"frequency": 500}]},
        {"boards": [{"board": "1", "frequency": 500}, {"board": 1, "voltage": 13}]},
        {"boards": [{"board": "1", "frequency": 500, "speed": 3}]},
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, fields: dict[str, Any]
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await act(hass, ACTION, entry, **fields)
    assert miner.calls == calls


async def test_without_limits_nothing_is_set(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    miner.faults.fail("GetConstraints")
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, frequency=500)
    assert error.value.translation_key == "limits_unknown"


async def test_a_miner_that_does_not_tell_its_boards_is_set_all_the_same(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetMinerConfiguration", "hashboard_config")
    entry = await set_up(miner)
    [answer] = await ask(hass, ACTION, entry, frequency=500)
    assert (answer["ok"], answer["after"]) == (True, None)
    assert miner.machine.saved.manual.frequency == 500


async def test_only_an_administrator_may_set_it(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    hass_read_only_user: User,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(Unauthorized):
        await act(
            hass,
            ACTION,
            entry,
            Context(user_id=hass_read_only_user.id),
            frequency=500,
        )
    assert miner.calls == calls


@pytest.mark.parametrize(
    "fields",
    [
        {"frequency": 500},
        {"voltage": 13.5, "boards": [{"board": "1", "frequency": 490}]},
    ],
)
async def test_what_was_done_though_no_answer_came_is_not_done_again(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    be_impatient(entry)
    sent = lose_answer(monkeypatch, "SetPerformanceMode")
    [answer] = await ask(hass, ACTION, entry, **fields)
    assert answer["ok"]
    assert len(sent) == 1
