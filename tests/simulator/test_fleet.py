"""Many miners, decoys, and the command line that runs them."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path
import signal
import sys

import grpc
import pytest

from simulator import MODELS, FakeClock, Fleet, OldBraiinsOs, RealClock, StockAntminer
from simulator.cli import main
from simulator.control import Control, InUse, ask
from simulator.fleet import addresses

from .conftest import Caller


@pytest.fixture
async def fleet(clock: FakeClock) -> AsyncIterator[Fleet]:
    async with Fleet(
        first="127.0.90.1", port=0, clock=clock, decoys=True, http_port=0
    ) as fleet:
        yield fleet


@pytest.fixture
async def socket(fleet: Fleet, tmp_path: Path) -> AsyncIterator[Path]:
    control = Control(fleet, tmp_path / "control")
    await control.start()
    yield tmp_path / "control"
    await control.stop()


async def test_a_fleet_has_one_of_each_model_at_successive_addresses(
    fleet: Fleet,
) -> None:
    assert [miner.machine.model.key for miner in fleet.miners] == list(MODELS)
    assert [miner.host for miner in fleet.miners] == [
        f"127.0.90.{number}" for number in range(1, 7)
    ]
    for miner in fleet.miners:
        async with grpc.aio.insecure_channel(miner.address) as channel:
            caller = Caller(miner, channel)
            await caller.login()
            details = await caller.call("MinerService/GetMinerDetails")
            assert details.mac_address == miner.machine.identity.mac


async def test_no_two_miners_of_a_fleet_are_alike(clock: FakeClock) -> None:
    fleet = Fleet(count=200, clock=clock)
    assert len({miner.machine.identity.uid for miner in fleet.miners}) == 200
    assert len({miner.machine.identity.mac for miner in fleet.miners}) == 200


def test_addresses_leave_out_those_no_host_has() -> None:
    some = list(islice(addresses("127.0.1.254"), 3))
    assert some == ["127.0.1.254", "127.0.2.1", "127.0.2.2"]


async def test_one_address_will_do_with_a_port_each(clock: FakeClock) -> None:
    async with Fleet(
        count=3, first="127.0.91.1", port=45123, same_host=True, clock=clock
    ) as fleet:
        assert [miner.address for miner in fleet.miners] == [
            "127.0.91.1:45123",
            "127.0.91.1:45124",
            "127.0.91.1:45125",
        ]


async def test_a_fleet_that_cannot_listen_leaves_nothing_behind(
    clock: FakeClock,
) -> None:
    async with Fleet(count=1, first="127.0.92.2", port=45130, clock=clock):
        late = Fleet(count=3, first="127.0.92.1", port=45130, clock=clock)
        with pytest.raises((OSError, RuntimeError)):
            await late.start()
        assert not any(miner.listening for miner in late.miners)


async def test_time_passes_for_a_whole_fleet(fleet: Fleet, clock: FakeClock) -> None:
    before = [miner.machine.energy_wh for miner in fleet.miners]
    clock.advance(3600)
    for miner, energy in zip(fleet.miners, before, strict=True):
        used = miner.machine.energy_wh - energy
        assert used == pytest.approx(miner.machine.model.power.default, rel=0.02)


async def test_with_a_real_clock_a_stream_wakes_by_itself() -> None:
    async with Fleet(
        ["s19k_pro"], first="127.0.93.1", port=0, clock=RealClock(speed=200)
    ) as fleet:
        (miner,) = fleet.miners
        async with grpc.aio.insecure_channel(miner.address) as channel:
            caller = Caller(miner, channel)
            await caller.login()
            stream = caller.stream("MinerService/GetMinerStatus")
            await anext(stream)
            await caller.call("ActionsService/PauseMining")
            assert (await anext(stream)).status == 3
            await stream.aclose()


async def fetch(host: str, port: int, path: str) -> tuple[str, str]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return head, body


async def test_stock_firmware_wants_a_digest_login_and_has_no_api(
    fleet: Fleet,
) -> None:
    stock = fleet.decoys[0]
    assert isinstance(stock, StockAntminer)
    head, _ = await fetch(stock.host, stock.port, "/cgi-bin/get_system_info.cgi")
    assert head.startswith("HTTP/1.1 401 ")
    assert 'Digest realm="antMiner Configuration"' in head
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(stock.host, 50051)


async def test_old_braiins_os_has_a_page_but_no_api(fleet: Fleet) -> None:
    old = fleet.decoys[1]
    assert isinstance(old, OldBraiinsOs)
    head, _ = await fetch(old.host, old.port, "/api/v1/version")
    assert head.startswith("HTTP/1.1 405 ")
    head, body = await fetch(old.host, old.port, "/")
    assert head.startswith("HTTP/1.1 200 ")
    assert "Braiins OS" in body


async def test_a_running_fleet_is_listed_by_address(fleet: Fleet, socket: Path) -> None:
    miners = await ask(socket, "list")
    assert [miner["address"] for miner in miners] == [m.address for m in fleet.miners]
    assert miners[2]["status"] == "normal"


async def test_a_fault_is_made_and_cleared_from_outside(
    fleet: Fleet, socket: Path
) -> None:
    (miner,) = await ask(socket, "fault", host="127.0.90.3", name="refuse")
    assert miner["faults"] == ["refuse"]
    assert miner["listening"] is False
    assert fleet.miners[2].faults.active == ("refuse",)
    (miner,) = await ask(socket, "clear", host="127.0.90.3")
    assert miner["listening"] is True


async def test_miners_are_found_by_mac_and_name_too(fleet: Fleet, socket: Path) -> None:
    machine = fleet.miners[3].machine
    for name in (machine.identity.mac, machine.network.hostname):
        (miner,) = await ask(socket, "show", host=name)
        assert miner["address"] == fleet.miners[3].address


@pytest.mark.usefixtures("fleet")
async def test_nonsense_from_outside_is_answered_in_words(socket: Path) -> None:
    for details in (
        {"host": "127.0.90.99"},
        {"host": "all", "name": "gremlins"},
        {"host": "127.0.90.1", "name": "fail"},
        {"host": "127.0.90.1", "name": "broken-fan", "argument": "9"},
        {"host": "127.0.90.1", "name": "board-down", "argument": "9"},
    ):
        with pytest.raises(ValueError, match=r"^no miner|there is no|needs the names"):
            await ask(socket, "fault", **details)


async def test_two_simulators_do_not_share_a_socket(fleet: Fleet, socket: Path) -> None:
    with pytest.raises(InUse):
        await Control(fleet, socket).start()


def test_without_a_running_fleet_the_command_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--control", str(tmp_path / "none")]) == 1
    assert "No simulator is running" in capsys.readouterr().err


async def test_the_command_line_shows_what_it_did(
    fleet: Fleet, socket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def command(*arguments: str) -> tuple[int, str, str]:
        given = [*arguments, "--control", str(socket)]
        code = await asyncio.to_thread(main, given)
        return code, *capsys.readouterr()

    code, out, _ = await command("list")
    assert code == 0
    assert all(miner.address in out for miner in fleet.miners)
    code, out, _ = await command("fault", "127.0.90.2", "hang")
    assert code == 0
    assert out.rstrip().endswith("hang")
    code, out, _ = await command("show", "127.0.90.2")
    assert "Antminer S19j Pro" in out
    assert "hang" in out
    code, _, err = await command("clear", "127.0.90.77")
    assert code == 1
    assert "no miner" in err


async def test_a_port_in_use_is_explained(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    miner = fleet.miners[0]
    given = ["run", "--model", "s21", "--no-decoys"]
    given += ["--first", miner.host, "--port", str(miner.port)]
    given += ["--control", str(tmp_path / "other")]
    assert await asyncio.to_thread(main, given) == 1
    assert "--same-host" in capsys.readouterr().err


def test_help_shows_what_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "list", "show", "fault", "clear"):
        assert command in text


async def test_a_fleet_runs_from_the_command_line_until_interrupted(
    tmp_path: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator", "run", "--no-decoys", "--first", "127.0.94.1"),
        *("--model", "s21", "--control", str(tmp_path / "control")),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            table = await process.stdout.readuntil(b"Ctrl-C")
        assert b"127.0.94.1:50051" in table
        assert b"Antminer S21" in table
        (miner,) = await ask(tmp_path / "control", "fault", host="all", name="hang")
        assert miner["faults"] == ["hang"]
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not (tmp_path / "control").exists()
