"""Shares, blocks and pools."""

from random import Random
from statistics import fmean

from hypothesis import given, strategies as st
import pytest

from simulator import Machine
from simulator.configuration import GroupSettings, PoolSettings, Save
from simulator.mining import Status
from simulator.work import HASHES_PER_DIFFICULTY, Work, poisson

from .machines import live, machine, status

MAIN = "stratum+tcp://stratum.pool.example:3333"
BACKUP = "stratum+tcp://backup.pool.example:3333"


def group(
    name: str, *urls: str, quota: int | None = 1, ratio: float | None = None
) -> GroupSettings:
    pools = tuple(
        PoolSettings(f"{name}-{url}", url, "garage.rig", None, enabled=True)
        for url in urls
    )
    return GroupSettings(name, name, quota, ratio, pools)


def accepted(it: Machine) -> list[int]:
    return [pool.accepted for g in it.work.groups for pool in g.pools]


@given(st.floats(0.01, 200.0), st.integers(0, 1000))
def test_rare_things_happen_as_often_as_they_should(mean: float, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # luck, not a secret
    found = fmean(poisson(mean, random) for _ in range(400))
    assert found == pytest.approx(mean, abs=6 * (mean / 400) ** 0.5 + 0.05)


def test_shares_come_at_the_pace_of_hashrate_and_difficulty() -> None:
    it = machine()
    before = sum(accepted(it))
    live(it, 6 * 3600)
    expected = (
        it.hashrate * 1e12 * 6 * 3600 / (it.work.difficulty * HASHES_PER_DIFFICULTY)
    )
    assert sum(accepted(it)) - before == pytest.approx(expected, rel=0.1)


def test_a_few_per_mille_are_rejected_or_stale() -> None:
    it = machine()
    pool = it.work.groups[0].pools[0]
    assert 0 < pool.rejected < pool.accepted * 0.01
    assert 0 < pool.stale < pool.accepted * 0.01


def test_the_best_share_only_ever_grows() -> None:
    it = machine()
    it.restart()
    best = 0.0
    for _ in range(50):
        live(it, 60)
        assert it.work.best >= best
        best = it.work.best
    assert best >= it.work.difficulty


def test_a_share_as_hard_as_the_network_is_a_block() -> None:
    it = machine()
    it.work.network_difficulty = it.work.difficulty * 3
    live(it, 600)
    assert it.work.blocks > 10


def test_only_the_first_living_pool_of_a_group_gets_work() -> None:
    it = machine()
    live(it, 600)
    assert accepted(it)[1] == 0
    it.work.dead.add(MAIN)
    it.look_for_pools()
    main, backup = accepted(it)
    live(it, 600)
    assert accepted(it)[0] == main
    assert accepted(it)[1] > backup
    it.work.dead.clear()
    it.look_for_pools()
    live(it, 600)
    assert accepted(it)[0] > main


def test_groups_share_by_quota() -> None:
    it = machine()
    it.change(
        Save.APPLY, groups=(group("a", MAIN, quota=3), group("b", BACKUP, quota=1))
    )
    live(it, 12 * 3600)
    first, second = accepted(it)
    assert first / second == pytest.approx(3, rel=0.2)


def test_a_fixed_ratio_comes_before_the_quotas() -> None:
    it = machine()
    groups = (
        group("fixed", MAIN, quota=None, ratio=0.2),
        group("rest", BACKUP, quota=5),
    )
    it.change(Save.APPLY, groups=groups)
    live(it, 12 * 3600)
    first, second = accepted(it)
    assert first / (first + second) == pytest.approx(0.2, rel=0.2)


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.booleans(), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_pools_live_all_work_goes_somewhere(
    plans: list[tuple[int, bool, bool]],
) -> None:
    work = Work(1024.0, Random(1))  # noqa: S311  # luck, not a secret
    groups = []
    for number, (quota, fixed, dead) in enumerate(plans):
        url = f"stratum+tcp://{number}.example:1"
        if dead:
            work.dead.add(url)
        groups.append(
            group(
                str(number),
                url,
                quota=None if fixed else quota,
                ratio=quota / 50 if fixed else None,
            )
        )
    work.configure(tuple(groups))
    parts = [part for _, part in work.shares_of_work()]
    assert sum(parts) == pytest.approx(1.0 if work.reachable else 0.0)


def test_without_a_living_pool_the_machine_pauses_itself() -> None:
    it = machine()
    it.work.dead.add("*")
    it.look_for_pools()
    live(it, 30)
    assert status(it) is Status.PAUSED
    assert it.hashrate == 0
    it.work.dead.clear()
    it.look_for_pools()
    live(it, 60)
    assert status(it) is Status.NORMAL


def test_a_pool_kept_keeps_its_counters() -> None:
    it = machine()
    before = accepted(it)
    renamed = it.saved.groups[0]
    it.change(
        Save.APPLY,
        groups=(
            GroupSettings(renamed.uid, "New name", 1, None, renamed.pools),
            group("more", BACKUP),
        ),
    )
    assert accepted(it)[:2] == before
