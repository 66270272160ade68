"""Simulated rigs in a process, and on a core, of their own."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import multiprocessing
from multiprocessing.connection import Connection
import time
from typing import Any

from simulator.rigs import Habits, RigFleet

from .process import take_core

CARDS = 8
_KINDS = (("rtx3080",) * CARDS,)


@contextmanager
def yard() -> Iterator[Yard]:
    """Have rigs for as long as they are wanted."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield Yard(here)
    finally:
        here.close()
        process.join(30)
        if process.is_alive():
            process.kill()


class Yard:
    """The rigs, seen from outside of their process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def dial(self, server: str, tokens: Sequence[str], within: float) -> None:
        """Start a rig for each token, evenly within so many seconds.

        Their clocks begin as they start, as those of rigs that were not all switched
        on at the same moment.
        """
        self._ask("dial", server, tokens, within)

    def cut(self) -> float:
        """Cut all connections at once; returns when, on the clock that never jumps."""
        moment: float = self._ask("cut")
        return moment

    def attempts(self) -> int:
        """Count how often the rigs have dialled."""
        attempts: int = self._ask("attempts")
        return attempts

    def _ask(self, what: str, *arguments: Any) -> Any:
        self._pipe.send((what, arguments))
        return self._pipe.recv()


def _run(pipe: Connection) -> None:
    # Only now, as Home Assistant is slow to import and nobody else here needs it.
    from homeassistant.util.resource import (  # noqa: PLC0415
        set_open_file_descriptor_limit,
    )

    set_open_file_descriptor_limit()
    take_core(1)
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    rigs: _Rigs | None = None
    while True:
        try:
            what, arguments = await loop.run_in_executor(None, pipe.recv)
        except EOFError:
            break
        if what == "dial":
            server, tokens, within = arguments
            rigs = _Rigs(server, tokens)
            await rigs.dial(within)
            pipe.send(None)
        elif rigs is not None:
            pipe.send(await getattr(rigs, what)())
    if rigs is not None:
        await rigs.fleet.stop()


class _Rigs:
    """Does with the rigs what is asked for."""

    def __init__(self, server: str, tokens: Sequence[str]) -> None:
        self.fleet = RigFleet(server, tokens, kinds=_KINDS, habits=Habits())

    async def dial(self, within: float) -> None:
        self.fleet.alarms.start()
        for rig in self.fleet.rigs:
            rig.agent.start()
            await asyncio.sleep(within / len(self.fleet.rigs))

    async def cut(self) -> float:
        moment = time.monotonic()
        await asyncio.gather(*(rig.agent.cut() for rig in self.fleet.rigs))
        return moment

    async def attempts(self) -> int:
        return sum(rig.agent.attempts for rig in self.fleet.rigs)
