"""What a poll costs: our client against the raw transport.

Both poll the same simulated farm, a round each in turn, in a process each that share
a core; the farm has another one.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
import json
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
import sys
import time

from .farm import Farm, Targets, farm
from .pollers import POLLERS, Poller
from .process import memory, take_core

_TICK = 0.005
_HANGING_SHARE = 0.2
# Each lasts as long as its deadline.
_HANGING_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One poll of every miner: milliseconds, and how many answered."""

    cpu_per_poll: float
    wall: float
    last_healthy: float
    stall: float
    answered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one of the two; memory in kB per miner."""

    poller: str
    miners: int
    hanging: int
    memory: float
    rpcs_per_poll: float
    typical: Round


class Stalls:
    """Notices how long the event loop was kept from its other work."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._due = 0.0
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if self._due:
            self.longest = max(self.longest, now - self._due)
        self._due = now + _TICK
        self._timer = self._loop.call_at(self._due, self._tick)

    def stop(self) -> float:
        """Return the longest stall in milliseconds, one that lasts till now too."""
        self._timer.cancel()
        return max(self.longest, self._loop.time() - self._due) * 1e3


async def price_of_watching() -> float:
    """Return what noticing stalls costs by itself, in seconds of CPU per second."""
    stalls, start, cpu = Stalls(), time.perf_counter(), time.process_time()
    await asyncio.sleep(1)
    price = (time.process_time() - cpu) / (time.perf_counter() - start)
    stalls.stop()
    return price


async def poll_all(pollers: Sequence[Poller], group: int, price: float) -> Round:
    """Poll every miner once; those of a group at the same time."""
    stalls = Stalls()
    # The first tick is to be behind us.
    await asyncio.sleep(_TICK)
    start, cpu = time.perf_counter(), time.process_time()
    answered, last = 0, 0.0

    async def poll(poller: Poller) -> None:
        nonlocal answered, last
        if await poller.poll():
            answered += 1
            last = time.perf_counter() - start

    for first in range(0, len(pollers), group):
        await asyncio.gather(*map(poll, pollers[first : first + group]))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - start
    return Round(
        cpu_per_poll=(cpu - wall * price) * 1e3 / len(pollers),
        wall=wall * 1e3,
        last_healthy=last * 1e3,
        stall=stalls.stop(),
        answered=answered,
    )


async def run_poller(pipe: Connection, name: str, targets: Targets, group: int) -> None:
    """Connect, then poll a round whenever we are told to."""
    price = await price_of_watching()
    before = memory()
    pollers = [POLLERS[name](host, port) for host, port in targets]
    warm_up = [await poll_all(pollers, group, price) for _ in range(2)]
    if warm_up[-1].answered != len(pollers):
        raise RuntimeError(f"{warm_up[-1].answered} of {len(pollers)} miners answer")
    pipe.send((memory() - before) / len(pollers))
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, pipe.recv):
        pipe.send(await poll_all(pollers, group, price))
    await asyncio.gather(*(poller.close() for poller in pollers))


def _run(pipe: Connection, name: str, targets: Targets, group: int) -> None:
    take_core(0)
    asyncio.run(run_poller(pipe, name, targets, group))


class Contender:
    """One of the two, in a process of its own."""

    def __init__(self, name: str, farm: Farm, group: int) -> None:
        self.name = name
        self._farm = farm
        spawn = multiprocessing.get_context("spawn")
        self._pipe, there = spawn.Pipe()
        self._process = spawn.Process(
            target=_run, args=(there, name, farm.targets, group), daemon=True
        )
        self._process.start()
        there.close()
        self.memory: float = self._pipe.recv()
        self.rounds: list[Round] = []
        self.calls = 0

    def poll(self, healthy: int) -> None:
        """Poll all miners once."""
        before = self._farm.calls()
        self._pipe.send(True)  # noqa: FBT003 - true is "go on"
        found: Round = self._pipe.recv()
        self.calls += self._farm.calls() - before
        if found.answered != healthy:
            raise RuntimeError(f"{found.answered} of {healthy} answered")
        self.rounds.append(found)

    def result(self, miners: int, hanging: int) -> Run:
        """Sum up, and begin anew."""
        run = Run(
            poller=self.name,
            miners=miners,
            hanging=hanging,
            memory=self.memory,
            rpcs_per_poll=self.calls / len(self.rounds) / miners,
            typical=typical(self.rounds),
        )
        self.rounds, self.calls = [], 0
        return run

    def end(self) -> None:
        """Leave."""
        self._pipe.send(False)  # noqa: FBT003 - false is "that was all"
        self._process.join(30)


def measure(miners: int, rounds: int, group: int) -> Iterator[tuple[Run, Run]]:
    """Measure both, round by round in turn, with all miners well and some hanging."""
    # A poll is to find other figures than the one before, however soon it comes.
    with farm(miners, speed=100.0) as home:
        floor, client = (Contender(name, home, group) for name in ("floor", "client"))
        for hanging in sorted({0, round(miners * _HANGING_SHARE)}):
            home.hang(hanging)
            for turn in range(min(rounds, _HANGING_ROUNDS) if hanging else rounds):
                # Neither of the two is always the one that comes after the other.
                for contender in (floor, client) if turn % 2 else (client, floor):
                    contender.poll(miners - hanging)
            yield floor.result(miners, hanging), client.result(miners, hanging)
        home.hang(0)
        floor.end()
        client.end()


def typical(rounds: Sequence[Round]) -> Round:
    """Return the median of each figure, but the longest stall and the least CPU.

    A round of some milliseconds is disturbed by whatever else the machine does, and
    always to its disadvantage.
    """
    figures = {
        figure.name: median(getattr(one, figure.name) for one in rounds)
        for figure in fields(Round)
    }
    figures["stall"] = max(one.stall for one in rounds)
    figures["cpu_per_poll"] = min(one.cpu_per_poll for one in rounds)
    return Round(**figures)


def table(summary: Sequence[tuple[Run, Run]]) -> Iterator[str]:
    """Show the floor and the client side by side, and what the client adds."""
    yield (
        f"{'':>7} {'':>7} | {'CPU per poll, ms':^21} | {'calls':^11} |"
        f" {'round, ms':^13} | {'healthy done, ms':^16} | {'stall, ms':^13} |"
        f" {'kB per miner':^13}"
    )
    pair = f"{'floor':>6} {'ours':>6}"
    yield (
        f"{'miners':>7} {'hanging':>7} | {pair} {'ratio':>7} |"
        f" {'floor':>5} {'ours':>5} | {pair} |"
        f" {'floor':>7} {'ours':>8} | {pair} | {pair}"
    )
    for floor, client in summary:
        f, c = floor.typical, client.typical
        yield (
            f"{floor.miners:>7} {floor.hanging:>7} |"
            f" {f.cpu_per_poll:>6.3f} {c.cpu_per_poll:>6.3f}"
            f" {c.cpu_per_poll / f.cpu_per_poll:>7.2f} |"
            f" {floor.rpcs_per_poll:>5.2f} {client.rpcs_per_poll:>5.2f} |"
            f" {f.wall:>6.0f} {c.wall:>6.0f} |"
            f" {f.last_healthy:>7.0f} {c.last_healthy:>8.0f} |"
            f" {f.stall:>6.1f} {c.stall:>6.1f} |"
            f" {floor.memory:>6.0f} {client.memory:>6.0f}"
        )


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench poll", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--miners", default="1,10,100,500,1000", metavar="N,N,…")
    parser.add_argument(
        "--rounds", type=int, default=25, help="of each, all miners well (default: 25)"
    )
    parser.add_argument(
        "--group",
        type=int,
        default=1_000_000,
        help="miners polled at the same time (default: all)",
    )
    parser.add_argument("--json", type=Path, default=Path("bench-results/poll.json"))
    options = parser.parse_args()

    summary: list[tuple[Run, Run]] = []
    for miners in map(int, options.miners.split(",")):
        print(f"{miners} miners …", file=sys.stderr, flush=True)
        summary += measure(miners, options.rounds, options.group)
    print(
        f"{options.rounds} rounds of each, in turn: least CPU, longest stall, medians."
    )
    print(*table(summary), sep="\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps([asdict(run) for pair in summary for run in pair], indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
