"""What a poll costs: our client against the raw transport.

Both poll the same simulated farm, in turn, each time in a fresh process on a core of
its own; the farm has another one.
"""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
import json
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
import resource
from statistics import median
import sys
import time

from .farm import Farm, Targets, farm, take_core
from .pollers import POLLERS, Poller

_TICK = 0.005
_HANGING_SHARE = 0.2
# Each lasts as long as its deadline.
_HANGING_ROUNDS = 2


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
    """The median round of a process; memory in kB per miner."""

    poller: str
    miners: int
    hanging: int
    memory: float
    rpcs_per_poll: float
    median: Round


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


def memory() -> float:
    """Return the resident memory of the process in kB."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        # Elsewhere there is only the highest it ever was, on macOS in bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform == "darwin" else peak
    return pages * resource.getpagesize() / 1024


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
    """Connect, then poll a number of rounds whenever we are told to."""
    price = await price_of_watching()
    before = memory()
    pollers = [POLLERS[name](host, port) for host, port in targets]
    warm_up = [await poll_all(pollers, group, price) for _ in range(2)]
    if warm_up[-1].answered != len(pollers):
        raise RuntimeError(f"{warm_up[-1].answered} of {len(pollers)} miners answer")
    pipe.send((memory() - before) / len(pollers))
    loop = asyncio.get_running_loop()
    while rounds := await loop.run_in_executor(None, pipe.recv):
        pipe.send([await poll_all(pollers, group, price) for _ in range(rounds)])
    await asyncio.gather(*(poller.close() for poller in pollers))


def _process(pipe: Connection, name: str, targets: Targets, group: int) -> None:
    take_core(0)
    asyncio.run(run_poller(pipe, name, targets, group))


def measure(name: str, farm: Farm, rounds: int, group: int) -> list[Run]:
    """Measure one of the two, with all miners well and with some hanging."""
    miners = len(farm.targets)
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(
        target=_process, args=(there, name, farm.targets, group), daemon=True
    )
    process.start()
    there.close()
    runs = []
    used = here.recv()
    for hanging in sorted({0, round(miners * _HANGING_SHARE)}):
        farm.hang(hanging)
        before = farm.calls()
        here.send(min(rounds, _HANGING_ROUNDS) if hanging else rounds)
        found: list[Round] = here.recv()
        calls = (farm.calls() - before) / len(found) / miners
        for one in found:
            if one.answered != miners - hanging:
                raise RuntimeError(f"{one.answered} of {miners - hanging} answered")
        runs.append(
            Run(
                poller=name,
                miners=miners,
                hanging=hanging,
                memory=used,
                rpcs_per_poll=calls,
                median=median_round(found),
            )
        )
    farm.hang(0)
    here.send(0)
    process.join(30)
    return runs


def median_round(rounds: Sequence[Round]) -> Round:
    """Return the median of each figure, and the longest of all stalls."""
    middle = {
        figure.name: median(getattr(one, figure.name) for one in rounds)
        for figure in fields(Round)
    }
    return Round(**middle | {"stall": max(one.stall for one in rounds)})


def summarise(runs: Sequence[Run]) -> Run:
    """Return the median of the same measurement, repeated."""
    return replace(
        runs[0],
        memory=median(run.memory for run in runs),
        median=median_round([run.median for run in runs]),
    )


def table(summary: Sequence[tuple[Run, Run]]) -> Iterator[str]:
    """Show the floor and the client side by side, and what the client adds."""
    yield (
        f"{'':>7} {'':>7} | {'CPU per poll, ms':^21} | {'calls':^11} |"
        f" {'round, ms':^13} | {'healthy done, ms':^16} | {'stall, ms':^13} | {'kB per miner':^13}"
    )
    pair = f"{'floor':>6} {'ours':>6}"
    yield (
        f"{'miners':>7} {'hanging':>7} | {pair} {'ratio':>7} |"
        f" {'floor':>5} {'ours':>5} | {pair} |"
        f" {'floor':>7} {'ours':>8} | {pair} | {pair}"
    )
    for floor, client in summary:
        f, c = floor.median, client.median
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
    parser.add_argument("--rounds", type=int, default=5, help="polls in a row")
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes")
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
        runs: dict[tuple[str, int], list[Run]] = {}
        with farm(miners) as home:
            for turn in range(options.repeat):
                print(f"{miners} miners, turn {turn + 1}", file=sys.stderr, flush=True)
                # Neither of the two always has the farm when it is warmer.
                for name in sorted(POLLERS, reverse=bool(turn % 2)):
                    for run in measure(name, home, options.rounds, options.group):
                        runs.setdefault((name, run.hanging), []).append(run)
        for hanging in sorted({hanging for _, hanging in runs}):
            floor = summarise(runs["floor", hanging])
            summary.append((floor, summarise(runs["client", hanging])))
    print(f"Medians of {options.repeat} processes of {options.rounds} rounds each.")
    print(*table(summary), sep="\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(
        json.dumps([asdict(run) for pair in summary for run in pair], indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
