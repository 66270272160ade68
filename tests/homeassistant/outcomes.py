"""What a miner is set to once it was told something, as a person would expect."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from simulator import Machine
from simulator.configuration import (
    Configuration,
    CoolingMode,
    GroupSettings,
    PoolSettings,
    TunerMode,
)

type Fields = Mapping[str, Any]
# `None` where the miner cannot be set to that, and has to stay as it is.
type Effect = Callable[[Machine, Configuration, Fields], Configuration | None]
type Groups = tuple[GroupSettings, ...]
type Pools = tuple[PoolSettings, ...]

# For a while after these, a miner may say no to anything.
INTERRUPTIONS = ("start", "stop", "restart", "reboot")


def _nothing(_: Machine, now: Configuration, __: Fields) -> Configuration:
    return now


def _set(now: Configuration, part: str, **changes: Any) -> Configuration:
    changed: dict[str, Any] = {part: replace(getattr(now, part), **changes)}
    return replace(now, **changed)


def _aim(now: Configuration, mode: TunerMode, value: float) -> Configuration:
    target = "power" if mode is TunerMode.POWER else "hashrate"
    return _set(now, "tuner", enabled=True, mode=mode, **{target: float(value)})


def _power(machine: Machine, now: Configuration, fields: Fields) -> Any:
    bounds = machine.model.power
    wanted = fields.get("power", fields.get("value"))
    if "change" in fields:
        wanted = now.tuner.power + fields["change"]
        wanted = min(max(wanted, bounds.min), bounds.max)
    elif "percent" in fields:
        wanted = bounds.default * fields["percent"] / 100
    assert wanted is not None
    wanted = round(wanted)
    if not bounds.min <= wanted <= bounds.max:
        return None
    return _aim(now, TunerMode.POWER, wanted)


def _hashrate(machine: Machine, now: Configuration, fields: Fields) -> Any:
    bounds = machine.model.hashrate
    wanted = fields["hashrate"]
    if not bounds.min <= wanted <= bounds.max:
        return None
    return _aim(now, TunerMode.HASHRATE, wanted)


def _tuning(_: Machine, now: Configuration, fields: Fields) -> Configuration:
    match fields["option"]:
        case "power_target":
            return _aim(now, TunerMode.POWER, now.tuner.power)
        case "hashrate_target":
            return _aim(now, TunerMode.HASHRATE, now.tuner.hashrate)
        case _:
            return _set(now, "tuner", enabled=False)


def _scale(_: Machine, now: Configuration, fields: Fields) -> Configuration:
    names = {"shutdown_hours": "shutdown_h"}
    changes: dict[str, Any] = {
        names.get(name, name): value for name, value in fields.items() if name != "mode"
    }
    if "mode" in fields:
        changes["boost"] = fields["mode"] == "boost"
    return _set(now, "dps", **changes)


def _switch_scaling(*, on: bool) -> Effect:
    return lambda _, now, __: _set(now, "dps", enabled=on)


def _cool(_: Machine, now: Configuration, fields: Fields) -> Configuration | None:
    names = {"target_temperature": "target_c", "min_fan_speed": "min_fan"}
    mode = CoolingMode(fields.get("mode", now.cooling.mode))
    needs = {
        "fan_speed": (CoolingMode.MANUAL,),
        "min_fan_speed": (CoolingMode.AUTO,),
        "required_fans": (CoolingMode.AUTO, CoolingMode.MANUAL),
        "paused_fan_speed": (CoolingMode.AUTO, CoolingMode.MANUAL),
    }
    if any(mode not in needs.get(name, (mode,)) for name in fields):
        return None
    changes: dict[str, Any] = {"mode": mode}
    for name, value in fields.items():
        match name:
            case "fan_speed":
                changes["fan_ratio"] = value / 100
            case "paused_fan_speed":
                changes["pause_fan_ratio"] = value / 100
                changes["pause_fan_forever"] = fields["paused_fans"] == "indefinite"
            case "mode" | "paused_fans":
                pass
            case _:
                changes[names.get(name, name)] = value
    return _set(now, "cooling", **changes)


def _percentage(_: Machine, now: Configuration, fields: Fields) -> Configuration:
    ratio = fields["percentage"] / 100
    return _set(now, "cooling", mode=CoolingMode.MANUAL, fan_ratio=ratio)


def _ramp(_: Machine, now: Configuration, fields: Fields) -> Configuration:
    return replace(
        now,
        ramp_up_s=fields.get("up", now.ramp_up_s),
        ramp_down_s=fields.get("down", now.ramp_down_s),
    )


def _boards(_: Machine, now: Configuration, fields: Fields) -> Configuration:
    off = now.disabled_boards - set(fields.get("enable", ()))
    return replace(now, disabled_boards=off | set(fields.get("disable", ())))


def _is_any_enabled(groups: Groups) -> bool:
    return any(pool.enabled for group in groups for pool in group.pools)


def _have(now: Configuration, groups: Groups | None) -> Configuration | None:
    """Return it with these pools, unless none is left that is enabled."""
    if groups is None or not groups:
        return None
    if _is_any_enabled(now.groups) and not _is_any_enabled(groups):
        return None
    return replace(now, groups=groups)


def _regrouped(groups: Groups, changed: GroupSettings, pools: Pools) -> Groups:
    new = replace(changed, pools=pools)
    return tuple(
        one
        for one in (new if each is changed else each for each in groups)
        if one.pools
    )


def _with_pool(_: Machine, now: Configuration, fields: Fields) -> Configuration | None:
    group, *_others = now.groups
    found = _in_group(group, fields)
    pool = PoolSettings(
        "",
        fields["url"],
        fields["user"],
        fields.get("password", found.password if found else None),
        enabled=True,
    )
    if found is None:
        return _have(now, _regrouped(now.groups, group, (*group.pools, pool)))
    pool = replace(pool, uid=found.uid)
    pools = tuple(pool if each is found else each for each in group.pools)
    return _have(now, _regrouped(now.groups, group, pools))


def _in_group(group: GroupSettings, fields: Fields) -> PoolSettings | None:
    for pool in group.pools:
        if (pool.url, pool.user) == (fields["url"], fields["user"]):
            return pool
    return None


def _one_pool(
    change: Callable[[PoolSettings, Pools], Pools],
    _: Machine,
    now: Configuration,
    fields: Fields,
) -> Configuration | None:
    found = [
        (group, pool)
        for group in now.groups
        for pool in group.pools
        if pool.url == fields["url"]
        and fields.get("user", pool.user) == pool.user
        and fields.get("group", group.name) == group.name
    ]
    if len(found) != 1:
        return None
    [(group, pool)] = found
    return _have(now, _regrouped(now.groups, group, change(pool, group.pools)))


def _without(pool: PoolSettings, pools: Pools) -> Pools:
    return tuple(each for each in pools if each is not pool)


def _switched(pool: PoolSettings, pools: Pools, *, on: bool) -> Pools:
    return tuple(replace(each, enabled=on) if each is pool else each for each in pools)


def _all_pools(_: Machine, now: Configuration, fields: Fields) -> Configuration | None:
    wanted = fields["groups"]
    names = {group["name"] for group in wanted}
    named = {group.name: group for group in now.groups if group.name in names}
    others = iter([group for group in now.groups if group.name not in names])
    groups: list[GroupSettings] = []
    for each in wanted:
        before = named.get(each["name"]) or next(others, None)
        pools = []
        for one in each["pools"]:
            found = _in_group(before, one) if before else None
            elsewhere = any(
                _in_group(group, one) for group in now.groups if group is not before
            )
            if found is None and elsewhere and "password" not in one:
                return None
            pools.append(
                PoolSettings(
                    found.uid if found else "",
                    one["url"],
                    one["user"],
                    one.get("password", found.password if found else None),
                    enabled=one.get("enabled", True),
                )
            )
        uid = before.uid if before else ""
        share = each.get("fixed_share")
        quota = each.get("quota", 1) if share is None else None
        groups.append(GroupSettings(uid, each["name"], quota, share, tuple(pools)))
    return _have(now, tuple(groups))


EFFECTS: Mapping[tuple[str, str | None], Effect] = {
    ("set_power_target", None): _power,
    ("set_hashrate_target", None): _hashrate,
    ("set_dps", None): _scale,
    ("set_cooling", None): _cool,
    ("set_quick_ramping", None): _ramp,
    ("set_hashboards", None): _boards,
    ("set_pools", None): _all_pools,
    ("add_pool", None): _with_pool,
    ("remove_pool", None): partial(_one_pool, _without),
    ("enable_pool", None): partial(_one_pool, partial(_switched, on=True)),
    ("disable_pool", None): partial(_one_pool, partial(_switched, on=False)),
    ("prefer_pool", None): partial(
        _one_pool, lambda pool, pools: (pool, *_without(pool, pools))
    ),
    **{(action, None): _nothing for action in ("pause", "resume", *INTERRUPTIONS)},
    ("number.set_value", "power_target"): _power,
    ("select.select_option", "tuning"): _tuning,
    ("switch.turn_on", "dps"): _switch_scaling(on=True),
    ("switch.turn_off", "dps"): _switch_scaling(on=False),
    ("switch.turn_on", "mining"): _nothing,
    ("switch.turn_off", "mining"): _nothing,
    ("fan.set_percentage", "cooling_fans"): _percentage,
    ("button.press", "default_power_target"): lambda machine, now, _: _aim(
        now, TunerMode.POWER, machine.model.power.default
    ),
}


def halves(now: Configuration, wanted: Configuration) -> Iterator[Configuration]:
    """Return what is between two sets of groups, as each is changed by itself."""
    after = {group.uid: group for group in wanted.groups if group.uid}
    kept = [(group, after.get(group.uid)) for group in now.groups]
    new = [(None, group) for group in wanted.groups if not group.uid]
    for choice in product(*kept, *new):
        groups = tuple(group for group in choice if group is not None)
        if _is_any_enabled(groups):
            yield replace(now, groups=groups)
