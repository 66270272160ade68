"""Logs and support archives of miners, which may be larger than memory should hold."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
import re
from secrets import token_hex
import time
from typing import Any, Final

from homeassistant.const import CONF_TYPE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util, slugify
import voluptuous as vol

from .answers import Answer, AskAction
from .asic import ArchiveFormat, Garbled, LogKind
from .changes import Fields, require_api
from .const import DOMAIN
from .coordinator import MinerCoordinator
from .farm import FARM
from .jobs import owned

ATTR_FORMAT: Final = "format"
ATTR_LINES: Final = "lines"
ATTR_SINCE: Final = "since"

_MOST_LINES = 5000
_USUAL_LINES = 200
# What is longer is a heap of data, and no line that anybody reads.
_LONGEST_LINE = 2000

# Below Home Assistant's own folder for its configuration.
FOLDER: Final = (DOMAIN, "support")
_KEPT_OF_EACH = 5
_LARGEST = 512 * 2**20
_WRITTEN_AT_ONCE = 2**20
# Longer than any download may take, so nobody is writing it any more.
_ABANDONED_AFTER = 3600.0
_PART = ".part"

_STAMP = re.compile(
    r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
)
_SINCE_BOOT = re.compile(r"\[ *(\d+\.\d+)\]")
_ENDINGS = {
    ArchiveFormat.ZIP: "zip",
    ArchiveFormat.BOS: "bos",
    ArchiveFormat.ZIP_ENCRYPTED: "encrypted.zip",
}


async def _log(coordinator: MinerCoordinator, fields: Fields) -> Answer:
    """Return the last lines of a log, and how many before them there were."""
    require_api(coordinator, 10)
    _leave_alone_while_it_upgrades(coordinator)
    last = _Last(fields[ATTR_LINES], fields.get(ATTR_SINCE), coordinator.data.booted)
    rest = b""
    async with aclosing(coordinator.miner.logs.read(fields[CONF_TYPE])) as pieces:
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                last.take(line)
            rest = rest[:_LONGEST_LINE]
    if rest:
        last.take(rest)
    if last.is_untimed:
        raise _failure(coordinator, "log_untimed")
    return {ATTR_LINES: [*last.lines], "left_out": last.fitting - len(last.lines)}


class _Last:
    """Keeps the last lines of those that were written since some time."""

    def __init__(
        self, most: int, since: datetime | None, booted: datetime | None
    ) -> None:
        self.lines: deque[str] = deque(maxlen=most)
        self.fitting = 0
        self._since = since
        self._booted = booted
        self._fits = since is None
        self._any = self._any_timed = False

    @property
    def is_untimed(self) -> bool:
        """Whether it cannot be told which lines are new enough."""
        return self._since is not None and self._any and not self._any_timed

    def take(self, raw: bytes) -> None:
        line = raw[:_LONGEST_LINE].decode(errors="replace").rstrip("\r")
        self._any = True
        if self._since is not None:
            # A line without a time belongs to the one before.
            written = self._time_of(line)
            if written is not None:
                self._any_timed = True
                self._fits = written >= self._since
        if self._fits:
            self.fitting += 1
            self.lines.append(line)

    def _time_of(self, line: str) -> datetime | None:
        # What only looks like a time is none.
        with suppress(ValueError, OverflowError):
            if (stamp := _STAMP.match(line)) is not None:
                written = datetime.fromisoformat(stamp[1])
                # Miners know no other time than that of the world.
                return (
                    written if written.tzinfo else written.replace(tzinfo=dt_util.UTC)
                )
            if self._booted and (after := _SINCE_BOOT.match(line)) is not None:
                return self._booted + timedelta(seconds=float(after[1]))
        return None


async def _archive(coordinator: MinerCoordinator, fields: Fields) -> Answer:
    """Write the archive that the support asks for, and return where it is."""
    form = fields[ATTR_FORMAT]
    if form is ArchiveFormat.ZIP_ENCRYPTED:
        require_api(coordinator, 3)
    _leave_alone_while_it_upgrades(coordinator)
    hass = coordinator.hass
    download = _Download(
        Path(hass.config.path(*FOLDER)),
        slugify(coordinator.identity, separator=""),
        f"{slugify(coordinator.config_entry.title)}_"
        f"{dt_util.now():%Y%m%d_%H%M%S}_{token_hex(2)}.{_ENDINGS[form]}",
    )

    async def on_disk(do: Callable[..., None], *arguments: Any) -> None:
        job = hass.async_add_executor_job(do, *arguments)
        try:
            await asyncio.shield(job)
        except asyncio.CancelledError:
            # A thread is not called off, and must be done with the file first.
            await asyncio.wait([job])
            raise
        except OSError as err:
            raise _failure(
                coordinator, "disk_failed", error=err.strerror or str(err)
            ) from err

    try:
        await on_disk(download.begin)
        waiting = bytearray()
        async with aclosing(coordinator.miner.logs.support_archive(form)) as pieces:
            async for piece in pieces:
                waiting += piece
                if download.size + len(waiting) > _LARGEST:
                    raise _failure(
                        coordinator, "archive_too_large", most=str(_LARGEST // 2**20)
                    )
                if len(waiting) >= _WRITTEN_AT_ONCE:
                    await on_disk(download.write, bytes(waiting))
                    waiting.clear()
        await on_disk(download.write, bytes(waiting))
        if not download.size:
            raise Garbled("the archive is empty")
        await on_disk(download.finish)
    finally:
        # Also where whoever wanted it does not wait for it any more.
        await asyncio.shield(hass.async_add_executor_job(download.let_go))
    return {"path": str(download.path), "size": download.size}


def _leave_alone_while_it_upgrades(coordinator: MinerCoordinator) -> None:
    """Refuse to have a miner busy with much else while it takes in its firmware."""
    entry = coordinator.config_entry
    owner = coordinator.hass.data[FARM].jobs.owner(entry.entry_id)
    if owner is not None and owner.is_alone_with(entry.entry_id):
        raise owned(owner, entry)


class _Download:
    """A file on its way to the disk; under its own name only once it is complete."""

    def __init__(self, folder: Path, known_as: str, name: str) -> None:
        self.path = folder / f"{known_as}_{name}"
        self.size = 0
        self._of_this_miner = f"{known_as}_*"
        self._part = self.path.with_name(f"{self.path.name}{_PART}")
        self._file: Any = None

    def begin(self) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        for old, written in _times(folder.glob(f"*{_PART}")):
            if now - written > _ABANDONED_AFTER:
                old.unlink(missing_ok=True)
        self._file = self._part.open("xb")

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)

    def finish(self) -> None:
        self._file.close()
        self._part.replace(self.path)
        kept = [
            each
            for each in _times(self.path.parent.glob(self._of_this_miner))
            if each[0].suffix != _PART
        ]
        kept.sort(key=itemgetter(1), reverse=True)
        for old, _ in kept[_KEPT_OF_EACH:]:
            old.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Leave nothing half-finished behind."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._part.unlink(missing_ok=True)


def _times(files: Iterable[Path]) -> Iterator[tuple[Path, float]]:
    """Yield when each file was written, unless it is removed just now."""
    for file in files:
        with suppress(FileNotFoundError):
            yield file, file.stat().st_mtime


def _failure(
    coordinator: MinerCoordinator, key: str, **said: str
) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"miner": coordinator.config_entry.title, **said},
    )


_KINDS = [kind.value for kind in LogKind if kind is not LogKind.UNKNOWN]
_FORMATS = [form.value for form in _ENDINGS]

DOWNLOADS: tuple[AskAction, ...] = (
    AskAction(
        name="get_log",
        ask=_log,
        fields={
            vol.Optional(CONF_TYPE, default=LogKind.ERRORS.value): vol.All(
                vol.In(_KINDS), vol.Coerce(LogKind)
            ),
            vol.Optional(ATTR_LINES, default=_USUAL_LINES): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=_MOST_LINES)
            ),
            vol.Optional(ATTR_SINCE): vol.All(cv.datetime, dt_util.as_utc),
        },
    ),
    AskAction(
        name="get_support_archive",
        ask=_archive,
        fields={
            vol.Optional(ATTR_FORMAT, default=ArchiveFormat.ZIP.value): vol.All(
                vol.In(_FORMATS), vol.Coerce(ArchiveFormat)
            )
        },
        admin=True,
    ),
)
