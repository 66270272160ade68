"""A miner that is sent to another address is followed there."""

from collections.abc import Callable
from dataclasses import replace
import socket
from typing import Any

from homeassistant.components import network
from homeassistant.components.network.models import Adapter
from homeassistant.config_entries import SOURCE_DHCP, ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet import relocation, whereabouts
from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED
from simulator import Machine, SimulatedMiner
from simulator.refusals import Late

from .actions import PROMPT, act, answer_with, ask, device_of, lose_answer
from .conftest import SetUp, StartMiner
from .controlling import be_impatient
from .running import have_clients, listened_to, poll, until

ACTION = "set_network"
NEW, OTHER = "127.0.9.2", "127.0.9.3"
ROUTER = "127.0.0.9"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, at few addresses, and leave this computer's networks alone."""

    async def none(_: HomeAssistant) -> list[Adapter]:
        return []

    monkeypatch.setattr(network, "async_get_adapters", none)
    monkeypatch.setattr(whereabouts, "_NEIGHBOURHOOD", 29)
    monkeypatch.setattr(relocation, "_LOOK_EVERY", 0.02)
    monkeypatch.setattr(relocation, "_SETTLES_WITHIN", 0.3)


@pytest.fixture
def gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for a miner no longer than a test lasts."""
    monkeypatch.setattr(relocation, "_APPEARS_WITHIN", 1.0)


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that is gone before it has answered."""
    miner = await start_miner(timing=PROMPT)
    miner.machine.quirks.answers_moves = False
    miner.machine.network.gateway = ROUTER
    return miner


@pytest.fixture
async def entry(miner: SimulatedMiner, set_up: SetUp) -> ConfigEntry[Any]:
    """Set it up."""
    entry: ConfigEntry[Any] = await set_up(miner)
    await listened_to(entry)
    be_impatient(entry)
    return entry


def have_names(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    where: Callable[[str], str | None],
) -> None:
    """Have the network know some names, and where they lead."""

    async def look_up(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        address = where(host)
        if address is None:
            raise OSError
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port))]

    monkeypatch.setattr(hass.loop, "getaddrinfo", look_up)


def entities_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> set[str]:
    registry = er.async_get(hass)
    found = er.async_entries_for_config_entry(registry, entry.entry_id)
    return {each.id for each in found}


async def test_a_miner_is_followed_to_a_fixed_address(
    hass: HomeAssistant, miner: SimulatedMiner, entry: ConfigEntry[Any]
) -> None:
    coordinator, entities = entry.runtime_data, entities_of(hass, entry)
    changes = async_capture_events(hass, EVENT_CHANGED)
    [answer] = await ask(hass, ACTION, entry, address=NEW)
    before = {
        "protocol": "dhcp",
        "address": "127.0.0.1",
        "gateway": ROUTER,
        "dns": ["127.0.0.1"],
        "hostname": miner.machine.network.hostname,
    }
    after = before | {"protocol": "static", "address": NEW}
    assert (answer["error"], answer["before"], answer["after"]) == (None, before, after)
    assert miner.host == NEW
    assert entry.data[CONF_HOST] == NEW
    [change] = changes
    assert change.data["after"] == after

    # It goes on there, with all that it had, without being set up anew.
    miner.faults.lose_tokens()
    await poll(hass, entry)
    assert coordinator.last_update_success
    assert entry.runtime_data is coordinator
    assert entities_of(hass, entry) == entities
    assert device_of(hass, entry).configuration_url == f"http://{NEW}"
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.runtime_data.last_update_success


async def test_a_miner_that_answers_before_it_goes_is_followed_as_well(
    hass: HomeAssistant, miner: SimulatedMiner, entry: ConfigEntry[Any], clock: Any
) -> None:
    miner.machine.quirks.answers_moves = True
    task = hass.async_create_task(ask(hass, ACTION, entry, address=NEW))
    await until(lambda: miner.machine.network.static)
    clock.advance(5)
    [answer] = await task
    assert answer["error"] is None
    assert entry.data[CONF_HOST] == NEW == miner.host


async def test_a_name_that_leads_to_the_new_address_is_kept(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner, host="localhost")
    await listened_to(entry)
    be_impatient(entry)

    have_names(hass, monkeypatch, lambda _: miner.host)
    [answer] = await ask(hass, ACTION, entry, address=NEW)
    assert answer["error"] is None
    assert entry.data[CONF_HOST] == "localhost"
    await poll(hass, entry)
    assert entry.runtime_data.last_update_success


async def test_a_name_that_leads_nowhere_any_more_gives_way_to_the_address(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner, host="localhost")
    await listened_to(entry)
    be_impatient(entry)
    old = miner.host

    have_names(hass, monkeypatch, lambda _: old if miner.host == old else None)
    [answer] = await ask(hass, ACTION, entry, address=NEW)
    assert answer["error"] is None
    assert entry.data[CONF_HOST] == NEW


@pytest.fixture
async def fixed(
    hass: HomeAssistant, miner: SimulatedMiner, entry: ConfigEntry[Any]
) -> ConfigEntry[Any]:
    """Have the miner at a fixed address, and let the router have others to give."""
    await act(hass, ACTION, entry, address=NEW)
    miner.machine.network.leased = OTHER
    return entry


async def test_a_miner_that_the_network_has_heard_of_is_followed_there(
    hass: HomeAssistant, miner: SimulatedMiner, fixed: ConfigEntry[Any]
) -> None:
    mac = miner.machine.identity.mac.lower().replace(":", "")
    have_clients(
        hass, ("020000000001", "127.0.9.9", "another"), (mac, OTHER, "miner-000001")
    )
    [answer] = await ask(hass, ACTION, fixed, protocol="dhcp")
    assert answer["error"] is None
    assert answer["after"]["protocol"] == "dhcp"
    assert fixed.data[CONF_HOST] == OTHER == miner.host
    assert fixed.runtime_data.last_update_success


async def test_a_miner_that_nobody_has_heard_of_is_searched_for(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    fixed: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    have_names(hass, monkeypatch, lambda _: None)
    [answer] = await ask(hass, ACTION, fixed, protocol="dhcp", hostname="garage")
    assert answer["error"] is None
    assert fixed.data[CONF_HOST] == OTHER == miner.host
    assert miner.machine.network.hostname == "garage"


async def test_a_miner_that_the_network_knows_by_its_new_name_is_followed_there(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    fixed: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def find_nothing(*_: object) -> str | None:
        return None

    monkeypatch.setattr(relocation, "look_for", find_nothing)
    names = {"garage": OTHER}
    have_names(hass, monkeypatch, names.get)
    [answer] = await ask(hass, ACTION, fixed, protocol="dhcp", hostname="garage")
    assert answer["error"] is None
    # Who goes by an address goes on by one.
    assert fixed.data[CONF_HOST] == OTHER == miner.host


async def test_a_miner_that_gets_the_address_it_had_stays_there(
    hass: HomeAssistant, miner: SimulatedMiner, fixed: ConfigEntry[Any]
) -> None:
    miner.machine.network.leased = NEW
    mac = miner.machine.identity.mac.lower().replace(":", "")
    have_clients(hass, (mac, NEW, "miner-000001"))
    [answer] = await ask(hass, ACTION, fixed, protocol="dhcp")
    assert (answer["error"], answer["after"]["protocol"]) == (None, "dhcp")
    assert fixed.data[CONF_HOST] == NEW


async def test_while_it_is_followed_nobody_else_sets_it_up_anew(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    fixed: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[str] = []

    async def announce(*_: object) -> bool:
        result = await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_DHCP},
            data=DhcpServiceInfo(
                ip=OTHER,
                hostname="miner-000001",
                macaddress=miner.machine.identity.mac.lower().replace(":", ""),
            ),
        )
        found.append(result["reason"])
        assert fixed.data[CONF_HOST] == NEW
        return await whereabouts.is_at(fixed, OTHER)

    mac = miner.machine.identity.mac.lower().replace(":", "")
    have_clients(hass, (mac, OTHER, "miner-000001"))
    monkeypatch.setattr(relocation, "is_at", announce)
    await act(hass, ACTION, fixed, protocol="dhcp")
    assert set(found) == {"already_configured"}
    assert fixed.data[CONF_HOST] == OTHER


async def test_the_address_it_has_can_be_fixed(
    hass: HomeAssistant, miner: SimulatedMiner, entry: ConfigEntry[Any]
) -> None:
    [answer] = await ask(
        hass,
        ACTION,
        entry,
        protocol="static",
        netmask="255.255.255.0",
        gateway="127.0.0.10",
        dns=["127.0.0.8", "9.9.9.9"],
    )
    assert answer["error"] is None
    found = miner.machine.network
    assert found.static
    assert (found.address, found.netmask) == ("127.0.0.1", "255.255.255.0")
    assert (found.gateway, found.dns) == ("127.0.0.10", ["127.0.0.8", "9.9.9.9"])
    # Of a fixed address single things can be changed.
    [answer] = await ask(hass, ACTION, entry, dns="9.9.9.9")
    assert answer["after"]["dns"] == ["9.9.9.9"]
    assert miner.machine.network.gateway == "127.0.0.10"


@pytest.mark.parametrize(
    "fields",
    [
        {"hostname": "garage"},
        {"protocol": "static"},
        {"protocol": "dhcp", "hostname": "garage"},
    ],
)
async def test_what_does_not_move_it_is_confirmed_where_it_is(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
) -> None:
    sent = lose_answer(monkeypatch, "SetNetworkConfiguration")
    [answer] = await ask(hass, ACTION, entry, **fields)
    assert answer["error"] is None
    assert answer["after"] == answer["before"] | fields
    assert len(sent) == 1
    assert entry.data[CONF_HOST] == miner.host


async def test_a_miner_known_by_its_name_is_found_by_its_new_one(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner, host="localhost")
    await listened_to(entry)

    names = {"localhost", "garage"}

    def where(name: str) -> str | None:
        if miner.machine.network.hostname == "garage":
            names.discard("localhost")
        return miner.host if name in names else None

    have_names(hass, monkeypatch, where)
    [answer] = await ask(hass, ACTION, entry, hostname="garage")
    assert answer["error"] is None
    assert entry.data[CONF_HOST] == "garage"


@pytest.mark.usefixtures("gives_up")
async def test_a_miner_that_does_not_go_gets_its_settings_back(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = replace(miner.machine.network)
    # It takes the settings, and goes on with the address that it has.
    move = miner.machine.move
    monkeypatch.setattr(miner.machine, "move", lambda _: move(before.address))
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, ACTION, entry, address=NEW, dns="9.9.9.9")
    assert error.value.translation_key == "network_restored"
    assert f"was not found at {NEW} within 1 seconds" in str(error.value)
    assert miner.machine.network == replace(before, dns=miner.machine.network.dns)
    assert entry.data[CONF_HOST] == before.address
    await poll(hass, entry)
    assert entry.runtime_data.last_update_success


@pytest.mark.usefixtures("gives_up")
async def test_a_miner_that_did_not_hear_of_it_is_left_as_it_is(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = replace(miner.machine.network)
    heard: list[Machine] = []

    def hear_nothing(machine: Machine, _: Any) -> None:
        heard.append(machine)
        raise Late

    answer_with(monkeypatch, "SetNetworkConfiguration", hear_nothing)
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert error.value.translation_key == "network_kept"
    assert len(heard) == 1
    assert miner.machine.network == before


@pytest.mark.usefixtures("gives_up")
async def test_a_miner_whose_settings_cannot_be_put_back_is_told_of(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        miner.machine, "move", lambda _: miner.faults.fail("GetNetworkConfiguration")
    )
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert error.value.translation_key == "network_unsure"
    assert entry.data[CONF_HOST] == miner.host


@pytest.mark.usefixtures("gives_up")
@pytest.mark.parametrize(
    ("fields", "place"),
    [({"address": OTHER}, OTHER), ({"protocol": "dhcp"}, "127.0.9.0/29")],
)
async def test_a_miner_that_is_lost_is_said_to_be_so(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    fixed: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    place: str,
) -> None:
    move = miner.machine.move
    # Its network has a hole.
    monkeypatch.setattr(miner.machine, "move", lambda _: move("127.0.77.7"))
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, ACTION, fixed, **fields)
    assert error.value.translation_key == "network_lost"
    assert f"was not found at {place} within 1 seconds" in str(error.value)
    assert "Reconfigure" in str(error.value)
    assert fixed.data[CONF_HOST] == NEW


async def test_an_old_miner_needs_all_of_a_fixed_address(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(api=0, timing=PROMPT)
    miner.machine.quirks.answers_moves = False
    entry = await set_up(miner)
    await listened_to(entry)
    be_impatient(entry)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert str(error.value).endswith("as well: netmask, gateway")
    [answer] = await ask(
        hass, ACTION, entry, address=NEW, netmask="255.0.0.0", gateway="127.0.0.9"
    )
    # What it is like then, it cannot tell.
    assert (answer["error"], answer["after"]) == (None, None)
    assert entry.data[CONF_HOST] == NEW == miner.host
    miner.machine.network.leased = OTHER
    await act(hass, ACTION, entry, protocol="dhcp")
    assert entry.data[CONF_HOST] == OTHER
