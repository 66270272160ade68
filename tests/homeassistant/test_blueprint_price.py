"""The blueprint that mines by the price of electricity."""

from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, label_registry as lr
import pytest

from simulator import SimulatedMiner

from .actions import device_of
from .blueprints import Day, save, start
from .conftest import SetUp, StartMiner
from .running import fall_silent, shown, until

BLUEPRINT = "electricity_price"
PRICE = "sensor.price"
# An Antminer S19k Pro draws 2760 W by default, of which this is 60 %.
LESS = "1656 W"
FULL = "2760 W"


def set_price(hass: HomeAssistant, price: object) -> None:
    hass.states.async_set(PRICE, str(price))


@pytest.fixture
async def inputs(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, set_up: SetUp
) -> dict[str, Any]:
    """Set a miner up that mines, and give back what somebody fills in for it."""
    entry = await set_up(still_miner)
    day.add(entry, still_miner)
    return {
        "price": PRICE,
        "miners": {"device_id": device_of(hass, entry).id},
        "full_below": 0.2,
        "pause_above": 0.4,
    }


@pytest.mark.parametrize(
    ("price", "orders"),
    [
        (-0.1, []),
        (0.1999, []),
        (0.2, [LESS]),
        (0.4, [LESS]),
        (0.4001, ["pause"]),
    ],
)
async def test_the_price_says_how_much_is_mined(
    hass: HomeAssistant,
    day: Day,
    inputs: dict[str, Any],
    price: float,
    orders: list[str],
) -> None:
    set_price(hass, price)
    await save(hass, BLUEPRINT, **inputs, minimum_on=0)
    await day.passes(minutes=1)
    assert day.told() == orders


async def test_nothing_is_said_twice(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs)
    for price in (0.25, 0.3, 0.25, 0.39):
        set_price(hass, price)
        await day.passes(minutes=3)
    assert day.told() == [LESS]
    await day.passes(minutes=65)
    assert day.told() == []


async def test_a_miner_mines_and_rests_for_a_while_at_least(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    set_price(hass, 0.1)
    await save(hass, BLUEPRINT, **inputs, minimum_on=20, minimum_off=30)
    await day.passes(minutes=5)
    set_price(hass, 0.5)
    await day.passes(minutes=14.5)
    assert day.told() == []
    await day.passes(minutes=1)
    assert day.told() == ["pause"]

    set_price(hass, 0.1)
    await day.passes(minutes=29)
    assert day.told() == []
    await day.passes(minutes=3)
    assert day.told() == ["resume"]


async def test_there_is_more_power_only_well_below_a_limit(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    await save(hass, BLUEPRINT, **inputs, hysteresis=0.05, minimum_on=0, minimum_off=0)
    told = []
    for price in (0.19, 0.2, 0.16, 0.149, 0.41, 0.36, 0.35, 0.4):
        set_price(hass, price)
        await day.passes(minutes=6)
        told.append(day.told())
    assert told == [[], [LESS], [], [FULL], ["pause"], [], [LESS, "resume"], []]


async def test_a_miner_that_mines_again_has_its_new_target_before(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    set_price(hass, 0.5)
    await save(hass, BLUEPRINT, **inputs, minimum_on=0, minimum_off=0)
    await day.passes(minutes=2)
    set_price(hass, 0.3)
    await day.passes(minutes=7)
    assert day.told() == ["pause", LESS, "resume"]


@pytest.mark.parametrize("unknown", [STATE_UNAVAILABLE, STATE_UNKNOWN, "free"])
async def test_while_the_price_is_unknown_nothing_is_done(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any], unknown: str
) -> None:
    set_price(hass, 0.3)
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=1)
    assert day.told() == [LESS]
    set_price(hass, unknown)
    await day.passes(minutes=130)
    assert day.told() == []


@pytest.mark.parametrize(
    ("choice", "orders"),
    [("keep", []), ("full", [FULL]), ("lower", []), ("pause", ["pause"])],
)
async def test_what_is_done_when_the_price_stays_unknown_can_be_chosen(
    hass: HomeAssistant,
    day: Day,
    inputs: dict[str, Any],
    choice: str,
    orders: list[str],
) -> None:
    set_price(hass, 0.3)
    await save(hass, BLUEPRINT, **inputs, when_unknown=choice, minimum_on=0)
    await day.passes(minutes=1)
    assert day.told() == [LESS]
    # A short absence is none.
    set_price(hass, STATE_UNAVAILABLE)
    await day.passes(minutes=9)
    set_price(hass, 0.31)
    await day.passes(minutes=1)
    set_price(hass, STATE_UNAVAILABLE)
    await day.passes(minutes=9)
    assert day.told() == []
    await day.passes(minutes=2)
    assert day.told() == orders


async def test_it_begins_when_home_assistant_has_started(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    set_price(hass, 0.3)
    await start(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=1)
    assert day.told() == [LESS]


async def test_a_hold_goes_on_after_a_restart_of_home_assistant(
    hass: HomeAssistant, day: Day, inputs: dict[str, Any]
) -> None:
    set_price(hass, 0.5)
    await start(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=14)
    assert day.told() == []
    await day.passes(minutes=2)
    assert day.told() == ["pause"]


async def test_a_miner_that_forgets_its_pause_is_paused_again(
    hass: HomeAssistant,
    day: Day,
    still_miner: SimulatedMiner,
    inputs: dict[str, Any],
) -> None:
    set_price(hass, 0.5)
    await save(hass, BLUEPRINT, **inputs, minimum_on=1)
    await day.passes(minutes=3)
    assert day.told() == ["pause"]
    still_miner.faults.reboot(90)
    await still_miner.settled()
    await day.passes(seconds=100)
    await still_miner.settled()
    await until(lambda: shown(hass, "status") != STATE_UNAVAILABLE)
    await day.passes(minutes=3)
    assert day.told() == ["pause"]


async def test_each_miner_of_a_label_has_its_own_share(
    hass: HomeAssistant,
    day: Day,
    start_miner: StartMiner,
    set_up: SetUp,
    inputs: dict[str, Any],
) -> None:
    solar = lr.async_get(hass).async_create("Solar")
    s21 = await start_miner("s21", seed=1)
    entry = await set_up(s21)
    day.add(entry, s21)
    for device_id in (inputs["miners"]["device_id"], device_of(hass, entry).id):
        dr.async_get(hass).async_update_device(device_id, labels={solar.label_id})
    inputs["miners"] = {"label_id": [solar.label_id]}
    set_price(hass, 0.3)
    await save(hass, BLUEPRINT, **inputs, lower_power=50)
    await day.passes(minutes=1)
    half = round(s21.machine.model.power.default / 2)
    assert sorted(day.told()) == ["1: 1380 W", f"2: {half} W"]


async def test_a_miner_that_is_away_gets_its_order_when_it_is_back(
    hass: HomeAssistant,
    day: Day,
    still_miner: SimulatedMiner,
    inputs: dict[str, Any],
) -> None:
    set_price(hass, 0.1)
    await save(hass, BLUEPRINT, **inputs)
    fall_silent(still_miner)
    await day.passes(minutes=2)
    set_price(hass, 0.3)
    await day.passes(minutes=30)
    assert day.told() == []
    still_miner.faults.clear()
    await day.passes(minutes=3)
    assert day.told() == [LESS]


async def test_an_order_that_is_refused_is_given_again_some_minutes_later(
    hass: HomeAssistant,
    day: Day,
    still_miner: SimulatedMiner,
    inputs: dict[str, Any],
) -> None:
    set_price(hass, 0.3)
    still_miner.faults.fail("SetPowerTarget")
    await save(hass, BLUEPRINT, **inputs)
    await day.passes(minutes=3)
    assert day.told() == []
    still_miner.faults.clear()
    await day.passes(minutes=3)
    assert day.told() == [LESS]


async def test_a_miner_that_refuses_its_target_goes_on_resting(
    hass: HomeAssistant,
    day: Day,
    still_miner: SimulatedMiner,
    inputs: dict[str, Any],
) -> None:
    set_price(hass, 0.5)
    await save(hass, BLUEPRINT, **inputs, minimum_on=0, minimum_off=0)
    await day.passes(minutes=2)
    assert day.told() == ["pause"]
    still_miner.faults.fail("SetPowerTarget")
    set_price(hass, 0.3)
    await day.passes(minutes=3)
    assert day.told() == []
    still_miner.faults.clear()
    await day.passes(minutes=3)
    assert day.told() == [LESS, "resume"]
