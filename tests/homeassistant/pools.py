"""Pools for a miner to have, and what of them it has in the end."""

from collections.abc import Iterable

from simulator import SimulatedMiner
from simulator.configuration import GroupSettings, PoolSettings, Save

ONE = "stratum+tcp://one.example:3333"
TWO = "stratum+tcp://two.example:3333"
THREE = "stratum+tcp://three.example:3333"
FOUR = "stratum+tcp://four.example:3333"
USER = "wallet.rig7"


def pool(
    url: str, user: str = USER, *, enabled: bool = True, password: str | None = None
) -> PoolSettings:
    """Return a pool with a uid and, if none is given, a password of its own."""
    number = url.removeprefix("stratum+tcp://").partition(".")[0]
    return PoolSettings(
        uid=f"uid-{number}-{user}",
        url=url,
        user=user,
        password=f"secret-{number}-{user}" if password is None else password,
        enabled=enabled,
    )


def group(
    name: str,
    *pools: PoolSettings,
    quota: int | None = None,
    ratio: float | None = None,
) -> GroupSettings:
    """Return a group with a uid of its own."""
    if ratio is None:
        quota = quota or 1
    return GroupSettings(f"uid-{name}", name, quota, ratio, pools)


def give(miner: SimulatedMiner, *groups: GroupSettings) -> None:
    """Let a miner have these groups."""
    miner.machine.change(Save.APPLY, groups=groups)


def stored(miner: SimulatedMiner) -> list[GroupSettings]:
    """Return the groups that a miner has, which are also those in use."""
    assert miner.machine.running.groups == miner.machine.saved.groups
    return list(miner.machine.saved.groups)


def urls(groups: Iterable[GroupSettings]) -> list[list[str]]:
    """Return the addresses of the pools of each group."""
    return [[each.url for each in one.pools] for one in groups]
