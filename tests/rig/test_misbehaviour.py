"""Whatever an agent sends, nothing comes of it but an answer, or the end of it."""

import asyncio
from contextlib import suppress
import json
import logging
import threading
from typing import Any

from aiohttp import WSMsgType
from hypothesis import given, strategies as st
import pytest

from custom_components.braiins_fleet.rig import Rig, RigState, session as sessions
from custom_components.braiins_fleet.rig.errors import BadFrame
from custom_components.braiins_fleet.rig.frames import Frame, read_frame
from custom_components.braiins_fleet.rig.readings import MinerReport, Stats
from simulator import FakeClock
from simulator.rigs.faults import GARBAGE

from .conftest import Line, StartRig, goodbye, received, until
from .nonsense import FRAMES, fuzzed, patient
from .samples import CPU, NVIDIA, STOPPED


async def test_a_rig_that_sends_nonsense_now_and_then_stays(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.garbage()
    session = pair.rig.session
    assert session is not None
    for _ in GARBAGE:
        pair.gateway.clock.advance(10)
    await pair.agent.until(
        lambda: [f.type for f in pair.agent.frames].count("error") == len(GARBAGE)
    )
    assert session.bad == len(GARBAGE)
    reports = pair.rig.state.reports_heard
    await pair.live(10)
    assert pair.rig.state.reports_heard == reports + 1
    assert pair.rig.session is session


async def test_too_much_nonsense_ends_it_and_the_agent_has_to_wait(line: Line) -> None:
    for _ in range(20):
        await line.complaint("nonsense")
    await line.ws.send_str("nonsense")
    assert await goodbye(line.ws) == 1008
    ws = await line.gateway.dial(line.token)
    assert (await received(ws))["message"] == "Too many bad messages"
    assert await goodbye(ws) == 1008
    line.gateway.clock.advance(60)
    ws = await line.gateway.dial(line.token)
    assert (await received(ws))["type"] == "authenticated"
    await ws.close()


async def test_nonsense_once_an_hour_is_put_up_with(line: Line) -> None:
    for _ in range(50):
        line.gateway.clock.advance(1200)
        await line.complaint("nonsense")


async def test_a_flood_is_not_listened_to(line: Line) -> None:
    frame = json.dumps({"type": "miner_status", "data": STOPPED})
    for _ in range(200):
        await line.ws.send_str(frame)
    assert await goodbye(line.ws) == 1008
    assert line.rig.state.reports_heard == 60


async def test_a_flood_of_pings_is_not_answered_without_end(line: Line) -> None:
    for _ in range(200):
        await line.ws.ping(b"x")
    pongs = 0
    while (message := await line.ws.receive()).type in (
        WSMsgType.PONG,
        WSMsgType.TEXT,
    ):
        pongs += message.type is WSMsgType.PONG
    assert pongs == 60


@pytest.mark.parametrize(
    ("data", "code"),
    [(b" " * 65 * 1024, 1009), (b"\xff\xfe\xff", 1007)],
    ids=["too large", "no text"],
)
async def test_what_no_frame_may_be_ends_it_and_the_agent_has_to_wait(
    line: Line, data: bytes, code: int
) -> None:
    session = line.rig.session
    assert session is not None
    await line.ws.send_frame(data, WSMsgType.TEXT)
    assert await goodbye(line.ws) == code
    await until(line.rig, lambda: line.rig.session is None)
    assert session.bad == 1
    ws = await line.gateway.dial(line.token)
    assert (await received(ws))["message"] == "Too many bad messages"
    assert await goodbye(ws) == 1008
    line.gateway.clock.advance(60)
    ws = await line.gateway.dial(line.token)
    assert (await received(ws))["type"] == "authenticated"
    await ws.close()


async def test_a_frame_of_64_cards_with_long_names_fits(line: Line) -> None:
    cards = [NVIDIA | {"name": "x" * 64, "index": number} for number in range(64)]
    state = await line.stats(gpus=cards, cpu=CPU)
    assert state.gpus is not None
    assert len(state.gpus) == 64


async def test_nothing_an_agent_says_gets_into_the_log(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.braiins_fleet")
    evil = "EVIL\nWARNING forged line\x1b[2J"
    for frame in (
        json.dumps({"type": evil}),
        json.dumps({"type": "stats", "data": {evil: evil, "gpus": evil}}),
        json.dumps({"type": "miner_status", "data": {"running": evil}}),
        evil,
    ):
        await line.complaint(frame)
    assert "The agent of Garage sent a bad message" in caplog.text
    assert "EVIL" not in caplog.text
    assert line.token not in caplog.text


class Mute:
    """A socket whose other end takes nothing."""

    def __init__(self) -> None:
        self.closed: list[int] = []
        self.fails = False
        self.stalls = asyncio.Event()

    async def receive(self) -> Any:
        raise NotImplementedError

    async def _send(self) -> None:
        if self.fails:
            raise ConnectionResetError
        self.stalls.set()
        await asyncio.Event().wait()

    async def send_str(self, data: str) -> None:
        assert data
        await self._send()

    async def ping(self, message: bytes = b"") -> None:
        await self.send_str(repr(message))

    async def pong(self, message: bytes = b"") -> None:
        await self.send_str(repr(message))

    async def close(self, *, code: int, message: bytes = b"") -> bool:
        assert message
        self.closed.append(code)
        await self._send()
        return True


@pytest.mark.parametrize("fails", [True, False], ids=["broken", "stalled"])
async def test_who_takes_nothing_is_given_up(
    fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_SENDING", 0.01)
    socket = Mute()
    socket.fails = fails
    session = sessions.Session(socket)
    await session.welcome("r1", "Garage", lambda: None)
    await session.listen(lambda _: None)
    assert socket.closed == [1001]


def test_no_depth_is_too_deep_for_a_small_stack() -> None:
    text = '{"type":"stats","data":' + "[" * 30000 + "]" * 30000 + "}"
    failures: list[BaseException] = []

    def read() -> None:
        try:
            read_frame(text)
        except BadFrame as err:
            failures.append(err)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert [str(failure) for failure in failures] == ["it is nested too deeply"]


async def test_what_comes_after_the_end_is_not_heard(line: Line) -> None:
    reports = line.rig.state.reports_heard
    removal = asyncio.create_task(line.gateway.rigs.remove(line.rig.id))
    await line.ws.send_json({"type": "miner_status", "data": STOPPED})
    assert await goodbye(line.ws) == 4005
    await removal
    assert line.rig.state.reports_heard == reports


@patient
@fuzzed(few=100, share=1)
@given(st.lists(FRAMES.map(json.dumps) | st.text(), max_size=8))
def test_no_sequence_of_frames_gets_out_of_the_library(frames: list[str]) -> None:
    clock = FakeClock()
    rig = Rig("r1", "Garage", "", now=clock.now)
    for text in frames:
        clock.advance(10)
        frame = understood(text)
        if isinstance(frame, Stats | MinerReport):
            rig.hear(frame)
        rig.look()
        check(rig.state)


def understood(text: str) -> Frame | None:
    """Read a frame, unless it is none, which is all that may be wrong with it."""
    with suppress(BadFrame):
        return read_frame(text)
    return None


def check(state: RigState) -> None:
    """See that what is known of a rig is of a size, and fit to be shown."""
    assert len(state.lost) <= 64
    assert len(state.gpus or ()) <= 64
    assert len(state.miners or ()) <= 12
    assert state.power is None or 0 <= state.power <= 65 * 5000
    assert state.hashrate is None or 0 <= state.hashrate <= 64e18
    for gpu in state.gpus or ():
        assert gpu.card.name.isprintable()
        assert len(gpu.card.name) <= 64
        assert len(gpu.card.key) <= 16
    for miner in state.miners or ():
        assert miner.name.isprintable()
        for text in (miner.name, miner.algorithm, miner.version, miner.pool):
            assert text is None or (len(text) <= 255 and text.isprintable())


@patient
@fuzzed(few=10, share=2)
@given(
    frames=st.lists(
        FRAMES.map(lambda frame: json.dumps(frame).encode())
        | st.binary(max_size=200)
        | st.text(max_size=200).map(lambda text: text.encode(errors="replace")),
        max_size=15,
    ),
    kinds=st.lists(
        st.sampled_from(
            [
                *[WSMsgType.TEXT] * 5,
                WSMsgType.BINARY,
                WSMsgType.PING,
                WSMsgType.PONG,
                WSMsgType.CLOSE,
            ]
        ),
        min_size=15,
        max_size=15,
    ),
)
def test_no_sequence_of_messages_harms_the_gateway(
    frames: list[bytes], kinds: list[WSMsgType], messages: Any
) -> None:
    messages(list(zip(kinds, frames, strict=False)))
