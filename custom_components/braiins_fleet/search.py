"""Find the miners on a home's network."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network

from homeassistant.components import network
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.loader import async_get_integration

from .asic import Sighting, TooOld, sweep
from .const import DOMAIN

# A home of a thousand addresses is searched without asking twice.
WIDE_PREFIX = 22
MOST_ADDRESSES = 2**16
# What is smaller joins two ends, as a VPN does, and is no home.
_NARROW_PREFIX = 29


class WrongNetwork(Exception):
    """What was typed cannot be searched; `reason` is the key of the text about it."""

    def __init__(self, *, reason: str, typed: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.typed = typed


@dataclass(frozen=True, slots=True)
class Finds:
    """What a search has found."""

    miners: tuple[Sighting, ...]
    """Those that can be added."""
    known: tuple[str, ...]
    """Where miners are that have been added before."""
    stock: tuple[str, ...]
    """Where miners run the firmware of their manufacturer."""
    too_old: tuple[str, ...]
    """Where Braiins OS is too old."""
    names: dict[str, str]
    """What the network calls the computer at an address."""


async def suggested_networks(hass: HomeAssistant) -> list[str]:
    """Return the networks of the home, and miners seen outside of them."""
    networks: list[IPv4Network] = []
    try:
        adapters = await network.async_get_adapters(hass)
    except OSError:
        # A person can still type where to look.
        adapters = []
    for adapter in adapters:
        for own in adapter["ipv4"] if adapter["enabled"] else ():
            home = _home_around(own["address"], own["network_prefix"])
            if home is not None and home not in networks:
                networks.append(home)
    suggested = [str(home) for home in networks]
    for client in await _miners_seen_by_dhcp(hass):
        address = IPv4Address(client.ip)
        if not any(address in home for home in networks):
            suggested.append(client.ip)
    return suggested


def _home_around(address: str, prefix: int) -> IPv4Network | None:
    ip = IPv4Address(address)
    if ip.is_global or ip.is_loopback or ip.is_link_local or prefix > _NARROW_PREFIX:
        return None
    return IPv4Interface((ip, max(prefix, WIDE_PREFIX))).network


def read_networks(typed: Iterable[str]) -> list[IPv4Network]:
    """Understand what a person typed, one or several to a line."""
    networks: list[IPv4Network] = []
    for text in " ".join(typed).replace(",", " ").split():
        try:
            found = IPv4Network(text, strict=False)
        except ValueError as err:
            raise WrongNetwork(reason="not_a_network", typed=text) from err
        if found.is_global:
            raise WrongNetwork(reason="public_network", typed=text)
        networks.append(found)
    if not networks:
        raise WrongNetwork(reason="no_network")
    if sum(found.num_addresses for found in networks) > MOST_ADDRESSES:
        raise WrongNetwork(reason="too_many_addresses")
    return networks


def is_wide(networks: Iterable[IPv4Network]) -> bool:
    """Tell whether one of them is so large that a person may not have meant it."""
    return any(found.prefixlen < WIDE_PREFIX for found in networks)


def addresses(networks: Iterable[IPv4Network]) -> list[str]:
    """Return the addresses that computers can have in these networks."""
    # Networks may overlap.
    return list(dict.fromkeys(str(host) for each in networks for host in each.hosts()))


async def search(
    hass: HomeAssistant,
    networks: Iterable[IPv4Network],
    port: int,
    progress: Callable[[float], None],
) -> Finds:
    """Look for miners, those first that have been seen on the network."""
    names = {client.ip: client.hostname for client in _seen_by_dhcp(hass)}
    hosts = sorted(addresses(networks), key=lambda host: host not in names)
    sightings = await sweep(hosts, port, progress=progress)
    sightings.sort(key=lambda sighting: IPv4Address(sighting.host))
    known = {
        entry.data.get(CONF_HOST)
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if entry.data.get(CONF_PORT) == port
    }
    miners = [sighting for sighting in sightings if sighting.problem is None]
    others = [sighting for sighting in sightings if sighting.problem is not None]
    return Finds(
        miners=tuple(each for each in miners if each.host not in known),
        known=tuple(each.host for each in miners if each.host in known),
        stock=tuple(o.host for o in others if not isinstance(o.problem, TooOld)),
        too_old=tuple(o.host for o in others if isinstance(o.problem, TooOld)),
        names=names,
    )


def heard_at(hass: HomeAssistant, mac: str) -> list[str]:
    """Return the addresses at which the network has a computer with this MAC."""
    return [
        client.ip
        for client in _seen_by_dhcp(hass)
        if dr.format_mac(client.macaddress) == mac and is_address(client.ip)
    ]


def _seen_by_dhcp(hass: HomeAssistant) -> list[DhcpServiceInfo]:
    if "dhcp" not in hass.config.components:
        return []
    # Where a home does without it, it is not to be loaded.
    from homeassistant.components import dhcp  # noqa: PLC0415 - see above

    return dhcp.async_discovered_service_info(hass)


async def _miners_seen_by_dhcp(hass: HomeAssistant) -> list[DhcpServiceInfo]:
    """Return what looks like a miner, by the rules of our own manifest."""
    integration = await async_get_integration(hass, DOMAIN)
    rules = [
        (str(rule.get("hostname", "*")), str(rule.get("macaddress", "*")))
        for rule in integration.dhcp or []
        if "registered_devices" not in rule
    ]
    return [
        client
        for client in _seen_by_dhcp(hass)
        if is_address(client.ip)
        and any(
            fnmatchcase(client.hostname, hostname)
            and fnmatchcase(client.macaddress.upper(), mac)
            for hostname, mac in rules
        )
    ]


def is_address(host: str) -> bool:
    """Tell whether this is an address that a network can give to another, no name."""
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True
