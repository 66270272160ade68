"""What a simulated rig is, does and tells, with the oddities of the real agent."""

import asyncio
from pathlib import Path
import sys
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from simulator import FakeClock, Fleet, RealClock
from simulator.cli import main
from simulator.control import Control, ask
from simulator.rigs import CARDS, DESCRIPTIONS, PROGRAMS, RigFleet, RigMachine
from simulator.rigs.alarms import Alarms
from simulator.rigs.faults import GARBAGE
from simulator.rigs.machine import Failed

from .dialled import scene

MINER = {"name": "t-rex", "algorithm": "kawpow", "pool": "stratum+tcp://p.io:1"}
UNREAD = {"hashrate": 0, "version": "", "algorithm": "", "uptime": 0}
NOTHING: dict[str, int | None] = dict.fromkeys(
    ["powerLimit", "coreLock", "memLock", "fanSpeed", "coreOffset", "memOffset"]
)


def machine(*cards: str, **options: Any) -> RigMachine:
    """Return a rig on a clock of its own."""
    return RigMachine(cards or ("rtx3080", "rtx4070"), clock=FakeClock(), **options)


def live(rig: RigMachine, seconds: float) -> None:
    """Let time pass for a rig."""
    assert isinstance(rig.clock, FakeClock)
    rig.clock.advance(seconds)
    rig.catch_up()


def mine(rig: RigMachine, **other: Any) -> None:
    """Start a miner, and let all come to rest."""
    rig.launch(MINER | other)
    live(rig, 1200)


def test_a_busy_card_is_hot_and_loud_and_an_idle_one_is_not() -> None:
    rig = machine("rtx3080")
    [card] = rig.cards
    live(rig, 1200)
    assert card.heat_c < 45
    assert card.fan == 0
    assert card.watts < 30
    mine(rig)
    assert 50 < card.heat_c < 85
    assert card.fan > 30
    assert card.watts == pytest.approx(card.model.watts, rel=0.02)
    assert card.hashrate == pytest.approx(card.model.hashrate, rel=0.03)


@settings(max_examples=50, deadline=None)
@given(st.integers(100, 320), st.integers(100, 320))
def test_a_higher_limit_never_means_less_of_anything(one: int, other: int) -> None:
    found = []
    for watts in sorted((one, other)):
        rig = machine("rtx3080")
        rig.overclock(NOTHING | {"gpuIndex": 0, "powerLimit": watts})
        mine(rig)
        [card] = rig.cards
        assert card.watts <= watts * 1.06
        found.append((card.watts, card.hashrate, card.heat_c))
    assert all(low <= high for low, high in zip(*found, strict=True))


def test_a_power_limit_saves_more_than_it_costs() -> None:
    rig = machine("rtx3080")
    mine(rig)
    [card] = rig.cards
    before = card.hashrate / card.watts
    rig.overclock(NOTHING | {"gpuIndex": 0, "powerLimit": 220})
    live(rig, 600)
    assert card.hashrate / card.watts > before * 1.1


def test_memory_moves_hashrate_and_power() -> None:
    rig = machine("rtx3080")
    mine(rig)
    [card] = rig.cards
    before = (card.hashrate, card.watts)
    rig.overclock(NOTHING | {"gpuIndex": 0, "memLock": 5001})
    live(rig, 600)
    assert card.hashrate < before[0]
    assert card.watts < before[1]
    rig.overclock(NOTHING | {"gpuIndex": 0, "memLock": 0})
    live(rig, 600)
    assert (card.hashrate, card.watts) == pytest.approx(before)


def test_a_hot_room_slows_a_card_down() -> None:
    rig = machine("cmp170hx")
    mine(rig)
    [card] = rig.cards
    before = card.hashrate
    card.room_c = 70
    live(rig, 1200)
    assert card.heat_c > 80
    assert card.hashrate < before


def test_fans_of_nvidia_cards_and_offsets_do_nothing_without_a_word() -> None:
    rig = machine("rtx3080")
    mine(rig)
    [card] = rig.cards
    before = (card.core_mhz, card.memory_mhz, round(card.fan))
    rig.overclock(
        NOTHING | {"gpuIndex": 0, "fanSpeed": 100, "coreOffset": 500, "memOffset": 900}
    )
    live(rig, 60)
    assert (card.core_mhz, card.memory_mhz, round(card.fan)) == before


def test_a_missing_number_means_the_first_card_only() -> None:
    rig = machine("rtx3080", "rtx3080")
    rig.overclock(NOTHING | {"gpuIndex": None, "powerLimit": 200})
    assert [card.power_limit for card in rig.cards] == [200, 320]


def test_all_cards_stop_at_the_first_that_refuses() -> None:
    rig = machine("rtx3080", "rtx4070", "rtx3080")
    with pytest.raises(Failed, match="not a valid power limit"):
        rig.overclock(NOTHING | {"gpuIndex": -1, "powerLimit": 300, "coreLock": 1500})
    assert [card.power_limit for card in rig.cards] == [300, 200, 320]
    assert {card.core_lock for card in rig.cards} == {1500}


def test_amd_cards_go_by_numbers_of_their_own() -> None:
    rig = machine("rtx3080", "rx6800xt")
    rig.overclock(NOTHING | {"gpuIndex": 0, "powerLimit": 200})
    assert [card.power_limit for card in rig.cards] == [200, 200]
    with pytest.raises(Failed, match="No devices were found"):
        rig.overclock(NOTHING | {"gpuIndex": 1, "powerLimit": 200})
    rig.has_onboard = True
    rig.overclock(NOTHING | {"gpuIndex": 0, "powerLimit": 210})
    assert [card.power_limit for card in rig.cards] == [210, 200]
    amd = machine("rx6800xt")
    amd.overclock(
        NOTHING | {"gpuIndex": -1, "coreLock": 1800, "memLock": 900, "fanSpeed": 80}
    )
    [card] = amd.cards
    assert (card.core_lock, card.memory_lock, card.fan_fixed) == (1800, 900, 80)
    with pytest.raises(Failed, match="gpu0 power: write"):
        amd.overclock(NOTHING | {"gpuIndex": 0, "powerLimit": 500})


def test_stats_have_all_keys_of_the_agent() -> None:
    data = machine("rtx3080", "rx6800xt", "cmp170hx").stats()
    gpus = data["gpus"]
    assert [gpu["index"] for gpu in gpus] == [0, 1, 2]
    assert [gpu["vendor"] for gpu in gpus] == ["NVIDIA", "NVIDIA", "AMD"]
    for gpu in gpus:
        assert set(gpu) == {
            *("index", "name", "vendor", "temperature", "memTemp", "fanSpeed"),
            *("powerDraw", "coreClock", "memoryClock", "utilization", "vram", "busId"),
        }
    assert gpus[0]["busId"] == "00000000:01:00.0"
    assert gpus[1]["fanSpeed"] is None
    assert gpus[2]["busId"] == "0000:03:00.0"
    assert data["cpu"]["powerDraw"] is None


def test_rocm_is_misread() -> None:
    [gpu] = machine("rx6800xt", rocm=True).stats()["gpus"]
    assert gpu["name"] == "Card SKU: \t\tD41206"
    assert gpu["vram"] == 17163091968
    assert gpu["busId"] == "00.0"
    assert gpu["coreClock"] is gpu["memoryClock"] is gpu["fanSpeed"] is None


def test_the_usage_of_the_processor_is_a_whole_number_now_and_then() -> None:
    rig = machine()
    kinds = {type(rig.stats()["cpu"]["usage"]) for _ in range(50)}
    assert kinds == {int, float}


def test_cards_shift_where_one_tool_fails_and_vanish_where_both_do() -> None:
    rig = machine("rtx3080", "rx6800xt")
    rig.tools_fail = True
    [gpu] = rig.stats()["gpus"]
    assert (gpu["index"], gpu["vendor"]) == (0, "AMD")
    rig.has_tools = False
    assert "gpus" not in rig.stats()


def test_one_lost_card_silences_the_tool_until_the_boot() -> None:
    rig = machine("rtx3080", "rtx3080")
    rig.cards[0].lost = True
    assert "gpus" not in rig.stats()
    rig.boot()
    assert len(rig.stats()["gpus"]) == 1


def test_no_miner_is_told_in_three_words() -> None:
    assert machine().miner_status() == {"name": "", "pid": 0, "running": False}


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("t-rex", {}),
        ("lolminer", {"pool": "p.io:1"}),
        ("gminer", {"hashrate": 0}),
        ("nbminer", UNREAD),
        ("teamredminer", UNREAD),
        ("srbminer", {"uptime": 1200, "pool": "p.io:1"}),
        ("bzminer", UNREAD),
    ],
)
def test_each_software_tells_in_its_own_way(name: str, odd: dict[str, Any]) -> None:
    rig = machine("rtx3080", "rtx3080")
    rig.launch(MINER)
    rig.processes[0].program = PROGRAMS[name]
    live(rig, 1219)
    status = rig.miner_status()
    assert status["running"] is True
    assert status["name"] == name
    for key, value in odd.items():
        assert status[key] == value
    if name != "gminer" and odd is not UNREAD:
        assert status["hashrate"] == pytest.approx(rig.hashrate, rel=0.01)
        assert status["shares"]["accepted"] > 0
    if name == "srbminer":
        assert status["gpuStats"][0]["fanSpeed"] > 500
    assert ("gpuStats" in status) is (odd is not UNREAD)


def test_the_agent_takes_what_one_software_counts_for_millions() -> None:
    told = {}
    for name in ("lolminer", "gminer"):
        rig = machine("rtx3080")
        rig.launch(MINER | {"algorithm": "equihash144_5"})
        rig.processes[0].program = PROGRAMS[name]
        live(rig, 60)
        [card] = rig.miner_status()["gpuStats"]
        told[name] = card["hashrate"]
    assert 10 < told["gminer"] < 1000
    assert told["lolminer"] == pytest.approx(told["gminer"] * 1e6, rel=0.02)


def test_a_processor_mines_without_cards() -> None:
    rig = machine()
    mine(rig, name="xmrig", algorithm="rx/0")
    status = rig.miner_status()
    assert "gpuStats" not in status
    assert status["hashrate"] > 500
    assert rig.hashrate == 0
    assert rig.stats()["cpu"]["usage"] == 100


def test_a_crashed_child_runs_for_ever() -> None:
    rig = machine()
    mine(rig)
    rig.crash()
    live(rig, 3600)
    status = rig.miner_status()
    assert status["running"] is True
    assert status["hashrate"] == 0
    assert status["version"] == ""
    assert rig.hashrate == 0
    own = rig.own
    assert own is not None
    rig.bury(own)
    assert rig.miner_status()["running"] is False


def test_two_miners_are_told_of_by_turns_without_order() -> None:
    rig = machine()
    mine(rig)
    rig.launch({"name": "xmrig"}, own=False)
    names = [rig.miner_status()["name"] for _ in range(40)]
    assert set(names) == {"t-rex", "xmrig"}


def test_a_name_in_a_command_line_is_taken_for_a_miner() -> None:
    rig = machine()
    rig.lookalikes.append("xmrig")
    status = rig.miner_status()
    assert (status["name"], status["running"], status["version"]) == ("xmrig", True, "")


def test_without_pgrep_the_child_is_told_of_by_its_given_name() -> None:
    rig = machine()
    rig.has_pgrep = False
    rig.launch(MINER | {"name": "TREX"})
    own = rig.own
    assert own is not None
    assert rig.miner_status() == {"name": "TREX", "pid": own.pid, "running": True}


def test_an_orphan_is_killed_by_its_name_but_not_all_are() -> None:
    rig = machine()
    rig.launch(MINER)
    rig.launch({"name": "gminer"}, own=False)
    rig.orphan()
    assert rig.own is None
    rig.kill_by_name()
    assert [process.program.name for process in rig.processes] == ["gminer"]


def test_what_the_agent_installs_it_cannot_start() -> None:
    rig = machine()
    rig.install("t-rex")
    with pytest.raises(Failed, match=r"/root/miners/t-rex: permission denied"):
        rig.launch(MINER)
    rig.uninstall("t-rex")
    rig.launch(MINER)
    rig.binaries.clear()
    with pytest.raises(Failed, match="not found"):
        rig.launch(MINER)
    rig.install("srbminer")
    rig.launch(MINER | {"name": "srbminer-multi"})


def test_without_a_way_out_nothing_is_installed() -> None:
    rig = machine()
    rig.online = False
    with pytest.raises(Failed, match="failed to get latest release"):
        rig.install("t-rex")


def test_paths_are_deleted_as_they_come() -> None:
    rig = machine()
    rig.uninstall("../victim")
    rig.uninstall(".")
    assert rig.deleted == ["/root/miners/../victim", "/root/miners/."]


@pytest.mark.parametrize("fault", DESCRIPTIONS)
async def test_each_fault_begins_and_ends(fault: str) -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.rig.faults.set(fault)
        stage.server.clock.advance(5)
        once = ", once" in DESCRIPTIONS[fault]
        assert (fault in stage.rig.faults.active) is not once
        stage.rig.faults.clear()
        assert stage.rig.faults.active == ()
        call.over.set()
        await stage.rig.settled()


@pytest.mark.parametrize(
    ("name", "argument"),
    [("gremlins", None), ("hang", "7"), ("gpu-lost", "9"), ("hot", "much")],
)
async def test_faults_that_cannot_be_are_refused(
    name: str, argument: str | None
) -> None:
    async with scene() as stage:
        with pytest.raises(ValueError, match=r"no fault|no argument|no card|invalid"):
            stage.rig.faults.set(name, argument)


async def test_a_lost_card_comes_back_to_its_place() -> None:
    async with scene() as stage:
        cards = list(stage.machine.cards)
        stage.rig.faults.set("gpu-lost", "1")
        stage.machine.boot()
        assert len(stage.machine.cards) == 2
        stage.rig.faults.clear()
        assert stage.machine.cards == cards


async def test_nonsense_is_sent_piece_by_piece() -> None:
    async with scene() as stage:
        call = await stage.server.welcomed()
        stage.rig.faults.garbage()
        stage.server.clock.advance(10)
        stage.server.clock.advance(10)
        texts = [(await call.socket.receive()).data for _ in range(2)]
        assert texts == list(GARBAGE[:2])


async def test_alarms_ring_by_themselves_on_a_real_clock() -> None:
    alarms = Alarms(RealClock(speed=1000))
    alarms.start()
    rung = []
    alarms.after(50, lambda: rung.append("late"))
    alarms.after(10, lambda: rung.append("early"))
    alarms.after(5, lambda: rung.append("never")).cancel()
    await alarms.sleep(0)
    await alarms.sleep(60)
    assert rung == ["early", "late"]
    alarms.after(1, lambda: rung.append("after the end"))
    alarms.stop()


async def test_a_fleet_mines_and_no_two_rigs_are_alike() -> None:
    fleet = RigFleet(
        "http://127.0.0.1:1", [str(n) for n in range(8)], clock=FakeClock()
    )
    try:
        assert all(rig.machine.hashrate > 0 for rig in fleet.rigs)
        heat = [rig.machine.cards[0].heat_c for rig in fleet.rigs]
        assert len(set(heat)) == len(heat)
        assert {c.model for rig in fleet.rigs for c in rig.machine.cards} == set(
            CARDS.values()
        )
    finally:
        await fleet.stop()


async def test_rigs_are_controlled_together_with_miners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with scene() as stage, Fleet(count=0, clock=FakeClock()) as fleet:
        await stage.server.welcomed()
        control = Control(fleet, tmp_path / "control", stage.fleet.rigs)
        await control.start()
        [rig] = await ask(tmp_path / "control", "fault", host="rig-1", name="hot")
        assert rig["rig"] == "rig-1"
        assert rig["connected"] is True
        assert rig["faults"] == ["hot"]
        assert rig["miners"] == ["t-rex"]
        [rig] = await ask(tmp_path / "control", "fault", host="all", name="crash")
        assert rig["miners"] == ["t-rex (crashed)"]
        with pytest.raises(ValueError, match="no fault 'broken-fan'"):
            await ask(tmp_path / "control", "fault", host="all", name="broken-fan")
        given = ["--control", str(tmp_path / "control")]
        assert await asyncio.to_thread(main, ["list", *given]) == 0
        out = capsys.readouterr().out
        assert "rig-1" in out
        assert "connected, 3 cards, t-rex (crashed)" in out
        assert out.rstrip().endswith("hot")
        assert await asyncio.to_thread(main, ["show", "rig-1", *given]) == 0
        assert "a-token-of-a-rig" not in capsys.readouterr().out
        await control.stop()


async def test_rigs_run_from_the_command_line(tmp_path: Path) -> None:
    async with scene() as stage:
        await stage.server.welcomed()
        (tmp_path / "tokens").write_text("token-one\ntoken-two\ntoken-three\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "simulator", "--count", "0", "--no-decoys", "--rigs", "2"),
            *("--server", stage.server.url, "--control", str(tmp_path / "control")),
            *("--tokens", f"@{tmp_path / 'tokens'}"),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            calls = [await stage.server.next() for _ in range(2)]
            tokens = {call.request.query["token"] for call in calls}
            assert tokens == {"token-one", "token-two"}
        finally:
            process.terminate()
            out, _ = await process.communicate()
        assert b"rig-2" in out
        assert process.returncode == 0


def test_each_rig_needs_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rigs", "2", "--tokens", "one"]) == 1
    assert "Each rig needs a token" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--rigs", "--count"])
def test_there_is_no_negative_number_of_anything(option: str) -> None:
    with pytest.raises(SystemExit):
        main(["run", option, "-1"])
