"""Miners that the network announces are offered, and known ones are followed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet import config_flow
from custom_components.braiins_fleet.asic import ApiVersion, Details
from custom_components.braiins_fleet.const import CONF_UID, DOMAIN
from custom_components.braiins_fleet.login import Obstacle, greet, meet
from simulator import SimulatedMiner

from .conftest import MakeEntry
from .dialogs import choose, open_menu, send, suggested, typed

LOGIN = {CONF_USERNAME: "root", CONF_PASSWORD: "root"}
ELSEWHERE = "127.0.8.8"
ANOTHER_MAC = "02:00:00:00:00:42"
NO_MAC = "00:00:00:00:00:00"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, miner: SimulatedMiner) -> None:
    """Look for the miner where it is, and without long pauses."""
    monkeypatch.setattr(config_flow, "DEFAULT_PORT", miner.port)
    monkeypatch.setattr(config_flow, "_PAUSE_S", 0.01)


def mac_of(miner: SimulatedMiner) -> str:
    return miner.machine.identity.mac.lower()


async def announce(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    *,
    mac: str | None = None,
    name: str = "miner-000001",
    host: str | None = None,
) -> ConfigFlowResult:
    """Let DHCP see a miner."""
    found = DhcpServiceInfo(
        ip=host or miner.host,
        hostname=name,
        macaddress=(mac or mac_of(miner)).replace(":", ""),
    )
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_DHCP}, data=found
    )
    await hass.async_block_till_done()
    return result


def ends_with(result: ConfigFlowResult, reason: str) -> bool:
    return result["type"] is FlowResultType.ABORT and result["reason"] == reason


async def test_a_new_miner_is_offered_and_added_with_its_login(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    form = await announce(hass, miner)
    assert form["step_id"] == "discovery_confirm"
    assert (form["description_placeholders"] or {})["name"] == (
        f"miner-000001 ({miner.host})"
    )
    [offer] = hass.config_entries.flow.async_progress()
    assert offer["context"]["title_placeholders"] == {
        "name": f"miner-000001 ({miner.host})"
    }

    result = await send(hass, form, LOGIN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == mac_of(miner)
    assert result["data"] == typed(miner, **{CONF_UID: miner.machine.identity.uid})


async def test_a_miner_without_a_host_name_is_offered_by_its_address(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    await announce(hass, miner, name="")
    [offer] = hass.config_entries.flow.async_progress()
    assert offer["context"]["title_placeholders"] == {"name": miner.host}


async def test_a_wrong_password_can_be_corrected(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    form = await announce(hass, miner)
    form = await send(hass, form, {**LOGIN, CONF_PASSWORD: "wrong"})
    assert form["errors"] == {CONF_PASSWORD: "wrong_password"}
    result = await send(hass, form, LOGIN)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_miner_that_goes_away_before_it_is_added_can_be_tried_again(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    form = await announce(hass, miner)
    miner.faults.refuse()
    await miner.settled()
    form = await send(hass, form, LOGIN)
    assert form["errors"] == {"base": "nothing_answers"}
    assert suggested(form) == {CONF_USERNAME: "root"}

    miner.faults.clear()
    await miner.settled()
    result = await send(hass, form, LOGIN)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_is_no_miner_is_not_offered(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    result = await announce(hass, miner, host=ELSEWHERE)
    assert ends_with(result, "no_miner")


async def test_a_miner_that_is_still_starting_is_waited_for(
    hass: HomeAssistant, miner: SimulatedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    miner.faults.refuse()
    await miner.settled()

    async def answer_next_time(*arguments: Any) -> ApiVersion | Obstacle:
        answer = await greet(*arguments)
        miner.faults.clear()
        await miner.settled()
        return answer

    monkeypatch.setattr(config_flow, "greet", answer_next_time)
    form = await announce(hass, miner)
    assert form["step_id"] == "discovery_confirm"


async def test_a_miner_is_waited_for_no_longer_than_anybody_wants_it(
    hass: HomeAssistant, miner: SimulatedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def withdraw_first(*arguments: Any) -> ApiVersion | Obstacle:
        nonlocal asked
        asked += 1
        flows = hass.config_entries.flow
        for flow in flows.async_progress(include_uninitialized=True):
            flows.async_abort(flow["flow_id"])
        return await greet(*arguments)

    monkeypatch.setattr(config_flow, "greet", withdraw_first)
    assert ends_with(await announce(hass, miner), "no_miner")
    assert ends_with(await announce(hass, miner, host=ELSEWHERE), "no_miner")
    assert asked == 2


async def test_a_miner_that_was_removed_while_it_was_waited_for_is_not_followed(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = add_entry(miner, host=ELSEWHERE)

    async def remove_first(login: Mapping[str, Any]) -> Details | Obstacle:
        await hass.config_entries.async_remove(entry.entry_id)
        return await meet(login)

    monkeypatch.setattr(config_flow, "meet", remove_first)
    assert ends_with(await announce(hass, miner), "not_confirmed")


async def test_a_miner_that_was_added_while_it_was_waited_for_is_not_offered(
    hass: HomeAssistant, miner: SimulatedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def add_first(*arguments: Any) -> ApiVersion | Obstacle:
        form = await choose(hass, await open_menu(hass), "address")
        await send(hass, form, typed(miner))
        return await greet(*arguments)

    monkeypatch.setattr(config_flow, "greet", add_first)
    assert ends_with(await announce(hass, miner), "already_configured")


async def test_an_ignored_miner_stays_ignored(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    form = await announce(hass, miner)
    ignored = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": mac_of(miner), "title": "A miner"},
    )
    assert ignored["type"] is FlowResultType.CREATE_ENTRY
    assert form["flow_id"] not in {
        flow["flow_id"] for flow in hass.config_entries.flow.async_progress()
    }
    calls = miner.calls
    assert ends_with(await announce(hass, miner), "already_configured")
    assert miner.calls == calls


async def test_a_miner_is_offered_once_at_a_time(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    await announce(hass, miner)
    assert ends_with(await announce(hass, miner, name="new"), "already_in_progress")


async def test_a_known_miner_where_it_was_is_left_in_peace(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    add_entry(miner)
    assert ends_with(await announce(hass, miner), "already_configured")
    assert miner.calls == 0


async def test_a_known_miner_at_a_new_address_is_followed(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, host=ELSEWHERE)
    await hass.config_entries.async_setup(entry.entry_id)
    assert ends_with(await announce(hass, miner), "already_configured")
    assert entry.data[CONF_HOST] == miner.host
    assert entry.state is ConfigEntryState.LOADED


async def test_a_miner_that_has_just_told_its_mac_is_followed(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    entry = add_entry(miner, unique_id=miner.machine.identity.uid, host=ELSEWHERE)
    device_registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, mac_of(miner))},
    )
    assert ends_with(await announce(hass, miner), "already_configured")
    assert entry.data[CONF_HOST] == miner.host


async def test_a_miner_that_has_just_told_its_mac_is_left_in_peace_where_it_was(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    entry = add_entry(miner, unique_id=miner.machine.identity.uid)
    device_registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, mac_of(miner))},
    )
    assert ends_with(await announce(hass, miner), "already_configured")
    assert miner.calls == 0


async def test_a_miner_that_only_the_router_knows_is_offered(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, miner: SimulatedMiner
) -> None:
    router = MockConfigEntry(domain="router")
    router.add_to_hass(hass)
    device_registry.async_get_or_create(
        config_entry_id=router.entry_id,
        connections={(dr.CONNECTION_NETWORK_MAC, mac_of(miner))},
    )
    form = await announce(hass, miner)
    assert form["step_id"] == "discovery_confirm"


async def test_a_known_miner_that_restarts_at_a_new_address_is_waited_for(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = add_entry(miner, host=ELSEWHERE)
    whole = miner.machine.identity
    miner.machine.identity = replace(whole, mac=NO_MAC, uid="")

    async def know_itself_next_time(login: Mapping[str, Any]) -> Details | Obstacle:
        answer = await meet(login)
        miner.machine.identity = whole
        return answer

    monkeypatch.setattr(config_flow, "meet", know_itself_next_time)
    result = await announce(hass, miner, mac=whole.mac.lower())
    assert ends_with(result, "already_configured")
    assert entry.data[CONF_HOST] == miner.host


@pytest.mark.parametrize("changes", [{"password": "old"}, {"unique_id": ANOTHER_MAC}])
async def test_whoever_is_not_known_to_be_the_miner_is_not_followed(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
    changes: dict[str, Any],
) -> None:
    entry = add_entry(miner, host=ELSEWHERE, **{CONF_UID: None}, **changes)
    result = await announce(hass, miner, mac=entry.unique_id)
    assert ends_with(result, "not_confirmed")
    assert entry.data[CONF_HOST] == ELSEWHERE


async def test_a_miner_that_is_known_by_a_name_keeps_it(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, host="garage.local")
    assert ends_with(await announce(hass, miner), "already_configured")
    assert entry.data[CONF_HOST] == "garage.local"
    assert miner.calls == 0


async def test_a_known_miner_is_not_offered_for_another_mac_of_its_own(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    add_entry(miner)
    result = await announce(hass, miner, mac=ANOTHER_MAC)
    assert ends_with(result, "already_configured")


async def test_a_new_miner_at_the_old_address_of_another_is_offered(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    add_entry(miner, unique_id=ANOTHER_MAC, **{CONF_UID: None})
    form = await announce(hass, miner)
    assert form["step_id"] == "discovery_confirm"


async def test_a_miner_that_does_not_know_its_mac_yet_goes_by_that_of_the_network(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    mac = mac_of(miner)
    miner.machine.identity = replace(miner.machine.identity, mac=NO_MAC)
    result = await send(hass, await announce(hass, miner, mac=mac), LOGIN)
    assert result["result"].unique_id == mac


async def test_a_miner_goes_by_the_mac_that_it_tells_itself(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    result = await send(hass, await announce(hass, miner, mac=ANOTHER_MAC), LOGIN)
    assert result["result"].unique_id == mac_of(miner)


async def test_an_offer_is_withdrawn_when_the_miner_is_added_by_hand(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    await announce(hass, miner)
    form = await choose(hass, await open_menu(hass), "address")
    await send(hass, form, typed(miner))
    assert hass.config_entries.flow.async_progress() == []
