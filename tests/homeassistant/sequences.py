"""What people and automations may do to a miner one after the other, while it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from hypothesis import strategies as st

from simulator.configuration import GroupSettings, PoolSettings

from .outcomes import EFFECTS, Groups
from .pools import ONE, THREE, TWO, USER


class Trouble(StrEnum):
    """What is wrong with a miner until it is healed."""

    # What a passed deadline looks like, without the wait.
    SAYS_NOTHING = "says nothing"
    CANNOT_TELL = "cannot tell"
    REFUSES_ALL = "refuses connections"


class Mishap(StrEnum):
    """What goes wrong with a single call in the middle of a command."""

    NEVER_ARRIVES = "never arrives"
    ANSWER_IS_LOST = "is done, and the answer is lost"
    FAILS = "fails"
    FAILS_THOUGH_DONE = "fails, though it is done"
    NOT_NOW = "is refused for now"
    HANGS_UP = "is done, and the miner hangs up"
    REBOOTS = "is done, and the miner reboots"
    LOGS_OUT = "is done, and all tokens are forgotten"


@dataclass(frozen=True, slots=True)
class Call:
    """An action of ours, or one of Home Assistant's that is used on an entity."""

    action: str
    fields: dict[str, Any] = field(default_factory=dict)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls at the same time, and what befalls which of the miner's methods."""

    calls: tuple[Call, ...]
    mishap: Mishap | None = None
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Heal:
    """Nothing is wrong any more."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: int


type Step = Calls | Trouble | Heal | Wait

_urls = st.sampled_from((ONE, TWO, THREE))
# Mostly there is something to be changed: few pools, which are named again and again.
_users = st.sampled_from((USER, USER, USER, "wallet.other"))
_passwords = st.sampled_from(("hunter22", "correct horse"))
_watts = st.sampled_from((700, 1200, 2000, 2500, 3000, 6435))


def _fields(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields).filter(bool)


def _unique(pools: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(
        pools,
        min_size=1,
        max_size=most,
        unique_by=lambda pool: (pool["url"], pool["user"]),
    )


_wanted_pool = st.fixed_dictionaries(
    {"url": _urls, "user": _users},
    optional={"password": _passwords, "enabled": st.booleans()},
)
_share = st.one_of(
    st.fixed_dictionaries({}, optional={"quota": st.integers(1, 3)}),
    _fields(fixed_share=st.sampled_from((0.25, 0.5))),
)
_wanted_groups = st.lists(
    st.builds(
        lambda name, pools, share: {"name": name, "pools": pools, **share},
        st.sampled_from(("a", "b", "c")),
        _unique(_wanted_pool, 2),
        _share,
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda group: group["name"],
)
_named = _fields(url=_urls, group=st.sampled_from(("a", "a", "b"))) | _fields(
    url=_urls, user=_users
)
_board = st.lists(st.sampled_from(("1", "2", "3")), min_size=1, max_size=1)

_FIELDS: Mapping[tuple[str, str | None], st.SearchStrategy[dict[str, Any]]] = {
    ("set_power_target", None): st.one_of(
        _fields(power=_watts),
        _fields(change=st.sampled_from((-500, -1, 250, 5000))),
        _fields(percent=st.sampled_from((10, 50, 100, 120))),
    ),
    ("set_hashrate_target", None): _fields(
        hashrate=st.sampled_from((5.0, 80.5, 120.0, 300.0))
    ),
    ("set_dps", None): _some(
        enabled=st.booleans(),
        shutdown=st.booleans(),
        mode=st.sampled_from(("normal", "boost")),
        shutdown_hours=st.integers(1, 24),
    ),
    ("set_cooling", None): st.one_of(
        _fields(mode=st.sampled_from(("auto", "manual", "immersion"))),
        _fields(mode=st.just("manual"), fan_speed=st.integers(20, 100)),
        _fields(mode=st.just("auto"), min_fan_speed=st.integers(0, 90)),
        _fields(target_temperature=st.integers(50, 70)),
        _fields(required_fans=st.integers(0, 4)),
        _fields(
            paused_fans=st.sampled_from(("limited", "indefinite")),
            paused_fan_speed=st.integers(10, 90),
        ),
    ),
    ("set_quick_ramping", None): _some(up=st.integers(5, 60), down=st.integers(5, 60)),
    ("set_hashboards", None): st.one_of(
        _fields(enable=_board), _fields(disable=_board)
    ),
    ("set_pools", None): _fields(groups=_wanted_groups),
    ("add_pool", None): st.fixed_dictionaries(
        {"url": _urls, "user": _users}, optional={"password": _passwords}
    ),
    **{
        (f"{what}_pool", None): _named
        for what in ("remove", "enable", "disable", "prefer")
    },
    ("number.set_value", "power_target"): _fields(value=_watts),
    ("select.select_option", "tuning"): _fields(
        option=st.sampled_from(("power_target", "hashrate_target", "manual"))
    ),
    ("fan.set_percentage", "cooling_fans"): _fields(percentage=st.integers(20, 100)),
}


def _calls_of(what: tuple[str, str | None]) -> st.SearchStrategy[Call]:
    action, key = what
    fields = _FIELDS.get(what, st.just({}))
    return st.builds(Call, st.just(action), fields, st.just(key))


_call = st.sampled_from(list(EFFECTS)).flatmap(_calls_of)
_pool_call = st.sampled_from([what for what in EFFECTS if "pool" in what[0]]).flatmap(
    _calls_of
)
_two = st.tuples(_call | _pool_call, _pool_call).filter(lambda two: two[0] != two[1])
_mishaps = st.none() | st.sampled_from(Mishap)


def _often[T](
    weights: Sequence[tuple[int, st.SearchStrategy[T]]],
) -> st.SearchStrategy[T]:
    """Choose between strategies; to list one of them twice would make no difference."""
    choices = [choice for weight, choice in weights for _ in range(weight)]
    return st.integers(0, len(choices) - 1).flatmap(choices.__getitem__)


# Pools are what everybody changes, and of which there is most to be lost.
_calls: st.SearchStrategy[tuple[Call, ...]] = _often(
    [(2, st.tuples(_call)), (1, st.tuples(_pool_call)), (1, _two)]
)
_steps: Sequence[tuple[int, st.SearchStrategy[Step]]] = [
    (8, st.builds(Calls, _calls, _mishaps, st.integers(0, 1))),
    (1, st.sampled_from(Trouble)),
    (2, st.just(Heal())),
    (1, st.builds(Wait, st.sampled_from((3, 30, 120)))),
]
STEPS: st.SearchStrategy[list[Step]] = st.lists(_often(_steps), min_size=8, max_size=12)


@st.composite
def beginnings(draw: st.DrawFn) -> Groups:
    """Draw the pools that a miner has to begin with, each with a password."""
    number = count()
    groups = []
    for name in ("a", "b")[: draw(st.integers(1, 2))]:
        pools = tuple(
            PoolSettings(
                uid=f"pool-{(nth := next(number))}",
                url=pool["url"],
                user=pool["user"],
                password=f"secret-{nth}",
                enabled=not nth or draw(st.booleans()),
            )
            for pool in draw(_unique(_fields(url=_urls, user=_users), 3))
        )
        groups.append(GroupSettings(f"group-{name}", name, 1, None, pools))
    return tuple(groups)
