"""Miners are found on the network, and all of them are added by one dialog."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_IMPORT,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet import progress, search
from custom_components.braiins_fleet.asic import sweep
from custom_components.braiins_fleet.const import CONF_UID, DOMAIN
from custom_components.braiins_fleet.identity import is_fleet
from simulator import Fleet, SimulatedMiner

from .conftest import MakeEntry
from .dialogs import choose, open_menu, send, suggested
from .running import hang_up_on_all

HOME = "127.0.5.0/28"
LOGIN = {CONF_USERNAME: "root", CONF_PASSWORD: "root"}


@pytest.fixture
async def fleet(hass: HomeAssistant, unused_tcp_port: int) -> AsyncIterator[Fleet]:
    """Start three miners, from 127.0.5.1 on."""
    models = ("s19k_pro", "s19k_pro", "bmm_101")
    async with Fleet(models, first="127.0.5.1", port=unused_tcp_port) as started:
        yield started
        await hang_up_on_all(hass)


def where(fleet: Fleet, *networks: str) -> dict[str, Any]:
    """Return what a person types to have networks searched."""
    port = fleet.miners[0].port
    return {"networks": list(networks or [HOME]), "advanced": {"port": port}}


async def look(hass: HomeAssistant, fleet: Fleet, *networks: str) -> ConfigFlowResult:
    """Search, and return what the dialog shows then."""
    form = await choose(hass, await open_menu(hass), "find")
    return await after(hass, await send(hass, form, where(fleet, *networks)))


async def after(hass: HomeAssistant, progress: ConfigFlowResult) -> ConfigFlowResult:
    """Wait for what a dialog is busy with, and return what it shows then."""
    assert progress["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    result = await hass.config_entries.flow.async_configure(progress["flow_id"])
    await hass.async_block_till_done()
    return result


def miners(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries of miners."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return [entry for entry in entries if not is_fleet(entry)]


def options(form: ConfigFlowResult) -> dict[str, str]:
    """Return the labels of the miners that can be ticked."""
    assert form["data_schema"] is not None
    offered = form["data_schema"].schema["miners"].config["options"]
    return {option["value"]: option["label"] for option in offered}


def said(result: ConfigFlowResult) -> dict[str, str]:
    """Return what the texts of a dialog are filled in with."""
    return dict(result["description_placeholders"] or {})


async def test_all_miners_of_a_home_are_added_with_one_login(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    form = await look(hass, fleet)
    assert form["step_id"] == "select"
    assert said(form)["found"] == "3"
    hosts = ["127.0.5.1", "127.0.5.2", "127.0.5.3"]
    assert list(options(form)) == hosts
    assert form["data_schema"]
    assert form["data_schema"]({})["miners"] == hosts

    result = await after(hass, await send(hass, form, {"miners": hosts, **LOGIN}))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert said(result) == {"count": "3"}
    assert {entry.unique_id for entry in miners(hass)} == {
        miner.machine.identity.mac.lower() for miner in fleet.miners
    }
    tail = fleet.miners[1].machine.identity.mac.lower().replace(":", "")[-6:]
    assert {entry.title for entry in miners(hass)} == {
        "Antminer S19k Pro",
        f"Antminer S19k Pro {tail}",
        "Braiins Mini Miner BMM 101",
    }
    for entry in miners(hass):
        assert entry.state is ConfigEntryState.LOADED
        [miner] = [each for each in fleet.miners if each.host == entry.data[CONF_HOST]]
        assert entry.data == {
            CONF_HOST: miner.host,
            CONF_PORT: miner.port,
            CONF_UID: miner.machine.identity.uid,
            **LOGIN,
        }


async def test_only_ticked_miners_are_added(hass: HomeAssistant, fleet: Fleet) -> None:
    form = await look(hass, fleet)
    answers = {"miners": ["127.0.5.2"], **LOGIN}
    result = await after(hass, await send(hass, form, answers))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert [entry.data[CONF_HOST] for entry in miners(hass)] == ["127.0.5.2"]


async def test_without_any_tick_nothing_happens_and_the_login_stays(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    form = await look(hass, fleet)
    form = await send(hass, form, {"miners": [], **LOGIN, CONF_USERNAME: "me"})
    assert form["errors"] == {"miners": "nothing_chosen"}
    assert suggested(form) == {"miners": [], CONF_USERNAME: "me"}

    answers = {"miners": ["127.0.5.1"], **LOGIN}
    result = await after(hass, await send(hass, form, answers))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_single_address_can_be_searched(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    form = await look(hass, fleet, "127.0.5.3, 127.0.5.9")
    assert options(form) == {"127.0.5.3": "127.0.5.3, API 1.9.0"}


async def test_the_dialog_tells_how_far_the_search_is(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    told: list[float] = []
    hass.bus.async_listen(
        EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
        callback(lambda event: told.append(event.data["progress"])),
    )
    form = await choose(hass, await open_menu(hass), "find")
    progress = await send(hass, form, where(fleet, "127.0.6.0/24"))
    assert progress["progress_action"] == "search"
    assert said(progress) == {"count": "254"}
    await after(hass, progress)
    assert told == sorted(set(told))
    assert len(told) == 100
    assert told[-1] == 1


@pytest.mark.parametrize("busy_with", ["search", "log_in"])
async def test_a_browser_has_time_to_listen_before_it_is_told_of_the_end(
    hass: HomeAssistant,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    busy_with: str,
) -> None:
    ended: list[float] = []
    hass.bus.async_listen(
        EVENT_DATA_ENTRY_FLOW_PROGRESSED,
        callback(lambda _: ended.append(hass.loop.time())),
    )
    if busy_with == "search":
        form = await choose(hass, await open_menu(hass), "find")
        answers = where(fleet)
    else:
        form = await look(hass, fleet)
        answers = {"miners": ["127.0.5.1"], **LOGIN}
    monkeypatch.setattr(progress, "_SHOWN_FOR_S", 0.3)
    ended.clear()
    started = hass.loop.time()
    shown = await send(hass, form, answers)
    assert shown["progress_action"] == busy_with
    await hass.async_block_till_done()
    assert ended
    assert ended[0] - started >= 0.3


async def test_miners_of_other_firmware_are_named_with_their_reason(
    hass: HomeAssistant, unused_tcp_port_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, web_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    # The real one may be out of a test's reach.
    monkeypatch.setattr(search, "sweep", partial(sweep, web_port=web_port))
    async with Fleet(
        ("s21",), first="127.0.5.1", port=port, decoys=True, http_port=web_port
    ) as fleet:
        form = await look(hass, fleet)
        assert form["step_id"] == "select"
        assert said(form)["stock"] == "1 (127.0.5.2)"
        assert said(form)["too_old"] == "1 (127.0.5.3)"
        assert list(options(form)) == ["127.0.5.1"]

        menu = await look(hass, fleet, "127.0.5.2/31")
        assert menu["step_id"] == "nothing_found"
        assert said(menu)["stock"] == "1 (127.0.5.2)"
        assert said(menu)["too_old"] == "1 (127.0.5.3)"


async def test_miners_that_were_added_before_are_counted_and_left_out(
    hass: HomeAssistant, fleet: Fleet, add_entry: MakeEntry
) -> None:
    add_entry(fleet.miners[0])
    form = await look(hass, fleet)
    assert said(form)["known"] == "1 (127.0.5.1)"
    assert list(options(form)) == ["127.0.5.2", "127.0.5.3"]


async def test_where_nothing_is_found_one_can_search_again(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    menu = await look(hass, fleet, "127.0.6.0/30")
    assert menu["step_id"] == "nothing_found"
    assert said(menu)["count"] == "2"

    form = await choose(hass, menu, "find")
    assert suggested(form)["networks"] == ["127.0.6.0/30"]
    form = await after(hass, await send(hass, form, where(fleet)))
    assert form["step_id"] == "select"


async def test_where_nothing_is_found_one_can_go_on_by_address(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    menu = await look(hass, fleet, "127.0.6.0/30")
    form = await choose(hass, menu, "address")
    assert form["step_id"] == "address"


async def test_only_those_that_refuse_the_login_are_asked_about_again(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    fleet.miners[1].machine.accounts.password = "other"
    form = await look(hass, fleet)
    hosts = list(options(form))
    form = await after(hass, await send(hass, form, {"miners": hosts, **LOGIN}))
    assert form["step_id"] == "retry"
    assert said(form)["wrong_password"] == "1 (127.0.5.2)"
    assert list(options(form)) == ["127.0.5.2"]
    assert suggested(form) == {CONF_USERNAME: "root"}
    assert miners(hass) == []

    answers = {"miners": ["127.0.5.2"], **LOGIN, CONF_PASSWORD: "other"}
    result = await after(hass, await send(hass, form, answers))
    assert said(result) == {"count": "3"}
    passwords = {
        entry.data[CONF_HOST]: entry.data[CONF_PASSWORD] for entry in miners(hass)
    }
    assert passwords == {"127.0.5.1": "root", "127.0.5.2": "other", "127.0.5.3": "root"}


async def test_those_that_refuse_the_login_can_be_skipped(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    fleet.miners[0].machine.accounts.password = "other"
    form = await look(hass, fleet)
    hosts = list(options(form))
    form = await after(hass, await send(hass, form, {"miners": hosts, **LOGIN}))
    result = await send(hass, form, {"miners": [], **LOGIN})
    assert said(result) == {"count": "2"}
    assert sorted(entry.data[CONF_HOST] for entry in miners(hass)) == hosts[1:]


async def test_nothing_is_added_where_all_are_skipped(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    form = await look(hass, fleet)
    answers = {"miners": ["127.0.5.1"], **LOGIN, CONF_PASSWORD: "wrong"}
    form = await after(hass, await send(hass, form, answers))
    result = await send(hass, form, {"miners": [], **LOGIN})
    assert result["reason"] == "nothing_added"
    assert miners(hass) == []


async def test_the_reasons_of_those_that_fail_are_told_apart(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    form = await look(hass, fleet)
    silent, starting, failing = fleet.miners
    silent.faults.refuse()
    await silent.settled()
    starting.machine.identity = replace(
        starting.machine.identity, mac="00:00:00:00:00:00", uid=""
    )
    failing.faults.fail("GetMinerDetails")
    hosts = list(options(form))
    form = await after(hass, await send(hass, form, {"miners": hosts, **LOGIN}))
    tallies = said(form)
    assert tallies == {
        "miner_failed": "1 (127.0.5.3: simulated failure)",
        "nothing_answers": "1 (127.0.5.1)",
        "still_starting": "1 (127.0.5.2)",
        "wrong_password": "0",
    }


async def test_a_miner_at_two_addresses_is_added_once(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    twin = SimulatedMiner("bmm_101", host="127.0.5.9", port=fleet.miners[0].port)
    twin.machine.identity = fleet.miners[2].machine.identity
    async with twin:
        form = await look(hass, fleet)
        answers = {"miners": ["127.0.5.3", "127.0.5.9"], **LOGIN}
        result = await after(hass, await send(hass, form, answers))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert len(miners(hass)) == 1
        await hang_up_on_all(hass)


async def test_a_known_miner_that_is_found_elsewhere_is_moved_there(
    hass: HomeAssistant, fleet: Fleet, add_entry: MakeEntry
) -> None:
    entry = add_entry(fleet.miners[0], host="127.0.5.77")
    form = await look(hass, fleet)
    answers = {"miners": ["127.0.5.1"], **LOGIN}
    result = await after(hass, await send(hass, form, answers))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_HOST] == "127.0.5.1"
    assert miners(hass) == [entry]


async def test_a_miner_that_is_known_by_a_name_keeps_it(
    hass: HomeAssistant, fleet: Fleet, add_entry: MakeEntry
) -> None:
    entry = add_entry(fleet.miners[0], host="garage.local")
    form = await look(hass, fleet)
    answers = {"miners": ["127.0.5.1"], **LOGIN}
    result = await after(hass, await send(hass, form, answers))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_HOST] == "garage.local"


async def test_a_miner_that_was_ignored_is_added_when_chosen(
    hass: HomeAssistant, fleet: Fleet
) -> None:
    for miner in fleet.miners:
        MockConfigEntry(
            domain=DOMAIN,
            source=SOURCE_IGNORE,
            unique_id=miner.machine.identity.mac.lower(),
        ).add_to_hass(hass)
    form = await look(hass, fleet)
    answers = {"miners": list(options(form)), **LOGIN}
    await after(hass, await send(hass, form, answers))
    assert len(miners(hass)) == 3


async def test_a_miner_that_was_added_meanwhile_is_not_added_twice(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IMPORT},
        data={"title": "Twice", "unique_id": entry.unique_id, "data": entry.data},
    )
    assert result["reason"] == "already_configured"
