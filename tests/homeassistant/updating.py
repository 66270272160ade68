"""Firmware on its way onto miners, and time that passes meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.braiins_fleet.firmware_library import FirmwareLibrary
from simulator.refusals import Refusal
from simulator.services.upgrade import Reception

from .controlling import MINER, act, look
from .running import PassingTime, until

UPDATE = f"update.{MINER}_firmware"
# What the simulated S19k Pro is built on.
PLATFORM = "am3-aml"


async def install(hass: HomeAssistant, entity_id: str = UPDATE, **fields: Any) -> None:
    """Press the button of an update, and wait for the end of it."""
    await act(hass, "update.install", entity_id, **fields)


async def to_the_end[T](
    doing: Awaitable[T], pass_time: PassingTime, step: float = 1.0
) -> T:
    """Let time pass until something has ended, and return what came of it."""
    task = asyncio.ensure_future(doing)
    while not task.done():
        # Home Assistant is not at rest before it is done, so nobody waits for that.
        pass_time.jump(step)
        await asyncio.sleep(0.005)
    return await task


async def begin(hass: HomeAssistant, **fields: Any) -> asyncio.Task[None]:
    """Press the button, and wait until it is under way."""
    task = asyncio.create_task(install(hass, **fields))
    await until(lambda: task.done() or look(hass, UPDATE).attributes["in_progress"])
    return task


def is_uploading(hass: HomeAssistant, entity_id: str = UPDATE) -> bool:
    """Tell whether the image is on its way."""
    return look(hass, entity_id).attributes["update_percentage"] is not None


def is_restarting(hass: HomeAssistant, entity_id: str = UPDATE) -> bool:
    """Tell whether the miner has the image, and is waited for."""
    attributes = look(hass, entity_id).attributes
    return attributes["in_progress"] and attributes["update_percentage"] is None


def answer_image_with(
    monkeypatch: pytest.MonkeyPatch, refusal: Refusal, *, begins: bool
) -> None:
    """Have miners answer an image with an error, whether they install it or not."""
    usual = Reception.install

    def answer(self: Reception, machine: Any) -> Any:
        if begins:
            usual(self, machine)
        raise refusal

    monkeypatch.setattr(Reception, "install", answer)


class SlowDisk:
    """A disk that gives a part of an image, and more once it is told to."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.goes_on = asyncio.Event()


def slow_disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    """Have uploads begin, and not end before somebody wants it."""
    disk = SlowDisk()
    usual = FirmwareLibrary._read

    async def read(self: FirmwareLibrary, name: str) -> AsyncGenerator[bytes]:
        async with aclosing(usual(self, name)) as pieces:
            async for piece in pieces:
                yield piece[:100]
                disk.reading.set()
                await disk.goes_on.wait()
                yield piece[100:]

    monkeypatch.setattr(FirmwareLibrary, "_read", read)
    return disk
