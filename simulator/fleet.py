"""Many miners in one process, with one thing that ticks."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from itertools import cycle, islice
from typing import Self

from .accounts import FACTORY_PASSWORD
from .clock import Clock, RealClock
from .decoys import Decoy, OldBraiinsOs, StockAntminer
from .miner import PORT, SimulatedMiner
from .models import MODELS
from .options import Timing
from .ticker import Ticker

MIX = tuple(MODELS)
FIRST = "127.0.1.1"
_NOT_FOR_HOSTS = (0, 255)


def addresses(first: str) -> Iterator[str]:
    """Count upwards from an address, without those that end in 0 or 255."""
    address = IPv4Address(first)
    while True:
        if int(address) & 0xFF not in _NOT_FOR_HOSTS:
            yield str(address)
        address += 1


class Fleet:
    """Miners of several models at successive addresses, and decoys after them.

    `models` are repeated until there are `count` miners. With `same_host` all live at
    the first address, on successive ports. Without `relay` calls take one hop less,
    but the faults garbage and half-open cannot be played.
    """

    def __init__(
        self,
        models: Sequence[str] = MIX,
        *,
        count: int | None = None,
        first: str = FIRST,
        port: int = PORT,
        same_host: bool = False,
        seed: int = 0,
        clock: Clock | None = None,
        api: str | None = None,
        username: str = "root",
        password: str | None = FACTORY_PASSWORD,
        timing: Timing | None = None,
        warm: bool = True,
        relay: bool = False,
        decoys: bool = False,
        http_port: int = 80,
    ) -> None:
        """Build the fleet; it listens once started."""
        self.clock = clock or RealClock()
        self._ticker = Ticker(self.clock)
        hosts = addresses(first)
        self.miners = [
            SimulatedMiner(
                model,
                host=first if same_host else next(hosts),
                port=port + number if same_host and port else port,
                api=api,
                seed=seed + number,
                clock=self.clock,
                username=username,
                password=password,
                timing=timing,
                warm=warm,
                relay=relay,
                ticker=self._ticker,
                http_port=http_port,
            )
            for number, model in enumerate(
                islice(cycle(models), len(models) if count is None else count)
            )
        ]
        self.decoys: list[Decoy] = []
        if decoys:
            for number, kind in enumerate((StockAntminer, OldBraiinsOs)):
                host = first if same_host else next(hosts)
                web = http_port + number if same_host and http_port else http_port
                self.decoys.append(kind(host, web))

    async def start(self) -> None:
        """Begin to listen, all of them; none is left behind if one cannot."""
        try:
            for miner in self.miners:
                await miner.start()
            for decoy in self.decoys:
                await decoy.start()
        except BaseException:
            await self.stop()
            raise
        self._ticker.start()

    async def stop(self) -> None:
        """Be gone."""
        await self._ticker.stop()
        for decoy in self.decoys:
            await decoy.stop()
        for miner in self.miners:
            await miner.stop()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def find(self, name: str) -> SimulatedMiner:
        """Return a miner by `host`, `host:port`, MAC or host name."""
        for miner in self.miners:
            machine = miner.machine
            names = (miner.host, miner.address, machine.identity.mac)
            if name in names or name == machine.network.hostname:
                return miner
        raise LookupError(f"no miner is known as {name!r}")
