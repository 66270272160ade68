"""What an agent is asked to do, and how it went."""

import asyncio
from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    Busy,
    Command,
    Disconnected,
    InstallMiner,
    ListMiners,
    NotConnected,
    Reboot,
    Refused,
    RestartMiner,
    Shutdown,
    StartMiner,
    StopMiner,
    TimedOut,
    Unacceptable,
    UninstallMiner,
)
from simulator.rigs import Habits

from .conftest import Gateway, Line, Pair, StartRig, received

START = StartMiner(
    software="t-rex",
    algorithm="kawpow",
    pool="stratum+tcp://rvn.example.com:3333",
    wallet="RXaWallet.worker",
)


async def asked(line: Line) -> dict[str, Any]:
    """Return the command that is asked for next."""
    frame = await received(line.ws)
    assert frame["type"] == "command"
    command: dict[str, Any] = frame["command"]
    return command


async def answer(line: Line, command: dict[str, Any], **how: Any) -> None:
    await line.ws.send_json(
        {"type": "command_result", "commandId": command["id"], **how}
    )


async def test_a_command_goes_out_as_the_agent_wants_it(line: Line) -> None:
    task = asyncio.create_task(line.rig.run(START))
    command = await asked(line)
    assert isinstance(command.pop("id"), str)
    assert command == {
        "type": "start_miner",
        "payload": {
            "name": "t-rex",
            "algorithm": "kawpow",
            "pool": "stratum+tcp://rvn.example.com:3333",
            "wallet": "RXaWallet.worker",
        },
    }
    task.cancel()


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"error": "it went wrong"}, "it went wrong"),
        ({}, ""),
        ({"success": False}, ""),
        ({"success": "true"}, ""),
        ({"success": 1, "error": "still"}, "still"),
        (
            {"error": "open /root/.bloxos/miner.json: no such file"},
            "open ~/.bloxos/miner.json: no such file",
        ),
        ({"error": "fork/exec /home/miner/miners/t-rex"}, "fork/exec ~/miners/t-rex"),
        ({"error": "open /srv/home/rig/miner.json"}, "open /srv/home/rig/miner.json"),
        ({"error": "one\n\x1b[31mtwo\x00\u202e"}, "one [31mtwo"),
    ],
)
async def test_anything_but_success_is_a_failure_and_its_reason_is_fit_to_be_shown(
    line: Line, how: dict[str, Any], reason: str
) -> None:
    task = asyncio.create_task(line.rig.run(StopMiner()))
    await answer(line, await asked(line), **how)
    with pytest.raises(Refused) as refused:
        await task
    assert refused.value.detail == reason
    assert str(refused.value) == (reason or "Refused")


async def test_a_long_reason_is_cut(line: Line) -> None:
    task = asyncio.create_task(line.rig.run(StopMiner()))
    await answer(line, await asked(line), error="x" * 10_000)
    with pytest.raises(Refused) as refused:
        await task
    assert len(refused.value.detail) == 500


async def test_results_of_other_commands_are_none_of_this_one(line: Line) -> None:
    task = asyncio.create_task(line.rig.run(StopMiner()))
    command = await asked(line)
    await answer(line, {"id": "other"}, success=True)
    await line.ws.send_json({"type": "command_result", "success": True})
    assert not task.done()
    await answer(line, command, success=True)
    await answer(line, command, error="again")
    await task


async def test_commands_go_out_one_after_the_other(line: Line) -> None:
    first = asyncio.create_task(line.rig.run(StopMiner()))
    second = asyncio.create_task(line.rig.run(ListMiners()))
    command = await asked(line)
    assert command["type"] == "stop_miner"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.ws.receive()
    await answer(line, command, success=True)
    await first
    command = await asked(line)
    assert command["type"] == "list_miners"
    await answer(line, command, success=True)
    await second


async def test_no_command_is_kept_for_a_rig_that_is_away(gateway: Gateway) -> None:
    rig, _ = gateway.add()
    with pytest.raises(NotConnected):
        await rig.run(Reboot())


async def test_a_command_without_an_answer_fails_when_the_connection_breaks(
    line: Line,
) -> None:
    waiting = asyncio.create_task(line.rig.run(StopMiner()))
    behind = asyncio.create_task(line.rig.run(Reboot()))
    await asked(line)
    await line.ws.close()
    with pytest.raises(Disconnected):
        await waiting
    with pytest.raises(NotConnected):
        await behind


async def test_a_rig_that_works_on_a_command_takes_no_other(line: Line) -> None:
    with pytest.raises(TimedOut) as timed_out:
        await line.rig.run(StopMiner(), deadline=0.01)
    assert timed_out.value.detail == "stop_miner"
    with pytest.raises(Busy) as busy:
        await line.rig.run(Reboot())
    assert busy.value.detail == "stop_miner"
    command = await asked(line)
    await answer(line, command, success=True)
    # It is told in the same order: this comes after the late answer.
    await line.stats()
    rest = asyncio.create_task(line.rig.run(ListMiners()))
    await line.ws.receive()
    await answer(line, await asked(line), success=True)
    await rest


async def test_an_answer_to_a_ping_tells_that_a_result_got_lost(line: Line) -> None:
    with pytest.raises(TimedOut):
        await line.rig.run(StopMiner(), deadline=0.01)
    await asked(line)
    ping = await line.ws.receive()
    await line.ws.pong(b"of another ping")
    await line.stats()
    with pytest.raises(Busy):
        await line.rig.run(ListMiners())
    await line.ws.pong(ping.data)
    await line.stats()
    rest = asyncio.create_task(line.rig.run(ListMiners()))
    await answer(line, await asked(line), success=True)
    await rest


async def test_who_no_longer_waits_leaves_the_rig_at_work(line: Line) -> None:
    task = asyncio.create_task(line.rig.run(StopMiner()))
    command = await asked(line)
    task.cancel()
    await asyncio.wait([task])
    with pytest.raises(Busy):
        await line.rig.run(ListMiners())
    await answer(line, command, success=True)
    await line.stats()
    rest = asyncio.create_task(line.rig.run(ListMiners()))
    await answer(line, await asked(line), success=True)
    await rest


@pytest.mark.parametrize(
    "command",
    [
        START,
        StopMiner(),
        RestartMiner(),
        InstallMiner("t-rex"),
        UninstallMiner("t-rex"),
        ListMiners(),
        Reboot(),
        Shutdown(),
    ],
    ids=lambda command: command.kind,
)
async def test_a_real_rig_understands_every_command(
    start_rig: StartRig, command: Command
) -> None:
    pair = await start_rig(mining=False)
    pair.machine.saved = dict(START.payload())
    if isinstance(command, UninstallMiner):
        pair.machine.folders["t-rex"] = "0.26.8"
    await pair.while_living(pair.rig.run(command))
    assert pair.agent.dropped == 0


async def test_reasons_of_a_real_rig_reach_the_caller(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    with pytest.raises(Refused, match=r"no saved config to restart: open ~/\.bloxos"):
        await pair.while_living(pair.rig.run(RestartMiner()))
    pair.simulated.faults.offline()
    with pytest.raises(Refused, match="no such host"):
        await pair.while_living(pair.rig.run(InstallMiner("xmrig")))
    pair.simulated.faults.clear()
    await pair.while_living(pair.rig.run(InstallMiner("t-rex")))
    # The agent looks for a file where its own installer makes a folder.
    with pytest.raises(Refused, match="permission denied"):
        await pair.while_living(pair.rig.run(START))


async def test_a_slow_command_is_waited_for_and_nothing_else_stops(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(habits=Habits(install_s=400))
    reports = pair.rig.state.reports_heard
    await pair.while_living(pair.rig.run(InstallMiner("xmrig")), step=10)
    await pair.caught_up()
    assert pair.rig.state.connections == 1
    assert pair.rig.state.reports_heard >= reports + 35


async def test_commands_that_ran_into_a_reboot_are_not_repeated(
    start_rig: StartRig,
) -> None:
    pair: Pair = await start_rig(habits=Habits(install_s=400))
    install = asyncio.create_task(pair.rig.run(InstallMiner("xmrig")))
    await pair.agent.until(lambda: any(frame.command for frame in pair.agent.frames))
    pair.simulated.faults.reboot()
    with pytest.raises(Disconnected):
        await install
    await pair.simulated.settled()
    pair.gateway.clock.advance(45)
    await pair.agent.connected.wait()
    await pair.live(20)
    assert sum(frame.command is not None for frame in pair.agent.frames) == 1


def start(**other: Any) -> StartMiner:
    fields: dict[str, Any] = {
        "software": "t-rex",
        "algorithm": "kawpow",
        "pool": "stratum+tcp://rvn.example.com:3333",
        "wallet": "RXaWallet",
    }
    return StartMiner(**fields | other)


@pytest.mark.parametrize(
    "other",
    [
        {"software": "xmrig", "algorithm": "rx/0"},
        {"algorithm": "kheavyhash+zil", "software": "lolminer"},
        {"algorithm": "cn-heavy/xhv"},
        {"pool": "rvn.example.com:3333"},
        {"pool": "10.0.0.7:80"},
        {"pool": "[2001:db8::1]:3333"},
        {"pool": "stratum+ssl://a:65535"},
        {"pool": "stratum2+tcp://a.b-c.io:1"},
        {"pool": "ssl://a:443"},
        {"wallet": "kaspa:qqxyz0123456789.rig#ref"},
        {"wallet": "me@example.com"},
        {"wallet": "4AbC/worker/me@example.com"},
        {"worker": "rig-1_a.b"},
        {"pool": "nicehash+tcp://a:1", "software": "nbminer"},
        {"extra_arguments": ("-i", "20,21", "--pl=120,_,110", "--no-color")},
        {"software": "xmrig", "extra_arguments": ("--threads=4", "-k")},
        {
            "software": "lolminer",
            "extra_arguments": ("--cclk", "*,1500", "--tmode=edge"),
        },
        {"software": "lolminer", "extra_arguments": ("--devices", "NVIDIA")},
        {"software": "teamredminer", "extra_arguments": ("--fan_control", ":::100")},
        {"software": "nbminer", "extra_arguments": ("-mt", "1", "-lhr", "65,68,0,-1")},
        {"software": "nbminer", "extra_arguments": ("--cclock", "@1200,-100")},
    ],
    ids=str,
)
def test_what_people_really_use_is_accepted(other: dict[str, Any]) -> None:
    payload = start(**other).payload()
    assert set(payload) <= {
        "name",
        "algorithm",
        "pool",
        "wallet",
        "worker",
        "extraArgs",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("software", name)
            for name in ("", ".", "../t-rex", "/bin/sh", "T-Rex", "bzminer", "t-rex ")
        ),
        *(
            ("algorithm", name)
            for name in ("", "-a", "../x", "a b", "a//b", "/etc", "a;b", "x" * 41, "ä")
        ),
        *(
            ("pool", pool)
            for pool in (
                "",
                "pool",
                "pool:",
                "pool:0",
                "pool:99999",
                "pool:123456",
                "file:///etc/passwd:1",
                "http://pool:80",
                "stratum+tcp://me:secret@pool:1",
                "stratum+tcp://pool:1/path",
                "stratum+tcp://pool:1 --config x",
                "stratum+tcp://pool:1\n",
                "-o:1",
                "a..b:1",
                "pool:1,pool:2",
                "pool:1;reboot",
                "$(reboot):1",
                "p\u043e\u043el:1",
            )
        ),
        *(
            ("wallet", wallet)
            for wallet in (
                "",
                "-u",
                "--config",
                "a b",
                "a\nb",
                "$HOME",
                "x" * 300,
                "a'b",
            )
        ),
        *(("worker", worker) for worker in ("-w", "a/b", "a b", ".x", "x" * 65)),
    ],
)
def test_what_could_be_more_than_it_seems_is_refused(field: str, value: str) -> None:
    with pytest.raises(Unacceptable) as refused:
        start(**{field: value})
    assert refused.value.field == field


def test_a_worker_that_the_software_would_not_be_told_is_refused() -> None:
    with pytest.raises(Unacceptable) as refused:
        start(software="xmrig", worker="rig")
    assert (refused.value.field, refused.value.reason) == ("worker", "ignored")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--script-start", "reboot"),
        ("--script-start=reboot",),
        ("--scr", "reboot"),
        ("--config", "x"),
        ("-c", "x"),
        ("--api-bind-http", "0.0.0.0:4067"),
        ("--api-bind-http=0.0.0.0:4067",),
        ("--log-path=x",),
        ("-l", "x"),
        ("-o", "stratum+tcp://thief.example.com:1"),
        ("--url", "thief.example.com:1"),
        ("-u", "thief"),
        ("--proxy", "x:1"),
        ("--autoupdate",),
        ("; reboot",),
        ("$(reboot)",),
        ("reboot",),
        ("",),
        ("--",),
        ("-",),
        ("-i", "/etc/passwd"),
        ("-i", "--config"),
        ("-i=20;reboot",),
        ("-i",),
        ("-p", "x"),
        ("--pass=x",),
        ("--coin", "../x"),
        ("--coin", "a b"),
        ("--coin", "-x"),
        ("-i", ""),
        ("-i=",),
        ("--no-color=1",),
        ("--no-color", "1"),
        ("-i", "20") * 20,
    ],
    ids=" ".join,
)
def test_only_known_options_with_fitting_values_pass(
    arguments: tuple[str, ...],
) -> None:
    with pytest.raises(Unacceptable) as refused:
        start(extra_arguments=arguments)
    assert refused.value.field == "extra_arguments"


@pytest.mark.parametrize("name", ["", ".", "..", "../victim", "/", "t-rex/", "T-Rex"])
@pytest.mark.parametrize("kind", [InstallMiner, UninstallMiner])
def test_software_is_known_by_name_or_left_alone(
    kind: type[InstallMiner | UninstallMiner], name: str
) -> None:
    with pytest.raises(Unacceptable):
        kind(name)


async def test_the_agent_itself_would_have_deleted_it(start_rig: StartRig) -> None:
    pair = await start_rig()
    pair.machine.uninstall("../victim")
    assert pair.machine.deleted == ["/root/miners/../victim"]
