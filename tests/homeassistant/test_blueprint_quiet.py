"""The blueprint that keeps miners quiet at night."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedMiner

from .actions import device_of
from .blueprints import Day, save, start
from .conftest import SetUp, StartMiner
from .running import fall_silent

BLUEPRINT = "quiet_hours"
# An Antminer S19k Pro draws 2760 W by default, of which this is half.
NIGHT = ["1380 W", "fans to 40 %"]
MORNING = ["fans to 100 %", "2760 W"]


@pytest.fixture
async def inputs(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, set_up: SetUp
) -> dict[str, Any]:
    """Set a miner up on a Monday at midnight; it has to be quiet from one to two."""
    entry = await set_up(still_miner)
    day.add(entry, still_miner)
    return {
        "miners": {"device_id": [device_of(hass, entry).id]},
        "start": "01:00:00",
        "end": "02:00:00",
    }


async def test_the_night_is_quiet_and_the_day_is_given_back(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=59.5)
    assert day.told() == []
    await day.passes(minutes=1)
    assert day.told() == NIGHT
    await day.passes(minutes=59)
    assert day.told() == []
    # Fans are faster before there is more heat, and slower after there is less.
    await day.passes(minutes=6)
    assert day.told() == MORNING
    await day.passes(minutes=70)
    assert day.told() == []


@pytest.mark.parametrize(
    ("choice", "orders"),
    [
        ({"limit_power": False}, ["fans to 40 %", "fans to 100 %"]),
        ({"limit_fans": False}, ["1380 W", "2760 W"]),
        ({"limit_fans": False, "limit_power": False}, []),
        (
            {"quiet_power": 70, "quiet_fans": 30, "day_power": 90, "day_fans": 80},
            [
                "fans to 80 %",
                "2484 W",
                "1932 W",
                "fans to 30 %",
                *["fans to 80 %", "2484 W"],
            ],
        ),
    ],
)
async def test_what_is_limited_and_how_far_can_be_chosen(
    hass: HomeAssistant,
    day: Day,
    inputs: dict[str, Any],
    choice: dict[str, Any],
    orders: list[str],
) -> None:
    await save(hass, BLUEPRINT, **inputs, **choice)
    await day.passes(minutes=130)
    assert sorted(day.told()) == sorted(orders)


async def test_the_slowest_that_fans_may_be_is_kept(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await hass.services.async_call(
        "braiins_fleet",
        "set_cooling",
        {"min_fan_speed": 60},
        target=inputs["miners"],
        blocking=True,
    )
    day.told()
    await save(hass, BLUEPRINT, **inputs, limit_power=False)
    await day.passes(minutes=70)
    assert day.told() == ["fans to 60 %"]


async def test_fans_that_somebody_set_by_hand_are_left_alone(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await hass.services.async_call(
        "braiins_fleet",
        "set_cooling",
        {"mode": "manual", "fan_speed": 55},
        target=inputs["miners"],
        blocking=True,
    )
    day.told()
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=70)
    assert day.told() == ["1380 W"]


async def test_other_weekdays_are_left_alone(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs, weekdays=["sat"])
    await day.passes(minutes=70)
    assert day.told() == []


@pytest.mark.parametrize(("begins", "orders"), [("00:30:00", []), ("23:30:00", NIGHT)])
async def test_a_home_assistant_that_starts_at_night_is_quiet_at_once(
    hass: HomeAssistant,
    day: Day,
    inputs: dict[str, Any],
    begins: str,
    orders: list[str],
) -> None:
    inputs["start"] = begins
    await start(hass, BLUEPRINT, **inputs)
    # A miner that has just got a target may be busy with it.
    await day.passes(minutes=1 if not orders else 6)
    assert day.told()[: len(orders)] == orders


async def test_miners_without_fans_are_told_their_power_alone(
    hass: HomeAssistant,
    day: Day,
    start_miner: StartMiner,
    set_up: SetUp,
    inputs: dict[str, Any],
) -> None:
    hydro = await start_miner("s21_hydro", seed=1)
    entry = await set_up(hydro)
    day.add(entry, hydro)
    inputs["miners"]["device_id"].append(device_of(hass, entry).id)
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=70)
    half = round(hydro.machine.model.power.default / 2)
    assert sorted(day.told()) == ["1: 1380 W", "1: fans to 40 %", f"2: {half} W"]


async def test_a_miner_that_is_away_is_made_quiet_when_it_is_back(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs)
    fall_silent(still_miner)
    await day.passes(minutes=70)
    assert day.told() == []
    still_miner.faults.clear()
    await day.passes(minutes=8)
    assert day.told() == NIGHT
