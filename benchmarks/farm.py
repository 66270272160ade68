"""A simulated farm in a process, and on a core, of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import multiprocessing
from multiprocessing.connection import Connection
import time
from typing import Any

from simulator import Fleet, RealClock, SimulatedMiner

from .process import take_core

# Three boards, four fans, and a token in the message of its login.
_MODELS = ("s19j_pro", "s19k_pro", "s21")
_FIRST = "127.0.64.1"

type Targets = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Known:
    """Who a miner is, and where."""

    host: str
    port: int
    model: str
    mac: str
    uid: str


@contextmanager
def farm(miners: int, *, speed: float = 1.0) -> Iterator[Farm]:
    """Run a farm for as long as it is wanted."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, miners, speed), daemon=True)
    process.start()
    # Only the farm holds this end from here on: if it dies, we are told.
    there.close()
    try:
        yield Farm(here)
    finally:
        here.close()
        process.join(30)


class Farm:
    """The farm, seen from outside of its process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.miners: list[Known] = pipe.recv()

    @property
    def targets(self) -> Targets:
        """Where the miners are."""
        return [(miner.host, miner.port) for miner in self.miners]

    def hang(self, miners: int) -> None:
        """Let that many of the miners not answer any more, and the others do."""
        self._ask("hang", miners)

    def refuse(self, miners: int) -> list[float]:
        """Let that many be away, and the others there.

        Returns the moments, on the clock that never jumps, at which they could be
        reached again that could not before.
        """
        moments: list[float] = self._ask("refuse", miners)
        return moments

    def calls(self) -> int:
        """Count the calls that have reached the farm."""
        calls: int = self._ask("calls", 0)
        return calls

    def _ask(self, what: str, miners: int) -> Any:
        self._pipe.send((what, miners))
        return self._pipe.recv()


def _run(pipe: Connection, miners: int, speed: float) -> None:
    take_core(1)
    asyncio.run(_serve(pipe, miners, speed))


async def _serve(pipe: Connection, count: int, speed: float) -> None:
    clock = RealClock(speed)
    async with Fleet(_MODELS, count=count, first=_FIRST, port=0, clock=clock) as fleet:
        pipe.send([_known(miner) for miner in fleet.miners])
        loop = asyncio.get_running_loop()
        while True:
            try:
                what, miners = await loop.run_in_executor(None, pipe.recv)
            except EOFError:
                return
            match what:
                case "hang":
                    _hang(fleet, miners)
                    pipe.send(None)
                case "refuse":
                    pipe.send(await _refuse(fleet, miners))
                case "calls":
                    pipe.send(sum(miner.calls for miner in fleet.miners))


def _known(miner: SimulatedMiner) -> Known:
    who = miner.machine.identity
    return Known(
        miner.host, miner.port, miner.machine.model.name, who.mac.lower(), who.uid
    )


def _hang(fleet: Fleet, miners: int) -> None:
    for miner in fleet.miners[:miners]:
        miner.faults.hang()
    for miner in fleet.miners[miners:]:
        miner.faults.clear("hang")


async def _refuse(fleet: Fleet, miners: int) -> list[float]:
    for miner in fleet.miners[:miners]:
        miner.faults.refuse()
        await miner.settled()
    back = []
    for miner in fleet.miners[miners:]:
        if "refuse" in miner.faults.active:
            miner.faults.clear("refuse")
            await miner.settled()
            back.append(time.monotonic())
    return back
