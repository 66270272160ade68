"""The action that changes a miner's place in the network: what may be asked for."""

from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
import re
from typing import Any, Final

from homeassistant.const import CONF_HOST
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import (
    Dhcp,
    Miner,
    NetworkInfo,
    NetworkProtocol,
    NetworkSettings,
    Reading,
    StaticAddress,
)
from .changes import ChangeAction, Fields, invalid
from .const import DOMAIN
from .control import Change
from .coordinator import MinerCoordinator
from .relocation import change_network
from .search import is_address
from .state import MinerState

ATTR_ADDRESS: Final = "address"
ATTR_DNS: Final = "dns"
ATTR_GATEWAY: Final = "gateway"
ATTR_HOSTNAME: Final = "hostname"
ATTR_NETMASK: Final = "netmask"
ATTR_PROTOCOL: Final = "protocol"

_OF_STATIC = (ATTR_ADDRESS, ATTR_NETMASK, ATTR_GATEWAY, ATTR_DNS)
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# What is wider is no network of a home, and what is narrower joins two ends.
_WIDEST, _NARROWEST = 8, 30
_MOST_SERVERS = 4


def _plan(coordinator: MinerCoordinator, fields: Fields) -> Change:
    """Refuse whatever would leave the miner out of reach before anything is sent."""
    hostname = fields.get(ATTR_HOSTNAME)
    if hostname is not None and not _HOSTNAME.fullmatch(hostname):
        raise invalid("hostname_impossible", coordinator, hostname=hostname)
    wanted = NetworkSettings(hostname=hostname, address=_address(coordinator, fields))

    async def command(miner: Miner) -> None:
        await change_network(coordinator, miner, wanted)

    return Change(
        what="set_network",
        command=command,
        value=_value,
        done=lambda state: _is_done(state, wanted),
        again=True,
        reads=(Reading.NETWORK,),
    )


def _address(
    coordinator: MinerCoordinator, fields: Fields
) -> Dhcp | StaticAddress | None:
    """Return where the address is to come from, if that is to change."""
    info = coordinator.data.snapshot.network
    given = [name for name in _OF_STATIC if name in fields]
    protocol = fields.get(ATTR_PROTOCOL)
    if protocol is None:
        if not given:
            return None
        is_static = info is not None and info.protocol is NetworkProtocol.STATIC
        # Who only wants another name server does not want the address to be fixed.
        is_static = is_static or ATTR_ADDRESS in fields
        protocol = NetworkProtocol.STATIC if is_static else NetworkProtocol.DHCP
    if protocol == NetworkProtocol.STATIC:
        return _static(coordinator, fields, info)
    for name in given:
        raise invalid(
            "means_nothing",
            coordinator,
            field=name,
            setting=f"{ATTR_PROTOCOL}: {NetworkProtocol.DHCP.value}",
        )
    return Dhcp()


def _static(
    coordinator: MinerCoordinator, fields: Fields, info: NetworkInfo | None
) -> StaticAddress:
    """Return a fixed address; what is not given stays as it is."""
    now: dict[str, Any] = {}
    if info is not None:
        here = coordinator.config_entry.data[CONF_HOST]
        nets = sorted(info.subnets, key=lambda net: net.address != here)
        now = {
            ATTR_ADDRESS: nets[0].address if nets else None,
            ATTR_NETMASK: nets[0].netmask if nets else None,
            ATTR_GATEWAY: info.gateway,
        }
    found = {
        name: fields.get(name) or now.get(name)
        for name in (ATTR_ADDRESS, ATTR_NETMASK, ATTR_GATEWAY)
    }
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise invalid("network_incomplete", coordinator, fields=", ".join(missing))
    servers = fields.get(ATTR_DNS) or (info.dns_servers if info else ())
    wanted = StaticAddress(
        address=str(_ip(coordinator, ATTR_ADDRESS, str(found[ATTR_ADDRESS]))),
        netmask=str(found[ATTR_NETMASK]),
        gateway=str(_ip(coordinator, ATTR_GATEWAY, str(found[ATTR_GATEWAY]))),
        dns_servers=tuple(str(_ip(coordinator, ATTR_DNS, each)) for each in servers),
    )
    wanted = replace(wanted, netmask=str(_subnet(coordinator, wanted).netmask))
    _require_usable(coordinator, wanted)
    return wanted


def _ip(coordinator: MinerCoordinator, field: str, text: str) -> IPv4Address:
    try:
        ip = IPv4Address(text)
    except AddressValueError:
        raise invalid("no_address", coordinator, field=field, value=text) from None
    if ip.is_multicast or ip.is_unspecified or ip.is_reserved or ip.is_link_local:
        raise invalid("no_address", coordinator, field=field, value=text)
    return ip


def _subnet(coordinator: MinerCoordinator, wanted: StaticAddress) -> IPv4Network:
    try:
        subnet = IPv4Network((wanted.address, wanted.netmask), strict=False)
    except NetmaskValueError:
        subnet = None
    if subnet is None or not _WIDEST <= subnet.prefixlen <= _NARROWEST:
        raise invalid("no_netmask", coordinator, value=wanted.netmask)
    return subnet


def _require_usable(coordinator: MinerCoordinator, wanted: StaticAddress) -> None:
    """Refuse an address that nothing in its subnet, or in this home, could reach."""
    subnet = _subnet(coordinator, wanted)
    ip, gateway = IPv4Address(wanted.address), IPv4Address(wanted.gateway)
    for one in (ip, gateway):
        if one in (subnet.network_address, subnet.broadcast_address):
            raise invalid(
                "address_of_network",
                coordinator,
                address=str(one),
                network=str(subnet),
            )
    info = coordinator.data.snapshot.network
    here = {coordinator.config_entry.data[CONF_HOST]}
    here |= {net.address for net in info.subnets} if info else set()
    # Only where this computer plays the miner is it at an address of this computer.
    is_played = any(is_address(at) and IPv4Address(at).is_loopback for at in here)
    if ip.is_global or ip.is_loopback is not is_played:
        raise invalid("no_address", coordinator, field=ATTR_ADDRESS, value=str(ip))
    if gateway not in subnet or gateway == ip:
        raise invalid(
            "gateway_outside",
            coordinator,
            gateway=wanted.gateway,
            network=str(subnet),
            address=wanted.address,
        )
    other = _owner(coordinator, wanted.address)
    if other is not None:
        raise invalid("address_taken", coordinator, address=wanted.address, other=other)


def _owner(coordinator: MinerCoordinator, address: str) -> str | None:
    """Return which other known miner has an address."""
    entries = coordinator.hass.config_entries
    for entry in entries.async_entries(DOMAIN, include_ignore=False):
        if entry is coordinator.config_entry:
            continue
        others = {entry.data.get(CONF_HOST)}
        other = getattr(entry, "runtime_data", None)
        if isinstance(other, MinerCoordinator):
            info = other.data.snapshot.network
            others |= {net.address for net in info.subnets} if info else set()
        if address in others:
            return entry.title
    return None


def _value(state: MinerState) -> dict[str, Any] | None:
    info = state.snapshot.network
    if info is None:
        return None
    return {
        ATTR_PROTOCOL: info.protocol.value,
        ATTR_ADDRESS: ", ".join(net.address for net in info.subnets) or None,
        ATTR_GATEWAY: info.gateway,
        ATTR_DNS: [*info.dns_servers],
        ATTR_HOSTNAME: info.hostname,
    }


def _is_done(state: MinerState, wanted: NetworkSettings) -> bool:
    info = state.snapshot.network
    if info is None or wanted.hostname not in (None, info.hostname):
        return False
    match wanted.address:
        case Dhcp():
            return info.protocol is NetworkProtocol.DHCP
        case StaticAddress() as static:
            return (
                info.protocol is NetworkProtocol.STATIC
                and any(net.address == static.address for net in info.subnets)
                and info.gateway == static.gateway
                and info.dns_servers == static.dns_servers
            )
    return True


_PROTOCOLS = [NetworkProtocol.DHCP.value, NetworkProtocol.STATIC.value]

SET_NETWORK = ChangeAction(
    name="set_network",
    plan=_plan,
    fields={
        vol.Optional(ATTR_PROTOCOL): vol.In(_PROTOCOLS),
        **{vol.Optional(name): cv.string for name in _OF_STATIC if name != ATTR_DNS},
        vol.Optional(ATTR_DNS): vol.All(
            cv.ensure_list, vol.Length(min=1, max=_MOST_SERVERS), [cv.string]
        ),
        vol.Optional(ATTR_HOSTNAME): cv.string,
    },
    some_of=(ATTR_PROTOCOL, *_OF_STATIC, ATTR_HOSTNAME),
    admin=True,
    single=True,
)
