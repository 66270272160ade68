"""A simulated miner: a machine, its server, and what can go wrong with both."""

import asyncio
from ipaddress import IPv4Address
from pathlib import Path
import shutil
import tempfile
from types import TracebackType
from typing import Self

from .accounts import FACTORY_PASSWORD
from .clock import Clock, RealClock
from .decoys import StockAntminer
from .faults import Faults
from .firmware import Firmware, firmware_for
from .machine import Machine
from .models import MODELS, Model
from .options import Quirks, Timing
from .relay import Relay
from .server import Server
from .ticker import Ticker
from .wire import Trouble

PORT = 50051
_TRIES = 20
_TRY_AGAIN_S = 0.1


class SimulatedMiner:
    """A miner to talk to at `host:port`, for as long as the context lasts.

    `api` plays an API version, `firmware` a Braiins OS release; without either the
    model's own is played. Port 0 takes any free one. With a `FakeClock` nothing
    happens unless the clock is advanced. Without `relay` calls take one hop less, but
    the faults garbage and half-open cannot be played. `http_port` is where the stock
    firmware answers after a RestoreStock.
    """

    def __init__(
        self,
        model: str | Model = "s19k_pro",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api: str | int | None = None,
        firmware: str | None = None,
        seed: int = 0,
        clock: Clock | None = None,
        username: str = "root",
        password: str | None = FACTORY_PASSWORD,
        room_c: float = 24.0,
        timing: Timing | None = None,
        quirks: Quirks | None = None,
        warm: bool = True,
        relay: bool = True,
        ticker: Ticker | None = None,
        http_port: int = 0,
    ) -> None:
        """Build a miner; it listens once started."""
        if isinstance(model, str):
            model = MODELS[model]
        self.clock = clock or RealClock()
        plays = Firmware(firmware) if firmware else None
        self.machine = Machine(
            model,
            clock=self.clock,
            seed=seed,
            firmware=plays or firmware_for(model.api_minor if api is None else api),
            password=password,
            user=username,
            host=host,
            room_c=room_c,
            timing=timing,
            quirks=quirks,
            warm=warm,
        )
        self.port = port
        self.trouble = Trouble()
        self.faults = Faults(self)
        self.refused = False
        self.relay: Relay | None = None
        self._relayed = relay
        self._server = Server(self.machine, self.trouble)
        self._socket: Path | None = None
        self._open_at: str | None = None
        self._was_open = False
        self._http_port = http_port
        self.stock: StockAntminer | None = None
        """What lives here once the stock firmware is back."""
        self._own_ticker = None if ticker else Ticker(self.clock)
        self._ticker = ticker or self._own_ticker
        self._lock = asyncio.Lock()
        self._following: set[asyncio.Task[None]] = set()
        self._started = False

    @property
    def host(self) -> str:
        """The address at which it lives, moves included."""
        return self.machine.network.address

    @property
    def address(self) -> str:
        """`host:port`, as a channel wants it."""
        return f"{self.host}:{self.port}"

    @property
    def calls(self) -> int:
        """How many calls have come in since it was built."""
        return self._server.calls

    @property
    def listening(self) -> bool:
        """Whether connections are accepted now."""
        return self._open_at is not None

    async def start(self) -> None:
        """Begin to listen."""
        if self._relayed:
            folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="miner-")
            self._socket = Path(folder) / "grpc"
            await self._server.open(f"unix:{self._socket}")
            self.relay = Relay(str(self._socket), self.machine.seed)
        self._started = True
        try:
            await self._follow()
        except BaseException:
            await self.stop()
            raise
        self.machine.presence_watchers.add(self.follow)
        if self._ticker is not None:
            self._ticker.add(self.machine)
        if self._own_ticker is not None:
            self._own_ticker.start()

    async def stop(self) -> None:
        """Be gone."""
        self._started = False
        self.machine.presence_watchers.discard(self.follow)
        if self._ticker is not None:
            self._ticker.discard(self.machine)
        if self._own_ticker is not None:
            await self._own_ticker.stop()
        self.faults.clear()
        await self.settled()
        await self._follow()
        await self._server.close()
        if self._socket is not None:
            folder, self._socket = self._socket.parent, None
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    def follow(self) -> None:
        """Let the sockets follow what became of the machine, shortly."""
        task = asyncio.get_running_loop().create_task(self._follow())
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def settled(self) -> None:
        """Wait until the sockets have followed."""
        while following := tuple(self._following):
            await asyncio.gather(*following)
            # Those that had just ended have not taken themselves out yet.
            self._following.difference_update(following)

    def _wanted(self) -> str | None:
        machine = self.machine
        if not self._started or self.refused:
            return None
        if not machine.present or machine.upgrades.stock:
            return None
        address = machine.network.address
        return address if IPv4Address(address).is_loopback else None

    async def _follow(self) -> None:
        async with self._lock:
            await self._follow_stock()
            wanted = self._wanted()
            if wanted == self._open_at:
                return
            if self._open_at is not None:
                self._open_at = None
                await (self.relay or self._server).close()
            if wanted is not None:
                self.port = await self._open(wanted)
                self._open_at = wanted
                self._was_open = True

    async def _follow_stock(self) -> None:
        machine = self.machine
        if not self._started and self.stock is not None:
            await self.stock.stop()
            self.stock = None
        elif self._started and machine.upgrades.stock and self.stock is None:
            self.stock = StockAntminer(machine.network.address, self._http_port)
            await self.stock.start()

    async def _open(self, host: str) -> int:
        for attempt in range(_TRIES):
            try:
                if self.relay is not None:
                    return await self.relay.open(host, self.port)
                return await self._server.open(f"{host}:{self.port}")
            except OSError, RuntimeError:
                # A socket just closed may hold its port for a moment.
                if attempt == _TRIES - 1 or not self._was_open:
                    raise
                await asyncio.sleep(_TRY_AGAIN_S)
        raise AssertionError("the last try either returns or raises")
