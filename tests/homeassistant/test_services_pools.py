"""The actions that change a pool, and what all that change pools have in common."""

from dataclasses import replace
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.json import json_dumps
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)
import voluptuous as vol

from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED
from simulator import SimulatedMiner
from simulator.options import Quirks

from .actions import PROMPT, act, ask, device_of, lose_answer
from .conftest import SetUp, StartMiner
from .pools import FOUR, ONE, THREE, TWO, USER, give, group, pool, stored, urls
from .running import listened_to

PASSWORD = "not for the log"


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


async def test_a_pool_is_added_behind_the_others(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    main, gift = stored(miner)
    [answer] = await ask(hass, "add_pool", entry, url=FOUR, user="me", password="pw")
    assert answer == {
        "name": "Antminer S19k Pro",
        "device_id": device_of(hass, entry).id,
        "ok": True,
        "before": [ONE, TWO],
        "after": [ONE, TWO, FOUR],
        "error": None,
    }
    changed, same = stored(miner)
    assert same == gift
    *others, new = changed.pools
    # With their uids and passwords.
    assert replace(changed, pools=tuple(others)) == main
    assert (new.url, new.user, new.password, new.enabled) == (FOUR, "me", "pw", True)


async def test_a_pool_is_added_to_the_group_that_is_named(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    await act(hass, "add_pool", entry, url=FOUR, user="me", group="gift")
    assert urls(stored(miner)) == [[ONE, TWO], [THREE, FOUR]]
    before = stored(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "add_pool", entry, url=FOUR, user="me", group="other")
    assert str(error.value) == "Antminer S19k Pro has no pool group called other"
    assert stored(miner) == before


async def test_a_pool_that_is_there_is_not_added_twice(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    await act(hass, "add_pool", entry, url=TWO, user=USER)
    assert stored(miner) == before

    fields: dict[str, Any] = {"user": USER, "password": "another"}
    await act(hass, "add_pool", entry, url=THREE, group="gift", **fields)
    assert stored(miner)[1].pools == (pool(THREE, password="another"),)


async def test_the_first_pool_of_all_gets_a_group(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(timing=PROMPT)
    give(miner)
    entry = await set_up(miner)
    [answer] = await ask(hass, "add_pool", entry, url=ONE, user=USER)
    assert (answer["before"], answer["after"]) == ([], [ONE])
    [made] = stored(miner)
    assert (made.name, made.quota, urls([made])) == ("Default", 1, [[ONE]])


async def test_a_pool_is_removed(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    main, _ = stored(miner)
    [answer] = await ask(hass, "remove_pool", entry, url=ONE)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [TWO])
    assert stored(miner)[0] == replace(main, pools=(pool(TWO),))


async def test_a_group_goes_with_its_last_pool(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    main, _ = stored(miner)
    await act(hass, "remove_pool", entry, url=THREE)
    assert stored(miner) == [main]


async def test_a_pool_is_disabled_and_enabled(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    [answer] = await ask(hass, "disable_pool", entry, url=ONE)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [TWO])
    assert stored(miner)[0].pools == (pool(ONE, enabled=False), pool(TWO))
    [answer] = await ask(hass, "enable_pool", entry, url=ONE)
    assert (answer["before"], answer["after"]) == ([TWO], [ONE, TWO])
    assert stored(miner) == before


@pytest.mark.parametrize("action", ["remove_pool", "disable_pool"])
async def test_the_last_enabled_pool_stays(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, action: str
) -> None:
    entry = await set_up(miner)
    await act(hass, "remove_pool", entry, url=ONE)
    before = stored(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, url=TWO)
    assert str(error.value) == (
        "Antminer S19k Pro would be left without an enabled pool, and would stop mining"
    )
    assert stored(miner) == before


async def test_of_pools_that_are_all_disabled_one_stays(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(timing=PROMPT)
    give(miner, group("main", pool(ONE, enabled=False), pool(TWO, enabled=False)))
    entry = await set_up(miner)
    await act(hass, "remove_pool", entry, url=ONE)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "remove_pool", entry, url=TWO)
    assert error.value.translation_key == "last_pool"
    assert urls(stored(miner)) == [[TWO]]


async def test_a_pool_is_preferred(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    main, gift = stored(miner)
    [answer] = await ask(hass, "prefer_pool", entry, url=TWO)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [TWO, ONE])
    assert stored(miner) == [replace(main, pools=(pool(TWO), pool(ONE))), gift]


@pytest.mark.parametrize(
    ("action", "url"), [("enable_pool", ONE), ("prefer_pool", ONE)]
)
async def test_what_is_so_already_is_not_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    url: str,
) -> None:
    entry = await set_up(miner)
    saved = miner.machine.saved
    [answer] = await ask(hass, action, entry, url=url)
    assert answer["ok"]
    assert miner.machine.saved is saved


async def test_a_pool_is_named_by_its_user_or_group_where_several_have_its_address(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(timing=PROMPT)
    give(
        miner,
        group("main", pool(ONE), pool(ONE, "me"), pool(TWO)),
        group("gift", replace(pool(TWO), uid="another")),
    )
    entry = await set_up(miner)
    before = stored(miner)
    for url in (ONE, TWO):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "remove_pool", entry, url=url)
        assert error.value.translation_key == "several_such_pools"
    others: list[dict[str, Any]] = [{"user": "nobody"}, {"group": "gift"}]
    for fields in others:
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "remove_pool", entry, url=ONE, **fields)
        assert str(error.value) == f"Antminer S19k Pro has no pool {ONE} that fits"
    assert stored(miner) == before

    await act(hass, "prefer_pool", entry, url=ONE, user="me")
    await act(hass, "remove_pool", entry, url=TWO, group="main")
    main, gift = stored(miner)
    assert main.pools == (pool(ONE, "me"), pool(ONE))
    assert gift == before[1]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("pool.example:3333", "no_pool_url"),
        ("http://pool.example", "no_pool_url"),
        ("stratum+tcp://me:secret@pool.example:3333", "no_pool_url"),
        ("stratum+tcp://pool.example:99999", "no_pool_url"),
        ("stratum2+tcp://pool.example:3336", "no_pool_key"),
        ("stratum2+tcp://pool.example:3336/u95GEReVMjK6", "no_pool_key"),
    ],
)
@pytest.mark.parametrize("action", ["add_pool", "set_pools"])
async def test_what_can_be_no_pool_is_refused_before_anything_is_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    url: str,
    key: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    fields: dict[str, Any] = {"url": url, "user": "me"}
    if action == "set_pools":
        fields = {"groups": [{"name": "main", "pools": [fields]}]}
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == key
    assert "secret" not in str(error.value)
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("add_pool", {"url": ONE}),
        ("add_pool", {"url": ONE, "user": " "}),
        ("add_pool", {"user": "me"}),
        ("add_pool", {"url": ONE, "user": "me", "enabled": True}),
        ("remove_pool", {}),
        ("remove_pool", {"url": ""}),
        ("enable_pool", {"url": ONE, "password": "pw"}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    before = stored(miner)
    with pytest.raises(vol.Invalid):
        await act(hass, action, entry, **fields)
    assert stored(miner) == before


async def test_a_change_begins_with_the_pools_that_somebody_set_at_the_miner(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    give(miner, group("other", pool(FOUR), pool(ONE)))
    await act(hass, "prefer_pool", entry, url=ONE)
    assert stored(miner) == [group("other", pool(ONE), pool(FOUR))]


@pytest.mark.parametrize("minor", [0, 6, 7])
async def test_older_firmware_keeps_its_passwords_too(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, minor: int
) -> None:
    miner = await start_miner("s19j_pro", api=minor, timing=PROMPT)
    give(miner, group("main", pool(ONE), pool(TWO)))
    entry = await set_up(miner)
    await act(hass, "prefer_pool", entry, url=TWO)
    assert stored(miner) == [group("main", pool(TWO), pool(ONE))]


async def test_a_miner_that_lists_no_pools_in_its_configuration_keeps_them(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(timing=PROMPT, quirks=Quirks(lists_groups=False))
    give(miner, group("main", pool(ONE), pool(TWO), ratio=0.5))
    entry = await set_up(miner)
    [answer] = await ask(hass, "disable_pool", entry, url=ONE)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [TWO])
    assert stored(miner) == [
        group("main", pool(ONE, enabled=False), pool(TWO), ratio=0.5)
    ]


async def test_pools_of_which_too_little_is_told_are_left_alone(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(api=7, timing=PROMPT, quirks=Quirks(lists_groups=False))
    entry = await set_up(miner)
    before = stored(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "add_pool", entry, url=ONE, user="me")
    assert error.value.translation_key == "pools_untold"
    assert stored(miner) == before


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("add_pool", {"url": FOUR, "user": "me"}),
        ("remove_pool", {"url": ONE}),
        ("prefer_pool", {"url": TWO}),
    ],
)
async def test_what_was_done_is_no_failure_though_the_answer_got_lost(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    done = lose_answer(monkeypatch, "UpdatePoolGroup")
    [answer] = await ask(hass, action, entry, **fields)
    assert (answer["ok"], len(done)) == (True, 1)
    assert answer["after"] == [
        each.url for each in stored(miner)[0].pools if each.enabled
    ]


async def test_that_only_a_password_was_changed_is_not_believed_without_an_answer(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    done = lose_answer(monkeypatch, "UpdatePoolGroup")
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "add_pool", entry, url=ONE, user=USER, password="another")
    assert error.value.translation_key == "command_unanswered"
    assert len(done) == 1


async def test_users_and_passwords_are_nobody_elses_business(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    entry = await set_up(miner)
    events = async_capture_events(hass, EVENT_CHANGED)
    fields: dict[str, Any] = {"user": "wallet.rig9", "password": "secret"}
    answers = [
        await ask(hass, "add_pool", entry, url=FOUR, **fields),
        await ask(hass, "prefer_pool", entry, url=FOUR, user="wallet.rig9"),
        await ask(hass, "remove_pool", entry, url=FOUR),
        await ask(hass, "remove_pool", entry, url=FOUR, user="wallet.rig9"),
    ]
    await hass.async_block_till_done()
    assert [answer["ok"] for [answer] in answers] == [True, True, True, False]
    assert [event.data["type"] for event in events] == [
        "add_pool",
        "prefer_pool",
        "remove_pool",
    ]
    ours = [record.getMessage() for record in caplog.records if DOMAIN in record.name]
    told = json_dumps([answers, [event.data for event in events], ours])
    assert "secret" not in told
    assert "wallet" not in told


async def test_a_login_in_an_address_is_not_shown_and_not_repeated_from_the_miner(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    hidden = ONE.replace("//", "//me:secret@")
    give(miner, group("main", pool(hidden), pool(TWO)))
    entry = await set_up(miner)
    [answer] = await ask(hass, "prefer_pool", entry, url=ONE)
    assert (answer["before"], answer["after"]) == ([ONE, TWO], [ONE, TWO])
    # The miner does not take such an address, and says it again.
    [answer] = await ask(hass, "prefer_pool", entry, url=TWO)
    assert answer["error"] == (
        f"Antminer S19k Pro refused: {ONE!r} is no pool address"
        " such as stratum+tcp://host:port"
    )


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("add_pool", {"url": FOUR, "user": "me", "password": PASSWORD}),
        (
            "set_pools",
            {
                "groups": {
                    "name": "main",
                    "pools": {"url": FOUR, "user": "me", "password": PASSWORD},
                }
            },
        ),
    ],
)
async def test_a_call_that_fails_and_nobody_waits_for_is_logged_without_the_password(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(miner)
    miner.faults.fail("UpdatePoolGroup")
    called = fields | {"device_id": device_of(hass, entry).id}
    await hass.services.async_call(DOMAIN, action, called, blocking=False)
    await hass.async_block_till_done()
    assert f"Error executing service: <ServiceCall {DOMAIN}.{action}" in caplog.text
    # Home Assistant's own trace of its bus has everything, if somebody switches it on.
    for record in caplog.records:
        message = record.getMessage()
        assert "Bus:Handling" in message or PASSWORD not in message
