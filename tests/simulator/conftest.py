"""A miner on a clock moved by hand, and a bare gRPC client to talk to it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest

from simulator import FakeClock, SimulatedMiner
from simulator.schema import NEWEST, Method, schema

DEADLINE_S = 5.0
SAVE, APPLY, FORCE = 1, 2, 3

type Start = Callable[..., Awaitable["Caller"]]


class Caller:
    """Calls one miner by the newest messages, whatever age it plays."""

    def __init__(self, miner: SimulatedMiner, channel: grpc.aio.Channel) -> None:
        self.miner = miner
        self.machine = miner.machine
        self.channel = channel
        self.token: str | None = None
        self.sent_token: str | None = None

    @staticmethod
    def method(name: str) -> Method:
        package = "braiins.bos" if name.startswith("ApiVersion") else "braiins.bos.v1"
        return schema(NEWEST).methods[f"/{package}.{name}"]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", self.token),) if self.token else ()

    async def login(self, username: str = "root", password: str = "root") -> Any:
        method = self.method("AuthenticationService/Login")
        request = method.request(username=username, password=password)
        send: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(
            method.path
        )
        call = send(request.SerializeToString(), timeout=DEADLINE_S)
        answer = method.response.FromString(await call)
        sent = dict(await call.initial_metadata())["authorization"]
        assert isinstance(sent, str)
        self.token = sent
        return answer

    async def call(
        self, name: str, *, timeout: float = DEADLINE_S, **fields: Any
    ) -> Any:
        method = self.method(name)
        send: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(
            method.path
        )
        data = await send(
            method.request(**fields).SerializeToString(),
            metadata=self.metadata,
            timeout=timeout,
        )
        return method.response.FromString(data)

    def listen(
        self, name: str, **fields: Any
    ) -> grpc.aio.UnaryStreamCall[bytes, bytes]:
        """Open a stream of raw answers."""
        method = self.method(name)
        send: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = (
            self.channel.unary_stream(method.path)
        )
        return send(
            method.request(**fields).SerializeToString(),
            metadata=self.metadata,
            timeout=DEADLINE_S,
        )

    async def stream(self, name: str, **fields: Any) -> AsyncGenerator[Any]:
        response = self.method(name).response
        async for data in self.listen(name, **fields):
            yield response.FromString(data)

    async def upload(self, name: str, *requests: dict[str, Any]) -> Any:
        method = self.method(name)
        send: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = (
            self.channel.stream_unary(method.path)
        )
        data = await send(
            (method.request(**fields).SerializeToString() for fields in requests),
            metadata=self.metadata,
            timeout=DEADLINE_S,
        )
        return method.response.FromString(data)

    async def refusal(self, name: str, **fields: Any) -> grpc.aio.AioRpcError:
        """Return the error that a call ends in."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.call(name, **fields)
        return caught.value


@pytest.fixture
def clock() -> FakeClock:
    """Time as the test wants it."""
    return FakeClock()


@pytest.fixture
async def start(clock: FakeClock) -> AsyncIterator[Start]:
    """Start miners as wanted and log in to each."""
    async with AsyncExitStack() as stack:

        async def begin(
            model: str = "s19k_pro", *, login: bool = True, **options: Any
        ) -> Caller:
            options.setdefault("seed", 7)
            options.setdefault("clock", clock)
            miner = await stack.enter_async_context(SimulatedMiner(model, **options))
            channel = await stack.enter_async_context(
                grpc.aio.insecure_channel(
                    miner.address, options=[("grpc.initial_reconnect_backoff_ms", 100)]
                )
            )
            caller = Caller(miner, channel)
            if login:
                await caller.login()
            return caller

        yield begin


@pytest.fixture
async def s19k_pro(start: Start) -> Caller:
    """An S19k Pro at rest, logged in to."""
    return await start()
