"""What has changed about a miner that is set up: its login, address and options."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
import pytest

from custom_components.braiins_fleet.const import (
    CONF_COUNT_UNREACHABLE,
    CONF_POLL_INTERVAL,
    CONF_TOLERATED_MISSES,
    CONF_UID,
)
from simulator import SimulatedMiner

from .conftest import MakeEntry
from .dialogs import send, suggested, typed


async def test_a_changed_password_is_asked_for_and_taken(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    miner.machine.accounts.password = "new"
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    [dialog] = hass.config_entries.flow.async_progress()
    assert dialog["step_id"] == "reauth_confirm"

    form = await hass.config_entries.flow.async_configure(dialog["flow_id"])
    assert suggested(form) == {CONF_USERNAME: "root"}
    form = await send(hass, form, {CONF_PASSWORD: "wrong"})
    assert form["errors"] == {CONF_PASSWORD: "wrong_password"}

    result = await send(hass, form, {CONF_PASSWORD: "new"})
    assert result["reason"] == "reauth_successful"
    assert entry.data[CONF_PASSWORD] == "new"
    assert entry.state is ConfigEntryState.LOADED


async def test_a_login_is_not_given_to_another_miner(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    form = await entry.start_reauth_flow(hass)
    miner.faults.wrong_identity()
    form = await send(hass, form, {CONF_PASSWORD: "root"})
    assert form["errors"] == {"base": "another_miner"}

    miner.faults.clear()
    result = await send(hass, form, {CONF_PASSWORD: "root"})
    assert result["reason"] == "reauth_successful"


async def test_a_miner_that_is_off_can_be_logged_in_to_later(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    form = await entry.start_reauth_flow(hass)
    miner.faults.refuse()
    await miner.settled()
    form = await send(hass, form, {CONF_PASSWORD: "root"})
    assert form["errors"] == {"base": "nothing_answers"}

    miner.faults.clear()
    await miner.settled()
    result = await send(hass, form, {CONF_PASSWORD: "root"})
    assert result["reason"] == "reauth_successful"


async def test_a_miner_can_be_given_its_new_address_and_login(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, host="127.0.8.8", port=1)
    miner.machine.accounts.password = "new"
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    assert suggested(form) == {
        CONF_HOST: "127.0.8.8",
        CONF_PORT: 1,
        CONF_USERNAME: "root",
    }
    answers = typed(miner, host=f"http://{miner.host}/", password="new")
    result = await send(hass, form, answers)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == typed(
        miner, password="new", **{CONF_UID: miner.machine.identity.uid}
    )
    assert entry.state is ConfigEntryState.LOADED


async def test_a_password_that_is_left_empty_stays_as_it_is(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, host="127.0.8.8")
    form = await entry.start_reconfigure_flow(hass)
    answers = typed(miner)
    del answers[CONF_PASSWORD]
    result = await send(hass, form, answers)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data[CONF_HOST] == miner.host
    assert entry.data[CONF_PASSWORD] == "root"


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({CONF_PASSWORD: "wrong"}, {CONF_PASSWORD: "wrong_password"}),
        ({CONF_HOST: "127.0.8.8"}, {CONF_HOST: "nothing_answers"}),
    ],
)
async def test_what_is_wrong_with_the_change_is_named_and_can_be_corrected(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
    wrong: dict[str, str],
    errors: dict[str, str],
) -> None:
    entry = add_entry(miner)
    form = await entry.start_reconfigure_flow(hass)
    form = await send(hass, form, typed(miner, **wrong))
    assert form["errors"] == errors

    result = await send(hass, form, typed(miner))
    assert result["reason"] == "reconfigure_successful"


async def test_a_miner_does_not_become_another_one(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    form = await entry.start_reconfigure_flow(hass)
    miner.faults.wrong_identity()
    form = await send(hass, form, typed(miner))
    assert form["errors"] == {"base": "another_miner"}

    miner.faults.clear()
    result = await send(hass, form, typed(miner))
    assert result["reason"] == "reconfigure_successful"


async def test_the_options_of_a_miner_are_asked_for_and_taken(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.supports_options
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "init"
    assert form["data_schema"]
    assert form["data_schema"]({}) == {
        CONF_POLL_INTERVAL: 10,
        CONF_COUNT_UNREACHABLE: False,
    }

    wanted = {
        CONF_POLL_INTERVAL: 60,
        CONF_TOLERATED_MISSES: 5,
        CONF_COUNT_UNREACHABLE: True,
    }
    before = entry.runtime_data
    await hass.config_entries.options.async_configure(form["flow_id"], wanted)
    await hass.async_block_till_done()
    assert entry.options == wanted
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before

    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert suggested(form) == wanted


@pytest.mark.parametrize("wrong", [{CONF_POLL_INTERVAL: 4}, {CONF_POLL_INTERVAL: 301}])
async def test_a_miner_is_polled_neither_too_often_nor_too_seldom(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    add_entry: MakeEntry,
    wrong: dict[str, int],
) -> None:
    entry = add_entry(miner)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], wrong)
    assert entry.options == {}
