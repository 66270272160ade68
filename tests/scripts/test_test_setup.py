"""The tests' own ground: what a test may reach, and what it may leave behind."""

import asyncio
import socket

import grpc
from grpc import aio
import pytest
import pytest_socket


async def echo(request: bytes, _context: object) -> bytes:
    return request


async def call_over_a_real_socket(address: str) -> bytes:
    server = aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes]
    handler = grpc.unary_unary_rpc_method_handler(echo)
    service = grpc.method_handlers_generic_handler("test.Echo", {"Say": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port(f"{address}:0")
    await server.start()
    try:
        async with aio.insecure_channel(f"{address}:{port}") as channel:
            say: aio.UnaryUnaryMultiCallable[bytes, bytes]
            say = channel.unary_unary("/test.Echo/Say")
            return await say(b"hello", timeout=5)
    finally:
        await server.stop(grace=None)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.7.9"])
async def test_each_test_can_use_grpc_of_its_own(address: str) -> None:
    assert await call_over_a_real_socket(address) == b"hello"


async def test_any_loopback_address_can_be_connected_to() -> None:
    async def greet(_reader: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.3.4", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.3.4", port)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_nothing_beyond_loopback_can_be_connected_to() -> None:
    with (
        socket.socket() as connection,
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        connection.connect(("192.0.2.1", 9))
