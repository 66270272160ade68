"""A Home Assistant in a process, and on a core, of its own, that is told what to do."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import multiprocessing
from multiprocessing.connection import Connection
import os
from pathlib import Path
from typing import Any

from scripts.house.configuration import free_port

from .farm import Known
from .figures import Back, Commanded, Dialled, Parts, Recorded, Running, SetUp
from .process import take_core

_LAST_WORDS = 5_000


@contextmanager
def house(
    folder: Path, *, recorder: bool = False, rigs: bool = False
) -> Iterator[House]:
    """Run a Home Assistant for as long as it is wanted; its folder is kept.

    Be it for miners, or for `rigs`.
    """
    configuration = ["logger:", "  default: error"] + ["recorder:"] * recorder
    (folder / "configuration.yaml").write_text("\n".join(configuration) + "\n")
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_run, args=(there, folder, rigs), daemon=True)
    process.start()
    there.close()
    try:
        yield House(here, folder)
    finally:
        here.close()
        process.join(60)
        if process.is_alive():
            process.kill()


class House:
    """The Home Assistant, seen from outside of its process."""

    def __init__(self, pipe: Connection, folder: Path) -> None:
        self._pipe = pipe
        self._folder = folder

    def start(self) -> float:
        """Start it; returns after how many seconds."""
        seconds: float = self._ask("start")
        return seconds

    def add(self, miners: Sequence[Known]) -> SetUp:
        """Add them all at once."""
        found: SetUp = self._ask("add", miners)
        return found

    def start_with(self, miners: Sequence[Known]) -> SetUp:
        """Start with miners that it knows."""
        found: SetUp = self._ask("start_with", miners)
        return found

    def reload(self, miners: Sequence[Known]) -> SetUp:
        """Reload their entries, all at once."""
        found: SetUp = self._ask("reload", miners)
        return found

    def run(self, seconds: float, healthy: Sequence[Known]) -> Running:
        """Watch it running."""
        found: Running = self._ask("run", seconds, healthy)
        return found

    def account(self, seconds: float) -> Parts:
        """See where the time goes."""
        found: Parts = self._ask("account", seconds)
        return found

    def record(self, seconds: float) -> Recorded:
        """See what the recorder does."""
        found: Recorded = self._ask("record", seconds)
        return found

    def wait_for(self, miners: Sequence[Known]) -> None:
        """Wait until all of these have live values."""
        self._ask("wait_for", miners)

    def watch(self, miners: Sequence[Known]) -> None:
        """Wait until these are unavailable."""
        self._ask("watch", miners)

    def returned(self) -> list[float]:
        """Wait until those that were watched are back; returns when each was."""
        moments: list[float] = self._ask("returned")
        return moments

    def lift_limit(self) -> None:
        """Let one entry have any number of entities."""
        self._ask("lift_limit")

    def expect(self, rigs: int) -> tuple[str, Sequence[str]]:
        """Add so many rigs; returns where they have to dial, and their tokens."""
        found: tuple[str, Sequence[str]] = self._ask("expect", rigs)
        return found

    def dialled(self) -> Dialled:
        """Wait until all rigs have told of themselves for the first time."""
        found: Dialled = self._ask("dialled")
        return found

    def command(self, count: int, pause: float) -> Commanded:
        """Command rigs in turn, with a pause after each, and then all at once."""
        found: Commanded = self._ask("command", count, pause)
        return found

    def brace(self) -> None:
        """Prepare for all rigs to be cut off."""
        self._ask("brace")

    def back(self, cut: float) -> Back:
        """Wait until all rigs that were cut off at that moment are back."""
        found: Back = self._ask("back", cut)
        return found

    def _ask(self, what: str, *arguments: Any) -> Any:
        try:
            self._pipe.send((what, arguments))
            return self._pipe.recv()
        except EOFError as err:
            log = (self._folder / "log").read_text()
            raise RuntimeError(f"Home Assistant ended:\n{log[-_LAST_WORDS:]}") from err


def _run(pipe: Connection, folder: Path, rigs: bool) -> None:  # noqa: FBT001 - a process is given no keywords
    take_core(0)
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["SETUP_PORT"] = str(free_port())
    # The port is remembered from the first start, and may be another's by now.
    (folder / ".storage" / "http").unlink(missing_ok=True)
    # Only now, as Home Assistant looks at the port as soon as it is imported.
    from homeassistant import runner  # noqa: PLC0415
    from homeassistant.util.resource import (  # noqa: PLC0415
        set_open_file_descriptor_limit,
    )

    set_open_file_descriptor_limit()
    asyncio.run(_live(pipe, folder, rigs=rigs), loop_factory=runner.create_event_loop)


async def _live(pipe: Connection, folder: Path, *, rigs: bool) -> None:
    """Do what is asked for, until nobody is there any more."""
    from .host import Host  # noqa: PLC0415 - as above
    from .resident import Resident  # noqa: PLC0415 - as above

    resident = Host(folder) if rigs else Resident(folder)
    loop = asyncio.get_running_loop()
    while True:
        try:
            what, arguments = await loop.run_in_executor(None, pipe.recv)
        except EOFError:
            break
        pipe.send(await getattr(resident, what)(*arguments))
    await resident.stop()
