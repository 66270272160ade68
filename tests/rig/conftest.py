"""The gateway behind a real server, and agents that dial in to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
import pytest

from custom_components.braiins_fleet.rig import (
    Rig,
    Rigs,
    RigState,
    digest_of,
    make_token,
    web_socket,
)
from simulator import FakeClock
from simulator.rigs import Agent, Habits, RigFleet, RigMachine, SimulatedRig

PATH = "/api/agent/ws"


@dataclass
class Gateway:
    """Rigs behind a server, on a clock moved by hand."""

    rigs: Rigs
    clock: FakeClock
    client: ClientSession
    url: str = ""
    wrong_tokens: int = 0
    failures: list[Exception] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Answer a request as Home Assistant would."""
        socket = web_socket()
        await socket.prepare(request)
        try:
            await self.rigs.serve(
                socket, request.query.get("token"), on_wrong_token=self.count
            )
        except Exception as err:
            self.failures.append(err)
            raise
        finally:
            self.left.set()
        return socket

    async def count(self, _: str) -> None:
        """Count wrong tokens."""
        self.wrong_tokens += 1

    def add(self, rig_id: str = "r1", name: str = "Garage") -> tuple[Rig, str]:
        """Know a rig; returns it and its token."""
        token = make_token()
        return self.rigs.add(rig_id, name, digest_of(token)), token

    async def dial(self, token: str | None) -> ClientWebSocketResponse:
        """Connect as an agent would, without being one."""
        query = "" if token is None else f"?token={token}"
        return await self.client.ws_connect(f"{self.url}{PATH}{query}", autoping=False)


@dataclass
class Pair:
    """A simulated rig and what the library knows of it."""

    gateway: Gateway
    rig: Rig
    simulated: SimulatedRig
    fleet: RigFleet

    @property
    def agent(self) -> Agent:
        return self.simulated.agent

    @property
    def machine(self) -> RigMachine:
        return self.simulated.machine

    async def caught_up(self) -> None:
        """Wait until all that the agent told has been heard."""
        told, rig = self.agent.told, self.rig
        await until(
            rig,
            lambda: (
                rig.state.reports_heard >= told["miner_status"]
                and rig.state.stats_heard >= told["stats"]
            ),
        )

    async def live(self, seconds: float, step: float = 10.0) -> None:
        """Let time pass for both."""
        while seconds > 0:
            self.gateway.clock.advance(min(step, seconds))
            seconds -= step
            await self.caught_up()
            self.gateway.rigs.look()

    async def while_living[T](self, work: Awaitable[T], step: float = 1.0) -> T:
        """Let time pass until something is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            # What is on its way gets there, before more time is up.
            for _ in range(3):
                await asyncio.wait((task,), timeout=0.002)
            if not task.done():
                self.gateway.clock.advance(step)
                self.gateway.rigs.look()
        return await task


async def until(rig: Rig, condition: Callable[[], object]) -> None:
    """Wait until something holds of a rig; a test's time limit ends it."""
    changed = asyncio.Event()
    unlisten = rig.listen(changed.set)
    try:
        while not condition():
            changed.clear()
            await changed.wait()
    finally:
        unlisten()


async def received(ws: ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next frame that came."""
    message = await ws.receive()
    assert message.type is WSMsgType.TEXT, message
    frame: dict[str, Any] = json.loads(message.data)
    return frame


async def goodbye(ws: ClientWebSocketResponse) -> int | None:
    """Return the code with which a connection was closed, whatever came before."""
    while (await ws.receive()).type in (WSMsgType.TEXT, WSMsgType.PING):
        pass
    return ws.close_code


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def _gateway(clock: FakeClock) -> AsyncIterator[Gateway]:
    rigs = Rigs(now=clock.now, introduction_within=0.2)
    async with ClientSession() as client:
        gateway = Gateway(rigs, clock, client)
        app = web.Application()
        app.router.add_get(PATH, gateway.serve)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield gateway
        finally:
            await rigs.close()
            await runner.cleanup()


@pytest.fixture
async def gateway(clock: FakeClock) -> AsyncIterator[Gateway]:
    """A gateway without rigs, in which nothing may fail."""
    async with _gateway(clock) as gateway:
        yield gateway
    assert gateway.failures == []


type StartRig = Callable[..., Awaitable[Pair]]


@pytest.fixture
async def start_rig(gateway: Gateway) -> AsyncIterator[StartRig]:
    """Start simulated rigs as wanted; each is known and connected."""
    async with AsyncExitStack() as stack:

        async def begin(
            *cards: str,
            habits: Habits | None = None,
            connected: bool = True,
            **options: Any,
        ) -> Pair:
            rig, token = gateway.add(f"r{len(list(gateway.rigs)) + 1}")
            kinds: Sequence[Sequence[str]] = [cards or ("rtx3080", "rtx4070")]
            fleet = await stack.enter_async_context(
                RigFleet(
                    gateway.url,
                    [token],
                    kinds=kinds,
                    clock=gateway.clock,
                    habits=habits,
                    **options,
                )
            )
            pair = Pair(gateway, rig, fleet.rigs[0], fleet)
            if connected:
                await pair.agent.connected.wait()
                await until(rig, lambda: rig.state.reports_heard)
            return pair

        yield begin


@dataclass
class Line:
    """A connection on which a test speaks for the agent."""

    gateway: Gateway
    rig: Rig
    token: str
    ws: ClientWebSocketResponse

    async def tell(self, frame: object) -> RigState:
        """Send something that is understood; returns what is known after it."""
        before = self.rig.state
        await self.ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        await until(self.rig, lambda: self.rig.state is not before)
        return self.rig.state

    async def stats(self, **data: Any) -> RigState:
        return await self.tell({"type": "stats", "data": data})

    async def miner(self, **data: Any) -> RigState:
        return await self.tell({"type": "miner_status", "data": data})

    async def complaint(self, frame: str | bytes) -> str:
        """Send something that is not understood; returns what is said to that."""
        before = self.rig.state
        if isinstance(frame, bytes):
            await self.ws.send_bytes(frame)
        else:
            await self.ws.send_str(frame)
        answer = await received(self.ws)
        assert answer["type"] == "error"
        assert self.rig.state is before
        message: str = answer["message"]
        return message


@pytest.fixture
async def line(gateway: Gateway) -> AsyncIterator[Line]:
    """A connected agent, played by the test."""
    rig, token = gateway.add()
    ws = await gateway.dial(token)
    await received(ws)
    yield Line(gateway, rig, token, ws)
    await ws.close()


@pytest.fixture
def messages() -> Callable[[list[tuple[WSMsgType, bytes]]], None]:
    """Send messages of any kind to a gateway of their own; see that it survives."""

    async def send(messages: list[tuple[WSMsgType, bytes]]) -> None:
        async with _gateway(FakeClock()) as gateway:
            _, token = gateway.add("r1")
            ws = await gateway.dial(token)
            for kind, data in messages:
                # A control frame may have no more than that.
                short = kind not in (WSMsgType.TEXT, WSMsgType.BINARY)
                with suppress(ConnectionError):
                    await ws.send_frame(data[:125] if short else data, kind)
            await ws.close()
            _, other = gateway.add("r2")
            ws = await gateway.dial(other)
            assert (await received(ws))["type"] == "authenticated"
            await ws.close()
            assert gateway.failures == []

    return lambda messages: asyncio.run(send(messages))
