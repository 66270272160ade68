"""Is this a Braiins miner? Asked without a password, answered in two seconds."""

import asyncio
from dataclasses import dataclass
import socket
from typing import Any, override

import grpc
import grpc.aio

from .connection import BRIEF_OPTIONS, open_channel, parse
from .errors import (
    Garbled,
    NoSuchHost,
    NotBraiins,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
)
from .wire import GET_API_VERSION

DEFAULT_PORT = 50051
_PROBE_TIMEOUT = 2.0
_WEB_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True, order=True)
class ApiVersion:
    """Version of the Public API."""

    major: int
    minor: int
    patch: int = 0
    prerelease: str = ""

    @override
    def __str__(self) -> str:
        version = f"{self.major}.{self.minor}.{self.patch}"
        return f"{version}-{self.prerelease}" if self.prerelease else version


async def probe(
    host: str,
    port: int = DEFAULT_PORT,
    *,
    web_port: int = 80,
    timeout: float = _PROBE_TIMEOUT,
) -> ApiVersion:
    """Return the version of the API that the miner at this address speaks.

    Anything else raises what it is: `NoSuchHost`, `Unreachable`, `TimedOut`,
    `NotBraiins`, and its kinds `StockFirmware` and `TooOld`, which are recognised by
    the miner's web page.
    """
    try:
        async with asyncio.timeout(timeout):
            await _knock(host, port, web_port)
            version = await _ask(host, port, timeout)
    except TimeoutError as err:
        raise TimedOut(f"{host} did not answer within {timeout:g} s") from err
    if version.major < 1 or version.prerelease:
        raise TooOld(f"the miner speaks version {version} of the API")
    return version


async def _knock(host: str, port: int, web_port: int) -> None:
    """Connect and hang up: it tells the ways of failing apart, and is cheap."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except socket.gaierror as err:
        raise NoSuchHost(f"{host} is not known") from err
    except ConnectionRefusedError as err:
        await _look_at_web_page(host, web_port)
        raise Unreachable(f"{host} refuses connections to port {port}") from err
    except OSError as err:
        raise Unreachable(str(err)) from err
    writer.close()


async def _ask(host: str, port: int, timeout: float) -> ApiVersion:
    # A lasting channel would give up on a mute one, and try again, before we do.
    channel = open_channel(host, port, BRIEF_OPTIONS)
    try:
        call: Any = channel.unary_unary(GET_API_VERSION.path)
        answer = parse(GET_API_VERSION, await call(b"", timeout=timeout))
    except grpc.aio.AioRpcError as err:
        if err.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise TimedOut(err.details() or "") from err
        # It took the connection a moment ago, so what fails now is the protocol.
        raise NotBraiins(err.details() or "") from err
    except Garbled as err:
        raise NotBraiins(err.detail) from err
    finally:
        await channel.close()
    return ApiVersion(answer.major, answer.minor, answer.patch, answer.pre)


async def _look_at_web_page(host: str, port: int) -> None:
    """Name what is at home where the API is not; raises nothing if it cannot tell."""
    try:
        async with asyncio.timeout(_WEB_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    b"GET /api/v1/version HTTP/1.1\r\n"
                    b"Host: miner\r\nConnection: close\r\n\r\n"
                )
                head = await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
    except (
        OSError,
        TimeoutError,
        asyncio.IncompleteReadError,
        asyncio.LimitOverrunError,
    ):
        return
    status, _, headers = head.partition(b"\r\n")
    if b" 405" in status:
        raise TooOld("Braiins OS from before the Public API")
    if b" 401" in status and b"antminer" in headers.lower():
        raise StockFirmware("the firmware of the manufacturer")
