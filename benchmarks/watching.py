"""What is watched in a running Home Assistant, and at what price."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
import gc
from time import perf_counter, thread_time, thread_time_ns
from typing import Any

from homeassistant.helpers.entity import Entity
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from custom_components.braiins_fleet.asic import Miner
from custom_components.braiins_fleet.coordinator import MinerCoordinator
from custom_components.braiins_fleet.fleet import FleetCoordinator

STALL = 0.05
_TRIES = 20_000
_OLDEST = 2


class Turns:
    """Times each turn of the event loop, which a timer would have to wake for it.

    All that is due waits while a turn lasts. How much of it this thread was working
    tells a turn that was long from one that the machine did not let go on.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        selector: Any = loop._selector  # type: ignore[attr-defined]  # noqa: SLF001 - the one place that every turn goes through
        self._select: Callable[[float | None], Any] = selector.select
        selector.select = self._wait
        self._began, self._cpu = perf_counter(), thread_time()
        self.turns = self.stalls = 0
        self.longest = self.work = 0.0

    def _wait(self, timeout: float | None = None) -> Any:
        asleep = perf_counter()
        self.turns += 1
        took = asleep - self._began
        self.longest = max(self.longest, took)
        if took > STALL:
            self.stalls += 1
        self.work = max(self.work, thread_time() - self._cpu)
        events = self._select(timeout)
        awake = perf_counter()
        late = 0.0 if timeout is None else max(0.0, awake - asleep - timeout)
        self._began, self._cpu = awake - late, thread_time()
        return events

    def begin_anew(self) -> None:
        """Forget what was seen so far."""
        self.turns = self.stalls = 0
        self.longest = self.work = 0.0


class Garbage:
    """Times the collector of Python, during which nothing else goes on.

    The more there is in memory, the longer a full collection takes, of whomever it is.
    """

    def __init__(self) -> None:
        self._began = self._cpu = 0.0
        self.begin_anew()
        gc.callbacks.append(self._note)

    def begin_anew(self) -> None:
        """Forget what was seen so far."""
        self.cpu = self.longest = 0.0
        self.full = 0

    def _note(self, phase: str, about: Mapping[str, int]) -> None:
        if phase == "start":
            self._began, self._cpu = perf_counter(), thread_time()
            return
        self.cpu += thread_time() - self._cpu
        self.longest = max(self.longest, perf_counter() - self._began)
        self.full += about["generation"] == _OLDEST


def price_of_a_turn() -> float:
    """Return how many seconds of CPU it costs to time a turn."""
    loop = asyncio.new_event_loop()
    selector: Any = loop._selector  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    selector.select = lambda _: ()
    turns = Turns(loop)
    costs = []
    for _ in range(5):
        start = thread_time()
        for _ in range(_TRIES):
            turns._wait(0)  # noqa: SLF001 - it is ours
        costs.append((thread_time() - start) / _TRIES)
    loop.close()
    return min(costs)


class Polls:
    """When each miner was polled, and answered."""

    def __init__(self) -> None:
        self.moments: defaultdict[str, list[float]] = defaultdict(list)
        # There, each good poll comes by.
        kept: Any = MinerCoordinator
        take_in = kept._take_in  # noqa: SLF001 - as above

        def noted(coordinator: MinerCoordinator, *arguments: Any) -> Any:
            self.moments[coordinator.identity].append(perf_counter())
            return take_in(coordinator, *arguments)

        kept._take_in = noted  # noqa: SLF001 - as above


class Account:
    """Where the time of the event loop goes, from `begin` to `end`.

    What is not in one of the parts is the wire: grpc, its threads, and the loop.
    """

    _WHERE: tuple[tuple[str, type[Any], str], ...] = (
        ("parsing", Miner, "_understand"),
        ("state", MinerCoordinator, "_take_in"),
        ("fleet", FleetCoordinator, "_renew"),
        ("entities", DataUpdateCoordinator, "async_update_listeners"),
        ("writing", Entity, "async_write_ha_state"),
    )

    def __init__(self) -> None:
        self._kept: list[tuple[type[Any], str, Any]] = []
        self._spent: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._inside: list[int] = []

    def begin(self) -> None:
        """Begin to account."""
        for part, owner, name in self._WHERE:
            method = getattr(owner, name)
            self._kept.append((owner, name, method))
            setattr(owner, name, self._accounted(part, method))

    def end(self) -> dict[str, float]:
        """Return the seconds of each part, without the parts within it."""
        while self._kept:
            setattr(*self._kept.pop())
        return {part: self._spent[part] / 1e9 for part, _, _ in self._WHERE}

    def _accounted(self, part: str, method: Any) -> Any:
        spent, calls, inside = self._spent, self.calls, self._inside

        def accounted(*arguments: Any) -> Any:
            inside.append(0)
            start = thread_time_ns()
            try:
                return method(*arguments)
            finally:
                took = thread_time_ns() - start
                spent[part] += took - inside.pop()
                calls[part] += 1
                if inside:
                    inside[-1] += took

        return accounted
