"""A relay before the server, which can do to a connection what a server cannot."""

import asyncio
import contextlib
from enum import Enum
from random import Random
from typing import cast, override

_GARBAGE_BYTES = 512


class Mode(Enum):
    """What happens to bytes."""

    THROUGH = "through"
    MUTE = "mute"
    """Connections are accepted, and then nothing is read or said any more."""
    GARBAGE = "garbage"


class _Back(asyncio.Protocol):
    """The end towards the server."""

    def __init__(self, front: _Front) -> None:
        self.front = front

    @override
    def data_received(self, data: bytes) -> None:
        self.front.transport.write(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.front.transport.close()

    @override
    def pause_writing(self) -> None:
        self.front.hold(reading=False)

    @override
    def resume_writing(self) -> None:
        self.front.hold(reading=True)


class _Front(asyncio.Protocol):
    """The end towards a client, and its way to the server."""

    transport: asyncio.Transport

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.back: asyncio.Transport | None = None
        self._dialling: asyncio.Task[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.relay.connections.add(self)
        self.take(self.relay.mode)

    @override
    def data_received(self, data: bytes) -> None:
        if self.relay.mode is Mode.GARBAGE:
            self.transport.write(self.relay.noise())
        elif self.back is not None:
            self.back.write(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.relay.connections.discard(self)
        if self._dialling is not None:
            self._dialling.cancel()
        if self.back is not None:
            self.back.close()

    @override
    def pause_writing(self) -> None:
        if self.back is not None:
            self.back.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self.back is not None and self.relay.mode is not Mode.MUTE:
            self.back.resume_reading()

    def hold(self, *, reading: bool) -> None:
        """Stop or go on reading from the client."""
        if reading and self.relay.mode is not Mode.MUTE:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def take(self, mode: Mode) -> None:
        """Do from now on what a mode wants."""
        match mode:
            case Mode.THROUGH:
                if self.back is not None:
                    self.back.resume_reading()
                    self.transport.resume_reading()
                elif self._dialling is None:
                    # Nothing is read before there is somewhere to put it.
                    self.transport.pause_reading()
                    self._dialling = asyncio.create_task(self._dial())
            case Mode.MUTE:
                self.transport.pause_reading()
                if self.back is not None:
                    self.back.pause_reading()
            case Mode.GARBAGE:
                if self.back is not None:
                    self.back.pause_reading()
                self.transport.write(self.relay.noise())
                self.transport.resume_reading()

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            back, _ = await loop.create_unix_connection(
                lambda: _Back(self), self.relay.server
            )
        except OSError:
            self.transport.abort()
            return
        self.back = back
        self.take(self.relay.mode)


class Relay:
    """Listens in public for a server on a private socket."""

    def __init__(self, server: str, seed: int) -> None:
        """Relay to the Unix socket `server`."""
        self.server = server
        self.mode = Mode.THROUGH
        self.connections: set[_Front] = set()
        self._random = Random(seed)
        self._listener: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; returns the port."""
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: _Front(self), host, port, reuse_address=True
        )
        opened: int = self._listener.sockets[0].getsockname()[1]
        return opened

    async def close(self) -> None:
        """Refuse connections, and drop those there are."""
        listener, self._listener = self._listener, None
        if listener is not None:
            for each in listener.sockets:
                asyncio.get_running_loop().remove_reader(each)
            # What is on its way now does not arrive any more.
            self._drop()
            # One that was just accepted has to find its listener still there.
            await asyncio.sleep(0)
            listener.close()
        self._drop()
        if listener is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await listener.wait_closed()

    def _drop(self) -> None:
        for connection in tuple(self.connections):
            connection.transport.abort()

    def switch(self, mode: Mode) -> None:
        """Treat all connections, present and to come, like this."""
        self.mode = mode
        for connection in tuple(self.connections):
            connection.take(mode)

    def noise(self) -> bytes:
        """Return bytes that mean nothing."""
        return self._random.randbytes(_GARBAGE_BYTES)
