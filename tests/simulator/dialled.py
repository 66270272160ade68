"""A server that simulated agents dial, and which does nothing by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import WSMsgType, web

from simulator import FakeClock
from simulator.rigs import Agent, Habits, RigFleet, RigMachine, SimulatedRig

WELCOME = {"type": "authenticated", "rigId": "r1", "rigName": "Garage"}


@dataclass
class Call:
    """One connection of an agent, as the server has it."""

    request: web.Request
    socket: web.WebSocketResponse
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, frame: object) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        await self.socket.send_str(text)

    async def hear(self) -> dict[str, Any]:
        message = await self.socket.receive()
        assert message.type is WSMsgType.TEXT, message
        frame: dict[str, Any] = json.loads(message.data)
        return frame

    async def hear_of(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a type."""
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def end(self) -> int | None:
        """Wait until the connection has ended; returns the code of it."""
        while (await self.socket.receive()).type in (
            WSMsgType.TEXT,
            WSMsgType.PING,
            WSMsgType.PONG,
        ):
            pass
        return self.socket.close_code

    async def command(self, kind: str, payload: Any = None, **more: Any) -> None:
        command = {"id": "c1", "type": kind, "payload": payload} | more
        await self.say({"type": "command", "command": command})

    async def result(self) -> dict[str, Any]:
        return await self.hear_of("command_result")


@dataclass
class Server:
    """Where agents dial."""

    clock: FakeClock
    url: str = ""
    calls: asyncio.Queue[Call] = field(default_factory=asyncio.Queue)
    refuse_with: int | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_with is not None:
            return web.Response(status=self.refuse_with)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        call = Call(request, socket)
        self.calls.put_nowait(call)
        await call.over.wait()
        return socket

    async def next(self) -> Call:
        """Return the next connection."""
        return await self.calls.get()

    async def welcomed(self) -> Call:
        """Return the next connection, with what an agent tells at first heard."""
        call = await self.next()
        await call.say(WELCOME)
        assert (await call.hear())["type"] == "stats"
        assert (await call.hear())["type"] == "miner_status"
        return call


@dataclass
class Scene:
    """A rig and the server that it dials."""

    server: Server
    fleet: RigFleet

    @property
    def rig(self) -> SimulatedRig:
        return self.fleet.rigs[0]

    @property
    def agent(self) -> Agent:
        return self.rig.agent

    @property
    def machine(self) -> RigMachine:
        return self.rig.machine


@asynccontextmanager
async def scene(
    *cards: str, token: str = "a-token-of-a-rig", path: str = "", **options: Any
) -> AsyncIterator[Scene]:
    """Start a server and a rig that dials it."""
    server = Server(FakeClock())
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    options.setdefault("habits", Habits())
    fleet = RigFleet(
        f"{server.url}{path}",
        [token],
        kinds=[cards or ("rtx3080", "rtx3080", "rtx4070")],
        clock=server.clock,
        **options,
    )
    try:
        async with fleet:
            yield Scene(server, fleet)
    finally:
        await runner.cleanup()
