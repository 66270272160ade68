"""Gives a miner another Braiins OS, and waits until it runs that."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_send

from .asic import (
    ApiVersion,
    AsicError,
    Denied,
    Details,
    Faulty,
    Garbled,
    TimedOut,
    Unreachable,
)
from .const import DOMAIN, SIGNAL_INSTALLING
from .failures import displaced, undone
from .firmware_names import slug_of
from .identity import identity, is_miner_of, who_is
from .login import StillStarting

if TYPE_CHECKING:
    from .coordinator import MinerConfigEntry, MinerCoordinator
    from .farm import Farm
    from .firmware_files import FirmwareImage
    from .jobs import Job

# The first that can be given an image, and the release that brought it.
_NEEDED: Final = ApiVersion(1, 10)
NEEDED_RELEASE: Final = "26.04"

# A miner writes the image to its flash before it restarts.
_GONE_WITHIN = 900.0
_ALL_WITHIN = 2700.0
# If it had all of it, and answered that something is wrong.
_DOUBTED_FOR = 120.0
_LOOK_EVERY = 3.0
_SET_UP_WITHIN = 600.0
# Seconds are cut off, and answers take their time.
_SAME_START = 30.0


class Step(StrEnum):
    """How far it is with one miner."""

    UPLOADING = "uploading"
    RESTARTING = "restarting"


@dataclass(slots=True)
class Installing:
    """Another firmware on its way onto a miner; `percent` is of the upload."""

    step: Step = Step.UPLOADING
    percent: int | None = 0


def can_install(api: ApiVersion) -> bool:
    """Tell whether a miner with this API can be given an image."""
    return api >= _NEEDED


def image_for(
    farm: Farm, entry: MinerConfigEntry, version: str | None
) -> FirmwareImage:
    """Return the image to give a miner, if there is one and it can take it."""
    state = entry.runtime_data.data
    details = state.snapshot.details
    if not can_install(state.api):
        release = details and details.release
        raise _wrong(
            "firmware_needs_newer",
            entry,
            now=release or f"(API {state.api})",
            needed=NEEDED_RELEASE,
        )
    image = (
        farm.library.find(details.platform, version) if details and version else None
    )
    if image is None:
        platform = slug_of(details.platform) if details else ""
        if version is None:
            raise _wrong("firmware_no_images", entry, platform=platform)
        raise _wrong("firmware_no_image", entry, version=version, platform=platform)
    return image


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a miner was when it got all of an image; `booted` is on the loop's clock."""

    release: str | None
    firmware: str | None
    booted: float


class Installation:
    """One version for one miner, which belongs to a job.

    `on_sent` is told when the miner has all of the image: from then on it must not be
    sent again. Who knows that it has, from before a restart, says so with `sent`.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        farm: Farm,
        entry: MinerConfigEntry,
        version: str,
        *,
        sent: Sent | None,
        resumed: bool,
        on_sent: Callable[[Sent], Awaitable[None]],
        on_progress: Callable[[Installing], None],
    ) -> None:
        self._hass = hass
        self._farm = farm
        self._now = hass.loop.time
        self._entry = entry
        self._version = version
        self._sent = sent
        self._resumed = resumed
        self._on_sent = on_sent
        self._on_progress = on_progress
        self._installing = (
            Installing() if sent is None else Installing(Step.RESTARTING, None)
        )

    async def run(self, job: Job) -> str | None:
        """Do it, and return what there was before; raises with what went wrong."""
        try:
            return await self._run(job)
        except AsicError as err:
            raise undone(self._entry, err) from err

    async def _run(self, job: Job) -> str | None:
        coordinator = await self._set_up()
        # What was begun before the job is seen through first.
        await coordinator.control.settle()
        deadline = self._now() + _ALL_WITHIN
        try:
            with job.alone_with(self._entry), self._quiet():
                doubt, sent = None, self._sent
                if sent is None:
                    image = image_for(self._farm, self._entry, self._version)
                    sent = await self._before()
                    if sent.release == self._version:
                        return sent.release
                    doubt = await self._upload(image, sent)
                self._show(Step.RESTARTING, None)
                after = await self._restarted(sent, deadline, doubt)
        finally:
            await self._read()
            self._tell()
        if after.release != self._version:
            now = after.release or after.firmware or ""
            raise self._failed("firmware_unchanged", now=now)
        return sent.release

    async def _set_up(self) -> MinerCoordinator:
        """Return what the miner is reached by; after a restart that may come late."""
        until = self._now() + (_SET_UP_WITHIN if self._resumed else 0.0)
        while True:
            try:
                return self._coordinator()
            except Unreachable:
                if self._now() >= until:
                    raise
            await asyncio.sleep(_LOOK_EVERY)

    async def _before(self) -> Sent:
        """Return what there is now, if it is the miner that is meant."""
        details = await self._coordinator().miner.details()
        if not is_miner_of(self._entry, details):
            raise displaced(self._entry, who_is(self._hass, details))
        return Sent(
            release=details.release,
            firmware=details.firmware,
            booted=self._now() - details.uptime,
        )

    async def _read(self) -> None:
        """Have the entities show what the miner is now."""
        # It may be another coordinator by now, as after a change of the address.
        if self._entry.state is ConfigEntryState.LOADED:
            await self._entry.runtime_data.async_refresh()

    async def _upload(self, image: FirmwareImage, to: Sent) -> AsicError | None:
        """Send the image; returns why it is not sure that the miner has taken it."""
        so_far = 0

        def progress(by_now: int) -> None:
            nonlocal so_far
            so_far = by_now
            self._show(Step.UPLOADING, 100 * so_far // image.size)

        firmware = self._coordinator().miner.firmware
        try:
            begun = await firmware.upgrade(
                self._farm.library.to_send(image), progress=progress
            )
        except AsicError as err:
            lost = isinstance(err, Faulty | Garbled | TimedOut | Unreachable)
            if lost and so_far == image.size:
                # Only the answer may have been lost.
                await self._on_sent(to)
                return err
            said = str(undone(self._entry, err))
            raise self._failed("firmware_upload_failed", error=said) from err
        except asyncio.CancelledError:
            if so_far == image.size:
                # It may begin all the same.
                await self._on_sent(to)
            raise
        if not begun:
            raise self._failed("firmware_not_begun")
        await self._on_sent(to)
        return None

    async def _restarted(
        self, sent: Sent, deadline: float, doubt: AsicError | None
    ) -> Details:
        """Wait until it has gone and come back, and return what it is then."""
        told = isinstance(doubt, Faulty)
        gone_by = self._now() + (_DOUBTED_FOR if told else _GONE_WITHIN)
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            now, why = self._now(), None
            try:
                details = await self._coordinator().miner.details()
            except AsicError as err:
                why = err
            else:
                if identity(details) is None:
                    why = StillStarting()
                elif not is_miner_of(self._entry, details):
                    other = who_is(self._hass, details)
                    raise self._failed("firmware_another", other=other)
                elif (
                    details.firmware != sent.firmware
                    or now - details.uptime - sent.booted > _SAME_START
                ):
                    return details
            if why is None and now > min(gone_by, deadline):
                if doubt is not None:
                    said = str(undone(self._entry, doubt))
                    raise self._failed("firmware_upload_failed", error=said)
                raise self._failed("firmware_not_gone")
            if now > (gone_by if isinstance(why, Denied) else deadline):
                said = str(undone(self._entry, why or Unreachable()))
                raise self._failed("firmware_not_back", error=said)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Have nobody else ask the miner anything, and its entities know why."""
        installing = self._farm.installing
        installing[self._entry.entry_id] = self._installing
        self._tell()
        try:
            yield
        finally:
            del installing[self._entry.entry_id]

    def _show(self, step: Step, percent: int | None) -> None:
        if (step, percent) != (self._installing.step, self._installing.percent):
            self._installing.step, self._installing.percent = step, percent
            self._tell()

    @callback
    def _tell(self) -> None:
        self._on_progress(self._installing)
        signal = f"{SIGNAL_INSTALLING}{self._entry.entry_id}"
        async_dispatcher_send(self._hass, signal)

    def _coordinator(self) -> MinerCoordinator:
        """Return what the miner is reached by, which a change of its address renews."""
        if self._hass.config_entries.async_get_entry(self._entry.entry_id) is None:
            raise _wrong("not_set_up", self._entry)
        if self._entry.state is not ConfigEntryState.LOADED:
            raise Unreachable
        return self._entry.runtime_data

    def _failed(self, key: str, **said: str) -> HomeAssistantError:
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={
                "miner": self._entry.title,
                "host": self._entry.data[CONF_HOST],
                "version": self._version,
                **said,
            },
        )


def _wrong(key: str, entry: MinerConfigEntry, **said: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"miner": entry.title, **said},
    )
