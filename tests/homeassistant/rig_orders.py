"""Telling rigs what to do, in a running Home Assistant."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util.ulid import ulid_now
import pytest

from custom_components.braiins_fleet.const import DOMAIN, EVENT_HAPPENED
from custom_components.braiins_fleet.flight_sheets import FLIGHT_SHEET, OVERCLOCK
from custom_components.braiins_fleet.rig import Command, Effect
from custom_components.braiins_fleet.telling import By
from simulator.rigs import Habits

from .controlling import act
from .rigging import Rigged, Yard
from .running import until

RAVEN = "RAKhjjFyBsfCCPALmQeLWpNV1cmTRf1EVk"
POOL = "stratum+tcp://rvn.example.com:3333"
OFTEN = Habits(interval_s=10)
BY = By("somebody")

SHEET = {
    "coin": "RVN",
    "software": "t-rex",
    "algorithm": "kawpow",
    "pools": [POOL],
    "wallet": RAVEN,
    "worker": "%RIG%",
}
PROFILE = {"vendors": "nvidia", "power_limit": 150, "core_lock": 1200}


def keep(yard: Yard, kind: str, title: str, data: dict[str, Any]) -> ConfigSubentry:
    """Have a flight sheet or a profile, as a dialog would have made it."""
    subentry = ConfigSubentry(
        data=data,  # type: ignore[arg-type]  # it is made read-only
        subentry_id=ulid_now(),
        subentry_type=kind,
        title=title,
        unique_id=None,
    )
    yard.hass.config_entries.async_add_subentry(yard.entry, subentry)
    return subentry


def keep_sheet(yard: Yard, title: str = "Raven", **other: Any) -> ConfigSubentry:
    return keep(yard, FLIGHT_SHEET, title, SHEET | other)


def keep_profile(yard: Yard, title: str = "Quiet", **other: Any) -> ConfigSubentry:
    return keep(yard, OVERCLOCK, title, PROFILE | other)


def put_in(yard: Yard, rig: Rigged, area: str) -> None:
    """Put a rig into an area."""
    devices = dr.async_get(yard.hass)
    device_id = dr.async_get_device_id_by_identifier(
        yard.hass, (DOMAIN, rig.rig_id), config_entry_id=yard.entry.entry_id
    )
    place = ar.async_get(yard.hass).async_get_or_create(area)
    devices.async_update_device(device_id, area_id=place.id)


class Agent:
    """Takes commands in place of the rig's, and decides later what came of them."""

    def __init__(self, rigged: Rigged, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[tuple[Command, asyncio.Future[Effect]]] = []
        monkeypatch.setattr(rigged.coordinator.rig, "carry_out", self.carry_out)

    async def carry_out(self, command: Command) -> Effect:
        future: asyncio.Future[Effect] = asyncio.get_running_loop().create_future()
        self.given.append((command, future))
        return await future

    async def has_been_given(self, count: int) -> None:
        await until(lambda: len(self.given) == count)

    def says(self, place: int, outcome: Effect | Exception) -> None:
        future = self.given[place][1]
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


async def while_living[T](yard: Yard, doing: Coroutine[Any, Any, T]) -> T:
    """Wait for something that takes its time, which passes meanwhile."""
    task = asyncio.ensure_future(doing)
    while not task.done():
        yard.pass_time.jump(0.25)
        await asyncio.sleep(0.01)
    return await task


async def order(yard: Yard, action: str, entity_id: str, **fields: object) -> None:
    """Use an entity of a rig as a person does, and wait for the end of it."""
    await while_living(yard, act(yard.hass, action, entity_id, **fields))
    await yard.hass.async_block_till_done()


async def commands_end(rigged: Rigged) -> None:
    """Wait until nothing is done any more about a rig that nobody waits for."""
    entry = rigged.yard.entry
    name = f"{rigged.coordinator.name} command"
    while any(task.get_name() == name for task in entry._background_tasks):
        rigged.yard.pass_time.jump(0.25)
        await asyncio.sleep(0.01)
    await rigged.yard.hass.async_block_till_done()


def told(rigged: Rigged) -> list[str]:
    """Return the kinds of the commands that the agent was given."""
    return [frame.command.type for frame in rigged.agent.frames if frame.command]


async def come_back(rigged: Rigged) -> None:
    """Have the agent dial again, and wait until all is told that it tells at first."""
    rigged.agent.start()
    await until(lambda: rigged.coordinator.rig.session is not None)
    await rigged.caught_up()


def note_failures(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return a list to which each command that failed is added."""
    noted: list[dict[str, Any]] = []

    @callback
    def note(event: Event) -> None:
        if event.data["type"] == "command_failed":
            noted.append(dict(event.data))

    hass.bus.async_listen(EVENT_HAPPENED, note)
    return noted
