"""Find a known miner that may have another address by now."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import gather_with_limited_concurrency

from .asic import Details
from .identity import is_miner_of
from .login import meet
from .search import is_address, search, suggested_networks

_AT_ONCE = 20
# A miner gets its new address near the old one, as a rule.
_NEIGHBOURHOOD = 24


async def where_it_may_be(hass: HomeAssistant, entry: ConfigEntry) -> list[IPv4Network]:
    """Return the networks of the home, and that around the miner's last address."""
    networks = [IPv4Network(each) for each in await suggested_networks(hass)]
    host = entry.data[CONF_HOST]
    if is_address(host) and not IPv4Address(host).is_global:
        networks.append(IPv4Network((host, _NEIGHBOURHOOD), strict=False))
    return networks


async def look_for(
    hass: HomeAssistant,
    entry: ConfigEntry,
    networks: Iterable[IPv4Network],
    progress: Callable[[float], None] = lambda _: None,
) -> str | None:
    """Return where in some networks the miner is that an entry was made for."""
    finds = await search(hass, networks, entry.data[CONF_PORT], progress)
    # Miners may have swapped their addresses, so known ones are asked as well.
    hosts = [*(found.host for found in finds.miners), *finds.known]
    asked = await gather_with_limited_concurrency(
        _AT_ONCE, *(is_at(entry, host) for host in hosts)
    )
    return next((host for host, is_it in zip(hosts, asked, strict=True) if is_it), None)


async def is_at(entry: ConfigEntry, host: str) -> bool:
    """Log in to the miner at an address, and tell whether it is that of an entry."""
    answer = await meet({**entry.data, CONF_HOST: host})
    return isinstance(answer, Details) and is_miner_of(entry, answer)
