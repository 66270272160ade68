"""Many rigs in one process, on one clock and with one timer."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any, Self

from aiohttp import ClientSession

from simulator.clock import Clock, RealClock

from .agent import Agent, Habits, http_client
from .alarms import Alarms
from .faults import Faults
from .machine import RigMachine

BOOT_S = 45.0

MIX: Sequence[Sequence[str]] = (
    ("rtx3080", "rtx3080", "rtx3080", "rtx3080", "rtx4070", "rtx4070"),
    ("rx6800xt", "rx6800xt", "rx6800xt"),
    ("rtx3080", "rtx4070", "rx6800xt"),
    ("cmp170hx", "cmp170hx"),
)
_PLAYED = {
    "name": "t-rex",
    "algorithm": "kawpow",
    "pool": "stratum+tcp://rvn.example.com:3333",
    "wallet": "RSimulatedWalletOfARigXXXXXXXXXXXX",
}


class SimulatedRig:
    """A rig and its agent, which dials out to a server once started."""

    def __init__(
        self,
        name: str,
        machine: RigMachine,
        server: str,
        token: str,
        *,
        alarms: Alarms,
        client: ClientSession,
        habits: Habits | None = None,
    ) -> None:
        """Plug a rig together."""
        self.name = name
        self.machine = machine
        self.alarms = alarms
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self.agent = Agent(
            machine, server, token, alarms=alarms, client=client, habits=habits
        )
        self.agent.reboots = lambda: self.later(self.reboot())
        self.agent.powers_off = lambda: self.later(self.agent.stop())
        self.faults = Faults(self)

    def twin(self) -> Agent:
        """Return the agent of another rig that was set up as a copy of this one."""
        machine = RigMachine(("rtx4070",), clock=self.alarms.clock, seed=4711)
        return Agent(
            machine,
            self.agent.server,
            self.agent.token,
            alarms=self.alarms,
            client=self._client,
        )

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done that needs its time."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for what was begun in the background."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def reboot(self) -> None:
        """Go away, and come back without a miner."""
        await self.agent.stop()
        self.machine.boot()
        self.alarms.after(BOOT_S, self._come_back)

    def _come_back(self) -> None:
        if not self.agent.running:
            self.agent.start()


class RigFleet:
    """Rigs for as long as the context lasts; `tokens` has one for each of them."""

    def __init__(
        self,
        server: str,
        tokens: Iterable[str],
        *,
        kinds: Sequence[Sequence[str]] = MIX,
        clock: Clock | None = None,
        seed: int = 0,
        habits: Habits | None = None,
        mining: bool = True,
        rocm: bool = False,
    ) -> None:
        """Build the rigs; they dial out once started."""
        self.clock = clock or RealClock()
        self.alarms = Alarms(self.clock)
        self._client = http_client()
        self.rigs = [
            SimulatedRig(
                f"rig-{number}",
                RigMachine(kind, clock=self.clock, seed=seed + number, rocm=rocm),
                server,
                token,
                alarms=self.alarms,
                client=self._client,
                habits=replace(habits or Habits()),
            )
            for number, (token, kind) in enumerate(
                zip(tokens, cycle(kinds), strict=False), 1
            )
        ]
        if mining:
            for rig in self.rigs:
                vendors = {card.model.vendor.value for card in rig.machine.cards}
                name = "t-rex" if vendors == {"NVIDIA"} else "lolminer"
                rig.machine.launch(_PLAYED | {"name": name})
                rig.machine.warm_up()

    async def __aenter__(self) -> Self:
        """Start."""
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def start(self) -> None:
        """Let all agents dial."""
        self.alarms.start()
        for rig in self.rigs:
            rig.agent.start()

    async def stop(self) -> None:
        """Be gone."""
        self.alarms.stop()
        for rig in self.rigs:
            await rig.settled()
            await rig.faults.end()
        await asyncio.gather(*(rig.agent.close() for rig in self.rigs))
        await self._client.close()
