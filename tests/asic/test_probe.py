"""Who is there, asked without a password."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import socket

import pytest

from custom_components.braiins_fleet.asic import (
    ApiVersion,
    AsicError,
    NoSuchHost,
    NotBraiins,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    probe,
)
from custom_components.braiins_fleet.asic.wire import GET_API_VERSION

from .scripted import ScriptedMiner


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """Serve a port that says this to whoever connects; `None` says nothing."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is not None:
            await reader.read(10)
            writer.write(answer)
        else:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        done.set()
        server.close()
        await server.wait_closed()


async def closed_port() -> int:
    """Find a port where nobody listens."""
    async with listening(b"") as port:
        return port


async def test_a_miner_tells_its_version_to_anybody(scripted: ScriptedMiner) -> None:
    scripted.needs_token = False
    scripted.says(GET_API_VERSION, major=1, minor=11, patch=2)
    version = await probe("127.0.0.1", scripted.port)
    assert version == ApiVersion(1, 11, 2)
    assert str(version) == "1.11.2"
    assert version > ApiVersion(1, 9)


@pytest.mark.parametrize(
    "version", [{"major": 1, "pre": "beta.4"}, {"major": 0, "minor": 9}, {}]
)
async def test_an_api_before_1_0_is_too_old(
    scripted: ScriptedMiner, version: dict[str, int | str]
) -> None:
    scripted.needs_token = False
    scripted.says(GET_API_VERSION, **version)
    with pytest.raises(TooOld):
        await probe("127.0.0.1", scripted.port)


async def test_another_grpc_server_is_not_a_miner(scripted: ScriptedMiner) -> None:
    with pytest.raises(NotBraiins):
        await probe("127.0.0.1", scripted.port)


async def test_an_answer_that_is_no_version_is_not_a_miners(
    scripted: ScriptedMiner,
) -> None:
    scripted.needs_token = False
    scripted.on(GET_API_VERSION, b"\xff\xff")
    with pytest.raises(NotBraiins):
        await probe("127.0.0.1", scripted.port)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\nhello", b"\x00\xff" * 500, b""]
)
async def test_something_else_on_the_port_is_not_a_miner(answer: bytes) -> None:
    async with listening(answer) as port:
        with pytest.raises(NotBraiins):
            await probe("127.0.0.1", port)


@pytest.mark.parametrize("timeout", [0.3, 1.5])
async def test_silence_on_the_port_ends_in_time(timeout: float) -> None:
    async with listening(None) as port, asyncio.timeout(timeout + 0.4):
        with pytest.raises(TimedOut):
            await probe("127.0.0.1", port, timeout=timeout)


async def test_an_unknown_name_is_told_from_an_unknown_miner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # There is no asking a real name server in a test.
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoSuchHost):
        await probe("no-such-miner.invalid", 1)


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (b"HTTP/1.1 405 Method Not Allowed\r\nServer: x\r\n\r\n", TooOld),
        (
            (
                b"HTTP/1.1 401 Unauthorized\r\nServer: lighttpd\r\n"
                b'WWW-Authenticate: Digest realm="antMiner Configuration"\r\n\r\n'
            ),
            StockFirmware,
        ),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", Unreachable),
        (b"HTTP/1.1 200 OK\r\n\r\n", Unreachable),
        (b"not http", Unreachable),
        (b"x" * 100_000, Unreachable),
    ],
)
async def test_firmware_without_the_api_is_named_by_its_web_page(
    page: bytes, error: type[AsicError]
) -> None:
    port = await closed_port()
    async with listening(page) as web_port:
        with pytest.raises(error) as caught:
            await probe("127.0.0.1", port, web_port=web_port)
    assert type(caught.value) is error


async def test_nothing_at_all_is_unreachable() -> None:
    port = await closed_port()
    with pytest.raises(Unreachable):
        await probe("127.0.0.1", port, web_port=port)


async def test_a_silent_web_page_does_not_hold_things_up() -> None:
    port = await closed_port()
    async with listening(None) as web_port, asyncio.timeout(2):
        with pytest.raises(AsicError):
            await probe("127.0.0.1", port, web_port=web_port)
