"""Images of Braiins OS that miners can be given, from a folder that people may use."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_time_interval

from .asic import Image, Platform
from .const import DOMAIN, SIGNAL_FIRMWARE
from .firmware_files import FirmwareFolder, FirmwareImage, Part, wrong
from .firmware_names import ImageFacts, order_of

# What a person has copied into the folder is noticed by then.
_LOOK_EVERY: Final = timedelta(minutes=1)
_PIECE = 1024 * 1024


class FirmwareLibrary:
    """Knows which images there are. All work on the disk is done in threads."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._run = hass.async_add_executor_job
        self.path = Path(hass.config.path(DOMAIN, "firmware"))
        self._folder = FirmwareFolder(self.path)
        self._turn = asyncio.Lock()
        self.images: tuple[FirmwareImage, ...] = ()

    async def start(self) -> None:
        """Look for the first time, and then again and again."""

        async def look(_: datetime) -> None:
            await self.look()

        await self._run(self._folder.clear)
        await self.look()
        async_track_time_interval(
            self._hass, look, _LOOK_EVERY, cancel_on_shutdown=True
        )

    async def look(self) -> None:
        """See what is in the folder now."""
        async with self._turn:
            await self._look()

    def of(self, platform: Platform) -> list[FirmwareImage]:
        """Return what there is for a platform, the newest first."""
        fitting = [it for it in self.images if it.ready and it.platform is platform]
        return sorted(fitting, key=lambda it: order_of(it.version or ""), reverse=True)

    def find(self, platform: Platform, version: str) -> FirmwareImage | None:
        """Return the image of a version for a platform."""
        return next((it for it in self.of(platform) if it.version == version), None)

    async def add_file(self, source: Path, told: ImageFacts, digest: str) -> str:
        """Take in a copy of a file; returns what it is called here.

        What was told of it goes before what its name says, and a hash may be empty.
        """
        async with self._turn:
            name = await self._on_disk(self._folder.take, source, told, digest)
            await self._look()
        return name

    async def add_stream(
        self,
        source: Path,
        pieces: AsyncIterable[bytes],
        told: ImageFacts,
        digest: str,
    ) -> str:
        """Take in a file as it comes; returns what it is called here."""
        part = await self._on_disk(Part, self.path)
        try:
            async for piece in pieces:
                await self._on_disk(part.write, piece)
            async with self._turn:
                keep = self._folder.keep
                name = await self._on_disk(keep, part, source, told, digest)
                await self._look()
        finally:
            await self._run(part.drop)
        return name

    async def remove(self, name: str) -> None:
        """Delete an image."""
        async with self._turn:
            if name not in [image.name for image in self.images]:
                raise wrong("firmware_not_there", name=name)
            await self._on_disk(self._folder.remove, name)
            await self._look()

    def to_send(self, image: FirmwareImage) -> Image:
        """Return an image as a miner is sent it."""
        return Image(
            size=image.size, sha256=image.sha256, read=partial(self._read, image.name)
        )

    async def _read(self, name: str) -> AsyncGenerator[bytes]:
        file = await self._on_disk(self._folder.open, name)
        try:
            while piece := await self._on_disk(file.read, _PIECE):
                yield piece
        finally:
            file.close()

    async def _look(self) -> None:
        self._show(await self._run(self._folder.look))

    @callback
    def _show(self, found: tuple[FirmwareImage, ...]) -> None:
        if found != self.images:
            self.images = found
            async_dispatcher_send(self._hass, SIGNAL_FIRMWARE)

    async def _on_disk[**P, T](
        self, work: Callable[P, T], *args: P.args, **named: P.kwargs
    ) -> T:
        try:
            return await self._run(partial(work, *args, **named))
        except OSError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="firmware_disk",
                translation_placeholders={"folder": str(self.path), "error": str(err)},
            ) from err
