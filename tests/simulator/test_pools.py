"""Pool groups over the wire."""

from typing import Any

import grpc
import pytest

from simulator import FakeClock, Quirks

from .conftest import APPLY, Caller, Start

INVALID = grpc.StatusCode.INVALID_ARGUMENT
URL = "stratum+tcp://pool.example:3333"


def group(**changes: Any) -> dict[str, Any]:
    return {"name": "New", "pools": [{"url": URL, "user": "garage.rig"}]} | changes


async def groups(caller: Caller) -> list[Any]:
    return list((await caller.call("PoolService/GetPoolGroups")).pool_groups)


async def test_pools_tell_what_was_done_for_them(s19k_pro: Caller) -> None:
    (only,) = await groups(s19k_pro)
    main, backup = only.pools
    assert (main.alive, main.active, backup.alive, backup.active) == (
        True,
        True,
        True,
        False,
    )
    assert main.stats.accepted_shares > 1000
    assert main.stats.HasField("last_share_time")
    assert int(main.stats.best_share_str) > 1 << 32 > main.stats.best_share


async def test_a_new_group_gets_ids_and_work(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    answer = await s19k_pro.call(
        "PoolService/CreatePoolGroup",
        save_action=APPLY,
        group=group(quota={"value": 4}),
    )
    assert answer.group.uid
    assert answer.group.pools[0].uid
    clock.advance(1800)
    _, new = await groups(s19k_pro)
    assert new.quota.value == 4
    assert new.pools[0].stats.accepted_shares > 0


async def test_updating_needs_the_uid_of_the_group(s19k_pro: Caller) -> None:
    refusal = await s19k_pro.refusal(
        "PoolService/UpdatePoolGroup", save_action=APPLY, group=group()
    )
    assert refusal.code() is INVALID
    assert "uid" in str(refusal.details())
    refusal = await s19k_pro.refusal(
        "PoolService/UpdatePoolGroup", save_action=APPLY, group=group(uid="stranger")
    )
    assert refusal.code() is grpc.StatusCode.NOT_FOUND


async def test_passwords_are_kept_and_never_told(s19k_pro: Caller) -> None:
    pool = {"url": URL, "user": "garage.rig", "password": "secret"}
    answer = await s19k_pro.call(
        "PoolService/CreatePoolGroup", save_action=APPLY, group=group(pools=[pool])
    )
    assert not answer.group.pools[0].HasField("password")
    saved = await s19k_pro.call("ConfigurationService/GetMinerConfiguration")
    assert "secret" not in str(saved)
    assert s19k_pro.machine.saved.groups[-1].pools[0].password == "secret"


async def test_a_pool_named_by_its_uid_keeps_its_password(s19k_pro: Caller) -> None:
    before = s19k_pro.machine.saved.groups[0]
    entry = {"uid": before.pools[0].uid, "url": URL, "user": "other.rig"}
    await s19k_pro.call(
        "PoolService/UpdatePoolGroup",
        save_action=APPLY,
        group=group(uid=before.uid, pools=[entry]),
    )
    (pool,) = s19k_pro.machine.saved.groups[0].pools
    assert (pool.user, pool.password) == ("other.rig", before.pools[0].password)


async def test_setting_all_groups_replaces_them_and_restarts_mining(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        "PoolService/SetPoolGroups", save_action=APPLY, pool_groups=[group()]
    )
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.status == 1
    clock.advance(60)
    (only,) = await groups(s19k_pro)
    assert only.name == "New"


async def test_a_removed_group_is_gone(s19k_pro: Caller) -> None:
    (only,) = await groups(s19k_pro)
    await s19k_pro.call("PoolService/RemovePoolGroup", save_action=APPLY, uid=only.uid)
    assert await groups(s19k_pro) == []


@pytest.mark.parametrize(
    "wrong",
    [
        group(pools=[]),
        group(pools=[{"url": "http://pool.example", "user": "a"}]),
        group(pools=[{"url": URL}]),
        group(quota={"value": 0}),
        group(fixed_share_ratio={"value": 1.5}),
    ],
)
async def test_a_group_that_makes_no_sense_is_refused(
    s19k_pro: Caller, wrong: dict[str, Any]
) -> None:
    refusal = await s19k_pro.refusal(
        "PoolService/CreatePoolGroup", save_action=APPLY, group=wrong
    )
    assert refusal.code() is INVALID
    assert len(s19k_pro.machine.saved.groups) == 1


async def test_fixed_ratios_beyond_the_whole_are_refused(s19k_pro: Caller) -> None:
    entry = group(fixed_share_ratio={"value": 0.6})
    refusal = await s19k_pro.refusal(
        "PoolService/SetPoolGroups", save_action=APPLY, pool_groups=[entry, entry]
    )
    assert refusal.code() is INVALID


async def test_groups_show_their_uid_from_1_8(start: Start) -> None:
    for minor, told in ((7, False), (8, True)):
        (only,) = await groups(await start(api=minor))
        assert bool(only.uid) is told


async def test_some_miners_list_no_groups_in_their_configuration(
    start: Start,
) -> None:
    caller = await start(quirks=Quirks(lists_groups=False))
    answer = await caller.call("ConfigurationService/GetMinerConfiguration")
    assert len(answer.pool_groups) == 0
    assert len(await groups(caller)) == 1
