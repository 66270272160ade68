"""Which of many addresses are those of miners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import socket

import pytest

from custom_components.braiins_fleet.asic import (
    ApiVersion,
    StockFirmware,
    TooOld,
    longest_sweep,
    sweep,
)
from simulator import Fleet
from simulator.decoys import OldBraiinsOs, StockAntminer

FIRST = "127.0.4.1"


def hosts(first: int, last: int) -> list[str]:
    return [f"127.0.4.{number}" for number in range(first, last + 1)]


@pytest.fixture
async def fleet(unused_tcp_port: int) -> AsyncIterator[Fleet]:
    """Start two miners, at 127.0.4.1 and 127.0.4.2."""
    models = ("s19k_pro", "s21")
    async with Fleet(models, first=FIRST, port=unused_tcp_port) as started:
        yield started


@asynccontextmanager
async def page(host: str, answer: bytes) -> AsyncIterator[int]:
    """Serve the same answer to every request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, host, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """Let connections to a port be neither accepted nor refused, at any address."""
    with socket.create_server(("0.0.0.0", 0), backlog=0) as server:  # noqa: S104 - for all of 127.0.0.0/8
        port = server.getsockname()[1]
        # With nobody to accept them, a few fill the queue: all others wait for ever.
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for client in waiting:
                client.close()


async def test_miners_are_found_in_the_order_of_their_addresses(fleet: Fleet) -> None:
    port = fleet.miners[0].port
    found = await sweep(hosts(1, 254), port)
    assert [(sighting.host, sighting.problem) for sighting in found] == [
        ("127.0.4.1", None),
        ("127.0.4.2", None),
    ]
    assert [sighting.api for sighting in found] == [
        ApiVersion(1, 11, 0),
        ApiVersion(1, 10, 0),
    ]


async def test_progress_goes_from_the_first_address_to_the_last(fleet: Fleet) -> None:
    told: list[float] = []
    await sweep(hosts(1, 50), fleet.miners[0].port, progress=told.append)
    assert told == [number / 50 for number in range(1, 51)]


async def test_no_addresses_mean_no_miners() -> None:
    assert await sweep([]) == []


@pytest.mark.parametrize(
    ("kind", "problem"), [(StockAntminer, StockFirmware), (OldBraiinsOs, TooOld)]
)
async def test_a_miner_that_cannot_be_used_is_found_with_its_reason(
    unused_tcp_port: int,
    kind: type[StockAntminer | OldBraiinsOs],
    problem: type[Exception],
) -> None:
    async with kind(FIRST, 0) as decoy:
        [found] = await sweep(hosts(1, 3), unused_tcp_port, web_port=decoy.port)
    assert found.host == FIRST
    assert found.api is None
    assert isinstance(found.problem, problem)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 405 Method Not Allowed\r\n\r\n<title>A printer</title>",
        b"HTTP/1.1 405 Method Not Allowed\r\n\r\n" + bytes(100_000),
        b"HTTP/1.1 404 Not Found\r\n\r\n<title>A printer</title>",
        b"HTTP/1.1 401 Unauthorized\r\n\r\n",
        b"?\r\n\r\n",
    ],
)
async def test_another_device_of_a_home_is_not_taken_for_a_miner(
    unused_tcp_port: int, answer: bytes
) -> None:
    async with page(FIRST, answer) as web_port:
        assert await sweep([FIRST], unused_tcp_port, web_port=web_port) == []


async def test_something_else_at_the_port_of_the_api_is_not_taken_for_a_miner() -> None:
    async with page(FIRST, b"HTTP/1.1 200 OK\r\n\r\nBraiins") as port:
        assert await sweep([FIRST], port) == []


async def test_an_address_that_cannot_be_reached_holds_nothing_up() -> None:
    # Nobody can have the last address of a network: it means all of them.
    assert await sweep(["127.255.255.255"]) == []


async def test_a_network_of_250_silent_addresses_takes_less_than_ten_seconds() -> None:
    async with silence() as port:
        began = asyncio.get_running_loop().time()
        assert await sweep(hosts(1, 250), port) == []
        taken = asyncio.get_running_loop().time() - began
        assert longest_sweep(250) - 0.1 < taken < 10


async def test_a_search_that_is_given_up_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with silence() as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await sweep(hosts(1, 250), port)
    assert asyncio.all_tasks() == before
