"""Programs that live exactly as long as the task that runs them."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
import os
from pathlib import Path
import signal
from typing import BinaryIO

_LAST_LINES = 25


class Ended(Exception):
    """A program ended that was to go on."""

    def __init__(self, program: Program, code: int) -> None:
        super().__init__(
            f"{program.name} ended by itself ({_how(code)}). "
            f"{program.log} ends with\n\n{program.last_lines()}"
        )


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Something to run: its output goes to a file, its end is in our hands."""

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str]
    # How long it may take to put its things away.
    grace: float
    # Set when the person has no patience left.
    hurry: asyncio.Event
    # The exit code by which it asks to be started again.
    again_on: int | None = None

    async def run(self) -> None:
        """Run until cancelled, and leave nothing behind; raise `Ended` otherwise."""
        while True:
            with self._open_log() as log:
                process = await asyncio.create_subprocess_exec(
                    *self.command,
                    cwd=self.folder,
                    env={**os.environ, **self.environment},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # The terminal's Ctrl-C is for us; we pass it on in order.
                    start_new_session=True,
                )
            try:
                code = await process.wait()
            finally:
                await self._end(process)
            if code != self.again_on:
                raise Ended(self, code)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        ended = asyncio.ensure_future(process.wait())
        hurry = asyncio.ensure_future(self.hurry.wait())
        await asyncio.wait(
            (ended, hurry), timeout=self.grace, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await ended

    def _open_log(self) -> BinaryIO:
        return self.log.open("ab")

    def last_lines(self) -> str:
        """Return what it wrote last."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])
