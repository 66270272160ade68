"""Look for miners at many addresses at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import math

from .errors import AsicError, NotBraiins, StockFirmware, TooOld
from .probe import DEFAULT_PORT, ApiVersion, probe

_AT_ONCE = 100
# Long enough for a second try of the system's own, should the first be lost.
_CONNECT_TIMEOUT = 1.5
_WEB_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A miner at an address: the API it speaks, or why it speaks none that we do."""

    host: str
    api: ApiVersion | None = None
    problem: NotBraiins | None = None


async def sweep(
    hosts: Sequence[str],
    port: int = DEFAULT_PORT,
    *,
    web_port: int = 80,
    progress: Callable[[float], None] | None = None,
) -> list[Sighting]:
    """Return the miners at these addresses, in their order.

    Whatever is no miner is left out. `progress` is told how much is done, from 0 to 1.
    """
    found: dict[str, Sighting] = {}
    done = 0
    waiting = iter(hosts)

    async def look() -> None:
        nonlocal done
        for host in waiting:
            sighting = await _look_at(host, port, web_port)
            if sighting is not None:
                found[host] = sighting
            done += 1
            if progress is not None:
                progress(done / len(hosts))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_AT_ONCE, len(hosts))):
            group.create_task(look())
    return [found[host] for host in hosts if host in found]


def longest_sweep(count: int) -> float:
    """Return how many seconds it takes to sweep so many addresses if all are silent."""
    return math.ceil(count / _AT_ONCE) * _CONNECT_TIMEOUT


async def _look_at(host: str, port: int, web_port: int) -> Sighting | None:
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        refused = False
    except ConnectionRefusedError:
        refused = True
    except OSError:
        return None
    try:
        return Sighting(host, api=await probe(host, port, web_port=web_port))
    except StockFirmware as err:
        return Sighting(host, problem=err)
    except TooOld as err:
        # Other things in a home may refuse a page the way an old miner does.
        if refused and not await _is_page_of_braiins(host, web_port):
            return None
        return Sighting(host, problem=err)
    except AsicError:
        return None


async def _is_page_of_braiins(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_WEB_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    b"GET / HTTP/1.1\r\nHost: miner\r\nConnection: close\r\n\r\n"
                )
                await reader.readuntil(b"Braiins")
            finally:
                writer.close()
    except OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError:
        return False
    return True
