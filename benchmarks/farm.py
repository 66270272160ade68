"""A simulated farm in a process, and on a core, of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import multiprocessing
from multiprocessing.connection import Connection
import os

from simulator import Fleet, RealClock

# Three boards, four fans, and a token in the message of its login.
_MODELS = ("s19j_pro", "s19k_pro", "s21")
_FIRST = "127.0.64.1"
_SPEED = 100.0

type Targets = list[tuple[str, int]]


def take_core(number: int) -> None:
    """Stay on one core, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


@contextmanager
def farm(miners: int) -> Iterator[Farm]:
    """Run a farm for as long as it is wanted."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, miners), daemon=True)
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
        self.targets: Targets = pipe.recv()

    def hang(self, miners: int) -> None:
        """Let that many of the miners not answer any more, and the others do."""
        self._pipe.send(miners)
        self._pipe.recv()

    def calls(self) -> int:
        """Count the calls that have reached the farm."""
        self._pipe.send(None)
        calls: int = self._pipe.recv()
        return calls


def _run(pipe: Connection, miners: int) -> None:
    take_core(1)
    asyncio.run(_serve(pipe, miners))


async def _serve(pipe: Connection, count: int) -> None:
    # A poll is to find other figures than the one before, as it would in real life.
    clock = RealClock(_SPEED)
    async with Fleet(_MODELS, count=count, first=_FIRST, port=0, clock=clock) as fleet:
        pipe.send([(miner.host, miner.port) for miner in fleet.miners])
        loop = asyncio.get_running_loop()
        while True:
            try:
                hanging = await loop.run_in_executor(None, pipe.recv)
            except EOFError:
                return
            if hanging is None:
                pipe.send(sum(miner.calls for miner in fleet.miners))
                continue
            for number, miner in enumerate(fleet.miners):
                if number < hanging:
                    miner.faults.hang()
                else:
                    miner.faults.clear()
            pipe.send(None)
