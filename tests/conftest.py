"""What holds for every test: real sockets on loopback, real gRPC, nothing beyond."""

from collections.abc import Iterator

from grpc import aio
import pytest
import pytest_socket

LOOPBACK = ["127.0.0.0/8", "::1"]


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
