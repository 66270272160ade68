"""What the actions that set several things at once refuse, and how they say so."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from simulator import SimulatedMiner

from .actions import PROMPT, act, ask, without
from .conftest import SetUp, StartMiner
from .running import listened_to

# An Antminer S19k Pro has the boards 1, 2 and 3, and four fans.


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("set_quick_ramping", {"up": 4}, "4 s is not possible"),
        ("set_quick_ramping", {"up": 60, "down": 601}, "601 s is not possible"),
        ("set_dps", {"power_step": 0}, "0 W is not possible"),
        ("set_dps", {"min_power_target": 770}, "770 W is not possible"),
        ("set_dps", {"shutdown_hours": 25}, "25 h is not possible"),
        ("set_dps", {"start_percent": 9}, "9 % is not possible"),
        ("set_cooling", {"target_temperature": 81}, "81 °C is not possible"),
        ("set_cooling", {"hot_temperature": 39}, "39 °C is not possible"),
        ("set_cooling", {"max_fan_speed": 101}, "101 % is not possible"),
        ("set_cooling", {"required_fans": 5}, "5 is not possible"),
        ("set_cooling", {"mode": "manual", "fan_speed": 101}, "101 % is not possible"),
        ("set_cooling", {"mode": "hydro"}, "hydro is not possible"),
        (
            "set_cooling",
            {"mode": "manual", "fan_speed": 0},
            "The fans of Antminer S19k Pro cannot be turned off",
        ),
        (
            "set_cooling",
            {"mode": "manual", "min_fan_speed": 20},
            "min_fan_speed means nothing to Antminer S19k Pro with mode: manual",
        ),
        (
            "set_cooling",
            {"mode": "auto", "fan_speed": 20},
            "fan_speed means nothing to Antminer S19k Pro with mode: auto",
        ),
        (
            "set_cooling",
            {"mode": "immersion", "required_fans": 1},
            "required_fans means nothing to Antminer S19k Pro with mode: immersion",
        ),
        (
            "set_cooling",
            {"paused_fans": "automatic", "paused_fan_speed": 20},
            "paused_fan_speed means nothing to Antminer S19k Pro with paused_fans: ",
        ),
        (
            "set_dps",
            {"hashrate_step": 5},
            "hashrate_step means nothing to Antminer S19k Pro with tuning: power",
        ),
        (
            "set_dps",
            {"power_step": 100, "min_hashrate_target": 60},
            "min_hashrate_target means nothing",
        ),
        (
            "set_hashboards",
            {"enable": ["1"], "disable": ["4"]},
            "Antminer S19k Pro has no board 4. Its boards: 1, 2, 3",
        ),
        (
            "set_hashboards",
            {"enable": ["1", "2"], "disable": ["2"]},
            "Board 2 of Antminer S19k Pro cannot be enabled and disabled at once",
        ),
    ],
)
async def test_what_is_not_possible_is_refused_before_anything_is_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
    said: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert str(error.value).startswith(said)
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fan_speed": 60}, "fan_speed means nothing to {} with mode: auto"),
        (
            {"paused_fan_speed": 60},
            "paused_fan_speed means nothing to {} with paused_fans: automatic",
        ),
        (
            {"target_temperature": 79, "hot_temperature": 50},
            "{} refused: target, hot and dangerous temperature must rise in that order",
        ),
    ],
)
async def test_what_turns_out_to_be_impossible_changes_nothing(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    said: str,
) -> None:
    entry = await set_up(miner)
    saved = miner.machine.saved
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_cooling", entry, **fields)
    assert str(error.value) == said.format("Antminer S19k Pro")
    assert miner.machine.saved is saved


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mode": "manual"}, "manual is not possible for {}."),
        (
            {"fan_speed": 60},
            "fan_speed means nothing to {} with mode: immersion, hydro",
        ),
    ],
)
async def test_a_miner_in_water_has_no_fans_to_set(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    said: str,
) -> None:
    miner = await start_miner("s21_hydro", timing=PROMPT)
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_cooling", entry, **fields)
    assert str(error.value).startswith(said.format("Antminer S21 Hyd."))
    [answer] = await ask(hass, "set_cooling", entry, hot_temperature=65)
    assert (answer["ok"], answer["after"]) == (True, {"hot_temperature": 65})


async def test_a_miner_that_lists_no_boards_has_none_to_disable(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("bmm_101"))
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_hashboards", entry, disable="1")
    assert (
        str(error.value) == "Braiins Mini Miner BMM 101 has no board 1. Its boards: -"
    )


@pytest.mark.parametrize(
    ("api", "action", "fields"),
    [
        (6, "set_quick_ramping", {"up": 60}),
        (3, "set_dps", {"enabled": True, "mode": "boost"}),
        (8, "set_dps", {"start_percent": 80}),
        (3, "set_cooling", {"fan_speed": 80}),
        (3, "set_cooling", {"mode": "immersion", "hot_temperature": 80}),
        (5, "set_cooling", {"paused_fan_speed": 80}),
        (8, "set_cooling", {"paused_fans": "limited"}),
    ],
)
async def test_what_the_firmware_is_too_old_for_is_not_sent(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    api: int,
    action: str,
    fields: dict[str, Any],
) -> None:
    miner = await start_miner(api=api, timing=PROMPT)
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == "command_unsupported"
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set_quick_ramping", {"up": 60}),
        ("set_dps", {"power_step": 200}),
        ("set_cooling", {"hot_temperature": 80}),
    ],
)
async def test_without_limits_nothing_is_set(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    miner.faults.fail("GetConstraints")
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == "limits_unknown"


@pytest.mark.parametrize(
    ("action", "fields", "part"),
    [
        ("set_quick_ramping", {"up": 60}, "hashboard_config"),
        ("set_cooling", {"hot_temperature": 80}, "temperature"),
    ],
)
async def test_what_the_miner_does_not_tell_cannot_be_kept_so_nothing_is_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    fields: dict[str, Any],
    part: str,
) -> None:
    without(monkeypatch, "GetMinerConfiguration", part)
    entry = await set_up(miner)
    saved = miner.machine.saved
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == "command_failed"
    assert miner.machine.saved is saved


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set_quick_ramping", {}),
        ("set_dps", {}),
        ("set_cooling", {}),
        ("set_hashboards", {}),
        ("set_quick_ramping", {"up": -1}),
        ("set_quick_ramping", {"up": "nan"}),
        ("set_quick_ramping", {"up": "inf"}),
        ("set_dps", {"enabled": "perhaps"}),
        ("set_dps", {"mode": "unknown"}),
        ("set_dps", {"minimum": 5}),
        ("set_cooling", {"mode": "disabled"}),
        ("set_cooling", {"mode": "unknown"}),
        ("set_cooling", {"paused_fans": "unknown"}),
        ("set_hashboards", {"disable": []}),
        ("set_hashboards", {"disable": [None]}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await act(hass, action, entry, **fields)
    assert miner.calls == calls
