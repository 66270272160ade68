import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import socket
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.braiins_fleet.asic import AsicError, StockFirmware, TooOld
from custom_components.braiins_fleet.const import CONF_UID, DOMAIN
from custom_components.braiins_fleet.identity import is_fleet
from simulator import SimulatedMiner

from .conftest import MakeEntry
from .dialogs import choose, open_menu, send, suggested, typed

NO_MAC = "00:00:00:00:00:00"


@pytest.fixture
async def something_else() -> AsyncIterator[int]:
    """Serve something that is not gRPC at all, and tell its port."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-dropbear\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def free_port(unused_tcp_port: int) -> int:
    """Return a port at which nobody is home."""
    return unused_tcp_port


async def open_form(hass: HomeAssistant) -> ConfigFlowResult:
    return await choose(hass, await open_menu(hass), "address")


async def test_a_miner_is_added_by_its_address(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    dialog = await open_form(hass)
    assert dialog["type"] is FlowResultType.FORM

    result = await send(hass, dialog, typed(miner))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Antminer S19k Pro"
    assert result["data"] == typed(miner, **{CONF_UID: miner.machine.identity.uid})
    entry = result["result"]
    assert entry.unique_id == miner.machine.identity.mac.lower()
    assert entry.state is ConfigEntryState.LOADED


async def test_the_address_of_the_web_page_will_do(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    dialog = await open_form(hass)
    result = await send(
        hass, dialog, typed(miner, host=f" http://{miner.host}/dashboard ")
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"][CONF_HOST] == miner.host


async def test_a_miner_without_password_is_added_without_one(
    hass: HomeAssistant,
) -> None:
    async with SimulatedMiner("s19", password="") as miner:
        answers = typed(miner)
        del answers[CONF_PASSWORD]
        result = await send(hass, await open_form(hass), answers)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_second_miner_of_a_model_is_told_apart_by_its_name(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    add_entry(miner)
    async with SimulatedMiner("s19k_pro", seed=7) as second:
        result = await send(hass, await open_form(hass), typed(second))
        tail = second.machine.identity.mac.lower().replace(":", "")[-6:]
        assert result["title"] == f"Antminer S19k Pro {tail}"
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_wrong_password_is_named_and_can_be_corrected(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    dialog = await send(
        hass, await open_form(hass), typed(miner, password="not this one")
    )
    assert dialog["errors"] == {CONF_PASSWORD: "wrong_password"}

    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_was_typed_stays_but_for_the_password(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    dialog = await send(
        hass,
        await open_form(hass),
        typed(miner, username="me", password="not this one"),
    )
    assert suggested(dialog) == {
        CONF_HOST: miner.host,
        CONF_PORT: miner.port,
        CONF_USERNAME: "me",
    }


@pytest.mark.parametrize("host", ["miner-one", "http://[", "http://miner:web"])
async def test_a_name_that_does_not_exist_is_named_and_can_be_corrected(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
) -> None:
    def nobody(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # Tests cannot look up names.
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody)
        dialog = await send(hass, await open_form(hass), typed(miner, host=host))
    assert dialog["errors"] == {CONF_HOST: "no_such_host"}

    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_where_nothing_answers_is_named_and_can_be_corrected(
    hass: HomeAssistant, miner: SimulatedMiner, free_port: int
) -> None:
    dialog = await send(hass, await open_form(hass), typed(miner, port=free_port))
    assert dialog["errors"] == {CONF_HOST: "nothing_answers"}

    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_miner_that_hangs_counts_as_nothing_answers(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    miner.faults.hang()
    dialog = await send(hass, await open_form(hass), typed(miner))
    assert dialog["errors"] == {CONF_HOST: "nothing_answers"}

    miner.faults.clear()
    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_is_no_miner_is_named_and_can_be_corrected(
    hass: HomeAssistant, miner: SimulatedMiner, something_else: int
) -> None:
    dialog = await send(hass, await open_form(hass), typed(miner, port=something_else))
    assert dialog["errors"] == {CONF_HOST: "not_braiins"}

    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (StockFirmware("stock"), "stock_firmware"),
        (TooOld("22.08"), "firmware_too_old"),
    ],
)
async def test_firmware_that_cannot_be_added_is_named_and_another_miner_can_be(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    monkeypatch: pytest.MonkeyPatch,
    found: AsicError,
    error: str,
) -> None:
    async def probe(*_: Any) -> None:
        raise found

    # Both are told by their web page, at a port that a test may not be able to take.
    with monkeypatch.context() as patch:
        patch.setattr("custom_components.braiins_fleet.login.probe", probe)
        dialog = await send(hass, await open_form(hass), typed(miner))
    assert dialog["errors"] == {CONF_HOST: error}

    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_a_failing_miner_says_is_shown_and_it_can_be_tried_again(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    miner.faults.fail("GetMinerDetails")
    dialog = await send(hass, await open_form(hass), typed(miner))
    assert dialog["errors"] == {"base": "miner_said"}
    placeholders = dialog["description_placeholders"]
    assert placeholders
    assert placeholders["error"] == "simulated failure"

    miner.faults.clear()
    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_miner_that_does_not_know_itself_yet_can_be_tried_again(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    whole = miner.machine.identity
    miner.machine.identity = replace(whole, mac=NO_MAC, uid="")
    dialog = await send(hass, await open_form(hass), typed(miner))
    assert dialog["errors"] == {"base": "still_starting"}

    miner.machine.identity = whole
    result = await send(hass, dialog, typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_miner_without_mac_is_known_by_its_own_id(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    miner.machine.identity = replace(miner.machine.identity, mac=NO_MAC)
    result = await send(hass, await open_form(hass), typed(miner))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == miner.machine.identity.uid


async def test_a_miner_is_not_added_twice(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner)
    result = await send(hass, await open_form(hass), typed(miner))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    entries = hass.config_entries.async_entries(DOMAIN)
    assert [each for each in entries if not is_fleet(each)] == [entry]


async def test_a_miner_added_before_it_knew_its_mac_is_not_added_twice(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    add_entry(miner, unique_id=miner.machine.identity.uid)
    result = await send(hass, await open_form(hass), typed(miner))
    assert result["reason"] == "already_configured"


async def test_adding_a_known_miner_at_a_new_address_moves_it_there(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry, free_port: int
) -> None:
    entry = add_entry(miner, port=free_port)
    result = await send(hass, await open_form(hass), typed(miner))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_PORT] == miner.port


async def test_adding_a_known_miner_with_a_new_login_takes_the_login(
    hass: HomeAssistant, miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(miner, password="old")
    result = await send(hass, await open_form(hass), typed(miner))
    assert result["reason"] == "already_configured"
    assert entry.data[CONF_PASSWORD] == "root"
