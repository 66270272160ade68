"""Send a miner to another address, and follow it there."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager, suppress
from typing import NoReturn

from homeassistant.components import network
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .asic import (
    AsicError,
    Dhcp,
    Faulty,
    Garbled,
    Miner,
    NetworkSettings,
    NoSuchHost,
    StaticAddress,
    TimedOut,
    Unreachable,
    resolve,
    sweep,
)
from .changes import invalid
from .const import DOMAIN
from .coordinator import MinerConfigEntry, MinerCoordinator
from .farm import FARM
from .search import heard_at, is_address
from .whereabouts import is_at, look_for, where_it_may_be

_APPEARS_WITHIN = 120.0
_LOOK_EVERY = 2.0
# A miner that is to ask the router for an address may get the one it has; before
# that, it is still there with the one it is about to give up.
_SETTLES_WITHIN = 15.0
_SEARCH_EVERY = 30.0


async def change_network(
    coordinator: MinerCoordinator, miner: Miner, wanted: NetworkSettings
) -> None:
    """Change where a miner is; returns once it is found there, by its identity.

    One that does not appear there, but is where it was, gets its settings back.
    """
    before = await miner.network.settings()
    if not await _moves(coordinator, before, wanted):
        await miner.network.change(wanted)
        return
    if isinstance(wanted.address, StaticAddress):
        await _require_free(coordinator, wanted.address.address)
    with _moving(coordinator.hass, coordinator.config_entry), suppress(TimeoutError):
        with suppress(Faulty, Garbled, TimedOut, Unreachable):
            # It may be gone before its answer is out.
            await miner.network.change(wanted)
        async with asyncio.timeout(_APPEARS_WITHIN):
            host = await _follow(coordinator, miner, wanted)
        _go_on_at(coordinator, miner, host)
        return
    await _give_up(coordinator, miner, before, wanted)


async def _moves(
    coordinator: MinerCoordinator, before: NetworkSettings, wanted: NetworkSettings
) -> bool:
    """Tell whether the miner may get another address than the one it is used at."""
    entry = coordinator.config_entry
    info = coordinator.data.snapshot.network
    here = await resolve(entry.data[CONF_HOST], entry.data[CONF_PORT])
    match wanted.address:
        case StaticAddress(address=address):
            if address in here:
                return False
        case Dhcp():
            if isinstance(before.address, Dhcp):
                return False
        case None:
            # Who goes by a name is not found by it any more when that changes.
            return wanted.hostname != before.hostname and not is_address(
                entry.data[CONF_HOST]
            )
    if info is not None and not {net.address for net in info.subnets} & {*here}:
        raise invalid(
            "network_forwarded",
            coordinator,
            host=entry.data[CONF_HOST],
            address=", ".join(net.address for net in info.subnets) or "-",
        )
    return True


async def _require_free(coordinator: MinerCoordinator, address: str) -> None:
    """Refuse an address of this computer, or of a miner that nobody knows."""
    for adapter in await network.async_get_adapters(coordinator.hass):
        if address in [own["address"] for own in adapter["ipv4"]]:
            raise invalid(
                "address_taken", coordinator, address=address, other="Home Assistant"
            )
    if await sweep([address], coordinator.config_entry.data[CONF_PORT]):
        raise invalid("address_answers", coordinator, address=address)


@contextmanager
def _moving(hass: HomeAssistant, entry: MinerConfigEntry) -> Iterator[None]:
    """Have nobody else follow the miner, who would set it up anew meanwhile."""
    moving = hass.data[FARM].moving
    moving.add(entry.entry_id)
    try:
        yield
    finally:
        moving.discard(entry.entry_id)


async def _follow(
    coordinator: MinerCoordinator, miner: Miner, wanted: NetworkSettings
) -> str:
    """Return where the miner is now, however long it takes to get there."""
    entry = coordinator.config_entry
    match wanted.address:
        case StaticAddress(address=address):
            places = _only(address)
        case _:
            places = _places_anywhere(coordinator, miner, wanted)
    async with aclosing(places):
        while not await is_at(entry, host := await anext(places)):
            pass
    old: str = entry.data[CONF_HOST]
    for name in () if is_address(old) else (old, wanted.hostname):
        # Who goes by a name goes on by one, if any leads there by now.
        if name is not None and host in await _addresses(entry, name):
            return name
    return host


async def _addresses(entry: MinerConfigEntry, name: str) -> list[str]:
    """Return where a name leads, which may be nowhere."""
    try:
        return await resolve(name, entry.data[CONF_PORT])
    except NoSuchHost:
        return []


async def _only(address: str) -> AsyncGenerator[str]:
    """Yield where a miner is to be that is told its address, again and again."""
    while True:
        yield address
        await asyncio.sleep(_LOOK_EVERY)


async def _places_anywhere(
    coordinator: MinerCoordinator, miner: Miner, wanted: NetworkSettings
) -> AsyncGenerator[str]:
    """Yield where a miner may be whose address nobody knows, again and again."""
    hass, entry = coordinator.hass, coordinator.config_entry
    info = coordinator.data.snapshot.network
    known = {*await _addresses(entry, entry.data[CONF_HOST])}
    known |= {net.address for net in info.subnets} if info else set()
    settled = hass.loop.time() + _SETTLES_WITHIN
    next_search = settled + _SETTLES_WITHIN
    while True:
        for heard in heard_at(hass, coordinator.identity):
            if heard not in known:
                yield heard
        now = hass.loop.time()
        if now >= settled:
            name = wanted.hostname
            places = {*await _addresses(entry, name)} if name is not None else set()
            is_taken = await _has_taken(miner, wanted)
            for place in sorted(places | known if is_taken else places - known):
                yield place
        if now >= next_search:
            found = await look_for(hass, entry, await where_it_may_be(hass, entry))
            if found is not None and found not in known:
                yield found
            next_search = hass.loop.time() + _SEARCH_EVERY
        await asyncio.sleep(_LOOK_EVERY)


async def _has_taken(miner: Miner, wanted: NetworkSettings) -> bool:
    """Tell whether a miner that is where it was has the new settings."""
    try:
        now = await miner.network.settings()
    except AsicError:
        return False
    return wanted.address in (None, now.address)


def _go_on_at(coordinator: MinerCoordinator, miner: Miner, host: str) -> None:
    """Use the new address, without setting the miner up anew."""
    entry = coordinator.config_entry
    coordinator.hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_HOST: host}
    )
    miner.move(host)


async def _give_up(
    coordinator: MinerCoordinator,
    miner: Miner,
    before: NetworkSettings,
    wanted: NetworkSettings,
) -> NoReturn:
    """Put the settings back where that is still possible, and say how things stand."""
    entry = coordinator.config_entry
    key = "network_lost"
    if await is_at(entry, entry.data[CONF_HOST]):
        key = "network_kept"
        try:
            if await miner.network.settings() != before:
                key = "network_restored"
                await miner.network.change(before)
        except AsicError:
            key = "network_unsure"
    networks = await where_it_may_be(coordinator.hass, entry)
    place = ", ".join(map(str, networks)) or "-"
    if isinstance(wanted.address, StaticAddress):
        place = wanted.address.address
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            "miner": entry.title,
            "host": entry.data[CONF_HOST],
            "place": place,
            "seconds": f"{_APPEARS_WITHIN:.0f}",
        },
    )
