import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import sys
from typing import Self

import pytest

from scripts.house.programs import Ended, Program

RESTART = 100

# Each process that runs this holds a connection for as long as it lives.
CALL_HOME = """
import os, signal, socket, sys
home = socket.create_connection(("127.0.0.1", int(os.environ["HOME_PORT"])))
home.sendall(b"here\\n")
"""
WAIT = f"{CALL_HOME}\nsignal.pause()"
WAIT_STUBBORNLY_WITH_A_CHILD = f"""
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
{WAIT}
"""


class Home:
    """Where processes call."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._folder = folder
        self._calls: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
        self._lines: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()
        self._server.close()
        await self._server.wait_closed()

    def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._lines.append(writer)
        self._calls.put_nowait(reader)

    async def call(self) -> asyncio.StreamReader:
        """Wait for the next call."""
        reader = await self._calls.get()
        assert await reader.readline() == b"here\n"
        return reader

    def hang_up(self) -> None:
        """End the latest call."""
        self._lines[-1].close()

    def program(self, code: str, *, grace: float = 30.0) -> Program:
        return Program(
            name="The machine",
            command=(sys.executable, "-c", code),
            folder=self._folder,
            log=self._folder / "log",
            environment={"HOME_PORT": str(self.port)},
            grace=grace,
            hurry=asyncio.Event(),
            again_on=RESTART,
        )


@pytest.fixture
async def home(
    tmp_path: Path,
    socket_enabled: None,  # noqa: ARG001 - fixtures are set up before a test is
) -> AsyncIterator[Home]:
    async with Home(tmp_path) as somewhere:
        yield somewhere


async def test_a_program_that_ends_is_reported_with_its_last_words(home: Home) -> None:
    with pytest.raises(Ended) as ended:
        await home.program("import sys; sys.exit('out of ink')").run()
    assert str(ended.value).startswith("The machine ended by itself (exit code 1).")
    assert str(ended.value).endswith("out of ink")


async def test_a_program_that_is_killed_is_reported_too(home: Home) -> None:
    with pytest.raises(Ended, match=r"\(signal SIGKILL\)"):
        await home.program("import os; os.kill(os.getpid(), 9)").run()


async def test_a_program_that_asks_for_it_is_started_again(home: Home) -> None:
    code = f"{CALL_HOME}\nif home.recv(1) == b'': sys.exit({RESTART})\nsignal.pause()"
    running = asyncio.create_task(home.program(code).run())
    await home.call()
    home.hang_up()
    await home.call()

    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_a_cancelled_program_is_gone_when_its_task_is(home: Home) -> None:
    running = asyncio.create_task(home.program(WAIT).run())
    line = await home.call()

    running.cancel()
    await asyncio.wait([running])
    assert await line.read() == b""


async def test_a_program_that_does_not_end_in_time_is_killed_with_its_children(
    home: Home,
) -> None:
    program = home.program(WAIT_STUBBORNLY_WITH_A_CHILD, grace=0.05)
    running = asyncio.create_task(program.run())
    lines = [await home.call(), await home.call()]

    running.cancel()
    assert [await line.read() for line in lines] == [b"", b""]
    await asyncio.wait([running])


async def test_a_person_in_a_hurry_does_not_wait_for_the_grace_time(home: Home) -> None:
    program = home.program(WAIT_STUBBORNLY_WITH_A_CHILD)
    running = asyncio.create_task(program.run())
    lines = [await home.call(), await home.call()]

    running.cancel()
    program.hurry.set()
    assert [await line.read() for line in lines] == [b"", b""]
    await asyncio.wait([running])
