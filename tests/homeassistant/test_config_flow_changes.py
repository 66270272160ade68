"""What has changed about a miner that is set up: its login, address and options."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant

from simulator import SimulatedMiner

from .conftest import MakeEntry
from .dialogs import send, suggested


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
