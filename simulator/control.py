"""Talking to a running simulator over a Unix socket: one JSON line each way."""

import asyncio
import json
import os
from pathlib import Path
import tempfile
from typing import Any

from .fleet import Fleet
from .miner import SimulatedMiner
from .refusals import Refusal

ALL = "all"


def default_socket() -> Path:
    """Return where a simulator of this user is reached unless told otherwise."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(folder) / f"braiins-fleet-simulator-{os.getuid()}.sock"


class InUse(Exception):
    """Another simulator already listens on the control socket."""


class Control:
    """The running side."""

    def __init__(self, fleet: Fleet, path: Path) -> None:
        """Control a fleet by the socket at `path`."""
        self._fleet = fleet
        self._path = path
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen, in place of a simulator that is no more."""
        try:
            await ask(self._path, "list")
        except OSError:
            self._path.unlink(missing_ok=True)
        else:
            raise InUse(str(self._path))
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        """Be gone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            server.close_clients()
            await server.wait_closed()
            self._path.unlink(missing_ok=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            request = json.loads(await reader.readline())
            answer: dict[str, Any] = {"answer": await self._do(**request)}
        except (ValueError, LookupError, TypeError, RuntimeError, Refusal) as error:
            answer = {"error": str(error)}
        try:
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except OSError:
            # Who asked did not wait for the answer.
            return
        finally:
            writer.close()

    async def _do(
        self,
        command: str,
        host: str = ALL,
        name: str | None = None,
        argument: str | None = None,
    ) -> list[dict[str, Any]]:
        everyone = self._fleet.miners
        miners = everyone if host == ALL else [self._fleet.find(host)]
        for miner in miners:
            match command:
                case "fault" if name is not None:
                    miner.faults.set(name, argument)
                case "clear":
                    miner.faults.clear(name)
                case "list" | "show":
                    miner.machine.catch_up(self._fleet.clock.now())
                case _:
                    raise ValueError(f"there is no command {command!r}")
            await miner.settled()
        return [describe(miner) for miner in miners]


async def ask(path: Path, command: str, **details: str | None) -> list[dict[str, Any]]:
    """Have a running simulator do something; returns the miners concerned."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        request = {"command": command} | details
        writer.write(json.dumps(request).encode() + b"\n")
        answer = json.loads(await reader.readline())
    finally:
        writer.close()
    if "error" in answer:
        raise ValueError(answer["error"])
    miners: list[dict[str, Any]] = answer["answer"]
    return miners


def describe(miner: SimulatedMiner) -> dict[str, Any]:
    """Return what there is to know about a miner."""
    machine = miner.machine
    return {
        "address": miner.address,
        "model": machine.model.name,
        "api": f"1.{machine.firmware.minor}",
        "firmware": machine.firmware.release,
        "mac": machine.identity.mac,
        "hostname": machine.network.hostname,
        "listening": miner.listening,
        "status": machine.status.name.lower(),
        "tuner": machine.tuner_state.value,
        "hashrate": round(machine.hashrate, 2),
        "power": round(machine.consumption),
        "target": machine.tuner.configured,
        "live_target": machine.tuner.live,
        "chip_c": round(machine.hottest_c, 1),
        "fans": round(machine.cooling.fan_ratio * 100),
        "energy_wh": round(machine.energy_wh, 1),
        "faults": list(miner.faults.active),
    }
