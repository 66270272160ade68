"""Address and host name."""

from ipaddress import AddressValueError, IPv4Address
import re
from typing import Any

from simulator.identity import NETMASK
from simulator.machine import Machine
from simulator.refusals import InvalidValue, Silence
from simulator.schema import enum, message

_Configuration = message("GetNetworkConfigurationResponse")
_Changed = message("SetNetworkConfigurationResponse")
_Info = message("GetNetworkInfoResponse")
_PROTOCOLS = enum("NetworkProtocol")
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def _fill(machine: Machine, entry: Any) -> None:
    network = machine.network
    entry.hostname = network.hostname
    if not network.static:
        entry.dhcp.SetInParent()
        return
    entry.static.address = network.address
    entry.static.netmask = network.netmask
    entry.static.gateway = network.gateway
    entry.static.dns_servers.extend(network.dns)


def configuration(machine: Machine, _: Any) -> Any:
    """Answer how the network is set up."""
    answer = _Configuration()
    _fill(machine, answer.network)
    return answer


def info(machine: Machine, _: Any) -> Any:
    """Answer what the network is like."""
    network = machine.network
    return _Info(
        name="eth0",
        mac_address=machine.identity.mac,
        hostname=network.hostname,
        protocol=_PROTOCOLS["STATIC" if network.static else "DHCP"],
        dns_servers=network.dns,
        networks=[{"address": network.address, "netmask": network.netmask}],
        default_gateway=network.gateway,
    )


def _address(name: str, text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError as error:
        raise InvalidValue(f"the {name} {text!r} is not an IPv4 address") from error


def configure(machine: Machine, request: Any) -> Any:
    """Change the set-up; a new address is taken a moment after the answer."""
    if request.HasField("hostname") and not _HOSTNAME.fullmatch(request.hostname):
        raise InvalidValue(f"{request.hostname!r} is no host name")
    network = machine.network
    answer = _Changed()
    _fill(machine, answer.network)
    address = network.address
    match request.WhichOneof("protocol"):
        case "static":
            wanted = request.static
            address = _address("address", wanted.address)
            netmask = _address("netmask", wanted.netmask or NETMASK)
            gateway = _address("gateway", wanted.gateway or network.gateway)
            network.dns = [_address("DNS server", s) for s in wanted.dns_servers]
            network.netmask, network.gateway = netmask, gateway
            network.static = True
        case "dhcp":
            address = network.leased
            network.static = False
    if request.HasField("hostname"):
        network.hostname = request.hostname
    answer.Clear()
    _fill(machine, answer.network)
    if network.static:
        answer.network.static.address = address
    if address != network.address:
        if not machine.quirks.answers_moves:
            machine.move(address)
            raise Silence
        machine.schedule.plan(
            "move",
            machine.moment + machine.timing.move_s,
            lambda: machine.move(address),
        )
    return answer
