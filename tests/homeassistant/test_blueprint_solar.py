"""The blueprint that mines with what the sun leaves over."""

from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from simulator import SimulatedMiner
from simulator.mining import Reason

from .blueprints import Day, save, start
from .conftest import SetUp, StartMiner

BLUEPRINT = "solar_surplus"
METER = "sensor.grid_power"
# What somebody fills in for all miners.
INPUTS: dict[str, Any] = {
    "meter": METER,
    "miners": {"entity_id": "all"},
    "minimum_off": 0,
}


class Home:
    """A home with a roof, a meter at the grid, and miners behind it."""

    def __init__(self, hass: HomeAssistant, day: Day, *miners: SimulatedMiner) -> None:
        self.miners = list(miners)
        self.sun = 0.0
        self.feeding_in_is = -1
        self.unit = "W"
        self._hass = hass
        self._day = day

    @property
    def surplus(self) -> float:
        drawn = sum(miner.machine.power.watts for miner in self.miners)
        return self.sun - drawn

    def read_meter(self) -> None:
        shown = self.surplus * self.feeding_in_is / (1000 if self.unit == "kW" else 1)
        self._hass.states.async_set(
            METER,
            f"{shown:.3f}",
            {"device_class": "power", "unit_of_measurement": self.unit},
        )

    async def passes(self, minutes: float, sun: float | None = None) -> list[str]:
        """Let time pass with so much sun; returns what miners were told."""
        self.sun = self.sun if sun is None else sun
        for _ in range(round(minutes * 2)):
            self.read_meter()
            await self._day.passes(seconds=30)
        self.read_meter()
        return self._day.told()


@pytest.fixture
async def home(
    hass: HomeAssistant, day: Day, still_miner: SimulatedMiner, set_up: SetUp
) -> Home:
    """Have a home in which a miner is paused that draws 2760 W by default."""
    still_miner.machine.mining.cut(Reason.USER)
    entry = await set_up(still_miner)
    day.add(entry, still_miner)
    return Home(hass, day, still_miner)


async def test_miners_follow_the_sun(hass: HomeAssistant, home: Home) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS)
    # 40 % of what it draws by default is too much.
    assert await home.passes(20, sun=1200) == []
    assert await home.passes(10, sun=1300) == ["1104 W", "resume"]
    assert await home.passes(10, sun=2000) == ["1750 W"]
    assert await home.passes(10, sun=5000) == ["2760 W"]
    assert await home.passes(10, sun=2000) == ["2000 W"]
    assert await home.passes(30, sun=0) == ["pause"]
    assert await home.passes(60, sun=0) == []


@pytest.mark.parametrize(("sign", "shows"), [(-1, "negative"), (1, "positive")])
@pytest.mark.parametrize("unit", ["W", "kW"])
async def test_the_meter_may_count_either_way_in_watts_or_kilowatts(
    hass: HomeAssistant,
    home: Home,
    sign: int,
    shows: str,
    unit: str,
) -> None:
    home.feeding_in_is, home.unit = sign, unit
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS, feeding_in_is=shows)
    assert await home.passes(8, sun=2200) == ["2000 W", "resume"]
    assert await home.passes(8, sun=1800) == ["1750 W"]


async def test_a_step_has_to_be_worth_it_for_a_while(
    hass: HomeAssistant, home: Home
) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS, delay_up=10, delay_down=5)
    assert await home.passes(9, sun=2200) == []
    assert await home.passes(2, sun=200) == []
    assert await home.passes(9, sun=2200) == []
    assert await home.passes(5, sun=2200) == ["2000 W", "resume"]
    # What is left over now is less than the reserve and a step.
    assert await home.passes(30, sun=2390) == []
    assert await home.passes(4, sun=1700) == []
    assert await home.passes(2, sun=2390) == []
    assert await home.passes(7, sun=1700) == ["1500 W"]


async def test_it_does_not_swing(hass: HomeAssistant, home: Home) -> None:
    """Neither at the edge of a step nor at the edge of a pause."""
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS)
    assert await home.passes(10, sun=2200) == ["2000 W", "resume"]
    for sun in (2050, 2150) * 10:
        assert await home.passes(3, sun=sun) == []
    assert await home.passes(10, sun=1200) == ["1104 W"]
    for sun in (1120, 1240) * 10:
        assert await home.passes(3, sun=sun) == []


async def test_a_cloudy_hour_takes_few_changes(hass: HomeAssistant, home: Home) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS)
    await home.passes(20, sun=2500)
    told = []
    for _ in range(6):
        told += await home.passes(1.5, sun=900)
        told += await home.passes(8.5, sun=2500)
    assert told == []


async def test_a_miner_goes_down_to_its_least_until_it_may_be_paused(
    hass: HomeAssistant, home: Home
) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS, minimum_on=30)
    assert await home.passes(8, sun=2200) == ["2000 W", "resume"]
    assert await home.passes(20, sun=0) == ["1104 W"]
    assert await home.passes(15, sun=0) == ["pause"]


async def test_a_paused_miner_rests_for_a_while_at_least(
    hass: HomeAssistant, home: Home
) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS | {"minimum_off": 30})
    assert await home.passes(25, sun=2200) == []
    assert await home.passes(15, sun=2200) == ["2000 W", "resume"]


@pytest.mark.parametrize(("choice", "orders"), [("keep", []), ("pause", ["pause"])])
async def test_without_the_meter_it_does_what_was_chosen(
    hass: HomeAssistant,
    day: Day,
    home: Home,
    choice: str,
    orders: list[str],
) -> None:
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS, when_unknown=choice, minimum_on=0)
    assert await home.passes(8, sun=2200) == ["2000 W", "resume"]
    for minutes in (8, 4):
        home.read_meter()
        hass.states.async_set(METER, STATE_UNAVAILABLE)
        await day.passes(minutes=minutes)
        home.read_meter()
        await day.passes(minutes=1)
        assert day.told() == []
    hass.states.async_set(METER, STATE_UNAVAILABLE)
    await day.passes(minutes=90)
    assert day.told() == orders


async def test_after_a_restart_of_home_assistant_it_goes_on(
    hass: HomeAssistant, home: Home
) -> None:
    home.sun = 2200
    home.read_meter()
    await start(hass, BLUEPRINT, **INPUTS)
    assert await home.passes(4) == []
    assert await home.passes(4) == ["2000 W", "resume"]


async def test_two_miners_take_it_one_after_the_other(
    hass: HomeAssistant,
    day: Day,
    home: Home,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    second = await start_miner("s21", seed=1)
    second.machine.mining.cut(Reason.USER)
    entry = await set_up(second)
    day.add(entry, second)
    home.miners.append(second)
    home.read_meter()
    await save(hass, BLUEPRINT, **INPUTS, minimum_on=0)
    assert await home.passes(10, sun=3500) == ["1: resume"]
    # 40 % of the second's are 1400 W.
    assert await home.passes(15, sun=4500) == ["2: 1500 W", "2: resume"]
    assert await home.passes(15, sun=4350) == []
    assert await home.passes(10, sun=4200) == ["2: 1400 W"]
    assert await home.passes(10, sun=3000) == ["2: pause"]
    assert await home.passes(10, sun=2000) == ["1: 2000 W"]


async def test_a_miner_that_refuses_its_target_goes_on_resting(
    hass: HomeAssistant, home: Home
) -> None:
    home.read_meter()
    [miner] = home.miners
    miner.faults.fail("SetPowerTarget")
    await save(hass, BLUEPRINT, **INPUTS)
    assert await home.passes(8, sun=2200) == []
    miner.faults.clear()
    assert await home.passes(8, sun=2200) == ["2000 W", "resume"]
