"""Password, contract key, factory reset, and back to stock: for administrators only."""

from collections.abc import Callable
from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)
import voluptuous as vol

from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED
from simulator import Machine, SimulatedMiner
from simulator.faults import Faults
from simulator.refusals import InvalidValue, Late
from simulator.schema import message

from .actions import PROMPT, act, answer_with, ask, device_of, lose_answer
from .conftest import SetUp, StartMiner
from .controlling import be_impatient, in_time
from .repairing import told
from .running import PassingTime, listened_to, poll, until

SECRET = "correct horse"
KEY = "abcd-1234-efgh"
EACH: dict[str, dict[str, Any]] = {
    "set_password": {"password": SECRET},
    "apply_contract_key": {"key": KEY},
    "factory_reset": {"confirm": True},
    "restore_stock": {"confirm": True},
}


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner with the newest API."""
    return await start_miner(api=11, timing=PROMPT)


def reauths(entry: ConfigEntry[Any], hass: HomeAssistant) -> int:
    return len([*entry.async_get_active_flows(hass, {"reauth"})])


@pytest.mark.parametrize("action", EACH)
async def test_only_an_administrator_may_call_them(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    hass_read_only_user: User,
    action: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    # All rights to all entities do not make an administrator.
    anything: Any = hass_read_only_user
    anything.mock_policy({"entities": True})
    calls = miner.calls
    with pytest.raises(Unauthorized):
        await act(
            hass,
            action,
            entry,
            Context(user_id=hass_read_only_user.id),
            **EACH[action],
        )
    assert miner.calls == calls


async def test_an_administrator_and_an_automation_may(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, hass_admin_user: User
) -> None:
    entry = await set_up(miner)
    for user_id, password in ((hass_admin_user.id, "first"), (None, "second")):
        await act(
            hass, "set_password", entry, Context(user_id=user_id), password=password
        )
        assert miner.machine.accounts.password == password


@pytest.mark.parametrize(
    ("action", "lost"),
    [("factory_reset", "pools, targets"), ("restore_stock", "removes Braiins OS")],
)
@pytest.mark.parametrize("fields", [{}, {"confirm": False}])
async def test_what_cannot_be_got_back_has_to_be_confirmed(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    lost: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert lost in str(error.value)
    assert str(error.value).endswith("confirm: true")
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("api", "action"),
    [(5, "apply_contract_key"), (8, "factory_reset"), (9, "restore_stock")],
)
async def test_an_old_miner_is_not_asked(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, api: int, action: str
) -> None:
    miner = await start_miner(api=api)
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, action, entry, **EACH[action])
    assert error.value.translation_key == "command_unsupported"
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("action", "field"), [("set_password", "password"), ("apply_contract_key", "key")]
)
@pytest.mark.parametrize("secret", ["", "line\nbreak", "bell\a", "\ud800", "x" * 129])
async def test_a_secret_that_cannot_be_one_is_refused_and_not_repeated(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    field: str,
    secret: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, None, **{field: secret})
    assert error.value.translation_key == "secret_impossible"
    assert not secret or secret not in str(error.value)
    assert miner.calls == calls


async def test_spaces_are_no_key(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "apply_contract_key", entry, key="  ")
    assert error.value.translation_key == "secret_impossible"


@pytest.mark.parametrize("action", ["set_password", "apply_contract_key"])
async def test_a_call_that_fails_and_nobody_waits_for_is_logged_without_the_secret(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(miner)
    miner.faults.fail("SetPassword", "ApplyContractKey")
    fields = EACH[action] | {"device_id": device_of(hass, entry).id}
    await hass.services.async_call(DOMAIN, action, fields, blocking=False)
    await hass.async_block_till_done()
    assert f"Error executing service: <ServiceCall {DOMAIN}.{action}" in caplog.text
    ours = [each for each in caplog.records if "Bus:Handling" not in each.getMessage()]
    for record in ours:
        for secret in (SECRET, KEY):
            assert secret not in record.getMessage()


@pytest.mark.parametrize("action", ["set_password", "apply_contract_key"])
async def test_a_secret_has_to_be_given(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, action: str
) -> None:
    entry = await set_up(miner)
    with pytest.raises(vol.Invalid):
        await act(hass, action, entry)


async def test_a_new_password_is_used_from_then_on(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(miner)
    coordinator = entry.runtime_data
    changes = async_capture_events(hass, EVENT_CHANGED)
    caplog.set_level("DEBUG", "custom_components.braiins_fleet")
    [answer] = await ask(hass, "set_password", entry, password=SECRET)
    assert (answer["ok"], answer["before"], answer["after"]) == (True, None, None)
    assert miner.machine.accounts.password == SECRET
    assert entry.data[CONF_PASSWORD] == SECRET
    # Without being set up anew.
    assert entry.runtime_data is coordinator

    miner.faults.lose_tokens()
    await poll(hass, entry)
    assert coordinator.last_update_success
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.last_update_success
    assert SECRET not in caplog.text
    assert SECRET not in repr([event.data for event in changes])


async def test_a_password_of_which_no_answer_came_is_found_to_be_new(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    lose_answer(monkeypatch, "SetPassword")
    [answer] = await ask(hass, "set_password", entry, password=SECRET)
    assert answer["ok"]
    assert entry.data[CONF_PASSWORD] == SECRET
    assert entry.runtime_data.last_update_success


@pytest.mark.parametrize("password", ["root", None])
async def test_a_password_of_which_no_answer_came_is_found_to_be_the_old_one(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    password: str | None,
) -> None:
    # A miner without a password takes the new one as well as any other.
    miner = await start_miner(password=password)
    entry = await set_up(miner)

    def hear_nothing(_: Machine, __: Any) -> None:
        raise Late

    answer_with(monkeypatch, "SetPassword", hear_nothing)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "set_password", entry, password=SECRET)
    assert error.value.translation_key == "command_unanswered"
    assert entry.data[CONF_PASSWORD] == "root"
    miner.faults.lose_tokens()
    await poll(hass, entry)
    assert entry.runtime_data.last_update_success


@pytest.mark.parametrize(
    "then", [lambda faults: faults.hang(), lambda faults: faults.fail("Login")]
)
async def test_a_password_that_may_be_either_is_told_to_be_so(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    then: Callable[[Faults], None],
) -> None:
    entry = await set_up(miner)
    be_impatient(entry, read_timeout=0.1)

    def fail(_: Machine, __: Any) -> None:
        then(miner.faults)
        raise Late

    answer_with(monkeypatch, "SetPassword", fail)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "set_password", entry, password=SECRET)
    assert error.value.translation_key == "password_unsure"
    assert entry.data[CONF_PASSWORD] == "root"


async def test_a_miner_that_takes_neither_password_has_its_login_asked_for(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)

    def lock_out(machine: Machine, _: Any) -> None:
        machine.accounts.password = "a third one"
        machine.accounts.forget_tokens()
        raise Late

    answer_with(monkeypatch, "SetPassword", lock_out)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "set_password", entry, password=SECRET)
    assert error.value.translation_key == "password_unsure"
    await until(lambda: reauths(entry, hass) == 1)


@pytest.mark.parametrize("action", ["set_password", "apply_contract_key"])
async def test_a_refusal_does_not_repeat_the_secret(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    entry = await set_up(miner)
    [secret] = EACH[action].values()

    def refuse(_: Machine, __: Any) -> None:
        raise InvalidValue(f"{secret!r} is too weak")

    method = {"set_password": "SetPassword", "apply_contract_key": "ApplyContractKey"}
    answer_with(monkeypatch, method[action], refuse)
    [answer] = await ask(hass, action, entry, **EACH[action])
    assert answer["error"] == "Antminer S19k Pro refused: '***' is too weak"
    assert entry.data[CONF_PASSWORD] == "root"


async def test_a_contract_key_is_applied(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    changes = async_capture_events(hass, EVENT_CHANGED)
    [answer] = await ask(hass, "apply_contract_key", entry, key=f" {KEY} ")
    assert (answer["ok"], answer["before"], answer["after"]) == (True, "valid", "valid")
    assert miner.machine.license.contract == "Contract ABCD"
    assert entry.runtime_data.data.snapshot.license.contract == "Contract ABCD"
    assert KEY not in repr([event.data for event in changes])


async def test_a_contract_key_of_which_no_answer_came_shows(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    applied = lose_answer(monkeypatch, "ApplyContractKey")
    [answer] = await ask(hass, "apply_contract_key", entry, key=KEY)
    assert answer["ok"]
    assert len(applied) == 1


async def test_a_contract_key_that_is_no_good_is_told_to_be_so(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "apply_contract_key", entry, key="short")
    assert error.value.translation_key == "key_refused"


async def test_after_a_factory_reset_the_login_is_asked_for(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner(api=11, password=SECRET, timing=PROMPT)
    entry = await set_up(miner, **{CONF_PASSWORD: SECRET})
    await in_time(act(hass, "factory_reset", entry, confirm=True), pass_time)
    await pass_time(130)
    await until(lambda: reauths(entry, hass) == 1)
    assert miner.machine.accounts.password == "root"

    [flow] = entry.async_get_active_flows(hass, {"reauth"})
    form = await hass.config_entries.flow.async_configure(flow["flow_id"], None)
    assert form["step_id"] == "reauth_confirm"
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"username": "root", "password": "root"}
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.runtime_data.last_update_success


async def test_a_miner_that_went_back_to_stock_is_told_of_until_it_returns(
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(miner)
    await in_time(act(hass, "restore_stock", entry, confirm=True), pass_time)
    assert told(hass, entry) == {}
    await pass_time(200)
    assert [*told(hass, entry)] == ["stock_firmware"]
    assert not entry.runtime_data.last_update_success

    # Somebody installs Braiins OS again.
    miner.machine.upgrades.stock = False
    miner.follow()
    await miner.settled()
    await until(lambda: entry.runtime_data.last_update_success)
    await hass.async_block_till_done()
    assert told(hass, entry) == {}


async def test_what_has_no_stock_firmware_says_so(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("bmm_101", api=11))
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "restore_stock", entry, confirm=True)
    assert error.value.translation_key == "no_stock_firmware"


async def test_a_return_to_stock_that_does_not_begin_is_an_error(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    nothing = message("RestoreStockResponse")()
    answer_with(monkeypatch, "RestoreStock", lambda _, __: nothing)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "restore_stock", entry, confirm=True)
    assert error.value.translation_key == "command_failed"
