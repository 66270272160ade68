"""Where a host is, found the way everything else in the home finds it.

gRPC asks name servers by itself and knows nothing of the names that only the system
does, such as those of mDNS.
"""

import asyncio
from contextlib import suppress
from ipaddress import ip_address
import socket

from .errors import NoSuchHost


async def resolve(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a host, those of IPv4 first."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
    except (OSError, ValueError, OverflowError) as err:
        # Not only unknown names: also those that are none, and impossible ports.
        raise NoSuchHost(f"{host} is not known") from err
    found.sort(key=lambda info: info[0] is not socket.AF_INET)
    return [str(info[4][0]) for info in found]


def target(addresses: list[str], port: int) -> str:
    """Write addresses as gRPC wants them; it takes those of one family only."""
    if ":" not in addresses[0]:
        places = [f"{address}:{port}" for address in addresses if ":" not in address]
        return f"ipv4:{','.join(places)}"
    return f"ipv6:{','.join(f'[{address}]:{port}' for address in addresses)}"
