"""Mining pools: groups of them, how they do, and how they are configured."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection
from .stats import PoolStats, read_pool_stats
from .units import SaveAction, read_number, read_text, read_value
from .wire import rpc

_CREATE = rpc("PoolService", "CreatePoolGroup")
_UPDATE = rpc("PoolService", "UpdatePoolGroup")
_REMOVE = rpc("PoolService", "RemovePoolGroup")
_SET = rpc("PoolService", "SetPoolGroups", since=2)

_Group: type[Any] = type(_UPDATE.request().group)
_Pool: type[Any] = type(_Group().pools.add())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool and how it does."""

    uid: str
    url: str
    user: str
    enabled: bool
    alive: bool
    active: bool
    stats: PoolStats | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolGroup:
    """Pools that stand in for each other, and the group's part of the work.

    Its `uid` is there since API 1.8.
    """

    uid: str | None
    name: str
    quota: int | None
    fixed_share: float | None
    pools: tuple[Pool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How a pool is configured.

    The miner never tells a password: `None` is what it reads as, and, in a change,
    what keeps it. `stored` is the message that was read, and what a change is written
    into, so that what newer firmware has in it stays.
    """

    uid: str | None = None
    url: str
    user: str
    password: str | None = None
    enabled: bool | None = None
    stored: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolGroupSettings:
    """How a group is configured: by quota, or by a fixed share of 0 to 1.

    A new group has no `uid`; a change needs the one that the miner gave it. `stored`
    is as in `PoolSettings`.
    """

    uid: str | None = None
    name: str
    quota: int | None = None
    fixed_share: float | None = None
    pools: tuple[PoolSettings, ...] = ()
    stored: bytes = field(default=b"", compare=False, repr=False)


def read_pool_groups(message: Any) -> tuple[PoolGroup, ...]:
    """Read the answer of `GetPoolGroups`."""
    return tuple(
        PoolGroup(
            uid=read_text(m, "uid"),
            name=m.name,
            quota=read_value(m, "quota"),
            fixed_share=read_value(m, "fixed_share_ratio"),
            pools=tuple(
                Pool(
                    uid=pool.uid,
                    url=pool.url,
                    user=pool.user,
                    enabled=pool.enabled,
                    alive=pool.alive,
                    active=pool.active,
                    stats=read_pool_stats(pool, "stats"),
                )
                for pool in m.pools
            ),
        )
        for m in message.pool_groups
    )


def read_group_settings(m: Any) -> PoolGroupSettings:
    """Read a `PoolGroupConfiguration`."""
    return PoolGroupSettings(
        uid=read_number(m, "uid"),
        name=m.name,
        quota=read_value(m, "quota"),
        fixed_share=read_value(m, "fixed_share_ratio"),
        pools=tuple(
            PoolSettings(
                uid=read_number(pool, "uid"),
                url=pool.url,
                user=pool.user,
                password=read_number(pool, "password") or None,
                enabled=read_number(pool, "enabled"),
                stored=pool.SerializeToString(),
            )
            for pool in m.pools
        ),
        stored=m.SerializeToString(),
    )


def _write_group(group: PoolGroupSettings) -> Any:
    if group.quota is not None and group.fixed_share is not None:
        raise ValueError("a group has a quota or a fixed share, not both")
    m = _Group.FromString(group.stored)
    _put(m, uid=group.uid, name=group.name)
    if group.quota is not None:
        m.quota.value = group.quota
    elif group.fixed_share is not None:
        m.fixed_share_ratio.value = group.fixed_share
    else:
        m.ClearField("load_balance_strategy")
    del m.pools[:]
    m.pools.extend(map(_write_pool, group.pools))
    return m


def _write_pool(pool: PoolSettings) -> Any:
    m = _Pool.FromString(pool.stored)
    _put(
        m,
        uid=pool.uid,
        url=pool.url,
        user=pool.user,
        password=pool.password,
        enabled=pool.enabled,
    )
    return m


def _put(message: Any, **fields: Any) -> None:
    for name, value in fields.items():
        if value is None:
            message.ClearField(name)
        else:
            setattr(message, name, value)


class Pools:
    """Changing the pools."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self, group: PoolGroupSettings, *, save: SaveAction = SaveAction.APPLY
    ) -> PoolGroupSettings:
        """Add a group; returns it with the uids that the miner gave."""
        answer = await self._connection.command(
            _CREATE, save_action=save.number, group=_write_group(group)
        )
        return read_group_settings(answer.group)

    async def update(
        self, group: PoolGroupSettings, *, save: SaveAction = SaveAction.APPLY
    ) -> PoolGroupSettings:
        """Change a group, which is found by its uid."""
        answer = await self._connection.command(
            _UPDATE, save_action=save.number, group=_write_group(group)
        )
        return read_group_settings(answer.group)

    async def remove(self, uid: str, *, save: SaveAction = SaveAction.APPLY) -> None:
        """Remove a group with its pools."""
        await self._connection.command(_REMOVE, save_action=save.number, uid=uid)

    async def replace_all(
        self,
        groups: Iterable[PoolGroupSettings],
        *,
        save: SaveAction = SaveAction.APPLY,
    ) -> tuple[PoolGroupSettings, ...]:
        """Put these in the place of all groups there are (API 1.2).

        Applying it restarts mining, and a pool without its password loses it.
        """
        answer = await self._connection.command(
            _SET, save_action=save.number, pool_groups=[_write_group(g) for g in groups]
        )
        return tuple(map(read_group_settings, answer.pool_groups))
