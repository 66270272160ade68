"""What people do with the controls of a miner, and what may go wrong with that."""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.asic.connection import (
    COMMAND_TIMEOUT,
    READ_TIMEOUT,
)
from simulator import SimulatedMiner
from simulator.refusals import Late

from .running import PassingTime

MINER = "antminer_s19k_pro"


async def act(
    hass: HomeAssistant, action: str, entity_id: str, **fields: object
) -> None:
    """Use an entity as a person does, and wait for the end of it."""
    domain, _, service = action.partition(".")
    await hass.services.async_call(
        domain, service, {ATTR_ENTITY_ID: entity_id, **fields}, blocking=True
    )


async def in_time(doing: Coroutine[Any, Any, None], pass_time: PassingTime) -> None:
    """Wait for something that takes its time, which passes meanwhile."""
    task = asyncio.create_task(doing)
    while not task.done():
        # Home Assistant is not at rest before it is done, so nobody waits for that.
        pass_time.jump(0.25)
        await asyncio.sleep(0.01)
    await task


def look(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that has to be there."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


def is_available(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity is there and of use."""
    return look(hass, entity_id).state != STATE_UNAVAILABLE


def keys(hass: HomeAssistant, entry: MockConfigEntry, platform: str) -> set[str]:
    """Return what is there of a platform, by the keys of the descriptions."""
    return {
        entity.unique_id.partition("_")[2]
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.domain == platform
    }


def said(error: HomeAssistantError) -> tuple[str | None, str | None]:
    """Return which text a person reads, and what the miner had to say in it."""
    assert error.translation_domain == "braiins_fleet"
    return error.translation_key, (error.translation_placeholders or {}).get("error")


def be_impatient(entry: MockConfigEntry, read_timeout: float = 5.0) -> None:
    """Wait for answers no longer than a test does."""
    connection = cast("Any", entry.runtime_data.miner)._connection
    connection._command_timeout = 1.0
    connection.read_timeout = read_timeout


def be_patient(entry: MockConfigEntry) -> None:
    """Wait for answers as ever."""
    connection = cast("Any", entry.runtime_data.miner)._connection
    connection._command_timeout = COMMAND_TIMEOUT
    connection.read_timeout = READ_TIMEOUT


def lose_next_answer(miner: SimulatedMiner) -> None:
    """Have the miner do what it is told next, and answer that too late."""
    machine = miner.machine
    tell_status = machine.tell_status

    def fall_silent() -> None:
        machine.tell_status = tell_status  # type: ignore[method-assign]  # but once
        tell_status()
        raise Late

    machine.tell_status = fall_silent  # type: ignore[method-assign]  # runs at the end


def note_changes(miner: SimulatedMiner) -> list[dict[str, Any]]:
    """Return a list to which each change of the configuration is added."""
    machine = miner.machine
    change = machine.change
    noted: list[dict[str, Any]] = []

    def note(save: Any, **parts: Any) -> None:
        noted.append(parts)
        change(save, **parts)

    machine.change = note  # type: ignore[method-assign]  # listens in
    return noted
