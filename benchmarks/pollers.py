"""The two that are compared: our client, and the least that the transport can do."""

from typing import Any, Protocol

import grpc
import grpc.aio

from custom_components.braiins_fleet.asic import LIVE, AsicError, Miner
from custom_components.braiins_fleet.asic.options import LASTING_OPTIONS
from custom_components.braiins_fleet.asic.snapshot import SOURCES
from custom_components.braiins_fleet.asic.wire import LOGIN

DEADLINE = 2.0
# Both the name and the password of a miner that is new.
USER = "root"


class Poller(Protocol):
    """Polls one miner."""

    def __init__(self, host: str, port: int) -> None: ...

    async def poll(self) -> bool:
        """Read what changes all the time; tells whether the miner answered."""

    async def close(self) -> None:
        """Hang up."""


class Client:
    """Our client: a snapshot of typed values."""

    def __init__(self, host: str, port: int) -> None:
        self._miner = Miner(
            host, port, username=USER, password=USER, read_timeout=DEADLINE
        )

    async def poll(self) -> bool:
        """Take a snapshot."""
        try:
            snapshot = await self._miner.snapshot()
        except AsicError:
            return False
        return not snapshot.missing

    async def close(self) -> None:
        """Hang up."""
        await self._miner.close()


class Floor:
    """The same calls as raw bytes, which nobody reads."""

    def __init__(self, host: str, port: int) -> None:
        self._channel = grpc.aio.insecure_channel(
            f"ipv4:{host}:{port}", options=LASTING_OPTIONS
        )
        self._login: Any = self._channel.unary_unary(LOGIN.path)
        self._calls: list[Any] = [
            self._channel.unary_unary(SOURCES[reading].rpc.path) for reading in LIVE
        ]
        self._metadata: tuple[tuple[str, str], ...] | None = None

    async def poll(self) -> bool:
        """Make the calls."""
        if self._metadata is None:
            login = LOGIN.request(username=USER, password=USER)
            answer = await self._login(login.SerializeToString(), timeout=DEADLINE)
            token = LOGIN.response.FromString(answer).token
            self._metadata = (("authorization", token),)
        calls = [
            call(b"", timeout=DEADLINE, metadata=self._metadata) for call in self._calls
        ]
        answered = True
        for call in calls:
            try:
                await call
            except grpc.aio.AioRpcError:
                answered = False
        return answered

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()


POLLERS: dict[str, type[Poller]] = {"floor": Floor, "client": Client}
