"""The gRPC side of one machine: raw bytes in, raw bytes out, no generated code."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn, cast, override

from google.protobuf.message import DecodeError
import grpc

from .machine import Machine
from .reflection import Reflection
from .refusals import (
    Busy,
    Denied,
    InvalidValue,
    Late,
    NotRunning,
    Reconfiguring,
    Refusal,
    Silence,
    Unknown,
    Unsupported,
)
from .schema import NEWEST, Method, Schema, message, schema
from .services import ANSWERS, CHUNKS, LOGIN, OPEN, STATUS, UPGRADE, Answer, Chunks
from .services.miner import status
from .services.upgrade import Reception
from .wire import Trouble

type _Context = grpc.aio.ServicerContext[bytes, bytes]

_CODES: dict[type[Refusal], grpc.StatusCode] = {
    InvalidValue: grpc.StatusCode.INVALID_ARGUMENT,
    NotRunning: grpc.StatusCode.FAILED_PRECONDITION,
    Busy: grpc.StatusCode.FAILED_PRECONDITION,
    Reconfiguring: grpc.StatusCode.INTERNAL,
    Unsupported: grpc.StatusCode.UNIMPLEMENTED,
    Denied: grpc.StatusCode.UNAUTHENTICATED,
    Unknown: grpc.StatusCode.NOT_FOUND,
    Late: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_READING = ("Get", "List")
_METADATA = "authorization"

_Login = message("LoginResponse")


def _token(context: _Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == _METADATA:
            return value if isinstance(value, str) else None
    return None


class Answers(grpc.GenericRpcHandler):
    """Routes calls by full method name, as the firmware of the moment knows them."""

    def __init__(self, machine: Machine, trouble: Trouble) -> None:
        """Answer for a machine, with the trouble its faults make."""
        self._machine = machine
        self._trouble = trouble
        self._schema: Schema = schema(machine.firmware.minor)
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes] | None] = {}
        self.calls = 0

    @override
    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return what handles a method; None, and so UNIMPLEMENTED, if nothing does."""
        self.calls += 1
        minor = self._machine.firmware.minor
        if minor != self._schema.minor:
            self._schema = schema(minor)
            self._handlers.clear()
        path = handler_call_details.method
        try:
            return self._handlers[path]
        except KeyError:
            handler = self._handlers[path] = self._handler(path)
            return handler

    def _handler(self, path: str) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        method = self._schema.methods.get(path)
        if method is None:
            return None
        # grpc's stubs know the callables of threads only, not those of asyncio.
        unary = cast("Any", grpc.unary_unary_rpc_method_handler)
        stream = cast("Any", grpc.unary_stream_rpc_method_handler)
        if path == LOGIN:
            handler = unary(self._login(method))
        elif path == STATUS:
            handler = stream(self._status(method))
        elif path == UPGRADE:
            handler = cast("Any", grpc.stream_unary_rpc_method_handler)(
                self._upgrade(method)
            )
        elif path in CHUNKS:
            handler = stream(self._chunks(method, CHUNKS[path]))
        else:
            handler = unary(self._answer(method, ANSWERS[path]))
        return cast("grpc.RpcMethodHandler[bytes, bytes]", handler)

    def _answer(self, method: Method, answer: Answer) -> Any:
        machine, trouble, wire = self._machine, self._trouble, self._schema
        path = method.path
        guarded = path not in OPEN
        reads = path.rpartition("/")[2].startswith(_READING)
        as_is = wire.minor == NEWEST
        parse, read, write = method.request.FromString, wire.read, wire.write

        async def handle(data: bytes, context: _Context) -> bytes:
            if trouble.any:
                await trouble.suffer(path, context)
            try:
                if guarded:
                    machine.accounts.admit(_token(context))
                if reads:
                    machine.advance()
                else:
                    machine.act()
                if as_is:
                    result: bytes = answer(machine, parse(data)).SerializeToString()
                else:
                    result = write(method, answer(machine, read(method, data)))
                if not reads:
                    machine.tell_status()
            except Silence:
                await asyncio.Event().wait()
            except (Refusal, DecodeError) as error:
                await _refuse(context, error)
            return result

        return handle

    def _login(self, method: Method) -> Any:
        machine, trouble, wire = self._machine, self._trouble, self._schema

        async def handle(data: bytes, context: _Context) -> bytes:
            if trouble.any:
                await trouble.suffer(method.path, context)
            try:
                request = wire.read(method, data)
                token = machine.accounts.login(request.username, request.password)
            except (Refusal, DecodeError) as error:
                await _refuse(context, error)
            await context.send_initial_metadata(((_METADATA, token),))
            return wire.write(method, _Login(token=token, timeout_s=3600))

        return handle

    def _status(self, method: Method) -> Any:
        machine, trouble, wire = self._machine, self._trouble, self._schema

        async def handle(_: bytes, context: _Context) -> AsyncIterator[bytes]:
            if trouble.any:
                await trouble.suffer(method.path, context)
            try:
                machine.accounts.admit(_token(context))
            except Denied as error:
                await _refuse(context, error)
            machine.advance()
            changes: asyncio.Queue[bytes] = asyncio.Queue()

            def changed() -> None:
                changes.put_nowait(wire.write(method, status(machine)))

            changed()
            machine.status_watchers.add(changed)
            try:
                while True:
                    change = await changes.get()
                    if trouble.hung is not None:
                        await trouble.hung.wait()
                    yield change
            finally:
                machine.status_watchers.discard(changed)

        return handle

    def _chunks(self, method: Method, chunks: Chunks) -> Any:
        machine, trouble, wire = self._machine, self._trouble, self._schema

        async def handle(data: bytes, context: _Context) -> AsyncIterator[bytes]:
            if trouble.any:
                await trouble.suffer(method.path, context)
            try:
                machine.accounts.admit(_token(context))
                machine.advance()
                for chunk in chunks(machine, wire.read(method, data)):
                    if trouble.any:
                        await trouble.suffer(method.path, context)
                    yield wire.write(method, chunk)
            except (Refusal, DecodeError) as error:
                await _refuse(context, error)

        return handle

    def _upgrade(self, method: Method) -> Any:
        machine, trouble, wire = self._machine, self._trouble, self._schema

        async def handle(parts: AsyncIterator[bytes], context: _Context) -> bytes:
            if trouble.any:
                await trouble.suffer(method.path, context)
            try:
                machine.accounts.admit(_token(context))
                reception = Reception()
                async for part in parts:
                    reception.take(wire.read(method, part))
                machine.act()
                return wire.write(method, reception.install(machine))
            except (Refusal, DecodeError) as error:
                await _refuse(context, error)

        return handle


async def _refuse(context: _Context, error: Refusal | DecodeError) -> NoReturn:
    if isinstance(error, Refusal):
        await context.abort(_CODES[type(error)], str(error))
    await context.abort(grpc.StatusCode.INTERNAL, "the request cannot be decoded")


_OPTIONS = (
    ("grpc.so_reuseport", 0),
    # A miner does not mind how often it is pinged.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
)


class Server:
    """A gRPC server that can be opened and closed as often as needed."""

    def __init__(self, machine: Machine, trouble: Trouble) -> None:
        """Serve a machine."""
        self._machine = machine
        self._answers = Answers(machine, trouble)
        self._server: grpc.aio.Server | None = None

    @property
    def calls(self) -> int:
        """How many calls have come in."""
        return self._answers.calls

    async def open(self, address: str) -> int:
        """Listen on `host:port` or `unix:path`; returns the port."""
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((self._answers, Reflection(self._machine)))
        port = server.add_insecure_port(address)
        await server.start()
        self._server = server
        return port

    async def close(self) -> None:
        """Drop all calls and connections, and stop listening."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(None)
