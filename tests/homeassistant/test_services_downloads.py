"""Logs and support archives."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import io
import os
from pathlib import Path
import time
from typing import Any
import zipfile

import grpc
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
import pytest
import voluptuous as vol

from custom_components.braiins_fleet import downloads
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.jobs import Job, JobKind
from simulator import Machine, SimulatedMiner, logs
from simulator.schema import message
from simulator.services import CHUNKS

from .actions import ask
from .conftest import SetUp, StartMiner
from .running import listened_to, until

KINDS = ("errors", "bosminer", "boser", "monitor", "syslog", "dmesg")


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that tells its logs."""
    return await start_miner(api=11)


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    """Return where archives are kept."""
    return Path(hass.config.path("braiins_fleet", "support"))


def stream(
    monkeypatch: pytest.MonkeyPatch, method: str, *pieces: bytes | Exception
) -> None:
    """Have miners send these pieces of a log or an archive."""
    [path] = (path for path in CHUNKS if path.endswith(f"/{method}"))
    answer = message(f"{method}Response")

    def send(_: Machine, __: Any) -> Iterator[Any]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield answer(chunk_data=piece)

    assert isinstance(CHUNKS, dict)
    monkeypatch.setitem(CHUNKS, path, send)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_last_lines_of_a_log_are_told(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, kind: str
) -> None:
    entry = await set_up(miner)
    miner.faults.board_down()
    miner.faults.broken_fan()
    [answer] = await ask(hass, "get_log", entry, type=kind, lines=2)
    written = [line.rstrip("\n") for line in logs.lines(miner.machine, kind)]
    assert answer["lines"] == written[-2:]
    assert answer["left_out"] == len(written) - 2


async def test_without_fields_it_is_the_log_of_errors(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "get_log", entry)
    assert (answer["lines"], answer["left_out"]) == ([], 0)
    miner.faults.board_down()
    [answer] = await ask(hass, "get_log", entry)
    assert len(answer["lines"]) == 1
    assert "hashboard 1 does not answer" in answer["lines"][0]


@pytest.mark.parametrize("kind", ["bosminer", "dmesg"])
async def test_only_lines_since_some_time_are_told(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, kind: str
) -> None:
    entry = await set_up(miner)
    since = datetime.fromtimestamp(miner.machine.calendar(), UTC) - timedelta(hours=1)
    [answer] = await ask(hass, "get_log", entry, type=kind, since=since.isoformat())
    # There is one every 17 seconds, and what a miner says of its start is rounded.
    assert len(answer["lines"]) == pytest.approx(200, abs=12)
    every = [line.rstrip("\n") for line in logs.lines(miner.machine, kind)]
    assert every[-3:] == answer["lines"][-3:]


async def test_lines_without_a_time_belong_to_the_one_before(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream(
        monkeypatch,
        "GetLog",
        b"orphan\n2026-01-01T00:00:00Z old\n  of old\n[2026-01-02 00:00:00+01:00] n",
        b"ew\r\n  of new\n2026-99-99T00:00:00Z no time\n[99999999999999.0] nor this",
        b"\n2026-01-03T00:00:00 \xff end",
    )
    entry = await set_up(miner)
    [answer] = await ask(hass, "get_log", entry, since="2026-01-01 20:00:00+00:00")
    assert answer["lines"] == [
        "[2026-01-02 00:00:00+01:00] new",
        "  of new",
        "2026-99-99T00:00:00Z no time",
        "[99999999999999.0] nor this",
        "2026-01-03T00:00:00 \N{REPLACEMENT CHARACTER} end",
    ]


async def test_a_log_without_any_time_cannot_be_asked_since_one(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    stream(monkeypatch, "GetLog", b"once\nupon a time")
    [answer] = await ask(hass, "get_log", entry, since="2026-01-01 00:00:00")
    assert answer["error"].endswith("Ask for it without since")
    [answer] = await ask(hass, "get_log", entry)
    assert answer["lines"] == ["once", "upon a time"]


async def test_an_empty_log_has_no_lines_since_any_time(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "get_log", entry, since="2026-01-01 00:00:00")
    assert (answer["lines"], answer["left_out"]) == ([], 0)


async def test_a_line_without_end_is_cut(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream(monkeypatch, "GetLog", *[b"x" * 60_000] * 40, b"y\nnext\n")
    entry = await set_up(miner)
    [answer] = await ask(hass, "get_log", entry)
    assert answer["lines"] == ["x" * 2000, "next"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("get_log", {"type": "unknown"}),
        ("get_log", {"lines": 0}),
        ("get_log", {"lines": 5001}),
        ("get_log", {"since": "yesterday"}),
        ("get_support_archive", {"format": "unknown"}),
        ("get_support_archive", {"path": "/etc/passwd"}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await ask(hass, action, entry, None, **fields)
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("api", "action", "fields"),
    [
        (9, "get_log", {}),
        (2, "get_support_archive", {"format": "zip_encrypted"}),
    ],
)
async def test_an_old_miner_is_not_asked(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    api: int,
    action: str,
    fields: dict[str, Any],
) -> None:
    miner = await start_miner(api=api)
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    [answer] = await ask(hass, action, entry, None, **fields)
    assert answer["error"] == "The Braiins OS of Antminer S19k Pro is too old for this"
    assert miner.calls == calls


async def test_an_archive_is_written_below_the_configuration(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    hass.config_entries.async_update_entry(entry, title="../../Garage/ Müller 1")
    [answer] = await ask(hass, "get_support_archive", entry)
    path = Path(answer["path"])
    assert path.parent == folder
    mac = miner.machine.identity.mac.replace(":", "").lower()
    assert path.name.startswith(f"{mac}_garage_muller_1_2")
    assert path.suffix == ".zip"
    content = await hass.async_add_executor_job(path.read_bytes)
    assert len(content) == answer["size"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "log/errors.log" in archive.namelist()
    assert names(folder) == [path.name]


@pytest.mark.parametrize(
    ("form", "ending"), [("bos", ".bos"), ("zip_encrypted", ".encrypted.zip")]
)
async def test_an_archive_has_the_format_that_was_chosen(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    form: str,
    ending: str,
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "get_support_archive", entry, format=form)
    assert answer["path"].endswith(ending)
    assert answer["size"] > 100


async def test_only_an_administrator_may_have_an_archive(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    folder: Path,
    hass_read_only_user: User,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(Unauthorized):
        await ask(
            hass, "get_support_archive", entry, Context(user_id=hass_read_only_user.id)
        )
    assert miner.calls == calls
    assert names(folder) == []


async def test_the_last_archives_of_each_miner_are_kept(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    mac = miner.machine.identity.mac.replace(":", "").lower()
    for number in range(6):
        put(folder / f"{mac}_{number}.zip", age=1000.0 + number)
    put(folder / "0242ac_other.zip", age=2000)
    put(folder / "mine.txt", age=2000)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert names(folder) == sorted(
        [
            Path(answer["path"]).name,
            *(f"{mac}_{each}.zip" for each in range(4)),
            "0242ac_other.zip",
            "mine.txt",
        ]
    )


async def test_what_a_crash_left_half_finished_is_removed_when_nobody_writes_it(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    put(folder / "old.zip.part", age=7200)
    put(folder / "new.zip.part", age=60)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert names(folder) == sorted([Path(answer["path"]).name, "new.zip.part"])


async def test_what_somebody_else_removes_meanwhile_is_no_obstacle(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    mac = miner.machine.identity.mac.replace(":", "").lower()
    # It is listed, and gone for whoever asks for more.
    for name in (f"{mac}_gone.zip", "gone.zip.part"):
        put_dangling(folder / name)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert "error" not in answer
    assert Path(answer["path"]).name in names(folder)


@pytest.mark.parametrize("pieces", [[], [b""], [b"some", RuntimeError()]])
async def test_an_archive_that_does_not_come_whole_is_not_kept(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[bytes | Exception],
) -> None:
    entry = await set_up(miner)
    stream(monkeypatch, "GetSupportArchive", *pieces)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert answer["error"].startswith("Antminer S19k Pro could not do this")
    assert names(folder) == []


async def test_an_archive_that_is_broken_off_is_not_kept(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    folder: Path,
) -> None:
    entry = await set_up(miner)
    miner.faults.hang()
    task = asyncio.create_task(ask(hass, "get_support_archive", entry))
    await until(lambda: names(folder) != [])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: names(folder) == [])
    miner.faults.clear()


async def test_an_archive_without_end_is_given_up(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "_LARGEST", 2**20)
    monkeypatch.setattr(downloads, "_WRITTEN_AT_ONCE", 2**18)
    entry = await set_up(miner)
    stream(monkeypatch, "GetSupportArchive", *[bytes(2**17)] * 100)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert answer["error"].endswith(" is larger than 1 MB, so it was not kept")
    assert names(folder) == []


async def test_a_disk_that_takes_nothing_is_told(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    put(folder, age=0)
    [answer] = await ask(hass, "get_support_archive", entry)
    assert answer["error"] == (
        "The support archive of Antminer S19k Pro could not be written to the disk:"
        " File exists"
    )


@pytest.mark.parametrize("action", ["get_log", "get_support_archive"])
async def test_a_miner_that_takes_in_its_firmware_is_left_alone(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, action: str
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    over = asyncio.Event()

    async def work(job: Job) -> None:
        with job.alone_with(entry):
            await over.wait()

    jobs = hass.data[FARM].jobs
    job = jobs.start(hass, JobKind.FIRMWARE_UPDATE, [entry], work, None)
    await until(lambda: job.is_alone_with(entry.entry_id))
    calls = miner.calls
    [answer] = await ask(hass, action, entry)
    assert job.id in answer["error"]
    assert miner.calls == calls
    over.set()
    await job.wait()
    [answer] = await ask(hass, action, entry)
    assert "error" not in answer


async def test_a_miner_that_fails_says_so(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, folder: Path
) -> None:
    entry = await set_up(miner)
    miner.faults.fail("GetSupportArchive", "GetLog", code=grpc.StatusCode.UNAVAILABLE)
    for action in ("get_log", "get_support_archive"):
        [answer] = await ask(hass, action, entry)
        assert answer["error"].startswith("Antminer S19k Pro does not answer at ")
    assert names(folder) == []


def put(file: Path, *, age: float) -> None:
    """Put a file there that was written some seconds ago."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    then = time.time() - age
    os.utime(file, (then, then))


def put_dangling(link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(link.parent / "nowhere")


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("*"))
