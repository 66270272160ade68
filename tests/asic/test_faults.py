"""What goes wrong with miners, and what of it reaches us."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

import pytest

from custom_components.braiins_fleet.asic import (
    AsicError,
    Denied,
    Faulty,
    Miner,
    MinerStatus,
    NotBraiins,
    NotNow,
    Reading,
    SaveAction,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    connection,
    options,
    probe,
)
from simulator import MODELS, FakeClock, SimulatedMiner
from simulator.decoys import OldBraiinsOs, StockAntminer


@asynccontextmanager
async def pair(
    model: str = "s19k_pro", *, relay: bool = True, read_timeout: float = 5.0
) -> AsyncIterator[tuple[SimulatedMiner, Miner]]:
    """Start a miner and connect to it."""
    async with (
        SimulatedMiner(model, clock=FakeClock(), relay=relay) as simulated,
        Miner(
            simulated.host,
            simulated.port,
            username="root",
            password="root",
            read_timeout=read_timeout,
        ) as miner,
    ):
        await miner.snapshot()
        yield simulated, miner


def advance(simulated: SimulatedMiner, seconds: float) -> None:
    """Let time pass for the miner."""
    clock = simulated.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds)


class Cable:
    """A way to a port; those on it when it is cut never hear of it again."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._ends: set[asyncio.StreamWriter] = set()
        self._cut: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for end in self._ends:
            end.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Swallow from now on what those who are connected say."""
        self._cut |= self._ends

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection(*self._to)
        self._ends |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if sink not in self._cut:
                    sink.write(data)
        sink.close()


async def until_answered(miner: Miner) -> None:
    """Ask until the miner is seen again; a test's time limit ends it."""
    while True:
        try:
            await miner.snapshot()
        except Unreachable, TimedOut:
            await asyncio.sleep(0.05)
        else:
            return


async def exhaust(stream: AsyncIterator[MinerStatus]) -> None:
    """Listen until there is no more."""
    async for _ in stream:
        pass


async def test_a_hanging_miner_times_out_and_comes_back() -> None:
    async with pair(read_timeout=0.3) as (simulated, miner):
        simulated.faults.hang()
        with pytest.raises(TimedOut):
            await miner.snapshot()
        with pytest.raises(TimedOut):
            await probe(simulated.host, simulated.port, timeout=0.3)
        simulated.faults.clear()
        assert (await miner.snapshot()).stats is not None


async def test_a_hanging_miner_holds_nobody_else_up() -> None:
    async with (
        pair(read_timeout=1.0) as (simulated, hanging),
        pair(read_timeout=1.0) as (_, well),
    ):
        simulated.faults.hang()
        lost = asyncio.create_task(hanging.snapshot())
        for _ in range(20):
            await well.snapshot()
        assert not lost.done()
        with pytest.raises(TimedOut):
            await lost


async def test_a_slow_miner_is_waited_for() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.slow(0.2)
        assert (await miner.snapshot()).stats is not None


async def test_a_miner_that_refuses_is_unreachable_until_it_does_not() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.refuse()
        await simulated.settled()
        with pytest.raises(Unreachable):
            await miner.snapshot()
        simulated.faults.clear()
        await simulated.settled()
        await until_answered(miner)


async def test_garbage_is_neither_an_answer_nor_a_miner() -> None:
    async with pair(read_timeout=1.0) as (simulated, miner):
        simulated.faults.garbage()
        with pytest.raises(AsicError):
            await miner.snapshot()
        with pytest.raises(NotBraiins):
            await probe(simulated.host, simulated.port)
        simulated.faults.clear()
        await until_answered(miner)


async def test_a_half_open_connection_times_out_and_is_replaced() -> None:
    async with pair(read_timeout=0.3) as (simulated, miner):
        simulated.faults.half_open()
        with pytest.raises(TimedOut):
            await miner.snapshot()
        with pytest.raises(TimedOut):
            await probe(simulated.host, simulated.port, timeout=0.3)
        simulated.faults.clear()
        await until_answered(miner)


async def test_a_connection_whose_other_end_vanished_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Once a miner lost power, nothing tells us that the connection is none any more.
    hurried = dict(options.LASTING_OPTIONS)
    hurried["grpc.keepalive_time_ms"] = 1000
    hurried["grpc.http2.ping_timeout_ms"] = 300
    monkeypatch.setattr(connection, "LASTING_OPTIONS", tuple(hurried.items()))
    async with (
        pair(relay=False) as (simulated, _),
        Cable(simulated.host, simulated.port) as cable,
        Miner(
            "127.0.0.1",
            cable.port,
            username="root",
            password="root",
            read_timeout=0.3,
        ) as miner,
    ):
        await miner.snapshot()
        cable.cut()
        with pytest.raises(TimedOut):
            await miner.snapshot()
        await until_answered(miner)


async def test_a_lost_token_is_not_noticed_by_the_caller() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.lose_tokens()
        snapshot = await miner.snapshot(Reading)
        assert snapshot.stats is not None
        assert not snapshot.missing


async def test_a_password_changed_elsewhere_is_denied() -> None:
    async with pair() as (simulated, miner):
        simulated.machine.accounts.password = "changed"
        simulated.faults.lose_tokens()
        with pytest.raises(Denied):
            await miner.snapshot()


async def test_a_reboot_in_the_middle_of_a_call_breaks_it_and_is_survived() -> None:
    async with pair() as (simulated, miner):
        watch = miner.mining.watch_status()
        assert await anext(watch) is MinerStatus.NORMAL
        simulated.faults.slow(5)
        call = asyncio.create_task(miner.snapshot())
        await asyncio.sleep(0.1)
        simulated.faults.reboot(60)
        await simulated.settled()
        with pytest.raises(Unreachable):
            await call
        with pytest.raises(Unreachable):
            await exhaust(watch)
        simulated.faults.clear()
        advance(simulated, 200)
        await simulated.settled()
        await until_answered(miner)
        assert (await miner.details()).uptime < 300


async def test_a_status_stream_ends_when_the_miner_goes_away() -> None:
    async with pair() as (simulated, miner):
        stream = miner.mining.watch_status()
        assert await anext(stream) is MinerStatus.NORMAL
        simulated.faults.reboot(60)
        with pytest.raises(Unreachable):
            await exhaust(stream)


async def test_a_miner_with_no_pool_left_pauses_itself() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.dead_pool()
        advance(simulated, 120)
        details = await miner.details()
        assert details.status not in (MinerStatus.NORMAL, MinerStatus.UNKNOWN)
        groups = await miner.pool_groups()
        assert not any(pool.alive for group in groups for pool in group.pools)


async def test_another_miner_at_the_address_is_told_apart() -> None:
    async with pair() as (simulated, miner):
        before = await miner.details()
        simulated.faults.wrong_identity()
        after = await miner.details()
        assert after.mac != before.mac
        assert after.uid != before.uid


async def test_a_hot_room_is_seen_in_every_temperature() -> None:
    async with pair() as (simulated, miner):
        before = (await miner.cooling_state()).hottest
        simulated.faults.overheat(55)
        advance(simulated, 1200)
        after = (await miner.cooling_state()).hottest
        assert before is not None
        assert after is not None
        assert before.temperature is not None
        assert after.temperature is not None
        assert after.temperature > before.temperature


async def test_a_broken_fan_stands_still_and_is_an_error() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.broken_fan(1)
        advance(simulated, 30)
        snapshot = await miner.snapshot([Reading.COOLING, Reading.ERRORS])
        assert snapshot.cooling is not None
        assert [fan.position for fan in snapshot.cooling.fans if not fan.rpm] == [1]
        assert snapshot.errors
        assert snapshot.errors[0].components[0].index == 1


async def test_a_dead_board_leaves_the_others() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.board_down("2")
        advance(simulated, 120)
        snapshot = await miner.snapshot([Reading.HASHBOARDS, Reading.ERRORS])
        assert snapshot.hashboards is not None
        assert snapshot.errors
        rates = {
            board.id: board.work
            and board.work.hashrates
            and board.work.hashrates.seconds_5
            for board in snapshot.hashboards
        }
        assert not rates.get("2")
        assert rates["1"]


async def test_a_clock_that_lost_its_time_dates_no_error() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.unset_clock()
        simulated.faults.board_down("1")
        [error] = await miner.errors()
        assert error.time is None
        assert not error.clock_was_set


async def test_a_reading_that_fails_inside_is_missing_and_the_rest_is_there() -> None:
    async with pair() as (simulated, miner):
        simulated.faults.fail("GetHashboards")
        snapshot = await miner.snapshot()
        assert snapshot.stats is not None
        assert isinstance(snapshot.missing[Reading.HASHBOARDS], Faulty)


async def test_what_a_change_unsettles_settles() -> None:
    async with pair() as (simulated, miner):
        await miner.tuning.set_power_target(2000, save=SaveAction.FORCE)
        advance(simulated, 1)
        snapshot = await miner.snapshot(Reading)
        # The control board still answers for itself.
        assert snapshot.details is not None
        assert snapshot.missing
        assert {type(error) for error in snapshot.missing.values()} <= {Faulty, NotNow}
        advance(simulated, 120)
        assert not (await miner.snapshot(Reading)).missing


@pytest.mark.parametrize("model", MODELS)
async def test_every_model_is_read_completely(model: str) -> None:
    async with pair(model, relay=False) as (simulated, miner):
        snapshot = await miner.snapshot(Reading)
        kind = simulated.machine.model
        assert snapshot.details is not None
        assert snapshot.details.model == kind.name
        assert snapshot.stats is not None
        assert snapshot.stats.power
        assert snapshot.hashboards is not None
        assert len(snapshot.hashboards) == (
            len(kind.board_ids) if kind.lists_boards else 0
        )
        assert snapshot.cooling is not None
        assert len(snapshot.cooling.fans) == kind.fans
        if kind.fans and not kind.numbers_fans:
            assert {fan.position for fan in snapshot.cooling.fans} == {None}
        assert snapshot.limits is not None
        assert snapshot.limits.tuner is not None
        assert snapshot.limits.tuner.power_target is not None
        assert snapshot.limits.tuner.power_target.maximum == kind.power.max


async def test_decoys_are_named() -> None:
    async with StockAntminer("127.0.0.1", 0) as stock:
        with pytest.raises(StockFirmware):
            await probe(stock.host, 1, web_port=stock.port)
    async with OldBraiinsOs("127.0.0.1", 0) as old:
        with pytest.raises(TooOld):
            await probe(old.host, 1, web_port=old.port)
