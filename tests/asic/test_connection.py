"""Login, tokens, deadlines and errors."""

import asyncio
from contextlib import suppress

import grpc
import pytest

from custom_components.braiins_fleet.asic import (
    AsicError,
    Denied,
    Faulty,
    Garbled,
    Miner,
    NotNow,
    Reading,
    Refused,
    TimedOut,
    Unreachable,
    Unsupported,
)
from custom_components.braiins_fleet.asic.snapshot import (
    COOLING,
    DETAILS,
    ERRORS,
    HASHBOARDS,
    POOLS,
    STATS,
)
from custom_components.braiins_fleet.asic.wire import LOGIN, rpc

from .scripted import Answer, Context, ScriptedMiner, client

PAUSE = rpc("ActionsService", "PauseMining")
SET_PASSWORD = rpc("AuthenticationService", "SetPassword")


async def hang(_: ScriptedMiner, __: Context) -> Answer:
    """Never answer."""
    await asyncio.Event().wait()
    return b""


@pytest.mark.parametrize("in_message", [True, False])
async def test_the_token_is_found_in_the_message_or_the_header(
    scripted: ScriptedMiner, *, in_message: bool
) -> None:
    scripted.token_in_message = in_message
    scripted.says(COOLING.rpc)
    async with client(scripted) as miner:
        await miner.cooling_state()
        await miner.cooling_state()
    assert scripted.calls[LOGIN.path] == 1
    assert scripted.calls[COOLING.rpc.path] == 2


async def test_ten_calls_with_a_stale_token_make_one_login(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(COOLING.rpc)
    async with client(scripted) as miner:
        await miner.cooling_state()
        scripted.token = "second"
        await asyncio.gather(*(miner.cooling_state() for _ in range(10)))
    assert scripted.calls[LOGIN.path] == 2
    # The first, ten that were turned away, and the same ten again.
    assert scripted.calls[COOLING.rpc.path] == 21


async def test_a_repeated_token_text_still_counts_as_a_new_login(
    scripted: ScriptedMiner,
) -> None:
    refusals = 3

    async def refuse_at_first(_: ScriptedMiner, __: Context) -> Answer:
        nonlocal refusals
        refusals -= 1
        return grpc.StatusCode.UNAUTHENTICATED if refusals >= 0 else b""

    scripted.on(COOLING.rpc, refuse_at_first)
    async with client(scripted) as miner:
        await asyncio.gather(*(miner.cooling_state() for _ in range(3)))
    assert scripted.calls[LOGIN.path] == 2


async def test_a_wrong_password_is_tried_once_by_however_many_calls(
    scripted: ScriptedMiner,
) -> None:
    scripted.logins_accepted = False
    scripted.says(COOLING.rpc)
    async with client(scripted) as miner:
        results = await asyncio.gather(
            *(miner.cooling_state() for _ in range(10)), return_exceptions=True
        )
    assert all(isinstance(result, Denied) for result in results)
    assert str(results[0]) == "wrong password"
    assert scripted.calls == {LOGIN.path: 1}


async def test_a_token_that_is_refused_right_after_login_means_denied(
    scripted: ScriptedMiner,
) -> None:
    scripted.on(PAUSE, grpc.StatusCode.UNAUTHENTICATED)
    async with client(scripted) as miner:
        with pytest.raises(Denied):
            await miner.mining.pause()
    assert scripted.calls[PAUSE.path] == 2


async def test_a_login_without_a_token_is_garbled(scripted: ScriptedMiner) -> None:
    scripted.token = ""
    async with client(scripted) as miner:
        with pytest.raises(Garbled):
            await miner.details()


async def test_a_token_at_the_end_of_its_life_is_renewed_before_it_fails(
    scripted: ScriptedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.says(COOLING.rpc)
    loop = asyncio.get_running_loop()
    now = loop.time()
    async with client(scripted) as miner:
        await miner.cooling_state()
        monkeypatch.setattr(loop, "time", lambda: now + 3000)
        # Each answer starts the token's hour anew.
        await miner.cooling_state()
        monkeypatch.setattr(loop, "time", lambda: now + 6000)
        await miner.cooling_state()
        assert scripted.calls[LOGIN.path] == 1
        scripted.token = "second"
        monkeypatch.setattr(loop, "time", lambda: now + 9600)
        await miner.cooling_state()
        monkeypatch.undo()
    assert scripted.calls[LOGIN.path] == 2
    assert scripted.calls[COOLING.rpc.path] == 4


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, Refused),
        (grpc.StatusCode.OUT_OF_RANGE, Refused),
        (grpc.StatusCode.FAILED_PRECONDITION, NotNow),
        (grpc.StatusCode.ABORTED, NotNow),
        (grpc.StatusCode.PERMISSION_DENIED, Denied),
        (grpc.StatusCode.UNIMPLEMENTED, Unsupported),
        (grpc.StatusCode.UNAVAILABLE, Unreachable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, TimedOut),
        (grpc.StatusCode.INTERNAL, Faulty),
        (grpc.StatusCode.UNKNOWN, Faulty),
    ],
)
async def test_a_status_becomes_an_error_with_the_miners_words(
    scripted: ScriptedMiner, status: grpc.StatusCode, error: type[AsicError]
) -> None:
    scripted.on(PAUSE, status)
    async with client(scripted) as miner:
        with pytest.raises(error) as caught:
            await miner.mining.pause()
    assert type(caught.value) is error
    assert caught.value.detail == "as the script says"


async def test_a_command_that_fails_is_not_sent_again(scripted: ScriptedMiner) -> None:
    scripted.on(PAUSE, grpc.StatusCode.UNAVAILABLE)
    async with client(scripted) as miner:
        with pytest.raises(Unreachable):
            await miner.mining.pause()
    assert scripted.calls[PAUSE.path] == 1


async def test_a_method_the_firmware_lacks_is_asked_for_once_per_version(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(COOLING.rpc)
    scripted.on(ERRORS.rpc, grpc.StatusCode.UNIMPLEMENTED)
    scripted.says(DETAILS.rpc, bos_version={"current": "24.03"})
    wanted = (Reading.COOLING, Reading.ERRORS)
    async with client(scripted) as miner:
        await miner.details()
        assert miner.supports(Reading.ERRORS)
        for _ in range(3):
            snapshot = await miner.snapshot(wanted)
            assert isinstance(snapshot.missing[Reading.ERRORS], Unsupported)
        assert not miner.supports(Reading.ERRORS)
        assert scripted.calls[ERRORS.rpc.path] == 1

        await miner.details()
        assert not miner.supports(Reading.ERRORS)

        scripted.says(DETAILS.rpc, bos_version={"current": "26.05"})
        scripted.says(ERRORS.rpc)
        await miner.details()
        snapshot = await miner.snapshot(wanted)
    assert snapshot.errors == ()
    assert not snapshot.missing


async def test_a_hanging_miner_costs_its_deadline_once_however_much_is_asked(
    scripted: ScriptedMiner,
) -> None:
    for source in (STATS, HASHBOARDS, COOLING):
        scripted.on(source.rpc, hang)
    async with client(scripted, read_timeout=0.2) as miner:
        async with asyncio.timeout(0.55):
            with pytest.raises(TimedOut):
                await miner.snapshot()


async def test_a_hanging_command_times_out(scripted: ScriptedMiner) -> None:
    scripted.on(PAUSE, hang)
    async with client(scripted, command_timeout=0.1) as miner:
        with pytest.raises(TimedOut):
            await miner.mining.pause()


async def test_an_answer_that_is_no_message_is_garbled(scripted: ScriptedMiner) -> None:
    scripted.on(COOLING.rpc, b"\xff\xff\xff\xff")
    async with client(scripted) as miner:
        with pytest.raises(Garbled):
            await miner.cooling_state()


async def test_one_failing_reading_does_not_take_the_others_along(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(STATS.rpc, power_stats={"approximated_consumption": {"watt": 5}})
    scripted.on(HASHBOARDS.rpc, grpc.StatusCode.FAILED_PRECONDITION)
    scripted.on(COOLING.rpc, b"\xff\xff")
    async with client(scripted) as miner:
        snapshot = await miner.snapshot()
    assert snapshot.stats is not None
    assert snapshot.stats.power == 5
    assert snapshot.hashboards is None
    assert isinstance(snapshot.missing[Reading.HASHBOARDS], NotNow)
    assert isinstance(snapshot.missing[Reading.COOLING], Garbled)


async def test_a_snapshot_with_nothing_in_it_raises_why(
    scripted: ScriptedMiner,
) -> None:
    for source in (STATS, HASHBOARDS, COOLING):
        scripted.on(source.rpc, grpc.StatusCode.INTERNAL)
    async with client(scripted) as miner:
        with pytest.raises(Faulty):
            await miner.snapshot()


async def test_what_only_newer_firmware_has_is_no_reason_to_fail(
    scripted: ScriptedMiner,
) -> None:
    async with client(scripted) as miner:
        snapshot = await miner.snapshot([Reading.ERRORS])
    assert snapshot.errors is None


async def test_an_unchanged_answer_gives_the_same_object(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(POOLS.rpc, pool_groups=[{"name": "one"}])
    async with client(scripted) as miner:
        first = await miner.pool_groups()
        assert await miner.pool_groups() is first
        scripted.says(POOLS.rpc, pool_groups=[{"name": "two"}])
        assert (await miner.pool_groups())[0].name == "two"


async def test_closing_ends_what_is_under_way_as_unreachable(
    scripted: ScriptedMiner,
) -> None:
    asked = asyncio.Event()

    async def hang_and_tell(_: ScriptedMiner, __: Context) -> Answer:
        asked.set()
        await asyncio.Event().wait()
        return b""

    scripted.on(PAUSE, hang_and_tell)
    miner = client(scripted)
    pause = asyncio.create_task(miner.mining.pause())
    await asked.wait()
    await miner.close()
    with pytest.raises(Unreachable):
        await pause
    with pytest.raises(Unreachable):
        await miner.mining.pause()


async def test_cancelling_a_call_cancels_it_at_the_miner(
    scripted: ScriptedMiner,
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def notice(_: ScriptedMiner, __: Context) -> Answer:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return b""

    scripted.on(COOLING.rpc, notice)
    async with client(scripted) as miner:
        reading = asyncio.create_task(miner.cooling_state())
        await asked.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await asyncio.wait_for(left.wait(), 2)


async def test_closing_during_login_leaves_nothing_behind() -> None:
    # Nothing speaks here: the login hangs until the channel is closed.
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    miner = Miner("127.0.0.1", port, username="root", password="root")
    reading = asyncio.create_task(miner.details())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await miner.close()
    with pytest.raises(Unreachable):
        await reading
    server.close()


async def test_nobody_home_is_unreachable_at_once() -> None:
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with (
        asyncio.timeout(2),
        Miner("127.0.0.1", port, username="root", password="root") as miner,
    ):
        with pytest.raises(Unreachable):
            await miner.details()


async def test_a_secret_is_not_in_the_text_of_a_client() -> None:
    miner = Miner("127.0.0.1", 1, username="root", password="hunter2")
    assert repr(miner) == "<Miner 127.0.0.1:1>"
    assert "hunter2" not in repr(vars(miner))


async def test_nobody_logs_in_while_the_password_changes(
    scripted: ScriptedMiner,
) -> None:
    changed = asyncio.Event()
    passwords: list[str] = []

    async def change(miner: ScriptedMiner, _: Context) -> Answer:
        # The miner drops its tokens at once, and answers a little later.
        miner.token = "second"
        miner.password = "better"
        changed.set()
        await asyncio.sleep(0.1)
        return b""

    scripted.on(SET_PASSWORD, change)
    scripted.says(COOLING.rpc)
    async with client(scripted) as miner:
        await miner.cooling_state()
        changing = asyncio.create_task(miner.set_password("better"))
        await changed.wait()
        await miner.cooling_state()
        await changing
        passwords = [
            LOGIN.request.FromString(request).password
            for path, request in zip(scripted.order, scripted.requests, strict=True)
            if path == LOGIN.path
        ]
    assert set(passwords[:-1]) == {"root"}
    assert passwords[-1] == "better"


async def test_a_password_whose_change_was_not_confirmed_is_tried(
    scripted: ScriptedMiner,
) -> None:
    async def change_in_silence(miner: ScriptedMiner, _: Context) -> Answer:
        miner.password = "better"
        await asyncio.Event().wait()
        return b""

    scripted.on(SET_PASSWORD, change_in_silence)
    scripted.says(COOLING.rpc)
    async with client(scripted, command_timeout=0.1) as miner:
        await miner.set_password("better")
        scripted.token = "second"
        assert (await miner.cooling_state()).fans == ()


async def test_a_password_that_was_not_changed_is_kept(scripted: ScriptedMiner) -> None:
    scripted.on(SET_PASSWORD, hang)
    scripted.says(COOLING.rpc)
    async with client(scripted, command_timeout=0.1) as miner:
        with pytest.raises(TimedOut):
            await miner.set_password("better")
        scripted.token = "second"
        await miner.cooling_state()


async def test_a_hanging_login_ends_in_time(scripted: ScriptedMiner) -> None:
    scripted.hang_at_login = True
    async with client(scripted, read_timeout=0.2) as miner, asyncio.timeout(0.5):
        with pytest.raises(TimedOut):
            await miner.cooling_state()


@pytest.mark.parametrize("steps", range(6))
async def test_closing_at_any_moment_of_a_login_is_unreachable(
    scripted: ScriptedMiner, steps: int
) -> None:
    scripted.says(COOLING.rpc)
    miner = client(scripted)
    await miner.cooling_state()
    scripted.token = "second"
    scripted.logging_in.clear()
    renewed = asyncio.create_task(miner.cooling_state())
    await scripted.logging_in.wait()
    for _ in range(steps):
        await asyncio.sleep(0)
    await miner.close()
    with suppress(Unreachable):
        await renewed
    with pytest.raises(Unreachable):
        await miner.cooling_state()


async def test_one_forbidden_reading_does_not_hide_the_others(
    scripted: ScriptedMiner,
) -> None:
    scripted.says(STATS.rpc)
    scripted.on(COOLING.rpc, grpc.StatusCode.PERMISSION_DENIED)
    async with client(scripted) as miner:
        snapshot = await miner.snapshot((Reading.STATS, Reading.COOLING))
        assert snapshot.stats is not None
        assert isinstance(snapshot.missing[Reading.COOLING], Denied)
        with pytest.raises(Denied):
            await miner.snapshot((Reading.COOLING,))


async def test_what_every_firmware_has_is_never_given_up(
    scripted: ScriptedMiner,
) -> None:
    # As from a miner that is still starting.
    for source in (STATS, HASHBOARDS, COOLING):
        scripted.on(source.rpc, grpc.StatusCode.UNIMPLEMENTED)
    async with client(scripted) as miner:
        with pytest.raises(Unsupported):
            await miner.snapshot()
        for source in (STATS, HASHBOARDS, COOLING):
            scripted.says(source.rpc)
        assert (await miner.snapshot()).stats is not None


@pytest.mark.parametrize("watts", [-5, float("nan"), float("inf"), 1e30])
async def test_what_the_wire_cannot_carry_is_a_value_error(
    scripted: ScriptedMiner, watts: float
) -> None:
    async with client(scripted) as miner:
        with pytest.raises(ValueError, match=r"."):
            await miner.tuning.set_power_target(watts)
    assert not scripted.calls


async def test_a_token_that_cannot_be_sent_back_is_garbled(
    scripted: ScriptedMiner,
) -> None:
    scripted.sent_token = "new\nline"
    async with client(scripted) as miner:
        with pytest.raises(Garbled):
            await miner.cooling_state()
