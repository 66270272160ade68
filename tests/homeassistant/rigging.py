"""GPU rigs that dial in to a running Home Assistant."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_NAME, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.braiins_fleet.const import RIG
from custom_components.braiins_fleet.rig_coordinator import RigCoordinator
from simulator import FakeClock
from simulator.rigs import Agent, RigFleet, RigMachine, SimulatedRig

from .dialogs import subentry_dialog
from .running import PassingTime, until

PATH = "/api/agent/ws"


@dataclass
class Rigged:
    """A rig that was added, and the simulated one that has its token."""

    yard: Yard
    rig_id: str
    token: str
    simulated: SimulatedRig

    @property
    def agent(self) -> Agent:
        return self.simulated.agent

    @property
    def machine(self) -> RigMachine:
        return self.simulated.machine

    @property
    def coordinator(self) -> RigCoordinator:
        return self.yard.coordinator(self.rig_id)

    async def caught_up(self) -> None:
        """Wait until all that the agent told is shown."""
        await self.agent.connected.wait()
        told = self.agent.told
        await until(
            lambda: (
                told["stats"] > 0
                and self.coordinator.rig.state.stats_heard >= told["stats"]
                and self.coordinator.rig.state.reports_heard >= told["miner_status"]
            )
        )
        await self.yard.hass.async_block_till_done()

    async def leave(self) -> None:
        """Switch the rig off, and wait until that is noticed."""
        await self.agent.stop()
        await until(lambda: self.coordinator.rig.session is None)


@dataclass
class Yard:
    """Where rigs stand, in front of a Home Assistant that is reached by HTTP."""

    hass: HomeAssistant
    entry: Any
    client: TestClient[Any, Any]
    clock: FakeClock
    pass_time: PassingTime
    stack: AsyncExitStack
    rigs: list[Rigged] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"

    def coordinator(self, rig_id: str) -> RigCoordinator:
        found: RigCoordinator | None = self.entry.runtime_data.garage.find(rig_id)
        assert found is not None
        return found

    async def add(self, name: str = "Garage") -> tuple[str, str]:
        """Add a rig by the dialog; returns its id and its token."""
        known = set(self.entry.subentries)
        taken = {each.title for each in self.entry.subentries.values()}
        if name in taken:
            name = f"{name} {sum(each.startswith(name) for each in taken) + 1}"
        form = await subentry_dialog(
            self.hass, self.entry, RIG, {"source": SOURCE_USER}
        )
        form = await self.send(form, {CONF_NAME: name, CONF_URL: self.url})
        token = token_in(form)
        result = await self.send(form, {})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        [rig_id] = set(self.entry.subentries) - known
        return rig_id, token

    async def send(self, form: Any, answers: dict[str, Any]) -> Any:
        """Fill in a form of a rig."""
        flows = self.hass.config_entries.subentries
        result = await flows.async_configure(form["flow_id"], answers)
        await self.hass.async_block_till_done()
        return result

    async def simulate(self, token: str, *cards: str, **options: Any) -> SimulatedRig:
        """Start a rig that has this token."""
        kinds: Sequence[Sequence[str]] = [cards or ("rtx3080", "rx6800xt")]
        fleet = RigFleet(self.url, [token], kinds=kinds, clock=self.clock, **options)
        await self.stack.enter_async_context(fleet)
        return fleet.rigs[0]

    async def start(self, *cards: str, name: str = "Garage", **options: Any) -> Rigged:
        """Add a rig, and wait until it is connected and shown."""
        rig_id, token = await self.add(name)
        simulated = await self.simulate(token, *cards, **options)
        rigged = Rigged(self, rig_id, token, simulated)
        self.rigs.append(rigged)
        await rigged.caught_up()
        return rigged

    async def live(self, seconds: float, step: float = 10.0) -> None:
        """Let time pass for rigs and Home Assistant."""
        while seconds > 0:
            await self.pass_time(min(step, seconds), step=step)
            seconds -= step
            for rigged in self.rigs:
                if rigged.agent.connected.is_set():
                    await rigged.caught_up()
            self.entry.runtime_data.garage.rigs.look()
            await self.hass.async_block_till_done()

    async def dial(self, token: str | None, **options: Any) -> ClientWebSocketResponse:
        """Connect as an agent would, without being one."""
        query = "" if token is None else f"?token={token}"
        socket: ClientWebSocketResponse = await self.stack.enter_async_context(
            self.client.ws_connect(f"{PATH}{query}", autoping=False, **options)
        )
        return socket


def token_in(form: Any) -> str:
    """Return the token in the command that a dialog shows."""
    command = form["description_placeholders"]["command"]
    assert form["data_schema"].schema["qr_code"].config["data"] == command
    token: str = command.rpartition(" ")[2]
    return token


async def received(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next frame that came."""
    message = await socket.receive()
    assert message.type is WSMsgType.TEXT, message
    frame: dict[str, Any] = json.loads(message.data)
    return frame


async def goodbye(socket: ClientWebSocketResponse) -> int | None:
    """Return the code with which a connection was closed, whatever came before."""
    while (await socket.receive()).type in (WSMsgType.TEXT, WSMsgType.PING):
        pass
    return socket.close_code
