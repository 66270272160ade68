"""One channel to one miner: login, deadlines, and errors that say what happened."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast, override

from google.protobuf.message import DecodeError
import grpc
import grpc.aio

from .address import resolve, target
from .errors import (
    AsicError,
    Denied,
    Garbled,
    NoSuchHost,
    PasswordUnsure,
    Refused,
    TimedOut,
    TokenRejected,
    Unreachable,
    Unsupported,
    from_status,
)
from .options import LASTING_OPTIONS
from .wire import LOGIN, Rpc

READ_TIMEOUT = 5.0
COMMAND_TIMEOUT = 20.0

# API 1.0 does not say it; this is what every later firmware says.
_TOKEN_LIFETIME = 3600.0
# A token this far into its life is renewed rather than tried.
_TOKEN_USABLE = 0.9

# Between two tries to find out which password is the right one.
_TRY_AGAIN = 1.0
# A name that is not known is not asked for more often than a person would.
_LOOK_AGAIN = 5.0

_CLOSED = "the connection was closed"
_WRITE_FAILED = "Internal error from Core"

type Request = tuple[Rpc, bytes]


@dataclass(slots=True, eq=False)
class _Token:
    """What login gave. Each is its own, even where a miner repeats the text."""

    text: str
    lifetime: float
    # Each answered call starts its life anew.
    expires: float
    metadata: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        # Raw, without "Bearer": anything else is refused.
        self.metadata = (("authorization", self.text),)


def build(rpc: Rpc, fields: Mapping[str, Any]) -> bytes:
    """Turn fields into the bytes of a request; `ValueError` says what is amiss."""
    try:
        request: bytes = rpc.request(**fields).SerializeToString()
    except (TypeError, OverflowError, ValueError) as err:
        raise ValueError(f"{rpc.path} cannot be asked for this: {err}") from err
    return request


def parse(rpc: Rpc, answer: bytes) -> Any:
    """Turn the bytes of an answer into its message."""
    try:
        return rpc.response.FromString(answer)
    except DecodeError as err:
        raise Garbled(f"{rpc.path}: {err}") from err


@asynccontextmanager
async def _patience(rpc: Rpc, silence: float | None) -> AsyncIterator[None]:
    """Wait for so long."""
    try:
        async with asyncio.timeout(silence):
            yield
    except TimeoutError as err:
        raise TimedOut(f"{rpc.path}: nothing for {silence} s") from err


def _raise_if_broken_off(err: asyncio.CancelledError) -> None:
    """Tell a call that ended with its channel from one whose caller gave up."""
    task = asyncio.current_task()
    if not (task and task.cancelling()):
        raise Unreachable(_CLOSED) from err


class Connection:
    """A logged-in channel, opened with the first call and kept.

    Every call has a deadline and none is repeated, but for the one that the miner
    turned away at the door because its token was stale.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str,
        password: str,
        read_timeout: float = READ_TIMEOUT,
        command_timeout: float = COMMAND_TIMEOUT,
    ) -> None:
        self.host = host
        self.port = port
        self.read_timeout = read_timeout
        self._command_timeout = command_timeout
        self._username = username
        self._password = password
        self._channel: grpc.aio.Channel | None = None
        self._target = ""
        # A name may lead elsewhere once nobody answers where it led.
        self._lost = False
        self._callables: dict[Rpc, Any] = {}
        self._closed = False
        self._token: _Token | None = None
        self._login: asyncio.Task[_Token] | None = None
        # Held while a password changes, when neither the old nor the new is sure.
        self._password_is_sure = asyncio.Lock()
        self._unsupported: set[Rpc] = set()
        self._firmware: str | None = None

    async def command(self, rpc: Rpc, /, **fields: Any) -> Any:
        """Have the miner do something; fields are those of the request."""
        return await self._call(rpc, fields, self._command_timeout)

    async def ask(self, rpc: Rpc, /, **fields: Any) -> Any:
        """Have the miner tell something; fields are those of the request."""
        return await self._call(rpc, fields, self.read_timeout)

    async def _call(self, rpc: Rpc, fields: Mapping[str, Any], timeout: float) -> Any:
        request = build(rpc, fields)
        [answer] = await self.exchange([(rpc, request)], timeout=timeout)
        if isinstance(answer, AsicError):
            raise answer
        return parse(rpc, answer)

    async def exchange(
        self, requests: Sequence[Request], *, timeout: float
    ) -> list[bytes | AsicError]:
        """Make several calls at once, and return an answer or an error for each."""
        answers: list[bytes | AsicError] = [
            Unsupported(rpc.path) if rpc in self._unsupported else Unreachable()
            for rpc, _ in requests
        ]
        todo = [
            i for i, (rpc, _) in enumerate(requests) if rpc not in self._unsupported
        ]
        stale: _Token | None = None
        # Twice at most: a token that is refused right after login is no token problem.
        for _ in range(2):
            if not todo:
                break
            try:
                token = await self._current_token(stale)
            except AsicError as err:
                for i in todo:
                    answers[i] = err
                break
            await self._round(requests, todo, answers, token, timeout)
            todo = [i for i in todo if isinstance(answers[i], TokenRejected)]
            stale = token
        return answers

    async def _round(
        self,
        requests: Sequence[Request],
        todo: Sequence[int],
        answers: list[bytes | AsicError],
        token: _Token,
        timeout: float,
    ) -> None:
        # A grpc call is on its way once made: no task is needed to have many of them.
        calls = []
        try:
            channel = await self._open()
            for i in todo:
                rpc, request = requests[i]
                begin = self._callable(channel, rpc)
                calls.append(begin(request, timeout=timeout, metadata=token.metadata))
            for i, call in zip(todo, calls, strict=True):
                answers[i] = await self._answer(requests[i][0], call, token)
        finally:
            for call in calls:
                call.cancel()

    async def _answer(self, rpc: Rpc, call: Any, token: _Token) -> bytes | AsicError:
        try:
            answer = cast("bytes", await call)
        except grpc.aio.AioRpcError as err:
            return self._error(rpc, err.code(), err.details())
        except asyncio.CancelledError as err:
            _raise_if_broken_off(err)
            raise
        token.expires = asyncio.get_running_loop().time() + token.lifetime
        return answer

    def _error(self, rpc: Rpc, code: grpc.StatusCode, details: str | None) -> AsicError:
        error = from_status(code, details)
        if isinstance(error, Unsupported) and rpc.since:
            self._unsupported.add(rpc)
        if isinstance(error, Unreachable):
            self._lost = True
        return error

    async def stream(
        self,
        rpc: Rpc,
        /,
        *,
        first: float,
        silence: float | None,
        timeout: float,
        **fields: Any,
    ) -> AsyncGenerator[Any]:
        """Make a call with many answers and yield them as they come.

        It fails when the first has not come within `first` seconds, when another has
        not within `silence`, or when all of it has taken `timeout`.
        """
        if rpc in self._unsupported:
            raise Unsupported(rpc.path)
        request = build(rpc, fields)
        token = await self._current_token()
        call = await self._begin_stream(rpc, request, token, timeout)
        try:
            try:
                answer = await self._next(rpc, call, first)
            except TokenRejected:
                token = await self._current_token(token)
                call = await self._begin_stream(rpc, request, token, timeout)
                answer = await self._next(rpc, call, first)
            while answer is not None:
                yield answer
                answer = await self._next(rpc, call, silence)
        finally:
            call.cancel()

    async def _begin_stream(
        self, rpc: Rpc, request: bytes, token: _Token, timeout: float
    ) -> Any:
        begin: Any = (await self._open()).unary_stream(rpc.path)
        return begin(request, timeout=timeout, metadata=token.metadata)

    async def _next(self, rpc: Rpc, call: Any, silence: float | None) -> Any:
        try:
            async with _patience(rpc, silence):
                answer = await call.read()
        except grpc.aio.AioRpcError as err:
            raise self._error(rpc, err.code(), err.details()) from err
        except asyncio.CancelledError as err:
            _raise_if_broken_off(err)
            raise
        return None if answer is grpc.aio.EOF else parse(rpc, answer)

    async def upload(
        self, rpc: Rpc, messages: AsyncGenerator[Any], *, silence: float, timeout: float
    ) -> Any:
        """Stream messages to the miner and return its one answer.

        The token is made fresh first, as a stream that was turned away cannot be
        sent again.
        """
        if rpc in self._unsupported:
            raise Unsupported(rpc.path)
        token = await self._current_token(self._token)
        begin: Any = (await self._open()).stream_unary(rpc.path)
        call = begin(timeout=timeout, metadata=token.metadata)
        try:
            async with aclosing(messages):
                async for message in messages:
                    try:
                        async with _patience(rpc, silence):
                            await call.write(message.SerializeToString())
                    except asyncio.InvalidStateError, grpc.aio.AioRpcError:
                        # The miner takes no more. Why, the call says and not the write.
                        break
            async with _patience(rpc, silence):
                await call.done_writing()
                return parse(rpc, await call)
        except grpc.aio.AioRpcError as err:
            if err.details() == _WRITE_FAILED:
                # Once in a while grpc puts its own trouble in the place of the reason.
                raise Refused("the miner broke the upload off") from err
            raise self._error(rpc, err.code(), err.details()) from err
        except asyncio.CancelledError as err:
            _raise_if_broken_off(err)
            raise
        finally:
            call.cancel()

    def supports(self, rpc: Rpc) -> bool:
        """Tell whether the firmware is not known to lack a method."""
        return rpc not in self._unsupported

    def runs(self, firmware: str) -> None:
        """Take note of the version; another one may have what the last had not."""
        if firmware != self._firmware:
            self._firmware = firmware
            self._unsupported.clear()

    async def change_password(self, rpc: Rpc, password: str | None) -> None:
        """Have the miner change the password, and log in with the new one.

        Nobody logs in meanwhile: half-way, either password may be the wrong one. If
        no answer comes, it is tried which of them it is, for as long as a command may
        take. `PasswordUnsure` says that this was not to be found out.
        """
        request = build(rpc, {} if password is None else {"password": password})
        token = await self._current_token(self._token)
        async with self._password_is_sure:
            begin = self._callable(await self._open(), rpc)
            call = begin(
                request, timeout=self._command_timeout, metadata=token.metadata
            )
            answer = await self._answer(rpc, call, token)
            if isinstance(answer, TimedOut | Unreachable):
                is_changed = await self._is_changed_to(password or "")
                answer = b"" if is_changed else answer
            if isinstance(answer, AsicError):
                raise answer
            self._password = password or ""
            self._token = None

    async def _is_changed_to(self, password: str) -> bool:
        """Find out whether the password is another now."""
        try:
            async with asyncio.timeout(self._command_timeout):
                takes_new = await self._takes(password)
                takes_old = await self._takes(self._password)
        except TimeoutError as err:
            raise PasswordUnsure from err
        if not (takes_new or takes_old):
            raise PasswordUnsure
        # A miner without a password takes any, and then it has not got the new one.
        return takes_new and (not takes_old or password == self._password)

    async def _takes(self, password: str) -> bool:
        """Tell whether a password is the right one, once the miner answers."""
        while True:
            try:
                await self._log_in(password)
            except Denied:
                return False
            except AsicError:
                # One that starts anew may say much else at first.
                await asyncio.sleep(_TRY_AGAIN)
            else:
                return True

    def move(self, host: str) -> None:
        """Go on at another address; what is under way ends where it began."""
        self.host = host
        self._lost = True

    async def connected(self) -> None:
        """Wait until there is a connection; it is tried for again and again."""
        while True:
            try:
                channel = await self._open()
                state = channel.get_state(try_to_connect=True)
                if state is grpc.ChannelConnectivity.READY:
                    return
                await channel.wait_for_state_change(state)
            except NoSuchHost, grpc.aio.UsageError:
                # The name may be known again soon; or the channel was replaced.
                await asyncio.sleep(_LOOK_AGAIN)

    async def close(self) -> None:
        """Close the channel for good; calls under way end as unreachable."""
        self._closed = True
        if self._login is not None:
            self._login.cancel()
        if self._channel is not None:
            await self._channel.close()

    async def _open(self) -> grpc.aio.Channel:
        if self._channel is None or self._lost:
            self._lost = False
            where = target(await resolve(self.host, self.port), self.port)
            if where != self._target:
                await self._connect_to(where)
        if self._closed or self._channel is None:
            raise Unreachable(_CLOSED)
        return self._channel

    async def _connect_to(self, where: str) -> None:
        old, self._target = self._channel, where
        self._channel = None
        if not self._closed:
            self._channel = grpc.aio.insecure_channel(where, options=LASTING_OPTIONS)
        self._callables.clear()
        if old is not None:
            await old.close()

    def _callable(self, channel: grpc.aio.Channel, rpc: Rpc) -> Any:
        found = self._callables.get(rpc)
        if found is None:
            found = self._callables[rpc] = channel.unary_unary(rpc.path)
        return found

    async def _current_token(self, stale: _Token | None = None) -> _Token:
        """Return a token that is not the stale one.

        However many calls ask at once, the miner sees one login, and they share how
        it ended.
        """
        if self._closed:
            raise Unreachable(_CLOSED)
        token = self._token
        now = asyncio.get_running_loop().time()
        if token is not None and token is not stale and now < token.expires:
            return token
        if self._login is None:
            self._login = asyncio.create_task(self._renew(), name="miner login")
            self._login.add_done_callback(self._logged_in)
        try:
            return await asyncio.shield(self._login)
        except asyncio.CancelledError as err:
            _raise_if_broken_off(err)
            raise

    def _logged_in(self, login: asyncio.Task[_Token]) -> None:
        self._login = None
        # Whoever waits for it has its error; with nobody waiting it is no news.
        if not login.cancelled() and not login.exception():  # noqa: LOG004 - a task
            self._token = login.result()

    async def _renew(self) -> _Token:
        async with self._password_is_sure:
            return await self._log_in(self._password)

    async def _log_in(self, password: str) -> _Token:
        request = build(LOGIN, {"username": self._username, "password": password})
        begin = self._callable(await self._open(), LOGIN)
        call = begin(request, timeout=self.read_timeout)
        try:
            answer = parse(LOGIN, await call)
        except grpc.aio.AioRpcError as err:
            error = self._error(LOGIN, err.code(), err.details())
            if isinstance(error, TokenRejected):
                raise Denied(error.detail) from err
            raise error from err
        text = answer.token
        if not text:
            # API 1.0 has it only here; as a header or, from some, a trailer.
            for metadata in (
                await call.initial_metadata(),
                await call.trailing_metadata(),
            ):
                text = text or dict(metadata).get("authorization", "")
        if not (text and text.isascii() and text.isprintable()):
            raise Garbled("the miner accepted the password but gave no usable token")
        lifetime = (answer.timeout_s or _TOKEN_LIFETIME) * _TOKEN_USABLE
        now = asyncio.get_running_loop().time()
        return _Token(text=text, lifetime=lifetime, expires=now + lifetime)

    @override
    def __repr__(self) -> str:
        return f"<Connection {self.host}:{self.port}>"
