"""Is this a Braiins miner? Asked without a password, answered in two seconds."""

import asyncio
from dataclasses import dataclass
from functools import total_ordering
from typing import Any, override

import grpc
import grpc.aio

from .address import resolve, target
from .connection import parse
from .errors import (
    Garbled,
    NotBraiins,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    from_status,
)
from .options import BRIEF_OPTIONS
from .wire import GET_API_VERSION

DEFAULT_PORT = 50051
_PROBE_TIMEOUT = 2.0
_WEB_TIMEOUT = 1.0
_NO_MINER = {
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
}


@total_ordering
@dataclass(frozen=True, slots=True)
class ApiVersion:
    """Version of the Public API; one that is to become another comes before it."""

    major: int
    minor: int
    patch: int = 0
    prerelease: str = ""

    def __lt__(self, other: ApiVersion) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[int, int, int, bool, str]:
        final = not self.prerelease
        return self.major, self.minor, self.patch, final, self.prerelease

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
            address = await _knock(await resolve(host, port), port, web_port)
            version = await _ask(address, port, timeout)
    except TimeoutError as err:
        raise TimedOut(f"{host} did not answer within {timeout:g} s") from err
    if (version.major, version.minor, version.patch) == (0, 0, 0):
        raise NotBraiins("it speaks no version of the API")
    if version < ApiVersion(1, 0):
        raise TooOld(f"the miner speaks version {version} of the API")
    return version


async def _knock(addresses: list[str], port: int, web_port: int) -> str:
    """Connect and hang up: it tells the ways of failing apart, and is cheap.

    Returns the address that took the connection.
    """
    problem: OSError | None = None
    for address in addresses:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except ConnectionRefusedError as err:
            await _look_at_web_page(address, web_port)
            problem = err
        except OSError as err:
            problem = problem or err
        else:
            writer.close()
            return address
    raise Unreachable(str(problem)) from problem


async def _ask(address: str, port: int, timeout: float) -> ApiVersion:
    # A lasting channel would give up on a mute one, and try again, before we do.
    channel = grpc.aio.insecure_channel(target([address], port), options=BRIEF_OPTIONS)
    try:
        call: Any = channel.unary_unary(GET_API_VERSION.path)
        answer = parse(GET_API_VERSION, await call(b"", timeout=timeout))
    except grpc.aio.AioRpcError as err:
        if err.code() in _NO_MINER:
            # It took the connection a moment ago, so what fails now is the protocol.
            raise NotBraiins(err.details() or "") from err
        raise from_status(err.code(), err.details()) from err
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
