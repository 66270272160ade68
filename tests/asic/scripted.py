"""A miner that answers whatever a test wants, over a real socket."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, override

import grpc
from grpc import aio

from custom_components.braiins_fleet.asic import Miner
from custom_components.braiins_fleet.asic.wire import LOGIN, Rpc

type Context = aio.ServicerContext[Any, Any]
type Answer = bytes | grpc.StatusCode
type Script = Callable[["ScriptedMiner", Context], Awaitable[Answer]]
type Upload = Callable[[AsyncIterator[bytes]], Awaitable[Answer]]


class ScriptedMiner(grpc.GenericRpcHandler):
    """Knows one token, and for each method an answer, a status or a script."""

    def __init__(self) -> None:
        self.port = 0
        self.token = "first"
        self.answers: dict[str, Answer | Script] = {}
        self._streams: dict[str, list[bytes] | Script] = {}
        self._hanging: set[str] = set()
        self._breaks: dict[str, grpc.StatusCode | None] = {}
        self._uploads: dict[str, Upload] = {}
        self.streams_open = 0
        self.all_streams_left = asyncio.Event()
        self.calls: Counter[str] = Counter()
        self.requests: list[bytes] = []
        self.logins_accepted = True
        self.hang_at_login = False
        self.logging_in = asyncio.Event()
        self.password = "root"
        self.sent_token: str | None = None
        self.order: list[str] = []
        self.needs_token = True
        # API 1.0 has the token in the header alone, later ones in both.
        self.token_in_message = True
        self.lifetime = 3600

    def on(self, rpc: Rpc, answer: Answer | Script) -> None:
        """Set what a method answers."""
        self.answers[rpc.path] = answer

    def says(self, rpc: Rpc, /, **fields: Any) -> None:
        """Answer a method with a message."""
        self.answers[rpc.path] = rpc.response(**fields).SerializeToString()

    def stream(
        self,
        rpc: Rpc,
        answers: list[bytes] | Script,
        *,
        then_hang: bool = False,
        then: grpc.StatusCode | None = None,
    ) -> None:
        """Answer a method with a stream, which ends, breaks or stays open."""
        self._streams[rpc.path] = answers
        self._breaks[rpc.path] = then
        if then_hang:
            self._hanging.add(rpc.path)

    def upload(self, rpc: Rpc, script: Upload) -> None:
        """Answer a method that takes a stream."""
        self._uploads[rpc.path] = script

    @override
    def service(
        self, details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Find the handler of a method, as grpc asks for it."""
        path = details.method
        if path == LOGIN.path:
            return grpc.unary_unary_rpc_method_handler(self._log_in)
        if path in self._streams:

            async def many(request: bytes, context: Context) -> AsyncIterator[bytes]:
                self.streams_open += 1
                try:
                    async for answer in self._stream(path, request, context):
                        yield answer
                finally:
                    self.streams_open -= 1
                    if not self.streams_open:
                        self.all_streams_left.set()

            return grpc.unary_stream_rpc_method_handler(many)
        if path in self._uploads:

            async def taken(requests: AsyncIterator[bytes], context: Context) -> bytes:
                await self._admit(path, b"", context)
                return await self._say(await self._uploads[path](requests), context)

            return grpc.stream_unary_rpc_method_handler(taken)
        if path not in self.answers:
            return None

        async def one(request: bytes, context: Context) -> bytes:
            await self._admit(path, request, context)
            return await self._say(self.answers[path], context)

        return grpc.unary_unary_rpc_method_handler(one)

    async def _log_in(self, request: bytes, context: Context) -> bytes:
        self.calls[LOGIN.path] += 1
        self.requests.append(request)
        self.order.append(LOGIN.path)
        self.logging_in.set()
        if self.hang_at_login:
            await asyncio.Event().wait()
        password = LOGIN.request.FromString(request).password
        if not self.logins_accepted or password != self.password:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "wrong password")
        await context.send_initial_metadata((("authorization", self.token),))
        if not self.token_in_message:
            return b""
        answer: bytes = LOGIN.response(
            token=self.sent_token or self.token, timeout_s=self.lifetime
        ).SerializeToString()
        return answer

    async def _stream(
        self, path: str, request: bytes, context: Context
    ) -> AsyncIterator[bytes]:
        await self._admit(path, request, context)
        answers = self._streams[path]
        if callable(answers):
            yield await self._say(answers, context)
            return
        for answer in answers:
            yield answer
        if (status := self._breaks[path]) is not None:
            await context.abort(status, "as the script says")
        if path in self._hanging:
            await asyncio.Event().wait()

    async def _admit(self, path: str, request: bytes, context: Context) -> None:
        self.calls[path] += 1
        self.requests.append(request)
        self.order.append(path)
        metadata = dict(context.invocation_metadata() or ())
        if self.needs_token and metadata.get("authorization") != self.token:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")

    async def _say(self, answer: Answer | Script, context: Context) -> bytes:
        if callable(answer):
            answer = await answer(self, context)
        if isinstance(answer, grpc.StatusCode):
            await context.abort(answer, "as the script says")
        assert isinstance(answer, bytes)
        return answer


@asynccontextmanager
async def scripted_miner() -> AsyncIterator[ScriptedMiner]:
    """Start one, on any port."""
    miner = ScriptedMiner()
    server = aio.server()
    server.add_generic_rpc_handlers((miner,))
    miner.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield miner
    finally:
        await server.stop(None)


def client(scripted: ScriptedMiner, **options: Any) -> Miner:
    """Make a client for it."""
    return Miner(
        "127.0.0.1", scripted.port, username="root", password="root", **options
    )
