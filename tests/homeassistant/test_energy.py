"""The energy meters, and the file that they are kept in."""

import asyncio
from collections.abc import Callable
from functools import partial
import logging
from pathlib import Path
import sys

import pytest

from custom_components.braiins_fleet import energy
from custom_components.braiins_fleet.energy import EnergyLedger, EnergyMeter

from .running import until

LONGEST = 30.0

# It loads the one module: all of Home Assistant would take long to start.
PROGRAM = """
import asyncio, importlib.util, pathlib, sys

spec = importlib.util.spec_from_file_location("energy", sys.argv[1])
energy = importlib.util.module_from_spec(spec)
sys.modules["energy"] = energy
spec.loader.exec_module(energy)

async def main():
    loop = asyncio.get_running_loop()
    ledger = energy.EnergyLedger(
        pathlib.Path(sys.argv[2]), lambda job: loop.run_in_executor(None, job)
    )
    ledger.load()
    meter = ledger.meter("miner")
    while await loop.run_in_executor(None, sys.stdin.readline):
        meter.add(1)
        print(meter.watt_hours, flush=True)

asyncio.run(main())
"""


class Kept:
    """The file, and how it is opened as after a start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()

    def open(self) -> EnergyLedger:
        ledger = EnergyLedger(self.path, partial(self._loop.run_in_executor, None))
        ledger.load()
        return ledger

    @property
    def content(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def append(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line)

    def be_a_folder(self) -> None:
        self.path.unlink(missing_ok=True)
        self.path.mkdir(parents=True)


@pytest.fixture
async def kept(tmp_path: Path) -> Kept:
    """Return a file that is still to be made, like the folder around it."""
    return Kept(tmp_path / "kept" / "energy")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down without waiting for more."""
    monkeypatch.setattr(energy, "_WAIT", 0.0)


def new_meter() -> EnergyMeter:
    return EnergyMeter(0.0, lambda _: None)


def test_between_two_readings_their_mean_is_counted() -> None:
    meter = new_meter()
    meter.read(1000, 100.0, LONGEST)
    meter.read(3000, 118.0, LONGEST)
    assert meter.watt_hours == pytest.approx(10)


def test_over_a_gap_nothing_is_counted_and_then_it_goes_on() -> None:
    meter = new_meter()
    meter.read(3600, 0.0, LONGEST)
    meter.read(3600, 30.1, LONGEST)
    assert meter.watt_hours == 0
    meter.read(3600, 60.1, LONGEST)
    assert meter.watt_hours == pytest.approx(30)


def test_around_an_unknown_power_nothing_is_counted() -> None:
    meter = new_meter()
    for moment, power in ((0.0, 3600), (10.0, None), (20.0, 3600), (30.0, 3600)):
        meter.read(power, moment, LONGEST)
    assert meter.watt_hours == pytest.approx(10)


def test_without_time_passing_nothing_is_counted() -> None:
    meter = new_meter()
    for moment in (10.0, 10.0, 5.0):
        meter.read(3600, moment, LONGEST)
    assert meter.watt_hours == 0


def test_a_meter_never_runs_backwards() -> None:
    meter = new_meter()
    meter.add(7)
    meter.add(-5)
    meter.restore(3)
    assert meter.watt_hours == 7
    meter.restore(8)
    assert meter.watt_hours == 8


@pytest.mark.usefixtures("at_once")
async def test_meters_go_on_after_a_restart_each_with_its_own_figure(
    kept: Kept,
) -> None:
    ledger = kept.open()
    one, two = ledger.meter("one"), ledger.meter("two")
    one.add(1.5)
    two.add(22.25)
    await until(lambda: b"22.250" in kept.content)
    one.add(1)
    await until(lambda: b"2.500" in kept.content)

    ledger = kept.open()
    assert ledger.meter("two").watt_hours == 22.25
    assert ledger.meter("one").watt_hours == 2.5
    assert ledger.meter("three").watt_hours == 0
    assert len(kept.content) == 2 * 64


@pytest.mark.usefixtures("at_once")
async def test_a_meter_that_is_asked_for_again_goes_on(
    kept: Kept,
) -> None:
    ledger = kept.open()
    ledger.meter("one").add(5)
    assert ledger.meter("one").watt_hours == 5
    ledger.flush()


async def test_a_ledger_without_news_makes_no_file(kept: Kept) -> None:
    ledger = kept.open()
    ledger.meter("one")
    ledger.flush()
    assert kept.content == b""


async def test_what_is_still_to_be_written_can_be_written_at_once(
    kept: Kept,
) -> None:
    ledger = kept.open()
    ledger.meter("one").add(5)
    ledger.flush()
    assert kept.open().meter("one").watt_hours == 5


SPOILED = {
    "nothing": b"",
    "zeros": b"\0" * 64,
    "no text": b"\xff\xfe" * 32,
    "too many words": b"one two three".ljust(63) + b"\n",
    "no figure": b"spoiled figure".ljust(63) + b"\n",
    "not a number": f"{'spoiled':<40} {'nan':>22}\n".encode(),
    "endless": f"{'spoiled':<40} {'inf':>22}\n".encode(),
    "negative": f"{'spoiled':<40} {'-3.000':>22}\n".encode(),
    "cut off in its figure": f"{'spoiled':<40} {'123456.789':>22}\n".encode()[:60],
}


@pytest.mark.parametrize("line", SPOILED.values(), ids=SPOILED)
async def test_a_spoiled_line_spoils_no_other_and_is_used_again(
    kept: Kept, line: bytes
) -> None:
    ledger = kept.open()
    ledger.meter("one").add(5)
    ledger.flush()
    kept.append(line)

    ledger = kept.open()
    assert ledger.meter("one").watt_hours == 5
    assert ledger.meter("spoiled").watt_hours == 0
    ledger.meter("spoiled").add(1)
    ledger.flush()
    assert len(kept.content) == 2 * 64
    ledger = kept.open()
    assert ledger.meter("one").watt_hours == 5
    assert ledger.meter("spoiled").watt_hours == 1


async def test_of_a_meter_that_is_there_twice_the_first_counts(kept: Kept) -> None:
    ledger = kept.open()
    ledger.meter("one").add(5)
    ledger.flush()
    kept.append(f"{'one':<40} {'3.000':>22}\n".encode())
    assert kept.open().meter("one").watt_hours == 5


async def test_a_forgotten_meter_begins_anew_and_leaves_its_place(kept: Kept) -> None:
    ledger = kept.open()
    for name in ("one", "two"):
        ledger.meter(name).add(5)
    ledger.flush()
    ledger.forget("one")
    ledger.forget("nobody")
    ledger.flush()
    assert b"one" not in kept.content

    ledger = kept.open()
    assert ledger.meter("one").watt_hours == 0
    ledger.meter("three").add(7)
    ledger.meter("one").add(1)
    ledger.flush()
    assert len(kept.content) == 3 * 64
    ledger = kept.open()
    figures = {name: ledger.meter(name).watt_hours for name in ("one", "two", "three")}
    assert figures == {"one": 1, "two": 5, "three": 7}


@pytest.mark.usefixtures("at_once")
async def test_a_slow_disk_gets_newer_figures_after_older_ones(kept: Kept) -> None:
    loop = asyncio.get_running_loop()
    begun: list[tuple[Callable[[], None], asyncio.Future[None]]] = []

    def run(job: Callable[[], None]) -> asyncio.Future[None]:
        future = loop.create_future()
        begun.append((job, future))
        return future

    ledger = EnergyLedger(kept.path, run)
    meter = ledger.meter("one")
    meter.add(1)
    await until(lambda: len(begun) == 1)
    meter.add(1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(begun) == 1

    begun[0][0]()
    begun[0][1].set_result(None)
    await until(lambda: len(begun) == 2)
    begun[1][0]()
    begun[1][1].set_result(None)
    assert b"2.000" in kept.content


@pytest.mark.usefixtures("at_once")
async def test_a_disk_that_cannot_be_written_to_is_told_of_once(
    kept: Kept,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = "The energy meters cannot be written down"
    ledger = kept.open()
    where_a_folder_should_be = kept.path.parent
    where_a_folder_should_be.touch()
    meter = ledger.meter("one")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            meter.add(1)
            await until(lambda: ledger._timer is None and ledger._writing is None)
        assert caplog.text.count(told) == 1

        where_a_folder_should_be.unlink()
        meter.add(1)
        await until(lambda: ledger._timer is None and ledger._writing is None)
        assert kept.open().meter("one").watt_hours == 4

        kept.be_a_folder()
        meter.add(1)
        await until(lambda: caplog.text.count(told) == 2)


async def test_a_file_that_cannot_be_read_is_told_of_and_keeps_nobody_from_counting(
    kept: Kept,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept.be_a_folder()
    ledger = kept.open()
    assert "The energy meters cannot be read" in caplog.text
    assert ledger.meter("one").watt_hours == 0


async def test_who_is_killed_loses_the_last_reading_at_most(kept: Kept) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, energy.__file__, kept.path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    loop = asyncio.get_running_loop()
    try:
        for count in (1, 2):
            process.stdin.write(b"\n")
            assert float(await process.stdout.readline()) == count
            noted = loop.time()
            if count == 1:
                await until(lambda: b"1.000" in kept.content)
                assert loop.time() - noted < 2
    finally:
        process.kill()
        await process.wait()
    assert kept.open().meter("miner").watt_hours in (1, 2)
