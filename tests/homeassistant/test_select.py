"""What a miner is set to out of a few."""

from dataclasses import replace
from typing import Any

from homeassistant.components.select import ATTR_OPTIONS
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.braiins_fleet.select import SELECTS
from simulator import SimulatedMiner
from simulator.configuration import CoolingMode, TunerMode
from simulator.tuner import Profile

from .conftest import SetUp, StartMiner
from .controlling import (
    MINER,
    act,
    in_time,
    is_available,
    keys,
    look,
    lose_next_answer,
    said,
)
from .running import PassingTime, poll

TUNING = f"select.{MINER}_tuning_mode"
COOLING = f"select.{MINER}_cooling_mode"
DPS = f"select.{MINER}_scaling_mode"
PAUSED_FANS = f"select.{MINER}_fans_while_paused"
PROFILE = f"select.{MINER}_tuned_profile"


async def choose(hass: HomeAssistant, entity_id: str, option: str) -> None:
    """Choose something."""
    await act(hass, "select.select_option", entity_id, option=option)


def options(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return what there is to choose from."""
    found: list[str] = look(hass, entity_id).attributes[ATTR_OPTIONS]
    return found


def knows(miner: SimulatedMiner, mode: TunerMode, *targets: float) -> None:
    """Have a miner know how to reach these targets, and no others."""
    profiles = miner.machine.tuner.profiles[mode]
    profiles.clear()
    for target in targets:
        profiles[target] = Profile(0.0, target, 100.0, 2000.0)


@pytest.mark.parametrize(
    ("entity_id", "option", "part", "changes"),
    [
        (TUNING, "hashrate_target", "tuner", {"mode": TunerMode.HASHRATE}),
        (TUNING, "manual", "tuner", {"enabled": False}),
        (COOLING, "manual", "cooling", {"mode": CoolingMode.MANUAL}),
        (COOLING, "immersion", "cooling", {"mode": CoolingMode.IMMERSION}),
        (DPS, "boost", "dps", {"boost": True}),
        (
            PAUSED_FANS,
            "limited",
            "cooling",
            {"pause_fan_ratio": 0.3, "pause_fan_forever": False},
        ),
        (
            PAUSED_FANS,
            "indefinite",
            "cooling",
            {"pause_fan_ratio": 0.3, "pause_fan_forever": True},
        ),
    ],
)
async def test_something_else_is_chosen_and_then_the_first_again(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    entity_id: str,
    option: str,
    part: str,
    changes: dict[str, Any],
) -> None:
    machine = still_miner.machine
    await set_up(still_miner)
    before = machine.saved
    first = look(hass, entity_id).state
    assert first != option
    await choose(hass, entity_id, option)
    changed = replace(getattr(before, part), **changes)
    assert machine.saved == replace(before, **{part: changed})
    assert machine.running == machine.saved
    assert look(hass, entity_id).state == option
    await choose(hass, entity_id, first)
    assert machine.saved == before
    assert look(hass, entity_id).state == first


def test_every_choice_is_tried() -> None:
    assert {each.key for each in SELECTS} == {
        "tuning",
        "cooling",
        "dps_mode",
        "paused_fans",
        "tuned_profile",
    }


async def test_fans_while_paused_keep_the_speed_that_was_chosen(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    await choose(hass, PAUSED_FANS, "limited")
    speed = f"number.{MINER}_fan_speed_while_paused"
    assert look(hass, speed).state == "30.0"
    await act(hass, "number.set_value", speed, value=70)
    await choose(hass, PAUSED_FANS, "indefinite")
    assert still_miner.machine.saved.cooling.pause_fan_ratio == 0.7
    await choose(hass, PAUSED_FANS, "automatic")
    assert not is_available(hass, speed)


@pytest.mark.parametrize(
    ("model", "minor", "expected"),
    [
        ("s19", 0, ["auto", "immersion"]),
        ("s19k_pro", 3, ["auto", "immersion"]),
        ("s19k_pro", 4, ["auto", "manual", "immersion"]),
        ("bmm_101", 9, ["auto", "manual", "immersion"]),
        ("s21_hydro", 11, ["immersion", "hydro"]),
    ],
)
async def test_it_can_be_cooled_in_ways_that_it_has(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    model: str,
    minor: int,
    expected: list[str],
) -> None:
    miner = await start_miner(model, api=minor)
    await set_up(miner)
    [cooling] = (
        state.entity_id
        for state in hass.states.async_all("select")
        if state.entity_id.endswith("_cooling_mode")
    )
    assert options(hass, cooling) == expected
    for way in (*expected, expected[0]):
        await choose(hass, cooling, way)
        assert miner.machine.saved.cooling.mode == way
        assert look(hass, cooling).state == way


async def test_what_a_miner_cannot_be_is_not_sent(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner("s21_hydro")
    await set_up(miner)
    with pytest.raises(ServiceValidationError):
        await choose(hass, "select.antminer_s21_hyd_cooling_mode", "auto")
    assert miner.machine.saved.cooling.mode is CoolingMode.HYDRO


async def test_fans_while_paused_mean_nothing_without_fans(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("s21_hydro"))
    assert keys(hass, entry, "select") == {
        "tuning",
        "cooling",
        "dps_mode",
        "tuned_profile",
    }


@pytest.mark.parametrize("minor", range(12))
async def test_choices_are_there_since_the_firmware_has_them(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, minor: int
) -> None:
    miner = await start_miner(api=minor)
    entry = await set_up(miner)
    assert keys(hass, entry, "select") == (
        {"tuning", "cooling", "tuned_profile"}
        | ({"dps_mode"} if minor >= 4 else set())
        | ({"paused_fans"} if minor >= 9 else set())
    )
    await choose(hass, TUNING, "manual")
    assert not miner.machine.saved.tuner.enabled
    assert look(hass, TUNING).state == "manual"


async def test_a_tuned_profile_is_picked_and_reached_at_once(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    knows(still_miner, TunerMode.POWER, 2760, 1500, 2000.0)
    knows(still_miner, TunerMode.HASHRATE, 100.5)
    await set_up(still_miner)
    assert options(hass, PROFILE) == ["1500 W", "2000 W", "2760 W"]
    assert look(hass, PROFILE).state == "2760 W"
    await choose(hass, PROFILE, "1500 W")
    assert look(hass, PROFILE).state == "1500 W"
    assert look(hass, f"number.{MINER}_power_target").state == "1500"
    assert still_miner.machine.tuner.left == 0

    await choose(hass, TUNING, "hashrate_target")
    assert options(hass, PROFILE) == ["100.5 TH/s"]
    assert look(hass, PROFILE).state == STATE_UNKNOWN
    await choose(hass, PROFILE, "100.5 TH/s")
    assert look(hass, PROFILE).state == "100.5 TH/s"
    assert still_miner.machine.saved.tuner.hashrate == 100.5


async def test_a_tuned_profile_can_be_picked_from_a_target_that_is_not_tuned(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    knows(still_miner, TunerMode.POWER, 2000)
    await set_up(still_miner)
    assert look(hass, PROFILE).state == STATE_UNKNOWN
    await choose(hass, PROFILE, "2000 W")
    assert look(hass, PROFILE).state == "2000 W"


async def test_without_a_tuner_or_tuned_profiles_there_is_none_to_pick(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    assert is_available(hass, PROFILE)
    await choose(hass, TUNING, "manual")
    assert not is_available(hass, PROFILE)
    await choose(hass, TUNING, "power_target")
    assert is_available(hass, PROFILE)
    knows(still_miner, TunerMode.POWER)
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    assert not is_available(hass, PROFILE)


async def test_a_profile_that_was_tuned_meanwhile_is_offered(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    knows(still_miner, TunerMode.POWER, 2760, 1500)
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    assert options(hass, PROFILE) == ["1500 W", "2760 W"]


async def test_a_profile_that_was_forgotten_meanwhile_is_not_aimed_at(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    knows(still_miner, TunerMode.POWER, 2760, 1500)
    await set_up(still_miner)
    knows(still_miner, TunerMode.POWER, 2760)
    with pytest.raises(ServiceValidationError) as refusal:
        await choose(hass, PROFILE, "1500 W")
    assert str(refusal.value) == "There is no tuned profile of 1500 W any more"
    assert still_miner.machine.saved.tuner.power == 2760


async def test_the_miner_says_why_it_cannot_be_tuned_otherwise_now(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    machine = still_miner.machine
    monkeypatch.setattr(machine.dps, "_step_until", machine.moment + 20)
    with pytest.raises(HomeAssistantError) as refusal:
        await choose(hass, TUNING, "manual")
    assert said(refusal.value) == (
        "command_not_now",
        "DPS is changing the target, try again in a moment",
    )
    assert look(hass, TUNING).state == "power_target"


async def test_a_choice_of_which_the_answer_was_lost_is_read_back(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    lose_next_answer(still_miner)
    await choose(hass, COOLING, "immersion")
    assert look(hass, COOLING).state == "immersion"


async def test_cooling_is_left_alone_while_nobody_knows_the_rest_of_it(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    await set_up(still_miner)
    before = still_miner.machine.saved
    # A mode is set as a whole, with its temperatures.
    still_miner.faults.fail("GetMinerConfiguration")
    with pytest.raises(HomeAssistantError) as failure:
        await in_time(choose(hass, COOLING, "manual"), pass_time)
    assert said(failure.value)[0] == "command_failed"
    assert still_miner.machine.saved == before
