"""What actions change about pools.

Each reads the pools anew when its turn has come, changes what it is to change, and
sends the groups that differ. What the miner does not tell, such as a password, is
kept by the uids that it gave.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_URL
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import (
    Miner,
    Pool,
    PoolGroup,
    PoolGroupSettings,
    PoolSettings,
    Reading,
    Refused,
    SaveAction,
)
from .changes import SECRET, ChangeAction, Fields, invalid
from .control import Change
from .coordinator import MinerCoordinator
from .pool_urls import EXAMPLE, are_same, has_sound_key, is_pool_url
from .rig import without_login
from .state import MinerState

ATTR_ENABLED: Final = "enabled"
ATTR_FIXED_SHARE: Final = "fixed_share"
ATTR_GROUP: Final = "group"
ATTR_GROUPS: Final = "groups"
ATTR_POOLS: Final = "pools"
ATTR_QUOTA: Final = "quota"
ATTR_USER: Final = "user"

# The first group is called so where nobody names it.
_FIRST_GROUP = "Default"
_HIGHEST_QUOTA = 1_000_000
# Tenths do not add up to one exactly.
_ROUNDING = 1e-9
# What is shorter tells nothing, and could be a part of any word.
_SHORTEST_SECRET = 4

type Groups = tuple[PoolGroupSettings, ...]
type Edit = Callable[[MinerCoordinator, Groups, Fields], Groups]
type Send = Callable[[SaveAction], Any]


def _plan(
    what: str,
    edit: Edit,
    coordinator: MinerCoordinator,
    fields: Fields,
    *,
    again: bool = False,
) -> Change:
    """Refuse what can be no pool before the miner is asked for anything."""
    _check(coordinator, fields)
    before: object = None
    after: object = None

    async def command(miner: Miner) -> None:
        nonlocal before, after
        stored = await _stored(coordinator, miner)
        wanted = edit(coordinator, stored, fields)
        if not _is_any_enabled(wanted) and (_is_any_enabled(stored) or not wanted):
            raise invalid("last_pool", coordinator)
        before, after = _likeness(stored), _likeness(wanted)
        try:
            await _send(miner, stored, wanted)
        except Refused as err:
            raise type(err)(_without_secrets(err.detail, stored + wanted)) from None

    return Change(
        what=what,
        command=command,
        value=_urls,
        # That only a password has changed can be seen nowhere.
        done=lambda state: before != after and after == _likeness(_groups_of(state)),
        again=again,
        reads=(Reading.POOLS,),
    )


def _check(coordinator: MinerCoordinator, fields: Fields) -> None:
    groups = fields.get(ATTR_GROUPS, ())
    pools = [pool for group in groups for pool in group[ATTR_POOLS]]
    if pools and not any(pool[ATTR_ENABLED] for pool in pools):
        raise invalid("last_pool", coordinator)
    for pool in pools:
        _check_url(coordinator, pool)


def _check_url(coordinator: MinerCoordinator, pool: Fields) -> None:
    url = pool[CONF_URL]
    if not is_pool_url(url):
        raise invalid(
            "no_pool_url", coordinator, url=without_login(url), example=EXAMPLE
        )
    if not has_sound_key(url):
        raise invalid("no_pool_key", coordinator, url=without_login(url))


async def _stored(coordinator: MinerCoordinator, miner: Miner) -> Groups:
    """Return the groups as they are configured now."""
    groups = (await miner.configuration()).pool_groups
    if not groups:
        # Some miners do not list them there, though they have some.
        groups = tuple(map(_settings, await miner.pool_groups()))
    if not all(group.uid for group in groups):
        raise invalid("pools_untold", coordinator)
    return groups


def _settings(group: PoolGroup) -> PoolGroupSettings:
    return PoolGroupSettings(
        uid=group.uid,
        name=group.name,
        quota=group.quota,
        fixed_share=group.fixed_share,
        pools=tuple(
            PoolSettings(
                uid=pool.uid or None,
                url=pool.url,
                user=pool.user,
                enabled=pool.enabled,
            )
            for pool in group.pools
        ),
    )


async def _send(miner: Miner, stored: Groups, wanted: Groups) -> None:
    """Have the miner take over what differs; at no moment is it without pools.

    What takes less of the work comes first, as fixed shares never exceed all of it.
    Only the last of them is applied: a miner is busy for a while after each.
    """
    known = {group.uid: group for group in stored}
    steps: list[tuple[float, int, Send]] = []
    for group in wanted:
        before = known.pop(group.uid, None) if group.uid else None
        if before is None:
            steps.append((_share(group), 1, _step(miner.pools.create, group)))
        elif group != before:
            growth = _share(group) - _share(before)
            steps.append((growth, 0, _step(miner.pools.update, group)))
    steps += (
        (-_share(group), 2, _step(miner.pools.remove, uid))
        for uid, group in known.items()
        if uid
    )
    steps.sort(key=lambda step: step[:2])
    for number, (_, _, send) in enumerate(steps, 1):
        await send(SaveAction.APPLY if number == len(steps) else SaveAction.SAVE)


def _without_secrets(said: str, groups: Groups) -> str:
    """Take users and passwords out of what the miner says of pools."""
    for pool in (pool for group in groups for pool in group.pools):
        said = said.replace(pool.url, without_login(pool.url))
        for secret in (pool.user, pool.password):
            if secret and len(secret) >= _SHORTEST_SECRET:
                said = said.replace(secret, "***")
    return said


def _step(do: Callable[..., Any], what: object) -> Send:
    return lambda save: do(what, save=save)


def _share(group: PoolGroupSettings) -> float:
    return group.fixed_share or 0.0


def _replaced(coordinator: MinerCoordinator, stored: Groups, fields: Fields) -> Groups:
    """Put groups in the place of those of the same name, then of the others."""
    wanted = fields[ATTR_GROUPS]
    names = {group[CONF_NAME] for group in wanted}
    named = {group.name: group for group in reversed(stored) if group.name in names}
    taken = {group.uid for group in named.values()}
    others = iter([group for group in stored if group.uid not in taken])
    return tuple(
        _group(
            coordinator,
            stored,
            named.get(group[CONF_NAME]) or next(others, None),
            group,
        )
        for group in wanted
    )


def _group(
    coordinator: MinerCoordinator,
    stored: Groups,
    before: PoolGroupSettings | None,
    fields: Fields,
) -> PoolGroupSettings:
    mine = list(before.pools) if before else []
    elsewhere = [pool for each in stored if each is not before for pool in each.pools]
    pools: list[PoolSettings] = []
    for wanted in fields[ATTR_POOLS]:
        known = _same(mine, wanted)
        if known is not None:
            mine.remove(known)
        elif CONF_PASSWORD not in wanted and _same(elsewhere, wanted) is not None:
            # Only where a pool is, its password can be kept by its uid.
            url = without_login(wanted[CONF_URL])
            raise invalid("pool_moves", coordinator, url=url)
        pools.append(_pool(known, wanted))
    share = fields.get(ATTR_FIXED_SHARE)
    return replace(
        before or PoolGroupSettings(name=fields[CONF_NAME]),
        name=fields[CONF_NAME],
        quota=fields.get(ATTR_QUOTA, 1) if share is None else None,
        fixed_share=share,
        pools=tuple(pools),
    )


def _same(pools: Iterable[PoolSettings], wanted: Fields) -> PoolSettings | None:
    return next(
        (
            pool
            for pool in pools
            if are_same(pool.url, wanted[CONF_URL]) and pool.user == wanted[ATTR_USER]
        ),
        None,
    )


def _pool(known: PoolSettings | None, wanted: Fields) -> PoolSettings:
    """Return a pool as it is wanted; what was not given stays as it is."""
    url, user = wanted[CONF_URL], wanted[ATTR_USER]
    pool = known or PoolSettings(url=url, user=user)
    secret = wanted.get(CONF_PASSWORD)
    return replace(
        pool,
        password=pool.password if secret is None else secret.text,
        enabled=wanted.get(ATTR_ENABLED, True),
    )


def _added(coordinator: MinerCoordinator, stored: Groups, fields: Fields) -> Groups:
    """Add a pool behind the others of its group, or set it anew if it is there."""
    name = fields.get(ATTR_GROUP)
    if not stored:
        first = PoolGroupSettings(name=name or _FIRST_GROUP, quota=1)
        return (replace(first, pools=(_pool(None, fields),)),)
    group = next((each for each in stored if name in (None, each.name)), None)
    if group is None:
        raise invalid("no_pool_group", coordinator, group=str(name))
    known = _same(group.pools, fields)
    pool = _pool(known, fields)
    if known is None:
        return _with(stored, group, (*group.pools, pool))
    pools = tuple(pool if each is known else each for each in group.pools)
    return _with(stored, group, pools)


def _removed(coordinator: MinerCoordinator, stored: Groups, fields: Fields) -> Groups:
    group, pool = _find(coordinator, stored, fields)
    return _with(stored, group, (each for each in group.pools if each is not pool))


def _preferred(coordinator: MinerCoordinator, stored: Groups, fields: Fields) -> Groups:
    group, pool = _find(coordinator, stored, fields)
    others = (each for each in group.pools if each is not pool)
    return _with(stored, group, (pool, *others))


def _switched(
    coordinator: MinerCoordinator, stored: Groups, fields: Fields, *, on: bool
) -> Groups:
    group, pool = _find(coordinator, stored, fields)
    if _is_enabled(pool) is on:
        return stored
    switched = replace(pool, enabled=on)
    pools = (switched if each is pool else each for each in group.pools)
    return _with(stored, group, pools)


def _with(
    stored: Groups, group: PoolGroupSettings, pools: Iterable[PoolSettings]
) -> Groups:
    """Return all groups with other pools in one of them; none stays empty."""
    changed = replace(group, pools=tuple(pools))
    groups = (changed if each is group else each for each in stored)
    return tuple(each for each in groups if each.pools or each is not changed)


def _find(
    coordinator: MinerCoordinator, stored: Groups, fields: Fields
) -> tuple[PoolGroupSettings, PoolSettings]:
    url, user, name = fields[CONF_URL], fields.get(ATTR_USER), fields.get(ATTR_GROUP)
    found = [
        (group, pool)
        for group in stored
        for pool in group.pools
        if are_same(pool.url, url)
        and user in (None, pool.user)
        and name in (None, group.name)
    ]
    if not found:
        raise invalid("no_such_pool", coordinator, url=without_login(url))
    if len(found) > 1:
        raise invalid("several_such_pools", coordinator, url=without_login(url))
    return found[0]


def _is_enabled(pool: Pool | PoolSettings) -> bool:
    # Where a miner does not say so, it is.
    return pool.enabled is not False


def _is_any_enabled(groups: Groups) -> bool:
    return any(_is_enabled(pool) for group in groups for pool in group.pools)


def _groups_of(state: MinerState) -> tuple[PoolGroupSettings | PoolGroup, ...]:
    configuration = state.snapshot.configuration
    configured = configuration.pool_groups if configuration else ()
    return configured or state.snapshot.pools or ()


def _likeness(groups: Iterable[PoolGroupSettings | PoolGroup]) -> object:
    """Return all that a miner tells of how its pools are configured."""
    return frozenset(
        (
            group.name,
            group.quota,
            group.fixed_share,
            tuple((pool.url, pool.user, _is_enabled(pool)) for pool in group.pools),
        )
        for group in groups
    )


def _urls(state: MinerState) -> list[str]:
    """Return the addresses of the pools that are enabled; a login is no part of it."""
    return [
        without_login(pool.url)
        for group in _groups_of(state)
        for pool in group.pools
        if _is_enabled(pool)
    ]


def _plan_to_add(coordinator: MinerCoordinator, fields: Fields) -> Change:
    _check_url(coordinator, fields)
    return _plan("add_pool", _added, coordinator, fields)


def _agree(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refuse groups that cannot be told apart, or want more than all of the work."""
    names = [group[CONF_NAME] for group in groups]
    if len(set(names)) < len(names):
        raise vol.Invalid("two groups have the same name")
    if sum(group.get(ATTR_FIXED_SHARE, 0) for group in groups) > 1 + _ROUNDING:
        raise vol.Invalid("the fixed shares of all groups exceed 1")
    return groups


_text = vol.All(cv.string, str.strip, vol.Length(min=1))
_POOL = vol.Schema(
    {
        vol.Required(CONF_URL): _text,
        vol.Required(ATTR_USER): _text,
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Optional(ATTR_ENABLED, default=True): cv.boolean,
    }
)
_GROUP = vol.Schema(
    {
        vol.Required(CONF_NAME): _text,
        vol.Exclusive(ATTR_QUOTA, "share"): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=_HIGHEST_QUOTA)
        ),
        vol.Exclusive(ATTR_FIXED_SHARE, "share"): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=1, min_included=False)
        ),
        vol.Required(ATTR_POOLS): vol.All(cv.ensure_list, [_POOL], vol.Length(min=1)),
    }
)
_named: Mapping[vol.Marker, Any] = {
    vol.Required(CONF_URL): _text,
    vol.Optional(ATTR_USER): _text,
    vol.Optional(ATTR_GROUP): _text,
}


def _of_one_pool(name: str, edit: Edit) -> ChangeAction:
    # However often it is done, it comes to the same.
    plan = partial(_plan, name, edit, again=True)
    return ChangeAction(name=name, plan=plan, fields=_named)


POOL_CHANGES: tuple[ChangeAction, ...] = (
    ChangeAction(
        name="set_pools",
        plan=partial(_plan, "set_pools", _replaced),
        fields={
            vol.Required(ATTR_GROUPS): vol.All(
                cv.ensure_list, [_GROUP], vol.Length(min=1), _agree
            )
        },
    ),
    ChangeAction(
        name="add_pool",
        plan=_plan_to_add,
        fields={
            vol.Required(CONF_URL): _text,
            vol.Required(ATTR_USER): _text,
            vol.Optional(CONF_PASSWORD): SECRET,
            vol.Optional(ATTR_GROUP): _text,
        },
    ),
    _of_one_pool("remove_pool", _removed),
    _of_one_pool("enable_pool", partial(_switched, on=True)),
    _of_one_pool("disable_pool", partial(_switched, on=False)),
    _of_one_pool("prefer_pool", _preferred),
)
