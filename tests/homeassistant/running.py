"""Miners in a running Home Assistant, and time as a test wants it to pass."""

import asyncio
from collections.abc import Callable
from functools import partial
import time
from typing import Any

import grpc
from homeassistant.components.dhcp import async_index_integration_matchers
from homeassistant.components.dhcp.models import DATA_DHCP, DHCPData
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from custom_components.braiins_fleet.asic.snapshot import SOURCES
from custom_components.braiins_fleet.const import DOMAIN
from simulator import FakeClock, SimulatedMiner

# Wrapped, so that it goes on when a test freezes the calendar.
_monotonic = partial(time.monotonic)


# Whatever can be read of a miner.
READINGS = tuple(source.rpc.path.rpartition("/")[2] for source in SOURCES.values())


def shown(
    hass: HomeAssistant, name: str, device: str = "sensor.antminer_s19k_pro"
) -> str | None:
    """Return what an entity of a device shows; `None` where there is none."""
    state = hass.states.get(f"{device}_{name}")
    return state.state if state else None


def state_of(entry: ConfigEntry[Any]) -> ConfigEntryState:
    """Return how far the set-up of a miner is by now."""
    return entry.state


def fall_silent(miner: SimulatedMiner) -> None:
    """Let a miner answer nothing it is asked, though it is still connected."""
    miner.faults.fail(*READINGS, code=grpc.StatusCode.DEADLINE_EXCEEDED)


async def poll(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Poll a miner now, and wait until its entities show what it said."""
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


async def listened_to(entry: ConfigEntry[Any]) -> None:
    """Wait until changes of a miner's status are heard of."""
    await until(lambda: entry.runtime_data.condition["listens_to_status"])


async def polls_end(hass: HomeAssistant) -> None:
    """Wait until every poll that is under way has ended."""
    while under_way := [
        task
        for entry in hass.config_entries.async_entries(DOMAIN)
        for task in entry._background_tasks
        if isinstance(task, asyncio.Task) and task.get_name().endswith(" poll")
    ]:
        await asyncio.wait(under_way)
    await hass.async_block_till_done()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what takes its way over the wire; a test's time limit ends it."""
    while not condition():  # noqa: ASYNC110 - what it asks for tells nobody
        await asyncio.sleep(0.005)


def have_clients(hass: HomeAssistant, *clients: tuple[str, str, str]) -> None:
    """Let DHCP have seen these: MAC, address and host name."""
    seen = hass.data[DATA_DHCP] = DHCPData(async_index_integration_matchers([]))
    for mac, address, name in clients:
        seen.address_data[mac] = {"ip": address, "hostname": name}
    hass.config.components.add("dhcp")


async def hang_up_on_all(hass: HomeAssistant) -> None:
    """Unload all miners.

    Else what they send last would arrive when a test is long over.
    """
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


class PassingTime:
    """Lets time pass for Home Assistant, and for the miners on a clock.

    What the calendar says stays as it is.
    """

    def __init__(self, hass: HomeAssistant, clock: FakeClock) -> None:
        self._hass = hass
        self._clock = clock
        self._ahead = 0.0
        hass.loop.time = lambda: _monotonic() + self._ahead  # type: ignore[method-assign]  # it is moved by hand

    async def __call__(self, seconds: float, *, step: float = 1.0) -> None:
        """Let so many seconds pass, in steps, with all polls that are due."""
        while seconds > 0:
            self.jump(min(step, seconds))
            seconds -= step
            # What is due has its turn, and what that gave a turn to.
            for _ in range(3):
                await asyncio.sleep(0)
            await polls_end(self._hass)

    def jump(self, seconds: float) -> None:
        """Let time pass in which nobody does anything."""
        self._ahead += seconds
        self._clock.advance(seconds)
