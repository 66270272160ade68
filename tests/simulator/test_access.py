"""Who gets in, and for how long."""

import grpc
import pytest

from simulator import FakeClock

from .conftest import Caller, Start

DENIED = grpc.StatusCode.UNAUTHENTICATED
GUARDED = "MinerService/GetMinerStats"


async def test_login_gives_the_same_token_in_message_and_metadata(
    s19k_pro: Caller,
) -> None:
    answer = await s19k_pro.login()
    assert answer.token == s19k_pro.token
    assert answer.timeout_s == 3600


async def test_a_wrong_password_or_user_is_denied(start: Start) -> None:
    caller = await start(login=False)
    for user, password in (("root", "guess"), ("admin", "root")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await caller.login(user, password)
        assert caught.value.code() is DENIED


async def test_a_fresh_image_lets_root_in_without_a_password(start: Start) -> None:
    caller = await start(login=False, password=None)
    assert (await caller.login("root", "")).token
    await caller.call(GUARDED)


async def test_version_needs_no_token_but_all_else_does(start: Start) -> None:
    caller = await start(login=False)
    version = await caller.call("ApiVersionService/GetApiVersion")
    assert (version.major, version.minor) == (1, 11)
    assert (await caller.refusal(GUARDED)).code() is DENIED


async def test_a_token_with_bearer_before_it_is_wrong(s19k_pro: Caller) -> None:
    s19k_pro.token = f"Bearer {s19k_pro.token}"
    assert (await s19k_pro.refusal(GUARDED)).code() is DENIED


async def test_a_token_lives_an_hour_from_its_last_use(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    clock.advance(3500)
    await s19k_pro.call(GUARDED)
    clock.advance(3500)
    await s19k_pro.call(GUARDED)
    clock.advance(3601)
    assert (await s19k_pro.refusal(GUARDED)).code() is DENIED


async def test_a_changed_password_counts_from_then_on(s19k_pro: Caller) -> None:
    await s19k_pro.call("AuthenticationService/SetPassword", password="garage")
    with pytest.raises(grpc.aio.AioRpcError):
        await s19k_pro.login()
    await s19k_pro.login("root", "garage")


async def test_a_password_can_be_removed(s19k_pro: Caller) -> None:
    await s19k_pro.call("AuthenticationService/SetPassword")
    assert (await s19k_pro.login("root", "anything")).token


async def test_a_reboot_forgets_the_tokens(s19k_pro: Caller, clock: FakeClock) -> None:
    await s19k_pro.call("ActionsService/Reboot")
    clock.advance(2)
    await s19k_pro.miner.settled()
    assert not s19k_pro.miner.listening
    clock.advance(120)
    await s19k_pro.miner.settled()
    await s19k_pro.channel.channel_ready()
    assert (await s19k_pro.refusal(GUARDED)).code() is DENIED


async def test_every_call_is_counted_whatever_becomes_of_it(s19k_pro: Caller) -> None:
    before = s19k_pro.miner.calls
    await s19k_pro.call(GUARDED)
    with pytest.raises(grpc.aio.AioRpcError):
        await s19k_pro.login("root", "wrong")
    assert s19k_pro.miner.calls == before + 2
