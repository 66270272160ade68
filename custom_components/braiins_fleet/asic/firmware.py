"""Firmware: upgrading by hand and by itself, and going back."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, time as time_of_day
from typing import Any

from .connection import Connection
from .errors import Refused
from .units import Weekday, given, number_of, read_number, read_time
from .wire import rpc

_UPDATE_AUTO = rpc("UpgradeService", "UpdateAutoUpgradeConfig", since=8)
_UPGRADE = rpc("UpgradeService", "SystemUpgrade", since=10)
_RESTORE_STOCK = rpc("UpgradeService", "RestoreStock", since=10)
_FACTORY_RESET = rpc("ActionsService", "FactoryReset", since=9)

# The wire's limit for a message is 4 MiB; small pieces make smooth progress.
_CHUNK = 256 * 1024
# A miner that writes to flash takes its time over a piece, and over its answer.
_CHUNK_TIMEOUT = 60.0
_UPLOAD_TIMEOUT = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Upgrade every day, at a time or whenever the miner sees fit."""

    at: time_of_day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Upgrade every week."""

    day: Weekday | None = None
    at: time_of_day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly:
    """Upgrade every month; the day is 1 to 28."""

    day: int | None = None
    at: time_of_day | None = None


type UpgradeSchedule = Daily | Weekly | Monthly


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoUpgrade:
    """Upgrading by itself (API 1.8)."""

    enabled: bool
    schedule: UpgradeSchedule | None
    next_run: datetime | None
    last_run: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A firmware image, which is read anew whenever it is sent.

    `size` is in bytes, `sha256` in hex; `read` yields the content in pieces of any
    size.
    """

    size: int
    sha256: str
    read: Callable[[], AsyncGenerator[bytes]]


def read_auto_upgrade(m: Any) -> AutoUpgrade:
    """Read the answer of `GetAutoUpgradeStatus`."""
    return AutoUpgrade(
        enabled=m.enabled,
        schedule=_read_schedule(m.schedule),
        next_run=read_time(m, "next_execution"),
        last_run=read_time(m, "last_execution"),
    )


def _read_schedule(m: Any) -> UpgradeSchedule | None:
    match m.WhichOneof("schedule_type"):
        case "daily":
            return Daily(at=_read_time_of_day(m.daily))
        case "weekly":
            day = read_number(m.weekly, "day_of_week")
            return Weekly(
                day=None if day is None else Weekday.from_wire(day),
                at=_read_time_of_day(m.weekly),
            )
        case "monthly":
            return Monthly(
                day=read_number(m.monthly, "day_of_month"),
                at=_read_time_of_day(m.monthly),
            )
    return None


def _read_time_of_day(m: Any) -> time_of_day | None:
    if not m.HasField("time"):
        return None
    try:
        return time_of_day(m.time.hours, m.time.minutes, m.time.seconds)
    except ValueError, OverflowError:
        return None


def _write_schedule(schedule: UpgradeSchedule) -> dict[str, Any]:
    at = schedule.at
    time = at and {"hours": at.hour, "minutes": at.minute, "seconds": at.second}
    match schedule:
        case Daily():
            return {"daily": given(time=time)}
        case Weekly(day=day):
            return {"weekly": given(day_of_week=number_of(day), time=time)}
        case Monthly(day=day):
            return {"monthly": given(day_of_month=day, time=time)}


class Firmware:
    """Changing the firmware."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_auto_upgrade(
        self, *, enabled: bool, schedule: UpgradeSchedule | None = None
    ) -> datetime | None:
        """Switch upgrading by itself; returns when it will happen next.

        Without a schedule the miner keeps its own.
        """
        answer = await self._connection.command(
            _UPDATE_AUTO,
            enabled=enabled,
            **given(schedule=None if schedule is None else _write_schedule(schedule)),
        )
        return read_time(answer, "next_execution")

    async def upgrade(
        self,
        image: Image,
        *,
        progress: Callable[[int], None] = lambda _: None,
        discard_settings: bool = False,
        disable_cleanup: bool = False,
    ) -> bool:
        """Send an image to the miner (API 1.10); `progress` is told the bytes sent.

        `True` says that the upgrade began. The miner then goes away for minutes, and
        comes back with another version, or with the old one.
        """
        metadata = {
            "size": image.size,
            "hash": image.sha256,
            "discard_settings": discard_settings,
            "disable_cleanup": disable_cleanup,
        }
        answer = await self._connection.upload(
            _UPGRADE,
            _messages(metadata, image, progress),
            silence=_CHUNK_TIMEOUT,
            timeout=_UPLOAD_TIMEOUT,
        )
        return bool(answer.successful)

    async def restore_stock(self) -> bool:
        """Put the manufacturer's firmware back (API 1.10); it has no Public API."""
        answer = await self._connection.command(_RESTORE_STOCK)
        return bool(answer.successful)

    async def factory_reset(self) -> None:
        """Forget all settings, the password included (API 1.9)."""
        await self._connection.command(_FACTORY_RESET)


async def _messages(
    metadata: dict[str, Any], image: Image, progress: Callable[[int], None]
) -> AsyncGenerator[Any]:
    yield _UPGRADE.request(metadata=metadata)
    sent = 0
    async with aclosing(image.read()) as pieces:
        async for piece in pieces:
            for start in range(0, len(piece), _CHUNK):
                chunk = piece[start : start + _CHUNK]
                yield _UPGRADE.request(data=chunk)
                # We are asked for more once this one is on its way.
                sent += len(chunk)
                progress(sent)
    if sent != image.size:
        # Raised before the miner is told that this is all: it has half an image, no
        # more, and throws it away.
        raise Refused(f"the image was to have {image.size} bytes, and has {sent}")
