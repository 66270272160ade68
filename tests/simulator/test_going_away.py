"""Moves, upgrades, resets: the miner goes, and comes back another."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import grpc
import pytest

from simulator import FakeClock, Quirks, SimulatedMiner
from simulator.decoys import StockAntminer

from .conftest import APPLY, Caller, Start

INVALID = grpc.StatusCode.INVALID_ARGUMENT
UPGRADE = "UpgradeService/SystemUpgrade"
IMAGE = b"BOS image\nversion=26.05\n" + bytes(200_000)


def upload(image: bytes = IMAGE, **changes: Any) -> list[dict[str, Any]]:
    metadata = {"size": len(image), "hash": sha256(image).hexdigest()} | changes
    chunks = [image[n : n + 65536] for n in range(0, len(image), 65536)]
    return [{"metadata": metadata}, *({"data": chunk} for chunk in chunks)]


async def away_and_back(
    miner: SimulatedMiner, clock: FakeClock, seconds: float = 200
) -> None:
    clock.advance(5)
    await miner.settled()
    assert not miner.listening
    clock.advance(seconds)
    await miner.settled()


async def version(miner: SimulatedMiner) -> int:
    async with grpc.aio.insecure_channel(miner.address) as channel:
        answer = await Caller(miner, channel).call("ApiVersionService/GetApiVersion")
        minor: int = answer.minor
        return minor


async def test_an_upgrade_comes_back_with_the_version_of_the_image(
    start: Start, clock: FakeClock
) -> None:
    caller = await start(api="1.10")
    answer = await caller.upload(UPGRADE, *upload())
    assert answer.successful
    await away_and_back(caller.miner, clock)
    assert await version(caller.miner) == 11
    assert caller.machine.firmware.release == "26.05"


async def test_an_image_without_a_version_is_the_next_release(
    start: Start, clock: FakeClock
) -> None:
    caller = await start(api="1.10")
    await caller.upload(UPGRADE, *upload(b"anything"))
    await away_and_back(caller.miner, clock)
    assert caller.machine.firmware.release == "26.05"


async def test_a_release_newer_than_the_api_keeps_the_newest_api(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.upload(UPGRADE, *upload(b"version=26.08\n"))
    await away_and_back(s19k_pro.miner, clock)
    assert s19k_pro.machine.firmware.release == "26.08"
    assert await version(s19k_pro.miner) == 11


async def test_an_upgrade_may_fail_and_the_old_version_returns(
    start: Start, clock: FakeClock
) -> None:
    caller = await start(api="1.10", quirks=Quirks(upgrade_fails=True))
    assert (await caller.upload(UPGRADE, *upload())).successful
    await away_and_back(caller.miner, clock)
    assert await version(caller.miner) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        upload(size=len(IMAGE) + 1),
        upload(size=len(IMAGE) - 1),
        upload(hash="00" * 32),
        upload()[1:],
        [*upload(), upload()[0]],
    ],
    ids=["too short", "too long", "other hash", "no metadata", "metadata twice"],
)
async def test_an_upload_that_is_not_as_announced_is_refused(
    s19k_pro: Caller, clock: FakeClock, wrong: list[dict[str, Any]]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await s19k_pro.upload(UPGRADE, *wrong)
    assert caught.value.code() is INVALID
    clock.advance(10)
    await s19k_pro.miner.settled()
    assert s19k_pro.miner.listening


@pytest.mark.parametrize("relay", [True, False])
async def test_a_large_image_arrives_whole(
    start: Start,
    clock: FakeClock,
    relay: bool,  # given by pytest
) -> None:
    caller = await start(api="1.10", relay=relay)
    image = b"version=26.05\n" + bytes(range(256)) * 40_000
    assert (await caller.upload(UPGRADE, *upload(image))).successful
    await away_and_back(caller.miner, clock)
    assert caller.machine.firmware.release == "26.05"


async def test_an_upgrade_can_discard_all_settings(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call("AuthenticationService/SetPassword", password="garage")
    await s19k_pro.upload(UPGRADE, *upload(discard_settings=True))
    await away_and_back(s19k_pro.miner, clock)
    assert s19k_pro.machine.saved.groups == ()
    assert s19k_pro.machine.accounts.password == "root"


async def test_an_automatic_upgrade_happens_at_its_time(
    start: Start, clock: FakeClock
) -> None:
    caller = await start(api="1.9")
    answer = await caller.call(
        "UpgradeService/UpdateAutoUpgradeConfig",
        enabled=True,
        schedule={"weekly": {"day_of_week": 3, "time": {"hours": 4, "minutes": 30}}},
    )
    due = datetime.fromtimestamp(answer.next_execution.seconds, UTC)
    assert (due.isoweekday(), due.hour, due.minute) == (3, 4, 30)
    clock.advance(due.timestamp() - clock.calendar(clock.now()) + 400)
    await caller.miner.settled()
    assert caller.machine.firmware.release == "26.04"
    await caller.login()
    status = await caller.call("UpgradeService/GetAutoUpgradeStatus")
    assert status.last_execution.seconds == answer.next_execution.seconds
    assert status.next_execution.seconds == answer.next_execution.seconds + 7 * 86400


async def test_a_month_has_28_days_for_upgrades(s19k_pro: Caller) -> None:
    refusal = await s19k_pro.refusal(
        "UpgradeService/UpdateAutoUpgradeConfig",
        enabled=True,
        schedule={"monthly": {"day_of_month": 29}},
    )
    assert refusal.code() is INVALID


async def test_stock_firmware_can_be_restored_but_not_on_a_bmm(
    start: Start, clock: FakeClock
) -> None:
    bmm = await start("bmm_101", api="1.11")
    refusal = await bmm.refusal("UpgradeService/RestoreStock")
    assert refusal.code() is grpc.StatusCode.UNIMPLEMENTED
    caller = await start("s19j_pro", api="1.11")
    assert (await caller.call("UpgradeService/RestoreStock")).successful
    await away_and_back(caller.miner, clock)
    assert not caller.miner.listening
    assert isinstance(caller.miner.stock, StockAntminer)


async def test_a_factory_reset_forgets_what_the_owner_chose(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        "PerformanceService/SetPowerTarget",
        save_action=APPLY,
        power_target={"watt": 2000},
    )
    await s19k_pro.call("NetworkService/SetNetworkConfiguration", hostname="heater")
    await s19k_pro.call("ActionsService/FactoryReset")
    await away_and_back(s19k_pro.miner, clock)
    await s19k_pro.login()
    saved = await s19k_pro.call("ConfigurationService/GetMinerConfiguration")
    assert saved.tuner.power_target.watt == 2760
    assert len(saved.pool_groups) == 0
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.hostname.startswith("miner-")


STATIC = {"address": "127.0.77.7", "netmask": "255.0.0.0", "gateway": "127.0.0.1"}


@pytest.mark.parametrize("relay", [True, False])
async def test_a_static_address_really_moves_the_miner(
    start: Start,
    clock: FakeClock,
    relay: bool,  # given by pytest
) -> None:
    caller = await start(relay=relay)
    old = caller.miner.address
    answer = await caller.call(
        "NetworkService/SetNetworkConfiguration", static=STATIC, hostname="heater"
    )
    assert answer.network.static.address == "127.0.77.7"
    clock.advance(2)
    await caller.miner.settled()
    assert caller.miner.address == f"127.0.77.7:{old.split(':')[1]}"
    assert await version(caller.miner) == 11
    async with grpc.aio.insecure_channel(old) as channel:
        refusal = await Caller(caller.miner, channel).refusal(
            "ApiVersionService/GetApiVersion"
        )
    assert refusal.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_miner_back_on_dhcp_gets_its_first_address_again(
    start: Start, clock: FakeClock
) -> None:
    caller = await start()
    move = "NetworkService/SetNetworkConfiguration"
    await caller.call(move, static=STATIC)
    clock.advance(2)
    await caller.miner.settled()
    async with grpc.aio.insecure_channel(caller.miner.address) as channel:
        moved = Caller(caller.miner, channel)
        await moved.login()
        info = await moved.call("NetworkService/GetNetworkInfo")
        assert (info.protocol, info.networks[0].address) == (2, "127.0.77.7")
        await moved.call(move, dhcp={})
    clock.advance(2)
    await caller.miner.settled()
    assert caller.miner.host == "127.0.0.1"


async def test_the_answer_of_a_move_may_never_come(start: Start) -> None:
    caller = await start(quirks=Quirks(answers_moves=False))
    refusal = await caller.refusal(
        "NetworkService/SetNetworkConfiguration", static=STATIC
    )
    assert refusal.code() is grpc.StatusCode.UNAVAILABLE
    await caller.miner.settled()
    assert caller.miner.host == "127.0.77.7"


async def test_an_address_beyond_loopback_is_out_of_reach(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        "NetworkService/SetNetworkConfiguration",
        static=STATIC | {"address": "192.0.2.1"},
    )
    clock.advance(2)
    await s19k_pro.miner.settled()
    assert not s19k_pro.miner.listening


async def test_an_address_that_is_none_is_refused(s19k_pro: Caller) -> None:
    for wrong in ({"address": "garage"}, {"address": "127.0.0.300"}):
        refusal = await s19k_pro.refusal(
            "NetworkService/SetNetworkConfiguration", static=STATIC | wrong
        )
        assert refusal.code() is INVALID
    network = await s19k_pro.call("NetworkService/GetNetworkConfiguration")
    assert network.network.WhichOneof("protocol") == "dhcp"


async def test_sockets_that_have_just_followed_are_not_waited_for_for_ever() -> None:
    async with SimulatedMiner() as miner:
        miner.follow()
        # It has ended by now, and nobody was told yet.
        await asyncio.sleep(0)
        await miner.settled()
        assert miner.listening
