"""Pools that are read, changed and written again."""

from dataclasses import replace
from typing import Any

from google.protobuf.unknown_fields import UnknownFieldSet

from custom_components.braiins_fleet.asic import PoolGroupSettings, PoolSettings
from custom_components.braiins_fleet.asic.snapshot import CONFIGURATION
from custom_components.braiins_fleet.asic.wire import rpc

from .scripted import ScriptedMiner, client

UPDATE = rpc("PoolService", "UpdatePoolGroup")
URL = "stratum+tcp://pool.example:3333"
# Field 99 as a number: 7, 8, 9.
NEWER = {name: b"\x98\x06" + bytes([number]) for number, name in enumerate("gqp", 7)}


def tell_groups(scripted: ScriptedMiner, **pool: Any) -> None:
    """Let a miner have a group, a quota and a pool in which newer firmware has more."""
    answer = CONFIGURATION.rpc.response()
    group = answer.pool_groups.add(uid="g", name="a", quota={"value": 2})
    group.MergeFromString(NEWER["g"])
    group.quota.MergeFromString(NEWER["q"])
    group.pools.add(uid="p", url=URL, user="me", **pool).MergeFromString(NEWER["p"])
    group.pools.add(uid="o", url=URL, user="other")
    scripted.on(CONFIGURATION.rpc, answer.SerializeToString())
    scripted.says(UPDATE)


def newer(message: Any) -> list[tuple[int, Any]]:
    fields = UnknownFieldSet(message)
    found = [fields[number] for number in range(len(fields))]
    return [(one.field_number, one.data) for one in found]


async def read_and_update(scripted: ScriptedMiner, **changes: Any) -> Any:
    """Read the group, change it, and return what was sent."""
    async with client(scripted) as miner:
        [group] = (await miner.configuration()).pool_groups
        first, *others = group.pools
        pools = (*others, replace(first, enabled=False))
        await miner.pools.update(replace(group, pools=pools, **changes))
    return UPDATE.request.FromString(scripted.requests[-1]).group


async def test_what_only_newer_firmware_knows_of_pools_stays(
    scripted: ScriptedMiner,
) -> None:
    tell_groups(scripted, enabled=True)
    sent = await read_and_update(scripted, name="b", quota=3)
    assert (sent.uid, sent.name, sent.quota.value) == ("g", "b", 3)
    assert [(pool.uid, pool.user) for pool in sent.pools] == [
        ("o", "other"),
        ("p", "me"),
    ]
    assert sent.pools[1].enabled is False
    assert newer(sent) == [(99, 7)]
    assert newer(sent.quota) == [(99, 8)]
    assert [newer(pool) for pool in sent.pools] == [[], [(99, 9)]]


async def test_a_group_changes_from_a_quota_to_a_share_and_to_neither(
    scripted: ScriptedMiner,
) -> None:
    tell_groups(scripted)
    sent = await read_and_update(scripted, quota=None, fixed_share=0.5)
    assert sent.WhichOneof("load_balance_strategy") == "fixed_share_ratio"
    assert sent.fixed_share_ratio.value == 0.5
    sent = await read_and_update(scripted, quota=None)
    assert sent.WhichOneof("load_balance_strategy") is None


async def test_an_empty_password_that_was_read_blanks_none(
    scripted: ScriptedMiner,
) -> None:
    tell_groups(scripted, password="")
    sent = await read_and_update(scripted)
    assert not any(pool.HasField("password") for pool in sent.pools)


async def test_what_was_read_counts_as_what_it_says_and_is_not_shown(
    scripted: ScriptedMiner,
) -> None:
    tell_groups(scripted)
    async with client(scripted) as miner:
        [group] = (await miner.configuration()).pool_groups
    pools = (
        PoolSettings(uid="p", url=URL, user="me"),
        PoolSettings(uid="o", url=URL, user="other"),
    )
    assert group == PoolGroupSettings(uid="g", name="a", quota=2, pools=pools)
    assert "stored" not in repr(group)
