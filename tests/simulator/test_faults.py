"""Faults on demand, as a client meets them over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import time
from typing import Any

import grpc
import pytest

from simulator import FakeClock, SimulatedMiner
from simulator.faults import DESCRIPTIONS

from .conftest import DEADLINE_S, Caller, Start

STATS = "MinerService/GetMinerStats"
Code = grpc.StatusCode

both = pytest.mark.parametrize("relay", [True, False], ids=["relay", "direct"])


async def fresh(miner: SimulatedMiner, seconds: float = DEADLINE_S) -> grpc.StatusCode:
    """Return how a new client fares that asks for the version."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(miner.address, options=options) as channel:
        try:
            await Caller(miner, channel).call(
                "ApiVersionService/GetApiVersion", timeout=seconds
            )
        except grpc.aio.AioRpcError as error:
            return error.code()
        return Code.OK


@both
async def test_a_hanging_miner_never_answers(
    start: Start,
    relay: bool,  # given by pytest
) -> None:
    caller = await start(relay=relay)
    caller.miner.faults.hang()
    refusal = await caller.refusal(STATS, timeout=0.3)
    assert refusal.code() is Code.DEADLINE_EXCEEDED
    assert await fresh(caller.miner, 0.3) is Code.DEADLINE_EXCEEDED
    caller.miner.faults.clear("hang")
    await caller.call(STATS)


async def test_calls_that_hung_are_answered_once_it_is_over(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.hang()
    call = asyncio.create_task(s19k_pro.call(STATS))
    await asyncio.sleep(0.05)
    assert not call.done()
    s19k_pro.miner.faults.clear()
    assert (await call).HasField("power_stats")


async def test_a_slow_miner_answers_late(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.slow(0.2)
    began = time.monotonic()
    await s19k_pro.call(STATS)
    assert time.monotonic() - began >= 0.2


@both
async def test_a_refusing_miner_drops_and_refuses_connections(
    start: Start,
    relay: bool,  # given by pytest
) -> None:
    caller = await start(relay=relay)
    caller.miner.faults.refuse()
    await caller.miner.settled()
    assert (await caller.refusal(STATS)).code() is Code.UNAVAILABLE
    assert await fresh(caller.miner) is Code.UNAVAILABLE
    caller.miner.faults.clear()
    await caller.miner.settled()
    assert await fresh(caller.miner) is Code.OK
    await caller.channel.channel_ready()
    await caller.call(STATS)


async def test_a_half_open_miner_accepts_and_says_nothing(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.half_open()
    refusal = await s19k_pro.refusal(STATS, timeout=0.3)
    assert refusal.code() is Code.DEADLINE_EXCEEDED
    reader, writer = await asyncio.open_connection(
        s19k_pro.miner.host, s19k_pro.miner.port
    )
    writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.read(1)
    writer.close()
    s19k_pro.miner.faults.clear()
    await s19k_pro.call(STATS)


async def test_garbage_reaches_connections_old_and_new(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.garbage()
    with pytest.raises(grpc.aio.AioRpcError):
        await s19k_pro.call(STATS, timeout=0.5)
    reader, writer = await asyncio.open_connection(
        s19k_pro.miner.host, s19k_pro.miner.port
    )
    async with asyncio.timeout(1):
        assert len(await reader.readexactly(512)) == 512
    writer.close()
    assert await fresh(s19k_pro.miner) is not Code.OK
    s19k_pro.miner.faults.clear()
    assert await fresh(s19k_pro.miner) is Code.OK


async def test_without_a_relay_half_open_and_garbage_cannot_be_played(
    start: Start,
) -> None:
    caller = await start(relay=False)
    for fault in ("half-open", "garbage"):
        with pytest.raises(RuntimeError):
            caller.miner.faults.set(fault)


async def test_lost_tokens_need_a_new_login(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.lose_tokens()
    assert (await s19k_pro.refusal(STATS)).code() is Code.UNAUTHENTICATED
    await s19k_pro.login()
    await s19k_pro.call(STATS)


async def test_a_failing_method_fails_alone(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.fail("GetMinerStats", code=Code.INTERNAL)
    assert (await s19k_pro.refusal(STATS)).code() is Code.INTERNAL
    await s19k_pro.call("MinerService/GetHashboards")
    s19k_pro.miner.faults.clear("fail")
    await s19k_pro.call(STATS)


@both
async def test_a_rebooting_miner_is_gone_for_a_while(
    start: Start,
    clock: FakeClock,
    relay: bool,  # given by pytest
) -> None:
    caller = await start(relay=relay)
    caller.miner.faults.reboot(120)
    await caller.miner.settled()
    assert await fresh(caller.miner) is Code.UNAVAILABLE
    clock.advance(121)
    await caller.miner.settled()
    assert await fresh(caller.miner) is Code.OK


async def test_another_miner_may_answer_at_the_address(s19k_pro: Caller) -> None:
    mine = await s19k_pro.call("MinerService/GetMinerDetails")
    s19k_pro.miner.faults.wrong_identity()
    other = await s19k_pro.call("MinerService/GetMinerDetails")
    assert {mine.uid, mine.mac_address, mine.hostname}.isdisjoint(
        {other.uid, other.mac_address, other.hostname}
    )
    s19k_pro.miner.faults.clear()
    assert await s19k_pro.call("MinerService/GetMinerDetails") == mine


async def test_a_hot_room_ends_in_suspension(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    s19k_pro.miner.faults.overheat(80)
    clock.advance(900)
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.status == 4
    errors = (await s19k_pro.call("MinerService/GetErrors")).errors
    assert "dangerous" in errors[-1].message
    s19k_pro.miner.faults.clear()
    clock.advance(1800)
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.status == 2


async def test_dead_pools_pause_the_miner(s19k_pro: Caller, clock: FakeClock) -> None:
    s19k_pro.miner.faults.dead_pool()
    clock.advance(30)
    (group,) = (await s19k_pro.call("PoolService/GetPoolGroups")).pool_groups
    assert not any(pool.alive or pool.active for pool in group.pools)
    assert (await s19k_pro.call("MinerService/GetMinerDetails")).status == 3
    s19k_pro.miner.faults.clear()
    clock.advance(60)
    assert (await s19k_pro.call("MinerService/GetMinerDetails")).status == 2


async def test_one_dead_pool_hands_over_to_the_next(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    url = s19k_pro.machine.saved.groups[0].pools[0].url
    s19k_pro.miner.faults.dead_pool(url)
    clock.advance(30)
    (group,) = (await s19k_pro.call("PoolService/GetPoolGroups")).pool_groups
    assert [pool.active for pool in group.pools] == [False, True]
    assert (await s19k_pro.call("MinerService/GetMinerDetails")).status == 2


async def test_a_broken_fan_stands_still_and_is_reported(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    s19k_pro.miner.faults.broken_fan(1)
    clock.advance(60)
    fans = (await s19k_pro.call("CoolingService/GetCoolingState")).fans
    assert [fan.rpm > 0 for fan in fans] == [True, False, True, True]
    (error,) = (await s19k_pro.call("MinerService/GetErrors")).errors
    assert (error.components[0].name, error.components[0].index) == ("fan", 1)


async def test_a_board_that_is_down_says_nothing(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    s19k_pro.miner.faults.board_down("3")
    clock.advance(60)
    board = (await s19k_pro.call("MinerService/GetHashboards")).hashboards[2]
    assert board.enabled
    assert board.chips_count.value == 0
    assert not board.HasField("stats")
    assert not board.HasField("highest_chip_temp")


async def test_a_lost_clock_dates_everything_to_2015(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    s19k_pro.miner.faults.unset_clock()
    s19k_pro.miner.faults.broken_fan()
    clock.advance(60)
    (error,) = (await s19k_pro.call("MinerService/GetErrors")).errors
    assert error.timestamp.startswith("2015-01-")
    stats = await s19k_pro.call(STATS)
    assert stats.pool_stats.last_share_time.ToDatetime().year == 2015


async def test_a_block_is_counted_once(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.block()
    stats = await s19k_pro.call(STATS)
    assert stats.miner_stats.found_blocks == 1
    assert int(stats.miner_stats.best_share_str) > 1e14


async def test_every_fault_has_a_name_and_clearing_heals_all(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    faults = s19k_pro.miner.faults
    for name in DESCRIPTIONS:
        faults.set(name, "GetMinerStats" if name == "fail" else None)
    await s19k_pro.miner.settled()
    assert set(faults.active) == set(DESCRIPTIONS) - {"lose-tokens", "reboot", "block"}
    faults.clear()
    clock.advance(1800)
    await s19k_pro.miner.settled()
    assert faults.active == ()
    await s19k_pro.channel.channel_ready()
    await s19k_pro.login()
    stats = await s19k_pro.call(STATS)
    assert stats.power_stats.approximated_consumption.watt > 2700


async def test_a_fault_that_does_not_exist_is_named(s19k_pro: Caller) -> None:
    with pytest.raises(ValueError, match="gremlins"):
        s19k_pro.miner.faults.set("gremlins")


async def test_the_stream_begins_with_the_status_and_tells_every_change(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    stream = s19k_pro.stream("MinerService/GetMinerStatus")
    assert (await anext(stream)).status == 2
    await s19k_pro.call("ActionsService/PauseMining")
    clock.advance(25)
    assert (await anext(stream)).status == 3
    await s19k_pro.call("ActionsService/ResumeMining")
    assert (await anext(stream)).status == 2
    await s19k_pro.call("ActionsService/Stop")
    assert (await anext(stream)).status == 1


async def test_a_change_that_nobody_asked_for_wakes_the_stream(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    stream = s19k_pro.stream("MinerService/GetMinerStatus")
    await anext(stream)
    s19k_pro.miner.faults.overheat(80)
    clock.advance(900)
    assert (await anext(stream)).status == 4


async def test_many_streams_hear_the_same(s19k_pro: Caller, clock: FakeClock) -> None:
    streams = [s19k_pro.stream("MinerService/GetMinerStatus") for _ in range(50)]
    await asyncio.gather(*(anext(stream) for stream in streams))
    await s19k_pro.call("ActionsService/PauseMining")
    clock.advance(25)
    heard = await asyncio.gather(*(anext(stream) for stream in streams))
    assert {answer.status for answer in heard} == {3}
    for one, other in pairwise(streams):
        assert one is not other
    for stream in streams:
        await stream.aclose()


async def test_a_reboot_ends_the_stream(s19k_pro: Caller) -> None:
    stream = s19k_pro.stream("MinerService/GetMinerStatus")
    await anext(stream)
    s19k_pro.miner.faults.reboot()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _last(stream)
    assert caught.value.code() is Code.UNAVAILABLE


async def _last(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


async def test_the_stream_wants_a_token_too(start: Start) -> None:
    caller = await start(login=False)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(caller.stream("MinerService/GetMinerStatus"))
    assert caught.value.code() is Code.UNAUTHENTICATED
