"""One connection of an agent: what it sends, what it is sent, and when that is enough.

Whatever comes in, nothing gets out of here but frames that were read and understood.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
import logging
import secrets
import time
from typing import Any, Final, Protocol

from aiohttp import WebSocketError, WSMessage, WSMsgType
from aiohttp.web import WebSocketResponse

from .commands import Command
from .errors import BadFrame, Busy, Disconnected, NotConnected, Refused, TimedOut
from .frames import (
    LARGEST_FRAME,
    Frame,
    Heartbeat,
    Introduction,
    Result,
    authenticated,
    command as command_frame,
    error,
    heartbeat_ack,
    read_frame,
)
from .readings import MinerReport, Stats

# Codes of closing, as this protocol has had them from the beginning.
NO_INTRODUCTION: Final = 4001
INVALID_TOKEN: Final = 4002
REPLACED: Final = 4004
REVOKED: Final = 4005
SILENT: Final = 4006
GOING_AWAY: Final = 1001
MISBEHAVED: Final = 1008

# An agent sends about 9 messages a minute, or 70 where it measures every second.
_MESSAGES_AT_ONCE: Final = 60
_MESSAGES_PER_SECOND: Final = 5.0
_BAD_AT_ONCE: Final = 20
_BAD_PER_SECOND: Final = 1 / 60

# A peer that takes nothing for so long takes nothing any more.
_SENDING: Final = 10.0
_CLOSING: Final = 5.0

_LAST: Final = (
    WSMsgType.CLOSE,
    WSMsgType.CLOSING,
    WSMsgType.CLOSED,
    WSMsgType.ERROR,
)

_LOGGER = logging.getLogger(__name__)

type Hear = Callable[[Stats | MinerReport], None]


class Socket(Protocol):
    """The part of aiohttp's `WebSocketResponse` that is needed."""

    async def receive(self) -> WSMessage:
        """Return the next message, or how the connection ended."""

    async def send_str(self, data: str) -> None:
        """Send a text."""

    async def ping(self, message: bytes = b"") -> None:
        """Ask for a sign of life."""

    async def pong(self, message: bytes = b"") -> None:
        """Give a sign of life."""

    async def close(self, *, code: int, message: bytes = b"") -> bool:
        """End the connection."""


def web_socket() -> WebSocketResponse:
    """Return what a request of an agent is to be answered with.

    Answers to pings are wanted here, as they tell when an agent is free again. There
    is no heartbeat: while an agent works, it answers none, for minutes.
    """
    return WebSocketResponse(
        autoping=False, compress=False, max_msg_size=LARGEST_FRAME, timeout=_CLOSING
    )


class Allowance:
    """So much at once, and so much per second in the long run."""

    def __init__(self, at_once: float, per_second: float) -> None:
        """Begin with all of it."""
        self._most = self._left = at_once
        self._per_second = per_second
        self._taken: float | None = None

    def take(self, now: float) -> bool:
        """Take one, if there is one left."""
        if self._taken is not None:
            gained = (now - self._taken) * self._per_second
            self._left = min(self._most, self._left + gained)
        self._taken = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Session:
    """One connection.

    `heard` is when anything was heard, `beat` when the last heartbeat was, and `bad`
    how many messages were not as they should be.
    """

    def __init__(
        self, socket: Socket, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Take over a connection that stands."""
        self._socket = socket
        self._now = now
        self._messages = Allowance(_MESSAGES_AT_ONCE, _MESSAGES_PER_SECOND)
        self._tolerance = Allowance(_BAD_AT_ONCE, _BAD_PER_SECOND)
        self._turn = asyncio.Lock()
        self._waiting: tuple[str, asyncio.Future[Result]] | None = None
        self._working: tuple[str, str] | None = None
        self._ended = False
        self._name = ""
        self.heard = now()
        # The agent counts from when it is let in.
        self.beat = self.heard
        self.bad = 0
        self.misbehaved = False

    async def welcome(self, rig_id: str, name: str, attach: Callable[[], None]) -> None:
        """Tell the agent that it may begin; before that, nothing is sent to it.

        Whoever learns by `attach` that it is there may have a command for it at once,
        which has to wait for that.
        """
        self._name = name
        async with self._turn:
            attach()
            await self._send(authenticated(rig_id, name))

    async def listen(self, hear: Hear) -> None:
        """Give what the agent tells of its rig to `hear`, until the connection ends."""
        try:
            while not self._ended:
                message = await self._socket.receive()
                # What was on its way as the connection was ended comes too late.
                if message.type in _LAST or self._ended:
                    self._look_how_it_ended(message)
                    break
                self.heard = self._now()
                await self._take(message, hear)
            # Where sending failed, the other end does not know that it is over.
            await self.close(GOING_AWAY, "the connection is of no use")
        finally:
            self._end()

    def _look_how_it_ended(self, message: WSMessage) -> None:
        """Hold it against an agent that it sent what no WebSocket may carry."""
        if isinstance(message.data, WebSocketError) and not self._ended:
            self.bad += 1
            self.misbehaved = True

    async def introduction(self) -> str | None:
        """Return the token that the agent sends first, if it does."""
        while not self._ended:
            message = await self._socket.receive()
            if message.type in _LAST:
                return None
            if not self._messages.take(self._now()):
                return None
            if message.type is WSMsgType.TEXT:
                with suppress(BadFrame):
                    frame = read_frame(message.data)
                    if isinstance(frame, Introduction):
                        return frame.token
                return None
        return None

    async def _take(self, message: WSMessage, hear: Hear) -> None:
        if not self._messages.take(self.heard):
            await self._complain("too many messages")
            return
        match message.type:
            case WSMsgType.TEXT:
                try:
                    frame = read_frame(message.data)
                except BadFrame as err:
                    await self._complain(err.detail)
                else:
                    await self._sort(frame, hear)
            case WSMsgType.PING:
                await self._guarded(self._socket.pong(message.data))
            case WSMsgType.PONG:
                # Messages are read in order: the command that was sent before this
                # ping is done, even where its result got lost.
                if self._working and self._working[0].encode() == message.data:
                    self._working = None
            case _:
                await self._complain("only text is understood")

    async def _sort(self, frame: Frame, hear: Hear) -> None:
        match frame:
            case Heartbeat():
                self.beat = self.heard
                await self._send(heartbeat_ack(int(time.time() * 1000)))
            case Result():
                self._settle(frame)
            case Introduction():
                # Those that introduce themselves anyway are known already.
                pass
            case Stats() | MinerReport():
                hear(frame)

    async def _complain(self, reason: str) -> None:
        self.bad += 1
        if not self._tolerance.take(self.heard):
            self.misbehaved = True
            await self.close(MISBEHAVED, "too many bad messages")
            return
        _LOGGER.debug("The agent of %s sent a bad message: %s", self._name, reason)
        await self._send(error(f"bad message: {reason}"))

    async def run(self, command: Command, *, deadline: float | None = None) -> None:
        """Have the agent do something, after what it is doing; raises a `RigError`.

        It works on one command at a time, and does not even answer a ping meanwhile.
        """
        async with self._turn:
            if self._ended:
                raise NotConnected
            if self._working is not None:
                raise Busy(self._working[1])
            result = await self._exchange(
                command, command.deadline if deadline is None else deadline
            )
        if not result.success:
            raise Refused(result.error)

    async def _exchange(self, command: Command, deadline: float) -> Result:
        command_id = secrets.token_hex(8)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting = command_id, future
        # It is at work on this until it says otherwise, whoever still waits for it.
        self._working = command_id, command.kind
        try:
            await self._send(command_frame(command_id, command.kind, command.payload()))
            async with asyncio.timeout(deadline):
                return await future
        except TimeoutError as err:
            await self._guarded(self._socket.ping(command_id.encode()))
            raise TimedOut(command.kind) from err
        finally:
            self._waiting = None

    def _settle(self, result: Result) -> None:
        if self._working is not None and self._working[0] == result.id:
            self._working = None
        if self._waiting is not None and self._waiting[0] == result.id:
            future = self._waiting[1]
            if not future.done():
                future.set_result(result)

    async def _send(self, text: str) -> None:
        await self._guarded(self._socket.send_str(text))

    async def _guarded(self, sending: Coroutine[Any, Any, object]) -> None:
        """Send something; where that fails, the connection has ended."""
        try:
            async with asyncio.timeout(_SENDING):
                await sending
        except OSError, TimeoutError:
            self._end()

    async def refuse(self, code: int, reason: str) -> None:
        """Send an agent away before it was welcome, so that it waits longer each time.

        After a welcome it would be back at once, again and again.
        """
        await self._send(error(reason))
        await self.close(code, reason)

    async def close(self, code: int, reason: str) -> None:
        """End the connection, and say why."""
        self._end()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_SENDING):
                await self._socket.close(code=code, message=reason.encode())

    def _end(self) -> None:
        self._ended = True
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(Disconnected())
