"""The miner's place in the network."""

from dataclasses import dataclass
from typing import Any

from .connection import Connection
from .units import WireEnum, given, read_mac, read_text
from .wire import rpc

_GET = rpc("NetworkService", "GetNetworkConfiguration")
_SET = rpc("NetworkService", "SetNetworkConfiguration")


class NetworkProtocol(WireEnum):
    """Where the address comes from."""

    UNKNOWN = "unknown"
    DHCP = "dhcp"
    STATIC = "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticAddress:
    """A fixed address."""

    address: str
    netmask: str
    gateway: str
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dhcp:
    """An address from the router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How the network is configured. In a change, `None` leaves what the miner has."""

    hostname: str | None = None
    address: Dhcp | StaticAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """An address with its netmask."""

    address: str
    netmask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInfo:
    """The network as it is now (API 1.1)."""

    interface: str
    mac: str | None
    hostname: str | None
    protocol: NetworkProtocol
    subnets: tuple[Subnet, ...]
    gateway: str | None
    dns_servers: tuple[str, ...]


def read_network_info(m: Any) -> NetworkInfo:
    """Read the answer of `GetNetworkInfo`."""
    return NetworkInfo(
        interface=m.name,
        mac=read_mac(m),
        hostname=read_text(m, "hostname"),
        protocol=NetworkProtocol.from_wire(m.protocol),
        subnets=tuple(
            Subnet(address=net.address, netmask=net.netmask) for net in m.networks
        ),
        gateway=read_text(m, "default_gateway"),
        dns_servers=tuple(m.dns_servers),
    )


def read_network_settings(m: Any) -> NetworkSettings:
    """Read a `NetworkConfiguration`."""
    address: Dhcp | StaticAddress | None = None
    match m.WhichOneof("protocol"):
        case "dhcp":
            address = Dhcp()
        case "static":
            address = StaticAddress(
                address=m.static.address,
                netmask=m.static.netmask,
                gateway=m.static.gateway,
                dns_servers=tuple(m.static.dns_servers),
            )
    return NetworkSettings(hostname=read_text(m, "hostname"), address=address)


def _write_address(address: Dhcp | StaticAddress | None) -> dict[str, Any]:
    match address:
        case Dhcp():
            return {"dhcp": {}}
        case StaticAddress():
            return {
                "static": {
                    "address": address.address,
                    "netmask": address.netmask,
                    "gateway": address.gateway,
                    "dns_servers": address.dns_servers,
                }
            }
    return {}


class Network:
    """Reading and changing how the network is configured."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def settings(self) -> NetworkSettings:
        """Return how the network is configured."""
        answer = await self._connection.ask(_GET)
        return read_network_settings(answer.network)

    async def change(self, settings: NetworkSettings) -> NetworkSettings:
        """Change the network, at once.

        The miner may be gone from this address before it can answer: a lost answer
        says nothing about whether it worked.
        """
        # What a miner makes of a change without an address nobody knows: it is told
        # the one that it has.
        address = settings.address or (await self.settings()).address
        answer = await self._connection.command(
            _SET, **_write_address(address), **given(hostname=settings.hostname)
        )
        return read_network_settings(answer.network)
