"""The action that puts other pools in the place of all that a miner has."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from simulator import SimulatedMiner

from .actions import PROMPT, act, ask, when_called
from .conftest import SetUp, StartMiner
from .pools import FOUR, ONE, THREE, TWO, USER, give, group, pool, stored, urls


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner with two groups of pools."""
    miner = await start_miner(timing=PROMPT)
    give(
        miner,
        group("main", pool(ONE), pool(TWO), quota=3),
        group("gift", pool(THREE, enabled=False)),
    )
    return miner


def wanted(name: str, *pools: str | dict[str, Any], **share: float) -> dict[str, Any]:
    """Return a group as a person writes it."""
    return {
        "name": name,
        **share,
        "pools": [
            {"url": each, "user": USER} if isinstance(each, str) else each
            for each in pools
        ],
    }


async def test_pools_are_replaced_and_those_that_stay_keep_their_passwords(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    new = {"url": FOUR, "user": "me", "password": "pw", "enabled": False}
    groups = [wanted("main", TWO, new, quota=2), wanted("gift", THREE, quota=1)]
    [answer] = await ask(hass, "set_pools", entry, groups=groups)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [TWO, THREE])
    main, gift = stored(miner)
    assert gift == group("gift", pool(THREE))
    assert (main.uid, main.name, main.quota) == ("uid-main", "main", 2)
    kept, added = main.pools
    assert kept == pool(TWO)
    assert (added.url, added.user, added.password, added.enabled) == (
        FOUR,
        "me",
        "pw",
        False,
    )


async def test_a_password_that_is_given_counts(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    groups = [wanted("main", {"url": ONE, "user": USER, "password": "new"}, TWO)]
    await act(hass, "set_pools", entry, groups=groups)
    assert stored(miner) == [
        group("main", pool(ONE, password="new"), pool(TWO)),
    ]


async def test_groups_are_made_removed_and_renamed(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    await act(hass, "set_pools", entry, groups=[wanted("only", ONE, quota=3)])
    assert stored(miner) == [
        replace(group("main", pool(ONE), quota=3), name="only"),
    ]
    groups = [wanted("second", FOUR), wanted("only", ONE), wanted("third", THREE)]
    await act(hass, "set_pools", entry, groups=groups)
    after = stored(miner)
    assert {each.name: urls([each]) for each in after} == {
        "only": [[ONE]],
        "second": [[FOUR]],
        "third": [[THREE]],
    }
    assert after[0].pools == (pool(ONE),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((0.6, 0.3), (0.3, 0.6)),
        ((0.3, 0.6), (0.6, 0.3)),
        ((0.6, 0.4), (1.0,)),
        ((1.0,), (0.5, 0.5)),
        ((0.5, 0.5), ()),
    ],
)
async def test_shares_change_in_an_order_in_which_they_never_exceed_the_whole(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    before: tuple[float, ...],
    after: tuple[float, ...],
) -> None:
    places = (("a", ONE), ("b", TWO))
    give(
        miner,
        *(
            group(name, pool(url), ratio=share)
            for (name, url), share in zip(places, before, strict=False)
        ),
    )
    entry = await set_up(miner)
    groups = [
        wanted(name, url, fixed_share=share)
        for (name, url), share in zip(places, after, strict=False)
    ] or [wanted("a", ONE, quota=1)]
    await act(hass, "set_pools", entry, groups=groups)
    assert {each.name: each.ratio for each in stored(miner)} == {
        name: share for (name, _), share in zip(places, after or (None,), strict=False)
    }


async def test_all_of_it_is_applied_at_once(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    before = tuple(stored(miner))
    running: list[object] = []
    for method in ("UpdatePoolGroup", "CreatePoolGroup"):
        when_called(
            monkeypatch, method, lambda machine: running.append(machine.running.groups)
        )
    groups = [wanted("main", FOUR), wanted("gift", THREE)]
    await act(hass, "set_pools", entry, groups=groups)
    assert running == [before, tuple(stored(miner))]
    groups = [wanted("main", TWO), wanted("gift", THREE), wanted("new", ONE)]
    await act(hass, "set_pools", entry, groups=groups)
    assert urls(stored(miner)) == [[TWO], [THREE], [ONE]]
    assert running[2:] == [running[1], tuple(stored(miner))]


@pytest.mark.parametrize("method", ["UpdatePoolGroup", "CreatePoolGroup"])
async def test_a_failure_half_way_leaves_pools_to_mine_for(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, method: str
) -> None:
    entry = await set_up(miner)
    running = miner.machine.running.groups
    five = "stratum+tcp://five.example:3333"
    groups = [wanted("main", FOUR), wanted("gift", THREE), wanted("new", five)]
    miner.faults.fail(method)
    with pytest.raises(HomeAssistantError):
        await act(hass, "set_pools", entry, groups=groups)
    assert miner.machine.running.groups == running
    saved = miner.machine.saved.groups
    assert any(each.enabled for one in saved for each in one.pools)

    miner.faults.clear("fail")
    await act(hass, "set_pools", entry, groups=groups)
    assert urls(stored(miner)) == [[FOUR], [THREE], [five]]
    assert stored(miner)[1].pools == (pool(THREE),)


async def test_a_pool_changes_its_group_only_with_its_password(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    groups = [wanted("main", ONE), wanted("gift", THREE, TWO)]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_pools", entry, groups=groups)
    assert error.value.translation_key == "pool_moves"
    assert stored(miner) == before

    moved = {"url": TWO, "user": USER, "password": "pw"}
    groups = [wanted("main", ONE), wanted("gift", THREE, moved)]
    await act(hass, "set_pools", entry, groups=groups)
    assert urls(stored(miner)) == [[ONE], [THREE, TWO]]
    assert stored(miner)[1].pools[1].password == "pw"


async def test_without_an_enabled_pool_nothing_is_sent(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    groups = [wanted("main", {"url": ONE, "user": USER, "enabled": False})]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_pools", entry, groups=groups)
    assert error.value.translation_key == "last_pool"
    assert stored(miner) == before


@pytest.mark.parametrize(
    "groups",
    [
        None,
        [],
        [{"name": "main"}],
        [{"name": "main", "pools": []}],
        [{"pools": [{"url": ONE, "user": USER}]}],
        [{"name": "main", "pools": [{"url": ONE}]}],
        [wanted("main", ONE, quota=0)],
        [wanted("main", ONE, fixed_share=0)],
        [wanted("main", ONE, fixed_share=1.1)],
        [wanted("main", ONE, fixed_share=float("nan"))],
        [wanted("main", ONE, quota=1, fixed_share=0.5)],
        [wanted("main", ONE), wanted("main", TWO)],
        [wanted("main", ONE, fixed_share=0.6), wanted("b", TWO, fixed_share=0.6)],
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, groups: Any
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    with pytest.raises(vol.Invalid):
        await act(hass, "set_pools", entry, groups=groups)
    assert stored(miner) == before
