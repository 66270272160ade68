"""Pool groups."""

from collections.abc import Mapping
import re
from typing import Any

from simulator.configuration import GroupSettings, PoolSettings, Save
from simulator.machine import Machine
from simulator.refusals import InvalidValue, Unknown
from simulator.schema import message

from .miner import fill_pool_stats
from .saving import save_of

_Groups = message("GetPoolGroupsResponse")
_Created = message("CreatePoolGroupResponse")
_Updated = message("UpdatePoolGroupResponse")
_Removed = message("RemovePoolGroupResponse")
_Set = message("SetPoolGroupsResponse")

_URL = re.compile(
    r"(stratum\+tcp|stratum\+ssl|stratum2\+tcp)://[\w.-]+(:\d{1,5})?(/\S*)?"
)


def groups(machine: Machine, _: Any) -> Any:
    """Answer all groups, with what was done for each pool."""
    answer = _Groups()
    for group in machine.work.groups:
        settings = group.settings
        entry = answer.pool_groups.add(name=settings.name, uid=settings.uid)
        _fill_strategy(entry, settings)
        active = group.active if machine.mining.running else None
        for pool in group.pools:
            one = entry.pools.add(
                uid=pool.settings.uid,
                url=pool.settings.url,
                user=pool.settings.user,
                enabled=pool.settings.enabled,
                alive=pool.alive and machine.mining.running,
                active=pool is active,
            )
            fill_pool_stats(machine, one.stats, [pool], pool)
    return answer


def _fill_strategy(entry: Any, settings: GroupSettings) -> None:
    if settings.ratio is not None:
        entry.fixed_share_ratio.value = settings.ratio
    elif settings.quota is not None:
        entry.quota.value = settings.quota


def fill_configuration(entry: Any, settings: GroupSettings) -> None:
    """Write a group as it is configured; passwords are never told."""
    entry.uid = settings.uid
    entry.name = settings.name
    _fill_strategy(entry, settings)
    for pool in settings.pools:
        entry.pools.add(
            uid=pool.uid, url=pool.url, user=pool.user, enabled=pool.enabled
        )


def _new_uid(machine: Machine) -> str:
    return f"{machine.names.getrandbits(64):016x}"


def _pool(
    machine: Machine, entry: Any, known: Mapping[str, PoolSettings]
) -> PoolSettings:
    if not _URL.fullmatch(entry.url):
        raise InvalidValue(
            f"{entry.url!r} is no pool address such as stratum+tcp://host:port"
        )
    if not entry.user:
        raise InvalidValue("a pool needs a user")
    before = known.get(entry.uid)
    password = before.password if before is not None else None
    return PoolSettings(
        uid=entry.uid or _new_uid(machine),
        url=entry.url,
        user=entry.user,
        password=entry.password if entry.HasField("password") else password,
        enabled=entry.enabled if entry.HasField("enabled") else True,
    )


def _group(machine: Machine, entry: Any) -> GroupSettings:
    known = {p.uid: p for group in machine.saved.groups for p in group.pools}
    if not entry.pools:
        raise InvalidValue("a group needs at least one pool")
    strategy = entry.WhichOneof("load_balance_strategy")
    quota = entry.quota.value if strategy == "quota" else None
    ratio = entry.fixed_share_ratio.value if strategy == "fixed_share_ratio" else None
    if quota is not None and quota < 1:
        raise InvalidValue("a quota must be at least 1")
    if ratio is not None and not 0 < ratio <= 1:
        raise InvalidValue("a fixed share ratio must be above 0 and at most 1")
    return GroupSettings(
        uid=entry.uid or _new_uid(machine),
        name=entry.name or "Group",
        quota=1 if strategy is None else quota,
        ratio=ratio,
        pools=tuple(_pool(machine, pool, known) for pool in entry.pools),
    )


def _take_over(machine: Machine, save: Save, wanted: tuple[GroupSettings, ...]) -> None:
    if sum(group.ratio or 0 for group in wanted) > 1:
        raise InvalidValue("the fixed share ratios of all groups exceed 1")
    uids = [group.uid for group in wanted]
    if len(set(uids)) != len(uids):
        raise InvalidValue("two groups have the same uid")
    machine.change(save, groups=wanted)


def create(machine: Machine, request: Any) -> Any:
    """Add a group."""
    group = _group(machine, request.group)
    _take_over(machine, save_of(request), (*machine.saved.groups, group))
    answer = _Created()
    fill_configuration(answer.group, group)
    return answer


def _require(machine: Machine, uid: str) -> None:
    if not uid:
        raise InvalidValue("the uid of the group is missing")
    if all(group.uid != uid for group in machine.saved.groups):
        raise Unknown(f"there is no pool group {uid!r}")


def update(machine: Machine, request: Any) -> Any:
    """Replace the group with that uid; pools named by uid keep their passwords."""
    _require(machine, request.group.uid)
    changed = _group(machine, request.group)
    wanted = tuple(
        changed if group.uid == changed.uid else group for group in machine.saved.groups
    )
    _take_over(machine, save_of(request), wanted)
    answer = _Updated()
    fill_configuration(answer.group, changed)
    return answer


def remove(machine: Machine, request: Any) -> Any:
    """Remove a group."""
    _require(machine, request.uid)
    wanted = tuple(g for g in machine.saved.groups if g.uid != request.uid)
    _take_over(machine, save_of(request), wanted)
    return _Removed()


def replace_all(machine: Machine, request: Any) -> Any:
    """Replace all groups; mining restarts when this is applied."""
    save = save_of(request)
    wanted = tuple(_group(machine, entry) for entry in request.pool_groups)
    _take_over(machine, save, wanted)
    if save is Save.APPLY and machine.mining.running:
        machine.restart()
    answer = _Set()
    for group in wanted:
        fill_configuration(answer.pool_groups.add(), group)
    return answer
