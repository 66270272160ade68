"""The simulated fleet, and how its miners get into the house."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
import sys
from typing import override

from simulator import MODELS, PORT
from simulator.control import ask, default_socket
from simulator.fleet import FIRST, addresses

from .configuration import can_listen
from .home_assistant import HomeAssistant
from .programs import Program
from .rigs import NAMES

USER = PASSWORD = "root"  # noqa: S105 - as the simulator's miners have it

_DOMAIN = "braiins_fleet"
_WEB_PORT = 80
_PATIENCE = 60.0
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a simulated miner is."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class SimulatedFleet:
    """One miner of each model, all in the house, and one more for the person to add."""

    def __init__(self, folder: Path, *, temporary: bool) -> None:
        """Keep out of the way of other fleets if this one is temporary."""
        self._folder = folder
        self._socket = folder / "fleet.sock" if temporary else default_socket()
        self._same_host = not can_listen(FIRST)
        self._decoys = not (temporary or self._same_host) and can_listen(
            FIRST, _WEB_PORT
        )
        self._port = 0 if temporary else PORT
        self._miners: list[Address] = []

    def program(
        self, checkout: Path, hurry: asyncio.Event, server: str, tokens: Path
    ) -> Program:
        """Return what runs it, with a rig for each of the tokens."""
        return Program(
            name="The simulated fleet",
            command=(
                *(sys.executable, "-m", "simulator", "run"),
                f"--count={len(MODELS) + 1}",
                f"--port={self._port}",
                f"--control={self._socket}",
                f"--server={server}",
                *("--tokens", f"@{tokens}"),
                *(("--same-host",) if self._same_host else ()),
                *(() if self._decoys else ("--no-decoys",)),
            ),
            folder=checkout,
            log=self._folder / "simulator.log",
            environment={},
            grace=10.0,
            hurry=hurry,
        )

    async def wait_until_it_answers(self) -> None:
        """Wait until all miners do."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    miners = await ask(self._socket, "list")
                except OSError:
                    await asyncio.sleep(_LOOK_AGAIN)
                else:
                    break
        for miner in (each for each in miners if "rig" not in each):
            host, _, port = miner["address"].rpartition(":")
            self._miners.append(Address(host, int(port)))

    async def move_into(self, house: HomeAssistant) -> None:
        """Add the miners that the house does not have yet."""
        for miner in self.residents:
            await house.add(
                _DOMAIN,
                "address",
                {
                    "host": miner.host,
                    "port": miner.port,
                    "username": USER,
                    "password": PASSWORD,
                },
            )

    @property
    def residents(self) -> Sequence[Address]:
        """Who lives in the house."""
        return self._miners[:-1]

    def tell(self) -> list[str]:
        """Say who is where, and who is left to try the dialog with."""
        *_, last = self._miners
        first, *_, end = self.residents
        told = [
            f"{len(self.residents)} simulated miners are set up: {first} to {end}",
            f"Two simulated GPU rigs dial in: {' and '.join(NAMES)}",
            f"To try the dialog with: {last}, user {USER}, password {PASSWORD}",
        ]
        if self._decoys:
            *_, stock, old = islice(addresses(FIRST), len(self._miners) + 2)
            told.append(f"Not to be added: {stock} (stock firmware), {old} (22.08)")
        told.append("Make trouble: .venv/bin/python -m simulator fault --help")
        return told
