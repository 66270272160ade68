"""The simulated agent on the wire, frame by frame as the real one was seen."""

from datetime import UTC, datetime
import json
from typing import Any

from aiohttp import WSMsgType
import pytest

from simulator.rigs import Habits
from simulator.rigs.agent import address

from .dialled import WELCOME, Scene, scene


async def failed(stage: Scene, times: int) -> None:
    """Wait until the agent has failed so often."""
    await stage.agent.until(lambda: len(stage.agent.delays) >= times)


async def test_it_dials_like_the_real_one() -> None:
    async with scene(token="a b&c", path="/some/where?more=1&token=old") as stage:
        request = (await stage.server.next()).request
        assert request.path == "/api/agent/ws"
        assert dict(request.query) == {"more": "1", "token": "a b&c"}
        assert set(request.headers) == {
            "Host",
            "User-Agent",
            "Connection",
            "Upgrade",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
        }
        assert request.headers["User-Agent"] == "Go-http-client/1.1"


@pytest.mark.parametrize(
    "server", ["127.0.0.1:1", "localhost:1", "http://user:pw@127.0.0.1:1", "nonsense"]
)
def test_some_addresses_never_work(server: str) -> None:
    with pytest.raises(ValueError, match=r"malformed|in front"):
        address(server, "token")


@pytest.mark.parametrize(
    ("server", "scheme"),
    [("http://a:1", "ws"), ("https://a", "wss"), ("ws://a", "ws"), ("wss://a", "wss")],
)
def test_schemes_of_the_web_are_those_of_sockets(server: str, scheme: str) -> None:
    assert address(server, "token").scheme == scheme


async def test_it_says_nothing_before_it_is_welcome() -> None:
    async with scene() as stage:
        call = await stage.server.next()
        stage.server.clock.advance(3600)
        assert stage.agent.attempts == 1
        await call.say(WELCOME)
        assert (await call.hear())["type"] == "stats"


@pytest.mark.parametrize(
    "first",
    [
        {"type": "error", "message": "Invalid token"},
        {"type": "heartbeat_ack"},
        "nonsense",
    ],
    ids=["error", "other", "garbage"],
)
async def test_without_a_welcome_it_hangs_up_and_waits_ever_longer(
    first: object,
) -> None:
    async with scene() as stage:
        for _ in range(8):
            call = await stage.server.next()
            await call.say(first)
            # It hangs up without a word.
            assert await call.end() in (1006, 1000, None)
            call.over.set()
            await failed(stage, stage.agent.attempts)
            stage.server.clock.advance(60)
        assert stage.agent.delays == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_a_refused_request_is_tried_again_as_well(status: int) -> None:
    async with scene() as stage:
        stage.server.refuse_with = status
        await failed(stage, 1)
        stage.server.clock.advance(1)
        await failed(stage, 2)
        assert stage.agent.delays[:2] == [1, 2]


async def test_after_a_welcome_it_is_back_at_once() -> None:
    async with scene() as stage:
        for code in (1000, 1001, 1008, 4004, 4006):
            call = await stage.server.welcomed()
            await call.socket.close(code=code)
            call.over.set()
        await stage.server.welcomed()
        assert stage.agent.delays == []


async def test_what_is_sent_meanwhile_is_read_after_it_told_all() -> None:
    async with scene() as stage:
        call = await stage.server.next()
        await call.say(WELCOME)
        await call.command("list_miners")
        kinds = [(await call.hear())["type"] for _ in range(3)]
        assert kinds == ["stats", "miner_status", "command_result"]


async def test_it_tells_in_its_own_time() -> None:
    async with scene(habits=Habits(interval_s=20)) as stage:
        call = await stage.server.welcomed()
        stage.server.clock.advance(60)
        kinds = [(await call.hear())["type"] for _ in range(11)]
        assert sorted(kinds) == sorted(
            ["stats"] * 3 + ["miner_status"] * 6 + ["heartbeat"] * 2
        )


async def test_it_measures_in_the_time_of_its_start_not_of_a_connection() -> None:
    async with scene(habits=Habits(interval_s=30)) as stage:
        call = await stage.server.next()
        stage.server.clock.advance(25)
        await call.say(WELCOME)
        assert (await call.hear())["type"] == "stats"
        stage.server.clock.advance(5)
        await call.hear_of("stats")
        assert stage.agent.told["heartbeat"] == 0


async def test_a_heartbeat_is_nothing_but_that() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.server.clock.advance(30)
        assert await call.hear_of("heartbeat") == {"type": "heartbeat"}


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"heartbeat_ack","timestamp":1700000000000.0}',
        '{"type":"heartbeat_ack","timestamp":"now"}',
        '{"type":"heartbeat_ack","timestamp":true}',
        '{"type":7}',
        '{"type":"x","success":"yes"}',
        '{"type":"command","command":[]}',
        '{"type":"command","command":{"id":7,"type":"list_miners"}}',
        '{"type":"command","command":{"id":"1","type":7}}',
        *(
            json.dumps(
                {
                    "type": "command",
                    "command": {"id": "1", "type": "list_miners", "createdAt": created},
                }
            )
            for created in ("", "2026-11-21T12:00:00", 1700000000, "yesterday")
        ),
        "[]",
        "nonsense",
    ],
)
async def test_a_frame_with_a_wrong_type_vanishes(frame: str) -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        await call.say(frame)
        await stage.agent.until(lambda: stage.agent.dropped == 1)
        await call.command("list_miners")
        assert (await call.result())["commandId"] == "c1"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "heartbeat_ack", "timestamp": 1700000000000},
        {"type": "heartbeat_ack"},
        {"type": "authenticated"},
        {"type": "config", "interval": 5},
        {"type": "command"},
        {"type": "command", "command": None},
        {"type": "error", "message": "you are wrong"},
        {"TYPE": "heartbeat_ack", "timestamp": None},
    ],
    ids=str,
)
async def test_other_frames_are_read_and_of_no_account(frame: dict[str, Any]) -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        await call.say(frame)
        await stage.agent.until(lambda: len(stage.agent.frames) == 1)
        assert stage.agent.dropped == 0


@pytest.mark.parametrize("created", [None, datetime.now(UTC).isoformat()])
async def test_a_time_with_its_zone_is_understood(created: str | None) -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        await call.command("list_miners", createdAt=created)
        assert await call.result() == {
            "type": "command_result",
            "commandId": "c1",
            "success": True,
        }


async def test_binary_frames_are_read_like_text() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        command = {"id": "b", "type": "list_miners"}
        frame = {"type": "command", "command": command}
        await call.socket.send_bytes(json.dumps(frame).encode())
        assert (await call.result())["commandId"] == "b"


async def test_a_command_without_an_id_has_a_result_without_one() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        await call.say({"type": "command", "command": {"type": "list_miners"}})
        assert await call.result() == {"type": "command_result", "success": True}


async def test_nothing_is_answered_while_it_works() -> None:
    async with scene(habits=Habits(stop_s=5)) as stage:
        call = await stage.server.welcomed()
        await call.command("stop_miner")
        await call.command("list_miners", id="c2")
        await call.socket.ping(b"there?")
        await stage.agent.until(lambda: len(stage.agent.frames) == 1)
        stage.server.clock.advance(4.9)
        assert len(stage.agent.frames) == 1
        stage.server.clock.advance(0.1)
        seen = [await call.socket.receive() for _ in range(3)]
        assert [json.loads(m.data)["commandId"] for m in seen[:2]] == ["c1", "c2"]
        assert seen[2].type is WSMsgType.PONG


FAILURES: list[tuple[str, object, str]] = [
    ("execute", {"cmd": "id"}, "unknown command type: execute"),
    ("apply_flight_sheet", None, "unknown command type: apply_flight_sheet"),
    ("start_miner", None, "miner config required"),
    ("start_miner", [], "invalid miner config: json: cannot unmarshal array"),
    ("start_miner", {"name": 7}, "invalid miner config: json: cannot unmarshal number"),
    ("start_miner", {"name": "nope"}, "miner nope not found"),
    ("start_miner", {"name": "bzminer"}, "unsupported miner: bzminer"),
    ("start_miner", {}, "miner  not found"),
    ("restart_miner", None, "no saved config to restart"),
    ("apply_oc", None, "OC config required"),
    ("apply_oc", {"powerLimit": 150.5}, "cannot unmarshal number 150.5"),
    ("apply_oc", {"powerLimit": "150"}, "cannot unmarshal string"),
    ("apply_oc", {"powerLimit": True}, "cannot unmarshal bool"),
    ("apply_oc", {"powerLimit": {}}, "cannot unmarshal object"),
    ("apply_oc", {"powerLimit": 20}, "is not a valid power limit"),
    ("apply_oc", {"gpuIndex": 7, "coreLock": 1000}, "No devices were found"),
    ("install_miner", None, "miner name required"),
    ("install_miner", {}, "miner name required"),
    ("install_miner", {"minerName": 7}, "invalid install request"),
    ("install_miner", {"minerName": "nope"}, "unknown miner: nope"),
    ("uninstall_miner", {"minerName": "t-rex"}, "miner t-rex is not installed"),
]


@pytest.mark.parametrize(("kind", "payload", "error"), FAILURES)
async def test_a_failure_leaves_out_success(
    kind: str, payload: object, error: str
) -> None:
    async with scene(mining=False, habits=Habits(tool_s=0, install_s=0)) as stage:
        call = await stage.server.welcomed()
        await call.command(kind, payload)
        result = await call.result()
        assert set(result) == {"type", "commandId", "error"}
        assert error in result["error"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("stop_miner", None),
        ("list_miners", {"any": "thing"}),
        ("apply_oc", {}),
        ("apply_oc", {"powerLimit": 150.0, "GPUINDEX": -1, "unknown": []}),
        ("apply_oc", {"fanSpeed": 80, "coreOffset": 100, "memOffset": 1000}),
        ("uninstall_miner", {"minerName": "../victim"}),
        ("uninstall_miner", {"minerName": "."}),
        ("install_miner", {"minerName": "xmrig"}),
        ("start_miner", {"name": "T-REX"}),
    ],
)
async def test_success_says_little(kind: str, payload: object) -> None:
    async with scene(mining=False, habits=Habits(tool_s=0, install_s=0)) as stage:
        call = await stage.server.welcomed()
        await call.command(kind, payload)
        assert (await call.result())["success"] is True


async def test_no_tools_no_overclocking() -> None:
    async with scene(habits=Habits(tool_s=0)) as stage:
        stage.machine.has_tools = False
        call = await stage.server.next()
        await call.say(WELCOME)
        assert "gpus" not in (await call.hear())["data"]
        await call.command("apply_oc", {"powerLimit": 200})
        assert "no supported GPU tools" in (await call.result())["error"]


async def test_a_hanging_tool_leaves_nothing_but_heartbeats() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.rig.faults.hang()
        stage.server.clock.advance(65)
        assert [(await call.hear())["type"] for _ in range(2)] == ["heartbeat"] * 2
        await call.command("apply_oc", {"powerLimit": 200})
        await call.command("list_miners", id="c2")
        await stage.agent.until(lambda: len(stage.agent.frames) == 1)
        stage.server.clock.advance(1)
        stage.rig.faults.clear()
        assert (await call.hear_of("stats"))["data"]["gpus"]
        assert (await call.result())["commandId"] == "c1"


async def test_a_reboot_is_answered_before_it_is_tried() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        await call.command("reboot")
        assert (await call.result())["success"] is True
        stage.server.clock.advance(2)
        assert await call.end() == 1000
        call.over.set()
        await stage.rig.settled()
        assert stage.machine.processes == []
        stage.server.clock.advance(45)
        call = await stage.server.welcomed()
        call.over.set()


async def test_without_sudo_a_reboot_is_answered_all_the_same() -> None:
    async with scene() as stage:
        stage.rig.faults.no_sudo()
        call = await stage.server.welcomed()
        for kind in ("reboot", "shutdown"):
            await call.command(kind)
            assert (await call.result())["success"] is True
        stage.server.clock.advance(10)
        assert stage.agent.running
        assert (await call.hear())["type"] == "miner_status"


async def test_a_frozen_link_is_never_noticed_by_the_agent() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.rig.faults.freeze()
        stage.server.clock.advance(100)
        await call.socket.ping()
        assert stage.agent.attempts == 1
        stage.rig.faults.clear()
        await stage.rig.settled()
        # None of what it meant to tell got through.
        assert await call.end() in (1006, 1000, None)
        call.over.set()
        await stage.server.welcomed()


async def test_after_a_power_cut_the_old_connection_still_stands() -> None:
    async with scene() as stage:
        old = await stage.server.welcomed()
        stage.rig.faults.half_open()
        new = await stage.server.welcomed()
        stage.server.clock.advance(10)
        assert (await new.hear())["type"] == "miner_status"
        assert not old.socket.closed


async def test_a_connection_that_is_cut_is_dialled_anew_at_once() -> None:
    async with scene() as stage:
        old = await stage.server.welcomed()
        await stage.agent.cut()
        assert await old.end() == 1006
        old.over.set()
        await stage.server.welcomed()
        assert stage.agent.attempts == 2
        assert not stage.agent.delays


async def test_nothing_is_cut_while_there_is_no_connection() -> None:
    async with scene() as stage:
        await stage.server.next()
        await stage.agent.cut()
        assert stage.agent.running
        assert stage.agent.attempts == 1


async def test_a_duplicate_dials_with_the_same_token() -> None:
    async with scene() as stage:
        first = await stage.server.welcomed()
        stage.rig.faults.duplicate()
        stage.rig.faults.duplicate()
        second = await stage.server.welcomed()
        assert first.request.query["token"] == second.request.query["token"]
        stage.rig.faults.clear()
        await stage.rig.settled()
        assert await second.end() == 1000
        second.over.set()


async def test_what_takes_its_time_is_not_cut_short_by_the_end() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.rig.faults.restart_agent()
        assert await call.end() == 1000
        call.over.set()


async def test_nothing_is_measured_that_is_switched_off() -> None:
    async with scene(habits=Habits(gpu=False, cpu=False)) as stage:
        call = await stage.server.next()
        await call.say(WELCOME)
        assert await call.hear() == {"type": "stats", "data": {}}


async def test_frames_are_compact() -> None:
    async with scene() as stage:
        call = await stage.server.next()
        await call.say(WELCOME)
        text = (await call.socket.receive()).data
        assert text.startswith('{"type":"stats","data":{')
        assert '": ' not in text
