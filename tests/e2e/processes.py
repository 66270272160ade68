"""The programs of the journey: Home Assistant, and simulated miners and rigs."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import json
import os
from pathlib import Path
import shlex
import shutil
import signal
import sys
import tempfile
from typing import Any, NamedTuple

from yarl import URL

from scripts.house import configuration, start
from scripts.house.home_assistant import HomeAssistant
from scripts.house.programs import Ended, Program
from simulator.control import ask

from .stage import RIG_INTERVAL

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "braiins_fleet"

_PATIENCE = 30.0
_LOOK_AGAIN = 0.1


class Device(NamedTuple):
    """A device in Home Assistant."""

    id: str
    name: str


class House:
    """Home Assistant as a process that can be restarted and killed."""

    def __init__(self, folder: Path, port: int) -> None:
        """Begin with an empty configuration folder; nothing runs yet."""
        self.url = f"http://localhost:{port}"
        self._config = folder / "config"
        configuration.write(self._config, COMPONENT)
        self._program = start.program(folder, port, asyncio.Event())
        self._running: asyncio.Task[None] | None = None
        self._connection = AsyncExitStack()
        self._api: HomeAssistant | None = None

    @property
    def api(self) -> HomeAssistant:
        """The same user as in the browser, over the API."""
        assert self._api is not None, "Home Assistant does not run"
        return self._api

    async def start(self) -> None:
        """Start Home Assistant, and wait until it answers."""
        self._running = asyncio.create_task(self._program.run())
        self._api = await self._connection.enter_async_context(
            HomeAssistant.at(self.url)
        )
        await _unless_ended(self._api.wait_until_it_answers(), self._running)

    async def enter(self) -> None:
        """Log in, and wait until all of it runs."""
        await start.move_in(self.api)

    async def restart(self) -> None:
        """Do as a person does who updates Home Assistant."""
        await self.stop()
        await self.start()
        await self.enter()

    async def stop(self) -> None:
        """End it in good order."""
        await self._hang_up()
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def kill(self) -> None:
        """End it as a power cut does: it cannot save anything any more."""
        await self._hang_up()
        lock = json.loads((self._config / ".ha_run.lock").read_text())
        os.kill(lock["pid"], signal.SIGKILL)
        assert self._running is not None
        with suppress(Ended):
            await self._running

    async def devices(self) -> dict[str, Device]:
        """Return our devices by the addresses of the miners, and "fleet"."""
        found = {}
        for device in await self.api.command("config/device_registry/list"):
            for domain, identifier in device["identifiers"]:
                if domain == COMPONENT.name:
                    url = URL(device["configuration_url"] or "")
                    named = Device(device["id"], device["name"])
                    found[url.host or identifier] = named
        return found

    async def device_called(self, name: str) -> Device:
        """Return a device of ours by its name."""
        [device] = [
            device for device in (await self.devices()).values() if device.name == name
        ]
        return device

    async def readings(self, of: str) -> dict[str, str]:
        """Return the states of a device of ours, by what the entities tell."""
        states = {
            state["entity_id"]: state["state"]
            for state in await self.api.command("get_states")
        }
        return {
            key: states[entity_id]
            for key, entity_id in (await self._entities(of)).items()
            if entity_id in states
        }

    async def attributes(self, of: str, key: str) -> dict[str, Any]:
        """Return what else an entity of a device of ours tells."""
        entity_id = (await self._entities(of))[key]
        [attributes] = [
            state["attributes"]
            for state in await self.api.command("get_states")
            if state["entity_id"] == entity_id
        ]
        return dict(attributes)

    async def expose(self, of: str, key: str) -> None:
        """Let the voice assistant know of an entity of a device of ours."""
        await self.api.command(
            "homeassistant/expose_entity",
            assistants=["conversation"],
            entity_ids=[(await self._entities(of))[key]],
            should_expose=True,
        )

    async def _entities(self, of: str) -> dict[str, str]:
        device = (await self.devices())[of].id
        return {
            entity["unique_id"].partition("_")[2]: entity["entity_id"]
            for entity in await self.api.command("config/entity_registry/list")
            if entity["device_id"] == device
        }

    async def call(self, host: str, name: str, area: str) -> None:
        """Give a miner a name, and a place."""
        place = await self.api.command("config/area_registry/create", name=area)
        await self.api.command(
            "config/device_registry/update",
            device_id=(await self.devices())[host].id,
            name_by_user=name,
            area_id=place["area_id"],
        )

    async def learn(self, language: str) -> None:
        """Copy the sentences of a language, and have Home Assistant read them."""
        await asyncio.to_thread(
            shutil.copytree,
            ROOT / "custom_sentences" / language,
            self._config / "custom_sentences" / language,
        )
        await self.api.command("call_service", domain="conversation", service="reload")

    async def _hang_up(self) -> None:
        self._api = None
        await self._connection.aclose()


class Fleet:
    """Simulated miners in a process of their own, in which trouble can be made."""

    def __init__(
        self, log: Path, socket: Path, first: str, port: int, *options: str
    ) -> None:
        """Remember how the fleet is run and reached; nothing runs yet."""
        self.port = port
        self.has_decoys = "--no-decoys" not in options
        self._log = log
        self._socket = socket
        self._options = (f"--first={first}", f"--port={port}", *options)
        self._running: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def running(
        cls, log: Path, first: str, port: int, *options: str
    ) -> AsyncIterator[Fleet]:
        """Run a fleet, with more options of the simulator's if need be."""
        # The path of a socket must not be long, as that of a checkout may be.
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
            fleet = cls(log, Path(folder) / "control", first, port, *options)
            try:
                await fleet.start()
                yield fleet
            finally:
                await fleet.stop()

    async def start(self, *options: str) -> None:
        """Start the miners, with other options this time if need be."""
        command = [sys.executable, "-m", "simulator", "run", *self._options]
        program = Program(
            name="The simulated fleet",
            command=[*command, *options, f"--control={self._socket}"],
            folder=ROOT,
            log=self._log,
            environment={},
            grace=10.0,
            hurry=asyncio.Event(),
        )
        self._running = asyncio.create_task(program.run())
        await _unless_ended(_answers(self.miners), self._running)

    async def stop(self) -> None:
        """Switch all the miners off."""
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError, Ended):
                await self._running

    async def miners(self) -> dict[str, dict[str, Any]]:
        """Return what there is to know of each miner, by their addresses."""
        return {
            miner["address"].rpartition(":")[0]: miner
            for miner in await ask(self._socket, "list")
        }

    async def make_trouble(self, host: str, fault: str) -> None:
        """Let something go wrong with a miner."""
        await ask(self._socket, "fault", host=host, name=fault)

    async def heal(self, host: str) -> None:
        """Let all be well again."""
        await ask(self._socket, "clear", host=host)


class Rig:
    """A simulated GPU rig in a process of its own, with a plug that can be pulled."""

    NAME = "rig-1"

    def __init__(self, log: Path, socket: Path) -> None:
        """Remember how the rig is reached; its agent is not started yet."""
        self.command = ""
        self._log = log
        self._socket = socket
        self._running: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def standing(cls, log: Path) -> AsyncIterator[Rig]:
        """Have a rig stand there, and take it away afterwards."""
        with tempfile.TemporaryDirectory(prefix="rig-") as folder:
            rig = cls(log, Path(folder) / "control")
            try:
                yield rig
            finally:
                await rig.pull_plug()

    async def run(self, command: str) -> None:
        """Start the agent as one does who pastes a command into a terminal."""
        self.command = command
        program, *arguments = shlex.split(command)
        assert program == "bloxos-agent"
        parser = argparse.ArgumentParser(prog=program, allow_abbrev=False)
        parser.add_argument("-server", required=True)
        parser.add_argument("-token", required=True)
        agent = parser.parse_args(arguments)
        options = (
            *("--count=0", "--no-decoys", "--cold", f"--interval={RIG_INTERVAL}"),
            *(f"--server={agent.server}", f"--tokens={agent.token}"),
            f"--control={self._socket}",
        )
        # A plug is pulled in a hurry.
        hurry = asyncio.Event()
        hurry.set()
        simulator = Program(
            name="The simulated rig",
            command=[sys.executable, "-m", "simulator", "run", *options],
            folder=ROOT,
            log=self._log,
            environment={},
            grace=0.0,
            hurry=hurry,
        )
        self._running = asyncio.create_task(simulator.run())
        await _unless_ended(_answers(self.looks), self._running)

    async def pull_plug(self) -> None:
        """Cut the power, so that nothing can be said any more."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with suppress(asyncio.CancelledError, Ended):
                await running

    async def looks(self) -> dict[str, Any]:
        """Return what one sees who stands beside it."""
        [rig] = await ask(self._socket, "list")
        return rig

    async def make_trouble(self, fault: str) -> None:
        """Let something go wrong with it."""
        await ask(self._socket, "fault", host=self.NAME, name=fault)

    async def heal(self) -> None:
        """Let all be well again."""
        await ask(self._socket, "clear", host=self.NAME)


async def _answers(question: Callable[[], Awaitable[object]]) -> None:
    """Ask a simulator until it answers."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            with suppress(OSError):
                await question()
                return
            await asyncio.sleep(_LOOK_AGAIN)


async def _unless_ended(
    doing: Coroutine[Any, Any, None], program: asyncio.Task[None]
) -> None:
    """Do something with a program; raise `Ended` should it end meanwhile."""
    done = asyncio.ensure_future(doing)
    await asyncio.wait((done, program), return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        done.cancel()
        await program
    await done
