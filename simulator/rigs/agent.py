"""The agent: it dials out, tells what it measures, and does what it is told."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    TCPConnector,
    WSMsgType,
)
from yarl import URL

from . import wire
from .alarms import Alarm, Alarms
from .machine import Failed, RigMachine

_PATH: Final = "/api/agent/ws"
_HEADERS: Final = {"User-Agent": "Go-http-client/1.1"}
_HANDSHAKE_S: Final = 45.0
_FIRST_DELAY_S: Final = 1.0
_LONGEST_DELAY_S: Final = 60.0
_HEARTBEAT_S: Final = 30.0
_STATUS_S: Final = 10.0
_BEFORE_RESTART_S: Final = 2.0
_BEFORE_REBOOT_S: Final = 2.0
_GONE: Final = (
    WSMsgType.CLOSE,
    WSMsgType.CLOSING,
    WSMsgType.CLOSED,
    WSMsgType.ERROR,
)


@dataclass(slots=True, kw_only=True)
class Habits:
    """How the agent was started, and how long things take, in simulated seconds."""

    interval_s: float = 30.0
    gpu: bool = True
    cpu: bool = True
    collect_s: float = 0.0
    stop_s: float = 1.0
    tool_s: float = 0.1
    install_s: float = 20.0
    slower_s: float = 0.0
    """What every command takes on top of that."""


def http_client() -> ClientSession:
    """Return what agents dial out with; many can share one."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        skip_auto_headers=("Accept", "Accept-Encoding"),
        timeout=ClientTimeout(total=None, sock_connect=_HANDSHAKE_S),
        trust_env=False,
    )


def address(server: str, token: str) -> URL:
    """Return where to dial; a path is of no account, other parameters stay."""
    parts = urlsplit(server)
    if parts.username is not None or parts.password is not None:
        raise ValueError("malformed ws or wss URL")
    if not parts.scheme or not parts.netloc:
        raise ValueError("a server needs http:// or https:// in front")
    scheme = {"https": "wss", "wss": "wss"}.get(parts.scheme, "ws")
    url = URL(server).with_scheme(scheme).with_path(_PATH, keep_query=True)
    return url.update_query(token=token)


async def _for_ever() -> None:
    await asyncio.Event().wait()


class _Connection:
    """One connection, and what is on its way out by it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frozen = False
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, text: str) -> None:
        self._out.put_nowait(text)

    async def _write(self) -> None:
        with suppress(ClientError, OSError):
            while True:
                text = await self._out.get()
                if not self.frozen:
                    await self.socket.send_str(text)
                self._out.task_done()

    async def sent(self) -> None:
        """Wait until all is out, or cannot get out any more."""
        all_out = asyncio.create_task(self._out.join())
        await asyncio.wait((all_out, self._writer), return_when="FIRST_COMPLETED")
        all_out.cancel()

    async def drop(self) -> None:
        """Cut the connection without a word."""
        self._writer.cancel()
        plug = self.socket.get_extra_info("socket")
        if plug is not None:
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
        await self.socket.close()

    async def close(self) -> None:
        """Say good-bye, if the other end may hear it."""
        if self.frozen:
            await self.drop()
        else:
            self._writer.cancel()
            await self.socket.close()


class Agent:
    """The agent of a rig; `attempts` counts how often it dialled.

    `connected` is set while the server has let it in. What the server asks is in
    `frames`, what could not be read in `dropped`, and `said` has its own last words.
    """

    def __init__(
        self,
        machine: RigMachine,
        server: str,
        token: str,
        *,
        alarms: Alarms,
        client: ClientSession,
        habits: Habits | None = None,
    ) -> None:
        """Prepare to dial; it does so once started."""
        self.machine = machine
        self.server = server
        self.token = token
        self.habits = habits or Habits()
        self.connected = asyncio.Event()
        self.attempts = 0
        self.delays: list[float] = []
        """How long it waited before each attempt that followed a failure."""
        self.frames: list[wire.Message] = []
        self.dropped = 0
        self.told: Counter[str] = Counter()
        """How many frames of each type it sent."""
        self.garbage: list[str] = []
        """What it sends instead of its next messages about the miner."""
        self.reboots: Callable[[], None] = lambda: None
        self.powers_off: Callable[[], None] = lambda: None
        self._alarms = alarms
        self._client = client
        self._task: asyncio.Task[None] | None = None
        self._tickers: dict[str, Alarm] = {}
        self._connection: _Connection | None = None
        self._left: list[_Connection] = []
        self._moved = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self._task is not None

    def start(self) -> None:
        """Start the program: its clocks begin now, and it dials."""
        self._task = asyncio.create_task(self._live(), name="simulated agent")
        self._tick("stats", self.habits.interval_s, self._send_stats)
        self._tick("miner", _STATUS_S, self._send_miner)

    async def stop(self) -> None:
        """End the program; it says good-bye if it can."""
        for alarm in self._tickers.values():
            alarm.cancel()
        self._tickers.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.machine.orphan()
        connection, self._connection = self._connection, None
        self.connected.clear()
        if connection is not None:
            await connection.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of it, looking whenever it heard or tried."""
        while not condition():
            await self._moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def hang(self) -> None:
        """Let the vendor's tool hang; all that asks it hangs with it."""
        self._free.clear()

    def release(self) -> None:
        """Let the tool answer again."""
        if not self._free.is_set():
            self._free.set()
            self._send_stats()
            self._send_miner()

    def freeze(self) -> None:
        """Freeze the link; neither side hears the other, and the agent goes on."""
        if self._connection is not None and self._task is not None:
            self._connection.frozen = True
            self._task.cancel()
            self._task = asyncio.create_task(_for_ever(), name="frozen agent")

    async def cut(self) -> None:
        """Lose the connection without a word, and dial again at once."""
        if self._connection is not None:
            await self._connection.drop()

    async def lose_power(self) -> None:
        """Be gone without a trace: the connection stands, half open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.frozen = True
            self._left.append(connection)
        await self.stop()

    async def close(self) -> None:
        """End the program, and whatever it left behind."""
        await self.stop()
        while self._left:
            await self._left.pop().drop()

    def _tick(self, name: str, every: float, action: Callable[[], None]) -> None:
        def plan(moment: float) -> None:
            def ring() -> None:
                plan(moment + every)
                action()

            self._tickers[name] = self._alarms.at(moment, ring)

        plan(self._alarms.clock.now() + every)

    async def _live(self) -> None:
        delay = _FIRST_DELAY_S
        while True:
            connection = await self._connect()
            if connection is None:
                self.delays.append(delay)
                self._move()
                await self._alarms.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY_S)
                continue
            delay = _FIRST_DELAY_S
            await self._serve(connection)

    async def _connect(self) -> _Connection | None:
        """Dial, and wait for as long as it takes to be let in."""
        self.attempts += 1
        try:
            ws = await self._client.ws_connect(
                address(self.server, self.token),
                headers=_HEADERS,
                max_msg_size=0,
                timeout=ClientWSTimeout(ws_close=1.0),
            )
        except ClientError, OSError, ValueError:
            return None
        connection = self._connection = _Connection(ws)
        data = await self._receive(connection)
        try:
            let_in = data is not None and wire.read(data).type == "authenticated"
        except wire.Dropped:
            let_in = False
        if not let_in:
            self._connection = None
            await connection.drop()
            return None
        return connection

    async def _receive(self, connection: _Connection) -> str | bytes | None:
        message = await connection.socket.receive()
        if message.type in _GONE:
            return None
        data: str | bytes = message.data
        return data

    async def _serve(self, connection: _Connection) -> None:
        """Tell all at first, and then do one thing after the other."""
        self.connected.set()
        self._move()
        self._tick("heartbeat", _HEARTBEAT_S, self._send_heartbeat)
        await self._alarms.sleep(self.habits.collect_s)
        await self._free.wait()
        self._send_stats()
        self._send_miner()
        while (data := await self._receive(connection)) is not None:
            await self._take(connection, data)
        self.connected.clear()
        self._tickers.pop("heartbeat").cancel()
        self._connection = None
        await connection.close()

    async def _take(self, connection: _Connection, data: str | bytes) -> None:
        try:
            message = wire.read(data)
        except wire.Dropped:
            self.dropped += 1
            self._move()
            return
        self.frames.append(message)
        self._move()
        if message.type != "command" or message.command is None:
            return
        error: str | None = None
        try:
            await self._alarms.sleep(self.habits.slower_s)
            await self._obey(message.command)
        except Failed as failure:
            error = str(failure)
        connection.send(wire.result(message.command.id, error))
        await connection.sent()

    def _send(self, message_type: str, **fields: Any) -> None:
        if self._connection is not None and self.connected.is_set():
            self.told[message_type] += 1
            self._connection.send(wire.write(message_type, **fields))

    def _send_heartbeat(self) -> None:
        self._send("heartbeat")

    def _send_stats(self) -> None:
        if self._free.is_set():
            data = self.machine.stats(gpu=self.habits.gpu, cpu=self.habits.cpu)
            self._send("stats", data=data)

    def _send_miner(self) -> None:
        if self.garbage and self._connection is not None:
            self._connection.send(self.garbage.pop(0))
        elif self._free.is_set():
            self._send("miner_status", data=self.machine.miner_status())

    async def _obey(self, command: wire.Command) -> None:
        commands: dict[str, Callable[[Any], Awaitable[None]]] = {
            "start_miner": self._start_miner,
            "stop_miner": self._stop_miner,
            "restart_miner": self._restart_miner,
            "apply_oc": self._apply_oc,
            "install_miner": self._install_miner,
            "uninstall_miner": self._uninstall_miner,
            "list_miners": self._list_miners,
            "reboot": self._reboot,
            "shutdown": self._shutdown,
        }
        obey = commands.get(command.type)
        if obey is None:
            raise Failed(f"unknown command type: {command.type}")
        await obey(command.payload)

    async def _start_miner(self, payload: Any) -> None:
        if payload is None:
            raise Failed("miner config required")
        try:
            config = wire.texts(
                payload,
                name=str,
                algorithm=str,
                pool=str,
                wallet=str,
                worker=str,
                extraArgs=list,
                env=dict,
            )
        except TypeError as err:
            raise Failed(f"invalid miner config: json: {err}") from err
        if self.machine.own is not None:
            await self._stop_own()
        self.machine.launch(config)

    async def _stop_miner(self, _: Any) -> None:
        if self.machine.own is None:
            self.machine.kill_by_name()
        else:
            await self._stop_own()

    async def _stop_own(self) -> None:
        own = self.machine.own
        if own is None:
            return
        if own.alive:
            await self._alarms.sleep(self.habits.stop_s)
        self.machine.bury(own)

    async def _restart_miner(self, _: Any) -> None:
        if self.machine.saved is None:
            raise Failed(
                "no saved config to restart: open /root/.bloxos/miner.json: no such"
                " file or directory"
            )
        await self._stop_miner(None)
        await self._alarms.sleep(_BEFORE_RESTART_S)
        self.machine.launch(self.machine.saved)

    async def _apply_oc(self, payload: Any) -> None:
        if payload is None:
            raise Failed("OC config required")
        try:
            wanted = wire.texts(
                payload,
                gpuIndex=int,
                powerLimit=int,
                coreLock=int,
                memLock=int,
                fanSpeed=int,
                coreOffset=int,
                memOffset=int,
            )
        except TypeError as err:
            raise Failed(f"invalid OC config: json: {err}") from err
        await self._alarms.sleep(self.habits.tool_s)
        await self._free.wait()
        self.machine.overclock(wanted)

    async def _install_miner(self, payload: Any) -> None:
        name = self._name(payload)
        await self._alarms.sleep(self.habits.install_s)
        self.machine.install(name)

    async def _uninstall_miner(self, payload: Any) -> None:
        self.machine.uninstall(self._name(payload))

    def _name(self, payload: Any) -> str:
        if payload is None:
            raise Failed("miner name required")
        try:
            name = wire.texts(payload, minerName=str)["minerName"]
        except TypeError as err:
            raise Failed(f"invalid install request: json: {err}") from err
        if not name:
            raise Failed("miner name required")
        return str(name)

    async def _list_miners(self, _: Any) -> None:
        """Only the agent's own log would tell."""

    async def _reboot(self, _: Any) -> None:
        if self.machine.has_sudo:
            self._alarms.after(_BEFORE_REBOOT_S, self.reboots)

    async def _shutdown(self, _: Any) -> None:
        if self.machine.has_sudo:
            self._alarms.after(_BEFORE_REBOOT_S, self.powers_off)
