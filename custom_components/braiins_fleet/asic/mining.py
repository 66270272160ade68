"""Mining on and off, and the miner as a machine: restart, reboot, locate."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from .connection import Connection
from .errors import TimedOut, TokenRejected
from .units import WireEnum
from .wire import rpc

_START = rpc("ActionsService", "Start")
_STOP = rpc("ActionsService", "Stop")
_PAUSE = rpc("ActionsService", "PauseMining")
_RESUME = rpc("ActionsService", "ResumeMining")
_RESTART = rpc("ActionsService", "Restart")
_REBOOT = rpc("ActionsService", "Reboot")
_SET_LOCATE = rpc("ActionsService", "SetLocateDeviceStatus")
_STATUS = rpc("MinerService", "GetMinerStatus")

_WATCH_TIMEOUT = 3600.0


class MinerStatus(WireEnum):
    """What a miner is doing. Only `NORMAL` is mining."""

    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    NORMAL = "normal"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    RESTRICTED = "restricted"


class Mining:
    """What the miner is told to do. Asking for what already is does no harm."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def pause(self) -> bool:
        """Stop hashing and cut the boards' power; readings go on.

        This is "off": quiet, and quick to undo. Takes about 20 s. Returns whether
        the miner was not paused before.
        """
        answer = await self._connection.command(_PAUSE)
        return not answer.already_paused

    async def resume(self) -> bool:
        """Hash again after a pause. Returns whether the miner was paused."""
        answer = await self._connection.command(_RESUME)
        return not answer.already_mining

    async def start(self) -> bool:
        """Start the mining software. Returns whether it did not run before."""
        answer = await self._connection.command(_START)
        return not answer.already_running

    async def stop(self) -> bool:
        """End the mining software; returns whether it ran before.

        There are no temperatures then, so the fans may go to full speed.
        """
        answer = await self._connection.command(_STOP)
        return not answer.already_stopped

    async def restart(self) -> bool:
        """Restart the mining software; returns whether it ran before."""
        answer = await self._connection.command(_RESTART)
        return bool(answer.already_running)

    async def reboot(self) -> None:
        """Restart the whole miner; it is away for one to three minutes."""
        await self._connection.command(_REBOOT)

    async def set_locate(self, *, on: bool) -> bool:
        """Blink the light that shows which miner this is; returns what it does now."""
        answer = await self._connection.command(_SET_LOCATE, enable=on)
        return bool(answer.enabled)

    async def watch_status(self) -> AsyncGenerator[MinerStatus]:
        """Yield the status now, and again whenever it changes.

        One stream is held open for as long as it is wanted, which costs next to
        nothing. It ends or raises when the miner goes away.
        """
        while True:
            # A miner that does not say even the first word is not there.
            heard = False
            stream = self._connection.stream(
                _STATUS,
                first=self._connection.read_timeout,
                silence=None,
                timeout=_WATCH_TIMEOUT,
            )
            try:
                async with aclosing(stream):
                    async for answer in stream:
                        heard = True
                        yield MinerStatus.from_wire(answer.status)
            except TimedOut, TokenRejected:
                # Its hour is over, or the miner forgot who we are: ask anew.
                if not heard:
                    raise
            else:
                return
