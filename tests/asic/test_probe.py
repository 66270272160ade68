"""Who is there, asked without a password."""

import _socket
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import socket

import grpc
import pytest

from custom_components.braiins_fleet.asic import (
    ApiVersion,
    AsicError,
    Faulty,
    Miner,
    NoSuchHost,
    NotBraiins,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    probe,
)
from custom_components.braiins_fleet.asic.address import target
from custom_components.braiins_fleet.asic.snapshot import COOLING, STATS
from custom_components.braiins_fleet.asic.wire import GET_API_VERSION

from .scripted import Answer, Context, ScriptedMiner


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
    "version", [{"major": 1, "pre": "beta.4"}, {"major": 0, "minor": 9}]
)
async def test_an_api_before_1_0_is_too_old(
    scripted: ScriptedMiner, version: dict[str, int | str]
) -> None:
    scripted.needs_token = False
    scripted.says(GET_API_VERSION, **version)
    with pytest.raises(TooOld):
        await probe("127.0.0.1", scripted.port)


async def test_a_version_to_come_is_new_enough(scripted: ScriptedMiner) -> None:
    scripted.needs_token = False
    scripted.says(GET_API_VERSION, major=1, minor=12, pre="rc.1")
    version = await probe("127.0.0.1", scripted.port)
    assert ApiVersion(1, 11, 9) < version < ApiVersion(1, 12)
    assert str(version) == "1.12.0-rc.1"


async def test_no_version_at_all_is_no_miners(scripted: ScriptedMiner) -> None:
    scripted.needs_token = False
    scripted.says(GET_API_VERSION)
    with pytest.raises(NotBraiins) as caught:
        await probe("127.0.0.1", scripted.port)
    assert type(caught.value) is NotBraiins


async def test_a_miner_in_trouble_is_still_a_miner(scripted: ScriptedMiner) -> None:
    scripted.needs_token = False
    scripted.on(GET_API_VERSION, grpc.StatusCode.INTERNAL)
    with pytest.raises(Faulty):
        await probe("127.0.0.1", scripted.port)


@pytest.mark.parametrize("host", ["foo..bar", "x" * 70, "nul\0"])
async def test_a_name_that_is_none_is_not_known(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The system's own, which refuses these before it would ask anybody.
    monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)
    with pytest.raises(NoSuchHost):
        await probe(host)


async def test_a_name_with_several_addresses_leads_to_the_one_that_answers(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(monkeypatch, "::1", "127.0.0.2", "127.0.0.1")
    scripted.needs_token = False
    scripted.says(GET_API_VERSION, major=1, minor=4)
    scripted.says(COOLING.rpc)
    assert await probe("attic.local", scripted.port) == ApiVersion(1, 4)
    miner = Miner("attic.local", scripted.port, username="root", password="root")
    async with miner:
        assert (await miner.cooling_state()).fans == ()


async def test_old_firmware_is_recognised_at_any_of_its_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known_as(monkeypatch, "127.0.0.2", "127.0.0.1")
    port = await closed_port()
    async with listening(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n") as web_port:
        with pytest.raises(TooOld):
            await probe("attic.local", port, web_port=web_port)


async def test_a_name_that_leads_elsewhere_now_is_followed(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.says(COOLING.rpc)
    known_as(monkeypatch, "127.0.0.2")
    miner = Miner("attic.local", scripted.port, username="root", password="root")
    async with miner:
        with pytest.raises(Unreachable):
            await miner.cooling_state()
        known_as(monkeypatch, "127.0.0.1")
        assert (await miner.cooling_state()).fans == ()


async def test_a_call_to_where_a_name_led_before_is_unreachable(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def hang(_: ScriptedMiner, __: Context) -> Answer:
        asked.set()
        await asyncio.Event().wait()
        return b""

    scripted.on(COOLING.rpc, hang)
    scripted.on(STATS.rpc, grpc.StatusCode.UNAVAILABLE)
    known_as(monkeypatch, "127.0.0.1")
    miner = Miner("attic.local", scripted.port, username="root", password="root")
    async with miner:
        hanging = asyncio.create_task(miner.cooling_state())
        await asked.wait()
        known_as(monkeypatch, "127.0.0.2")
        for _ in range(2):
            with pytest.raises(Unreachable):
                await miner.stats()
        with pytest.raises(Unreachable):
            await hanging


@pytest.mark.parametrize(
    ("addresses", "written"),
    [
        (["127.0.0.1"], "ipv4:127.0.0.1:50051"),
        (["10.0.0.1", "10.0.0.2", "fe80::1"], "ipv4:10.0.0.1:50051,10.0.0.2:50051"),
        (["fe80::1", "::1"], "ipv6:[fe80::1]:50051,[::1]:50051"),
    ],
)
def test_addresses_are_written_as_grpc_wants_them(
    addresses: list[str], written: str
) -> None:
    assert target(addresses, 50051) == written


def known_as(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name stand for these; there is no asking a name server in a test."""

    def look_up(_: str, port: int, *__: object, **___: object) -> list[object]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


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
