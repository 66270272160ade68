"""Talking to a running simulator over a Unix socket: one JSON line each way."""

import asyncio
from collections.abc import Sequence
import json
import os
from pathlib import Path
import tempfile
from typing import Any

from .fleet import Fleet
from .miner import SimulatedMiner
from .refusals import Refusal
from .rigs import SimulatedRig

ALL = "all"


def default_socket() -> Path:
    """Return where a simulator of this user is reached unless told otherwise."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(folder) / f"braiins-fleet-simulator-{os.getuid()}.sock"


class InUse(Exception):
    """Another simulator already listens on the control socket."""


class Control:
    """The running side."""

    def __init__(
        self, fleet: Fleet, path: Path, rigs: Sequence[SimulatedRig] = ()
    ) -> None:
        """Control a fleet, and rigs if there are any, by the socket at `path`."""
        self._fleet = fleet
        self._rigs = rigs
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
        subjects = self._find(host, name)
        for subject in subjects:
            match command:
                case "fault" if name is not None:
                    subject.faults.set(name, argument)
                case "clear":
                    subject.faults.clear(name)
                case "list" | "show":
                    pass
                case _:
                    raise ValueError(f"there is no command {command!r}")
            await subject.settled()
        return [
            describe_rig(subject)
            if isinstance(subject, SimulatedRig)
            else describe(subject)
            for subject in subjects
        ]

    def _find(
        self, host: str, fault: str | None
    ) -> Sequence[SimulatedMiner | SimulatedRig]:
        if host != ALL:
            found = [rig for rig in self._rigs if rig.name == host]
            return found or [self._fleet.find(host)]
        everyone: list[SimulatedMiner | SimulatedRig] = [
            *self._fleet.miners,
            *self._rigs,
        ]
        # What can happen to the ones need not be possible for the others.
        possible = [
            each
            for each in everyone
            if fault is None or fault in each.faults.descriptions
        ]
        return possible or everyone


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
    machine.catch_up(miner.clock.now())
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


def describe_rig(rig: SimulatedRig) -> dict[str, Any]:
    """Return what there is to know about a rig; its token is nobody's business."""
    machine, agent = rig.machine, rig.agent
    machine.catch_up()
    return {
        "rig": rig.name,
        "server": agent.server,
        "connected": agent.connected.is_set(),
        "attempts": agent.attempts,
        "cards": len(machine.present),
        "miners": [
            f"{process.program.name}{'' if process.alive else ' (crashed)'}"
            for process in machine.processes
        ],
        "hashrate": round(machine.hashrate / 1e6, 1),
        "power": round(machine.watts),
        "hottest_c": round(max((card.heat_c for card in machine.present), default=0)),
        "faults": list(rig.faults.active),
    }
