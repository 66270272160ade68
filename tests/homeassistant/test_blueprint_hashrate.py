"""The blueprint that tells of hashrates that have dropped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.const import SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from simulator import SimulatedMiner

from .blueprints import Day
from .conftest import SetUp
from .controlling import act, look
from .rig_orders import BY, keep_sheet, while_living
from .rigging import Rigged, Yard
from .running import until
from .test_examples import AUTOMATION, TELL, messages, use

# More turns of the loop than any step of an automation needs that waits for nobody.
_TURNS = 100
HASHRATE = "sensor.garage_hashrate_mh_s"
MINER = "sensor.antminer_s19k_pro_hashrate"
DROPPED: dict[str, Any] = {
    "hashrates": [HASHRATE],
    "drop": 20,
    "low_for": 10,
    "again_after": 30,
    "then": TELL,
}


@pytest.fixture
def mock_recorder_before_hass(
    async_test_recorder: Any,  # noqa: ARG001 - it has to be there first
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Have a recorder, which knows what was usual; what it asks, nobody reads."""
    monkeypatch.setattr(logging.getLogger("sqlalchemy.engine"), "level", logging.ERROR)


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Have nothing recorded but what is looked at."""
    return {"include": {"entity_globs": ["sensor.*_hashrate*"]}}


@pytest.fixture
def enable_statistics() -> bool:
    """Have the recorder sum up, as it does everywhere but in tests."""
    return True


class Hours:
    """Hours that pass, a recorder that looks on, and what is told meanwhile."""

    def __init__(
        self,
        hass: HomeAssistant,
        live: Callable[[], Awaitable[None]],
    ) -> None:
        self._hass = hass
        self._live = live
        self._told: list[Any] = []
        self._asked = 0
        self._listen_in()

    async def watch(self, *hashrates: str, **changes: Any) -> None:
        """Have an automation watch these from now on."""
        inputs = DROPPED | {"hashrates": [*hashrates]} | changes
        self._told = await use(self._hass, "hashrate_dropped", **inputs)

    def told(self) -> list[str]:
        return messages(self._told)

    async def remember(self, entity_id: str, *means: float) -> None:
        """Have the recorder know these of the last hours, the last one last."""
        state = look(self._hass, entity_id)
        hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
        async_import_statistics(
            self._hass,
            StatisticMetaData(
                mean_type=StatisticMeanType.ARITHMETIC,
                has_sum=False,
                name=None,
                source="recorder",
                statistic_id=entity_id,
                unit_class=None,
                unit_of_measurement=state.attributes["unit_of_measurement"],
            ),
            [
                StatisticData(start=hour - timedelta(hours=ago), mean=mean)
                for ago, mean in enumerate(reversed(means), 1)
            ],
        )
        await self._rest()

    async def passes(self, *, minutes: int) -> None:
        """Let time pass, half a minute at a time."""
        for _ in range(2 * minutes):
            await self._live()
            await self._rest()

    async def _rest(self) -> None:
        """Wait until nobody does anything any more but wait for time to pass."""
        recorder = get_instance(self._hass)
        await self._hass.async_add_executor_job(recorder.block_till_done)
        turns = 0
        while turns < _TURNS:
            await asyncio.sleep(0.001 if self._asked else 0)
            turns = 0 if self._asked else turns + 1

    def _listen_in(self) -> None:
        """Know whether the recorder is being asked for anything."""
        recorder = get_instance(self._hass)
        ask = recorder.async_add_executor_job

        def counted[T](target: Callable[..., T], *args: Any) -> asyncio.Future[T]:
            self._asked += 1
            answer = ask(target, *args)
            answer.add_done_callback(self._is_answered)
            return answer

        recorder.async_add_executor_job = counted  # type: ignore[method-assign]  # listens in

    def _is_answered(self, _: asyncio.Future[Any]) -> None:
        self._asked -= 1

    async def end(self) -> None:
        """Have the automation wait for nothing any more."""
        await self._hass.services.async_call(
            AUTOMATION, SERVICE_TURN_OFF, {"entity_id": "all"}, blocking=True
        )


@dataclass
class Watched:
    """A rig whose hashrate is watched."""

    hours: Hours
    rig: Rigged

    @property
    def hashrate(self) -> float:
        return float(look(self.rig.yard.hass, HASHRATE).state)

    def throttle(self, watts: float) -> None:
        """Limit all cards, so that they hash less, or as much as ever."""
        for card in self.rig.machine.cards:
            card.power_limit = watts


@pytest.fixture
async def hours(
    recorder_mock: Any,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
    yard: Yard,
    freezer: FrozenDateTimeFactory,
) -> AsyncIterator[Hours]:
    """Begin an hour."""

    async def live() -> None:
        freezer.tick(30)
        yard.pass_time.jump(30)
        for rigged in yard.rigs:
            if rigged.agent.connected.is_set():
                await until(partial(_is_heard, rigged))

    freezer.move_to(dt_util.start_of_local_day() + timedelta(days=1))
    begun = Hours(hass, live)
    yield begun
    await begun.end()


def _is_heard(rigged: Rigged) -> bool:
    state, told = rigged.coordinator.rig.state, rigged.agent.told
    return (
        state.stats_heard >= told["stats"]
        and state.reports_heard >= told["miner_status"]
    )


@pytest.fixture
async def watched(hours: Hours, yard: Yard) -> Watched:
    """Have a rig that has mined all day."""
    watched = Watched(hours, await yard.start("rtx3080", "rtx3080"))
    await hours.remember(HASHRATE, *[watched.hashrate] * 23)
    await hours.watch(HASHRATE)
    await hours.passes(minutes=11)
    return watched


def figures(message: str) -> tuple[float, float, int]:
    """Return what was usual and what is now, and the loss in percent."""
    found = re.fullmatch(
        r"Hashrate dropped: Garage from ([\d.]+) to ([\d.]+) MH/s \(-(\d+) %\)", message
    )
    assert found is not None, message
    return float(found[1]), float(found[2]), int(found[3])


async def test_a_rig_that_hashes_less_is_told_of_with_what_was_usual(
    hours: Hours, yard: Yard
) -> None:
    watched = Watched(hours, await yard.start("rtx3080", "rtx3080"))
    await hours.watch(HASHRATE)
    # An hour has to be over before anything is known to be usual.
    await hours.passes(minutes=65)
    usual = watched.hashrate
    watched.throttle(150)
    # Five minutes are summed up at a time, and two of these are wanted.
    await hours.passes(minutes=9)
    assert hours.told() == []
    await hours.passes(minutes=7)
    [message] = hours.told()
    before, now, percent = figures(message)
    assert before == pytest.approx(usual, rel=0.02)
    assert now == pytest.approx(watched.hashrate, rel=0.02)
    assert percent == pytest.approx(100 - 100 * now / before, abs=1)


async def test_it_is_told_again_later_but_not_once_all_is_well(
    watched: Watched,
) -> None:
    hours = watched.hours
    watched.throttle(150)
    await hours.passes(minutes=40)
    assert len(hours.told()) == 1
    await hours.passes(minutes=15)
    assert len(hours.told()) == 2
    watched.throttle(320)
    await hours.passes(minutes=45)
    assert len(hours.told()) == 2


async def test_hours_in_which_it_hardly_mined_do_not_count(watched: Watched) -> None:
    usual = watched.hashrate
    await watched.hours.remember(HASHRATE, *[0] * 15, *[0.4 * usual] * 3, *[usual] * 5)
    watched.throttle(150)
    await watched.hours.passes(minutes=17)
    [message] = watched.hours.told()
    assert figures(message)[0] == pytest.approx(usual, rel=0.02)


async def test_a_rig_that_hashes_less_for_a_moment_is_not_told_of(
    watched: Watched,
) -> None:
    watched.throttle(150)
    await watched.hours.passes(minutes=8)
    watched.throttle(320)
    await watched.hours.passes(minutes=30)
    assert watched.hours.told() == []


async def test_a_rig_that_is_stopped_and_started_is_not_told_of(
    watched: Watched,
) -> None:
    yard, hours = watched.rig.yard, watched.hours
    watched.rig.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    await while_living(yard, act(yard.hass, "switch.turn_off", "switch.garage"))
    await hours.passes(minutes=30)
    assert watched.hashrate == 0
    await while_living(yard, act(yard.hass, "switch.turn_on", "switch.garage"))
    await hours.passes(minutes=30)
    assert watched.hashrate > 0
    assert hours.told() == []


async def test_a_rig_that_is_away_is_not_told_of(watched: Watched) -> None:
    await watched.rig.leave()
    await watched.hours.passes(minutes=30)
    assert watched.hours.told() == []


async def test_a_rig_that_comes_back_is_given_its_time(watched: Watched) -> None:
    watched.throttle(150)
    await watched.rig.leave()
    await watched.hours.passes(minutes=10)
    watched.rig.agent.start()
    await watched.rig.agent.connected.wait()
    await watched.hours.passes(minutes=8)
    assert watched.hours.told() == []
    await watched.hours.passes(minutes=8)
    assert len(watched.hours.told()) == 1


async def test_what_is_usual_can_be_said_where_nothing_is_known_of_it(
    hours: Hours, yard: Yard
) -> None:
    await yard.start("rtx3080", "rtx3080")
    await hours.watch(HASHRATE, usual=200)
    await hours.passes(minutes=17)
    [message] = hours.told()
    assert figures(message)[0] == 200


@pytest.fixture
async def miner_hours(
    recorder_mock: Any,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
    day: Day,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> AsyncIterator[Hours]:
    """Begin a day with a miner."""
    day.add(await set_up(still_miner), still_miner)
    hours = Hours(hass, partial(day.passes, seconds=30))
    await hours.remember(MINER, *[float(look(hass, MINER).state)] * 23)
    yield hours
    await hours.end()


async def test_a_miner_that_lost_a_board_is_told_of(
    miner_hours: Hours, still_miner: SimulatedMiner
) -> None:
    # The other boards make up for most of it.
    await miner_hours.watch(MINER, drop=5)
    await miner_hours.passes(minutes=11)
    still_miner.faults.board_down()
    await miner_hours.passes(minutes=17)
    [message] = miner_hours.told()
    assert re.fullmatch(
        r"Hashrate dropped: Antminer S19k Pro "
        r"from [\d.]+ to [\d.]+ TH/s \(-[678] %\)",
        message,
    )


async def test_a_miner_that_is_held_down_on_purpose_can_be_left_out(
    hass: HomeAssistant, miner_hours: Hours
) -> None:
    target = "number.antminer_s19k_pro_power_target"
    full = {"condition": "numeric_state", "entity_id": target, "above": 2000}
    await miner_hours.watch(MINER, only_if=[full])
    await miner_hours.passes(minutes=11)
    await act(hass, "number.set_value", target, value=1500)
    await miner_hours.passes(minutes=30)
    assert float(look(hass, MINER).state) < 80
    assert miner_hours.told() == []


async def test_looking_is_not_worth_a_line_in_the_logbook(
    hass: HomeAssistant, watched: Watched
) -> None:
    begun = async_capture_events(hass, EVENT_AUTOMATION_TRIGGERED)
    await watched.hours.passes(minutes=30)
    assert begun == []
    # Whoever switches it off and on again has it look once more.
    for action in ("turn_off", "turn_on"):
        await hass.services.async_call(
            AUTOMATION, action, {"entity_id": "all"}, blocking=True
        )
    watched.throttle(150)
    await watched.hours.passes(minutes=17)
    assert len(begun) == 1
    assert len(watched.hours.told()) == 1
