"""The clock by which all miners are polled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest

from custom_components.braiins_fleet.poll_clock import PollClock

type Pass = Callable[[float], Awaitable[None]]


@pytest.fixture
async def pass_time() -> Pass:
    """Let time pass for timers, in steps of half a second."""
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, 0.0
    loop.time = lambda: real() + ahead  # type: ignore[method-assign]  # it is moved by hand

    async def passing(seconds: float) -> None:
        nonlocal ahead
        for _ in range(round(seconds * 2)):
            ahead += 0.5
            for _ in range(3):
                await asyncio.sleep(0)

    return passing


class Miners:
    """Some that want to be polled, and when they were."""

    def __init__(self, clock: PollClock) -> None:
        self._clock = clock
        self.turns: Counter[int] = Counter()
        self.now: list[int] = []
        self.leave: dict[int, Callable[[], None]] = {}

    def join(self, *names: int, interval: float = 10) -> None:
        for name in names:
            self.leave[name] = self._clock.join(interval, partial(self._poll, name))

    def _poll(self, name: int) -> None:
        self.turns[name] += 1
        self.now.append(name)

    def polled(self) -> list[int]:
        """Return who was polled since this was asked last."""
        polled, self.now = self.now, []
        return polled


@pytest.fixture
async def clock() -> AsyncIterator[PollClock]:
    """Return a clock that nobody has joined."""
    clock = PollClock()
    yield clock
    clock.stop()


@pytest.fixture
async def miners(clock: PollClock) -> Miners:
    """Return nobody yet."""
    return Miners(clock)


async def test_everyone_has_one_turn_per_interval(
    miners: Miners, pass_time: Pass
) -> None:
    miners.join(*range(60))
    await pass_time(20)
    miners.polled()
    for _ in range(3):
        await pass_time(10)
        assert sorted(miners.polled()) == [*range(60)]


async def test_turns_are_spread_over_the_interval_in_groups(
    miners: Miners, pass_time: Pass
) -> None:
    miners.join(*range(60))
    await pass_time(10)
    miners.polled()
    groups = []
    for _ in range(20):
        await pass_time(0.5)
        groups.append(len(miners.polled()))
    assert sorted(groups) == [0] * 17 + [20] * 3


async def test_few_have_their_turns_together(miners: Miners, pass_time: Pass) -> None:
    miners.join(*range(25))
    await pass_time(9.5)
    assert miners.polled() == []
    await pass_time(0.5)
    assert sorted(miners.polled()) == [*range(25)]


async def test_each_has_its_own_interval(miners: Miners, pass_time: Pass) -> None:
    miners.join(1, interval=5)
    miners.join(2, interval=30)
    await pass_time(60)
    assert miners.turns == {1: 12, 2: 2}


async def test_who_joins_later_has_turns_as_well(
    miners: Miners, pass_time: Pass
) -> None:
    miners.join(*range(25))
    await pass_time(15)
    miners.join(*range(25, 40))
    await pass_time(20)
    miners.polled()
    await pass_time(10)
    assert sorted(miners.polled()) == [*range(40)]


async def test_who_left_has_no_turn_any_more(miners: Miners, pass_time: Pass) -> None:
    miners.join(1, 2)
    miners.leave[1]()
    await pass_time(20)
    assert miners.turns == {2: 2}


async def test_the_last_to_leave_stops_the_clock(miners: Miners) -> None:
    loop = asyncio.get_running_loop()
    before = _timers(loop)
    miners.join(1, 2)
    miners.leave[1]()
    assert _timers(loop) != before
    miners.leave[2]()
    assert _timers(loop) == before


async def test_after_all_have_left_one_can_join_again(
    miners: Miners, pass_time: Pass
) -> None:
    miners.join(1)
    miners.leave[1]()
    miners.join(2)
    await pass_time(10)
    assert miners.turns == {2: 1}


async def test_who_leaves_in_his_turn_does_not_upset_the_others(
    clock: PollClock, miners: Miners, pass_time: Pass
) -> None:
    def go() -> None:
        leave()

    leave = clock.join(10, go)
    miners.join(1, 2)
    await pass_time(20)
    assert miners.turns == {1: 2, 2: 2}


async def test_turns_that_were_missed_are_not_made_up_for(
    miners: Miners, monkeypatch: pytest.MonkeyPatch
) -> None:
    miners.join(1)
    loop = asyncio.get_running_loop()
    late = loop.time() + 100
    monkeypatch.setattr(loop, "time", lambda: late)
    for _ in range(3):
        await asyncio.sleep(0)
    monkeypatch.undo()
    assert miners.turns[1] == 1


async def test_a_poll_that_fails_takes_no_turn_from_anyone(
    clock: PollClock, miners: Miners, pass_time: Pass
) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: told.append(context["exception"])
    )
    failure = RuntimeError("this one fails")

    def fail() -> None:
        raise failure

    clock.join(10, fail)
    miners.join(1, 2)
    await pass_time(20)
    assert miners.turns == {1: 2, 2: 2}
    assert told == [failure, failure]


async def test_nobody_has_a_turn_once_the_clock_has_stopped(
    clock: PollClock, miners: Miners, pass_time: Pass
) -> None:
    miners.join(1, 2)
    miners.join(3, interval=20)
    clock.stop()
    miners.leave[1]()
    await pass_time(40)
    assert not miners.turns


def _timers(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    return [
        timer for timer in get_scheduled_timer_handles(loop) if not timer.cancelled()
    ]
