"""Answers that come in pieces."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import grpc
import pytest

from custom_components.braiins_fleet.asic import (
    ArchiveFormat,
    Garbled,
    Image,
    LogKind,
    Miner,
    MinerStatus,
    Refused,
    TimedOut,
    Unreachable,
    Unsupported,
    firmware,
    logs,
    mining,
)
from custom_components.braiins_fleet.asic.snapshot import COOLING
from custom_components.braiins_fleet.asic.wire import LOGIN, rpc

from .scripted import Context, ScriptedMiner, client

STATUS = rpc("MinerService", "GetMinerStatus")
LOG = rpc("MinerService", "GetLog")
UPGRADE = rpc("UpgradeService", "SystemUpgrade")
ARCHIVE = rpc("MinerService", "GetSupportArchive")


def statuses(*numbers: int) -> list[bytes]:
    """Make the answers of a status stream."""
    return [STATUS.response(status=n).SerializeToString() for n in numbers]


async def watched(miner: Miner) -> list[MinerStatus]:
    """Watch until the miner has nothing more to say."""
    return [status async for status in miner.mining.watch_status()]


async def test_each_status_is_told_until_the_miner_ends_the_stream(
    scripted: ScriptedMiner,
) -> None:
    scripted.stream(STATUS, statuses(2, 3, 99))
    async with client(scripted) as miner:
        assert await watched(miner) == [
            MinerStatus.NORMAL,
            MinerStatus.PAUSED,
            MinerStatus.UNKNOWN,
        ]


async def test_a_stream_with_a_stale_token_logs_in_once(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(COOLING.rpc)
    scripted.stream(STATUS, statuses(2))
    async with client(scripted) as miner:
        await miner.cooling_state()
        scripted.token = "second"
        assert await watched(miner) == [MinerStatus.NORMAL]
    assert scripted.calls[LOGIN.path] == 2
    assert scripted.calls[STATUS.path] == 2


async def test_a_stream_that_is_still_there_after_its_time_is_asked_for_anew(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining, "_WATCH_TIMEOUT", 0.1)
    scripted.stream(STATUS, statuses(2), then_hang=True)
    async with client(scripted) as miner:
        stream = miner.mining.watch_status()
        assert await anext(stream) is MinerStatus.NORMAL
        assert await anext(stream) is MinerStatus.NORMAL
        await stream.aclose()
    assert scripted.calls[STATUS.path] == 2
    assert scripted.calls[LOGIN.path] == 1


async def test_a_token_lost_in_the_middle_of_watching_is_not_noticed(
    scripted: ScriptedMiner,
) -> None:
    scripted.stream(STATUS, statuses(2), then=grpc.StatusCode.UNAUTHENTICATED)
    async with client(scripted) as miner:
        stream = miner.mining.watch_status()
        assert await anext(stream) is MinerStatus.NORMAL
        scripted.token = "second"
        scripted.stream(STATUS, statuses(3), then_hang=True)
        assert await anext(stream) is MinerStatus.PAUSED
        await stream.aclose()
    assert scripted.calls[LOGIN.path] == 2


async def test_an_image_of_another_size_is_not_installed(
    scripted: ScriptedMiner,
) -> None:
    whole = asyncio.Event()

    async def take(requests: AsyncIterator[bytes]) -> bytes:
        async for _ in requests:
            pass
        whole.set()
        return b""

    scripted.upload(UPGRADE, take)
    cut = replace(image(b"half of it"), size=20)
    async with client(scripted) as miner:
        with pytest.raises(Refused, match="20 bytes, and has 10"):
            await miner.firmware.upgrade(cut)
    assert not whole.is_set()


async def test_a_stream_that_never_says_a_word_times_out(
    scripted: ScriptedMiner,
) -> None:
    scripted.stream(STATUS, [], then_hang=True)
    async with client(scripted, read_timeout=0.1) as miner:
        with pytest.raises(TimedOut):
            await watched(miner)
    assert scripted.calls[STATUS.path] == 1


async def test_leaving_a_stream_ends_it_at_the_miner(scripted: ScriptedMiner) -> None:
    scripted.stream(STATUS, statuses(2), then_hang=True)
    async with client(scripted) as miner:
        async with aclosing(miner.mining.watch_status()) as stream:
            await anext(stream)
            assert scripted.streams_open == 1
        async with asyncio.timeout(2):
            await scripted.all_streams_left.wait()
    assert scripted.streams_open == 0


async def test_closing_ends_a_stream_as_unreachable(scripted: ScriptedMiner) -> None:
    scripted.stream(STATUS, statuses(2), then_hang=True)
    miner = client(scripted)
    async with aclosing(miner.mining.watch_status()) as stream:
        await anext(stream)
        following = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await miner.close()
        with pytest.raises(Unreachable):
            await following


async def test_a_stream_breaks_with_the_miners_words(scripted: ScriptedMiner) -> None:
    async def refuse(_: ScriptedMiner, __: Context) -> Any:
        return grpc.StatusCode.INVALID_ARGUMENT

    scripted.stream(LOG, refuse)
    async with client(scripted) as miner:
        with pytest.raises(Refused) as caught:
            await anext(miner.logs.read(LogKind.ERRORS))
    assert caught.value.detail == "as the script says"


async def test_garbage_in_a_stream_is_garbled(scripted: ScriptedMiner) -> None:
    scripted.stream(STATUS, [b"\xff\xff\xff"])
    async with client(scripted) as miner:
        with pytest.raises(Garbled):
            await watched(miner)


async def test_a_stream_the_firmware_lacks_is_asked_for_once(
    scripted: ScriptedMiner,
) -> None:
    async def lack(_: ScriptedMiner, __: Context) -> Any:
        return grpc.StatusCode.UNIMPLEMENTED

    scripted.stream(LOG, lack)
    async with client(scripted) as miner:
        for _ in range(2):
            with pytest.raises(Unsupported):
                await anext(miner.logs.read(LogKind.SYSLOG))
    assert scripted.calls[LOG.path] == 1


async def test_a_log_comes_in_the_pieces_it_was_sent_in(
    scripted: ScriptedMiner,
) -> None:
    pieces = [b"one\n", b"two\n", b"three"]
    scripted.stream(
        LOG, [LOG.response(chunk_data=p).SerializeToString() for p in pieces]
    )
    async with client(scripted) as miner:
        assert [piece async for piece in miner.logs.read(LogKind.DMESG)] == pieces
    assert LOG.request.FromString(scripted.requests[-1]).log_type == 6


async def test_an_archive_that_stalls_half_way_times_out(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_NEXT_CHUNK", 0.1)
    chunk = ARCHIVE.response(chunk_data=b"PK").SerializeToString()
    scripted.stream(ARCHIVE, [chunk], then_hang=True)
    async with client(scripted) as miner:
        archive = miner.logs.support_archive(ArchiveFormat.ZIP_ENCRYPTED)
        assert await anext(archive) == b"PK"
        with pytest.raises(TimedOut):
            await anext(archive)
    assert ARCHIVE.request.FromString(scripted.requests[-1]).format == 3


def image(*pieces: bytes) -> Image:
    """Make an image that comes in these pieces."""

    async def read() -> AsyncGenerator[bytes]:
        for piece in pieces:
            yield piece

    return Image(size=sum(map(len, pieces)), sha256="00", read=read)


async def test_an_image_is_sent_after_what_it_is(scripted: ScriptedMiner) -> None:
    content = bytes(range(256)) * 4096
    received: list[Any] = []

    async def take(requests: AsyncIterator[bytes]) -> bytes:
        received.extend([UPGRADE.request.FromString(r) async for r in requests])
        answer: bytes = UPGRADE.response(successful=True).SerializeToString()
        return answer

    scripted.upload(UPGRADE, take)
    sent: list[int] = []
    async with client(scripted) as miner:
        assert await miner.firmware.upgrade(
            image(content[:600_000], b"", content[600_000:]),
            progress=sent.append,
            discard_settings=True,
        )
    metadata, *data = received
    assert metadata.metadata.size == len(content)
    assert metadata.metadata.hash == "00"
    assert metadata.metadata.discard_settings
    assert not metadata.metadata.disable_cleanup
    assert b"".join(part.data for part in data) == content
    # Each piece well below the 4 MiB that the wire allows, each told of.
    assert max(len(part.data) for part in data) <= 256 * 1024
    assert sent[-1] == len(content)
    assert len(sent) == len(data)


async def test_a_miner_that_refuses_half_way_is_heard(scripted: ScriptedMiner) -> None:
    async def refuse(requests: AsyncIterator[bytes]) -> grpc.StatusCode:
        await anext(requests)
        return grpc.StatusCode.INVALID_ARGUMENT

    scripted.upload(UPGRADE, refuse)
    sent: list[int] = []
    async with client(scripted) as miner:
        with pytest.raises(Refused) as caught:
            await miner.firmware.upgrade(
                image(*[bytes(200_000)] * 100), progress=sent.append
            )
    assert caught.value.detail in (
        "as the script says",
        "the miner broke the upload off",
    )
    assert not sent or sent[-1] < 20_000_000


async def test_a_miner_that_takes_no_more_times_out(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stall(_: AsyncIterator[bytes]) -> bytes:
        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr(firmware, "_CHUNK_TIMEOUT", 0.2)
    scripted.upload(UPGRADE, stall)
    async with client(scripted) as miner:
        # Too much for the buffers between us, and little enough to wait for an answer.
        for pieces in (100, 1):
            with pytest.raises(TimedOut):
                await miner.firmware.upgrade(image(*[bytes(200_000)] * pieces))


async def test_an_upload_the_firmware_lacks_is_tried_once(
    scripted: ScriptedMiner,
) -> None:
    async with client(scripted) as miner:
        for _ in range(2):
            with pytest.raises(Unsupported):
                await miner.firmware.upgrade(image(b"x"))
        assert not scripted.calls[UPGRADE.path]
        scripted.upload(UPGRADE, lambda _: asyncio.sleep(0, b""))
        with pytest.raises(Unsupported):
            await miner.firmware.upgrade(image(b"x"))


async def test_an_image_that_cannot_be_read_ends_the_upload(
    scripted: ScriptedMiner,
) -> None:
    left = asyncio.Event()

    async def take(requests: AsyncIterator[bytes]) -> bytes:
        try:
            async for _ in requests:
                pass
        finally:
            left.set()
        return b""

    async def broken() -> AsyncGenerator[bytes]:
        yield b"half of it"
        raise OSError("the disk is gone")

    scripted.upload(UPGRADE, take)
    async with client(scripted) as miner:
        with pytest.raises(OSError, match="the disk is gone"):
            await miner.firmware.upgrade(Image(size=20, sha256="00", read=broken))
        async with asyncio.timeout(2):
            await left.wait()


async def test_closing_ends_an_upload_as_unreachable(scripted: ScriptedMiner) -> None:
    begun = asyncio.Event()

    async def take(_: AsyncIterator[bytes]) -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return b""

    scripted.upload(UPGRADE, take)
    miner = client(scripted)
    upload = asyncio.create_task(miner.firmware.upgrade(image(b"x")))
    await begun.wait()
    await miner.close()
    with pytest.raises(Unreachable):
        await upload
