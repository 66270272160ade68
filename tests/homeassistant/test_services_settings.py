"""The actions that set several things at once."""

import asyncio
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from simulator import SimulatedMiner
from simulator.configuration import CoolingMode, TunerMode

from .actions import PROMPT, act, ask, device_of, lose_answer
from .conftest import SetUp, StartMiner

# An Antminer S19k Pro has the boards 1, 2 and 3, and four fans.
SOMETHING: dict[str, dict[str, Any]] = {
    "set_quick_ramping": {"up": 60},
    "set_dps": {"enabled": True},
    "set_cooling": {"mode": "manual"},
    "set_hashboards": {"disable": [1]},
}
METHODS = {
    "set_quick_ramping": "SetQuickRamping",
    "set_dps": "SetDPS",
    "set_cooling": "SetCoolingMode",
    "set_hashboards": "DisableHashboards",
}


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


def aim_at_hashrate(miner: SimulatedMiner) -> None:
    """Have a miner aim at a hashrate, before anybody reads it."""
    machine = miner.machine
    tuner = replace(machine.saved.tuner, mode=TunerMode.HASHRATE)
    machine.saved = replace(machine.saved, tuner=tuner)
    machine.running = replace(machine.running, tuner=tuner)


def pause_with_fans_at(miner: SimulatedMiner, ratio: float) -> None:
    """Have the fans of a miner turn at a speed while paused, all the time."""
    machine = miner.machine
    cooling = replace(
        machine.saved.cooling, pause_fan_ratio=ratio, pause_fan_forever=True
    )
    machine.saved = replace(machine.saved, cooling=cooling)


@pytest.mark.parametrize(
    ("fields", "before", "up", "down"),
    [
        ({"up": 60, "down": 30}, {"up": 20, "down": 20}, 60, 30),
        ({"up": "60.4"}, {"up": 20}, 60, 20),
        ({"down": 600}, {"down": 20}, 20, 600),
        ({"up": 5}, {"up": 20}, 5, 20),
    ],
)
async def test_ramping_is_set_and_what_is_not_given_stays(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    before: dict[str, int],
    up: int,
    down: int,
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_quick_ramping", entry, **fields)
    after = {"up": up, "down": down}
    assert answer == {
        "name": "Antminer S19k Pro",
        "device_id": device_of(hass, entry).id,
        "ok": True,
        "before": before,
        "after": {name: after[name] for name in fields},
        "error": None,
    }
    assert (miner.machine.saved.ramp_up_s, miner.machine.saved.ramp_down_s) == (
        up,
        down,
    )


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"enabled": True}, {"enabled": True}),
        ({"mode": "boost"}, {"boost": True}),
        ({"power_step": 200}, {"power_step": 200}),
        ({"min_power_target": 1500}, {"min_power": 1500}),
        ({"shutdown": True, "shutdown_hours": 5}, {"shutdown": True, "shutdown_h": 5}),
        ({"start_percent": 80}, {"start_percent": 80}),
        (
            {
                "enabled": "on",
                "mode": "boost",
                "power_step": 150,
                "min_power_target": 771,
                "shutdown": True,
                "shutdown_hours": 24,
                "start_percent": 10,
            },
            {
                "enabled": True,
                "boost": True,
                "power_step": 150,
                "min_power": 771,
                "shutdown": True,
                "shutdown_h": 24,
                "start_percent": 10,
            },
        ),
    ],
)
async def test_scaling_is_set_and_what_is_not_given_stays(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    expected = replace(miner.machine.saved.dps, **changes)
    [answer] = await ask(hass, "set_dps", entry, **fields)
    assert answer["ok"]
    assert answer["before"].keys() == fields.keys()
    assert answer["before"] != answer["after"]
    wanted = dict(fields)
    if "enabled" in wanted:
        wanted["enabled"] = True
    assert answer["after"] == wanted
    assert miner.machine.saved.dps == expected


async def test_a_miner_that_aims_at_a_hashrate_is_scaled_by_hashrate(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    aim_at_hashrate(miner)
    entry = await set_up(miner)
    fields: dict[str, Any] = {"hashrate_step": 10.5, "min_hashrate_target": 60.25}
    [answer] = await ask(hass, "set_dps", entry, **fields)
    assert (answer["ok"], answer["after"]) == (True, fields)
    dps = miner.machine.saved.dps
    assert (dps.hashrate_step, dps.min_hashrate) == (10.5, 60.25)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_dps", entry, power_step=100)
    assert str(error.value) == (
        "power_step means nothing to Antminer S19k Pro with tuning: hashrate_target"
    )


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"mode": "manual"}, {"mode": CoolingMode.MANUAL}),
        ({"mode": "immersion"}, {"mode": CoolingMode.IMMERSION}),
        (
            {"mode": "manual", "fan_speed": 57},
            {"mode": CoolingMode.MANUAL, "fan_ratio": 0.57},
        ),
        (
            {"mode": "immersion", "target_temperature": 50, "hot_temperature": 70},
            {"mode": CoolingMode.IMMERSION, "target_c": 50, "hot_c": 70},
        ),
        (
            {"mode": "auto", "min_fan_speed": 20, "max_fan_speed": 40},
            {"min_fan": 20, "max_fan": 40},
        ),
        (
            {
                "target_temperature": 55,
                "hot_temperature": 75,
                "dangerous_temperature": 85,
                "required_fans": 2,
            },
            {"target_c": 55, "hot_c": 75, "dangerous_c": 85, "required_fans": 2},
        ),
        (
            {"paused_fans": "limited", "paused_fan_speed": 45},
            {"pause_fan_ratio": 0.45, "pause_fan_forever": False},
        ),
        (
            {"paused_fans": "indefinite"},
            {"pause_fan_ratio": 0.3, "pause_fan_forever": True},
        ),
    ],
)
async def test_cooling_is_set_and_what_is_not_given_stays(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    expected = replace(miner.machine.saved.cooling, **changes)
    [answer] = await ask(hass, "set_cooling", entry, **fields)
    assert answer["ok"], answer["error"]
    assert answer["before"].keys() == fields.keys()
    assert answer["before"] != answer["after"]
    assert answer["after"] == fields
    assert miner.machine.saved.cooling == expected


@pytest.mark.parametrize(
    ("fields", "ratio"),
    [({"paused_fan_speed": 25}, 0.25), ({"paused_fans": "automatic"}, None)],
)
async def test_fans_that_turn_while_paused_are_set(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    ratio: float | None,
) -> None:
    pause_with_fans_at(miner, 0.6)
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_cooling", entry, **fields)
    assert (answer["ok"], answer["after"]) == (True, fields)
    cooling = miner.machine.saved.cooling
    assert cooling.pause_fan_ratio == ratio
    assert cooling.pause_fan_forever == (ratio is not None)


async def test_the_mode_that_counts_is_the_one_the_miner_has_when_its_turn_comes(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    both = [
        ask(hass, "set_cooling", entry, mode="manual"),
        ask(hass, "set_cooling", entry, fan_speed=60),
    ]
    answers = await asyncio.gather(*both)
    assert [answer["ok"] for [answer] in answers] == [True, True]
    cooling = miner.machine.saved.cooling
    assert (cooling.mode, cooling.fan_ratio) == (CoolingMode.MANUAL, 0.6)


async def test_old_firmware_knows_of_cooling_no_more_than_immersion(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner("s19", timing=PROMPT)
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_cooling", entry, mode="immersion")
    assert (answer["ok"], answer["after"]) == (True, {"mode": "immersion"})
    assert miner.machine.saved.cooling.mode is CoolingMode.IMMERSION


@pytest.mark.parametrize(
    ("fields", "disabled", "after"),
    [
        ({"disable": ["1", "3"]}, {"1", "3"}, {"1": False, "3": False}),
        ({"enable": ["2"]}, set(), {"2": True}),
        ({"enable": [2], "disable": 1}, {"1"}, {"1": False, "2": True}),
    ],
)
async def test_boards_are_enabled_and_disabled(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    disabled: set[str],
    after: dict[str, bool],
) -> None:
    entry = await set_up(miner)
    if "enable" in fields:
        await act(hass, "set_hashboards", entry, disable=["2"])
    [answer] = await ask(hass, "set_hashboards", entry, **fields)
    assert answer["ok"], answer["error"]
    assert answer["before"] == {board: not on for board, on in after.items()}
    assert answer["after"] == after
    assert miner.machine.saved.disabled_boards == disabled


async def test_boards_of_a_miner_that_does_not_run_are_known_by_its_configuration(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    miner.machine.mining.stop()
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_hashboards", entry, disable="2")
    assert (answer["ok"], answer["before"]) == (True, {"2": True})
    assert answer["after"] == {"2": False}


@pytest.mark.parametrize("action", SOMETHING)
async def test_what_was_set_though_the_answer_got_lost_is_no_error(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    done = lose_answer(monkeypatch, METHODS[action])
    entry = await set_up(miner)
    [answer] = await ask(hass, action, entry, **SOMETHING[action])
    assert answer["ok"], answer["error"]
    assert len(done) == 1
