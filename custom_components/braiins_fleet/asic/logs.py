"""What a miner has to say for itself: errors, logs, the support archive."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .connection import Connection
from .units import WireEnum, plausible
from .wire import Rpc, rpc

_LOG = rpc("MinerService", "GetLog", since=10)
_ARCHIVE = rpc("MinerService", "GetSupportArchive")

# The miner collects before it sends, for an archive that takes a while.
_FIRST_CHUNK = 60.0
_NEXT_CHUNK = 30.0
_DOWNLOAD = 900.0


class LogKind(WireEnum):
    """Which log."""

    UNKNOWN = "unknown"
    ERRORS = "errors"
    BOSMINER = "bosminer"
    BOSER = "boser"
    MONITOR = "monitor"
    SYSLOG = "syslog"
    DMESG = "dmesg"


class ArchiveFormat(WireEnum):
    """How the support archive is packed."""

    UNKNOWN = "unknown"
    ZIP = "zip"
    BOS = "bos"
    ZIP_ENCRYPTED = "zip_encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """What is wrong, why, and what to do about it."""

    code: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of the miner, such as the second fan."""

    name: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerError:
    """Something that is wrong now.

    `time` is unknown where the miner's clock was not set when it happened, which
    `clock_was_set` tells.
    """

    message: str
    time: datetime | None
    clock_was_set: bool
    codes: tuple[ErrorCode, ...]
    components: tuple[Component, ...]


def read_errors(message: Any) -> tuple[MinerError, ...]:
    """Read the answer of `GetErrors`."""
    return tuple(map(_read_error, message.errors))


def _read_error(m: Any) -> MinerError:
    written = _read_iso(m.timestamp)
    time = None if written is None else plausible(written)
    return MinerError(
        message=m.message,
        time=time,
        clock_was_set=written is None or time is not None,
        codes=tuple(
            ErrorCode(code=code.code, reason=code.reason, hint=code.hint)
            for code in m.error_codes
        ),
        components=tuple(
            Component(name=part.name, index=part.index) for part in m.components
        ),
    )


def _read_iso(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class Logs:
    """Reading logs; in pieces as they come, never whole in memory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, kind: LogKind) -> AsyncGenerator[bytes]:
        """Yield a log (API 1.10)."""
        return self._download(_LOG, log_type=kind.number)

    def support_archive(
        self, archive: ArchiveFormat = ArchiveFormat.ZIP
    ) -> AsyncGenerator[bytes]:
        """Yield the archive that Braiins' support asks for."""
        return self._download(_ARCHIVE, format=archive.number)

    async def _download(self, method: Rpc, **fields: Any) -> AsyncGenerator[bytes]:
        stream = self._connection.stream(
            method, first=_FIRST_CHUNK, silence=_NEXT_CHUNK, timeout=_DOWNLOAD, **fields
        )
        async with aclosing(stream):
            async for answer in stream:
                yield answer.chunk_data
