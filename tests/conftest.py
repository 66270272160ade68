"""What holds for every test: real sockets on loopback, real gRPC, nothing beyond."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from grpc import aio
from hypothesis import settings
import pytest
import pytest_socket

LOOPBACK = ["127.0.0.0/8", "::1"]

# For whoever has the time: --hypothesis-profile=long.
settings.register_profile("long", max_examples=500, print_blob=True)


@pytest.fixture(autouse=True)
def loopback() -> None:
    """Open loopback, which Home Assistant's test plugin has closed like all else."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(autouse=True, scope="session")
def grpc_running() -> Iterator[None]:
    """Keep the thread of grpc.aio for the whole run.

    It would otherwise begin with a test's first channel and be taken for a thread
    that the test left behind. All other threads, tasks and timers are still found.
    """
    aio.init_grpc_aio()
    yield
    aio.shutdown_grpc_aio()


@pytest.fixture(autouse=True)
async def grpc_may_be_late() -> None:
    """Let gRPC tell of the end of a channel when the test's loop is closed already.

    It does so in its own time, and the test that runs by then would fail with it.
    """
    loop: Any = asyncio.get_running_loop()
    call_soon_threadsafe = loop.call_soon_threadsafe

    def unless_closed(call: Callable[..., object], *args: Any, **named: Any) -> Any:
        if not loop.is_closed():
            return call_soon_threadsafe(call, *args, **named)
        return None

    loop.call_soon_threadsafe = unless_closed
