"""The blueprint that mines less in the peak tariff."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedMiner
from simulator.mining import Reason

from .actions import device_of
from .blueprints import Day, save, start
from .conftest import SetUp, StartMiner
from .running import fall_silent

BLUEPRINT = "peak_tariff"
# An Antminer S19k Pro draws 2760 W by default, of which this is 60 %.
LESS = "1656 W"
FULL = "2760 W"


@pytest.fixture
async def inputs(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, set_up: SetUp
) -> dict[str, Any]:
    """Set a miner up on a Monday at midnight; its peak is from one to two."""
    entry = await set_up(still_miner)
    day.add(entry, still_miner)
    return {
        "miners": {"device_id": [device_of(hass, entry).id]},
        "first_start": "01:00:00",
        "first_end": "02:00:00",
    }


async def test_miners_are_paused_from_the_first_second_of_the_peak_to_the_last(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=59.5)
    assert day.told() == []
    await day.passes(minutes=1)
    assert day.told() == ["pause"]
    await day.passes(minutes=59)
    assert day.told() == []
    await day.passes(minutes=1)
    assert day.told() == ["resume"]
    await day.passes(minutes=70)
    assert day.told() == []


async def test_miners_can_draw_less_instead(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs, at_peak="lower")
    await day.passes(minutes=61)
    assert day.told() == [LESS]
    await day.passes(minutes=60)
    assert day.told() == [FULL]


async def test_a_pause_leaves_the_target_alone(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs, usual_power=80)
    await day.passes(minutes=130)
    assert day.told() == ["pause", "resume"]
    assert still_miner.machine.saved.tuner.power == 2760


async def test_other_weekdays_are_left_alone(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs, weekdays=["tue", "sun"])
    await day.passes(minutes=130)
    assert day.told() == []


async def test_a_peak_past_midnight_belongs_to_the_day_it_begins_on(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    inputs["first_start"] = "23:00:00"
    await save(hass, BLUEPRINT, **inputs, weekdays=["sun"])
    await day.passes(minutes=1)
    # It is Monday now, an hour after it began.
    assert day.told() == ["pause"]
    await day.passes(minutes=120)
    assert day.told() == ["resume"]


async def test_there_can_be_two_peaks(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(
        hass, BLUEPRINT, **inputs, second_start="02:30:00", second_end="02:45:00"
    )
    await day.passes(minutes=125)
    assert day.told() == ["pause", "resume"]
    await day.passes(minutes=45)
    assert day.told() == ["pause", "resume"]


@pytest.mark.parametrize(
    ("begins", "orders"), [("00:00:30", []), ("00:00:00", ["pause"])]
)
async def test_a_home_assistant_that_starts_in_the_peak_begins_at_once(
    hass: HomeAssistant,
    day: Day,
    inputs: dict[str, Any],
    begins: str,
    orders: list[str],
) -> None:
    inputs["first_start"] = begins
    await start(hass, BLUEPRINT, **inputs)
    await day.passes(seconds=1)
    assert day.told() == orders


async def test_a_peak_that_ends_while_home_assistant_is_off_is_ended_by_its_start(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, inputs: dict[str, Any]
) -> None:
    still_miner.machine.mining.pause(Reason.USER)
    await day.passes(minutes=125)
    await start(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=1)
    assert day.told() == ["resume"]


async def test_a_miner_that_is_away_is_paused_when_it_is_back(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs)
    fall_silent(still_miner)
    await day.passes(minutes=70)
    still_miner.faults.clear()
    await day.passes(minutes=3)
    assert day.told() == ["pause"]


async def test_miners_begin_one_after_the_other(
    hass: HomeAssistant,
    day: Day,
    start_miner: StartMiner,
    set_up: SetUp,
    inputs: dict[str, Any],
) -> None:
    second = await start_miner("s21", seed=1)
    entry = await set_up(second)
    day.add(entry, second)
    inputs["miners"]["device_id"].append(device_of(hass, entry).id)
    await save(hass, BLUEPRINT, **inputs, stagger=30)
    await day.passes(minutes=119)
    assert sorted(day.told()) == ["1: pause", "2: pause"]
    await day.passes(seconds=70)
    assert day.told() == ["1: resume"]
    await day.passes(seconds=35)
    assert day.told() == ["2: resume"]
