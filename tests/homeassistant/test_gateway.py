"""The door by which agents come in."""

import asyncio
from http import HTTPStatus
from ipaddress import ip_address
import logging

from homeassistant.components.http.ban import (
    KEY_BAN_MANAGER,
    KEY_FAILED_LOGIN_ATTEMPTS,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.braiins_fleet.const import DOMAIN

from .rigging import PATH, Yard, goodbye, received
from .running import until

LOCAL = ip_address("127.0.0.1")
WELCOME = "authenticated"


def failures(hass: HomeAssistant) -> int:
    """Return how many logins from here have failed."""
    return hass.http.app[KEY_FAILED_LOGIN_ATTEMPTS][LOCAL]


@pytest.fixture
async def _three_failures_are_too_many(hass: HomeAssistant) -> None:
    """Have Home Assistant ban an address after the third failure."""
    settings = {"ip_ban_enabled": True, "login_attempts_threshold": 3}
    assert await async_setup_component(hass, "http", {"http": settings})


bans = pytest.mark.usefixtures("_three_failures_are_too_many")


async def refused(yard: Yard, token: str | None) -> None:
    """Dial in vain."""
    socket = await yard.dial(token)
    assert (await received(socket))["type"] == "error"
    assert await goodbye(socket) == 4002


async def test_an_agent_is_let_in_by_the_token_in_its_address(yard: Yard) -> None:
    rig_id, token = await yard.add("Garage")
    socket = await yard.dial(token)
    assert await received(socket) == {
        "type": WELCOME,
        "rigId": rig_id,
        "rigName": "Garage",
    }


async def test_an_agent_is_let_in_by_the_token_in_a_header(yard: Yard) -> None:
    _, token = await yard.add()
    headers = {"Authorization": f"Bearer {token}"}
    socket = await yard.dial(None, headers=headers)
    assert (await received(socket))["type"] == WELCOME


async def test_an_agent_is_let_in_by_the_token_in_its_first_message(
    yard: Yard,
) -> None:
    _, token = await yard.add()
    socket = await yard.dial(None)
    await socket.send_json({"type": "auth", "token": token})
    assert (await received(socket))["type"] == WELCOME


@bans
async def test_a_rig_with_a_typo_does_not_ban_the_others(
    hass: HomeAssistant, yard: Yard
) -> None:
    _, token = await yard.add()
    for _ in range(5):
        await refused(yard, f"{token[:-2]}xx")
    assert failures(hass) == 1
    socket = await yard.dial(token)
    assert (await received(socket))["type"] == WELCOME
    assert failures(hass) == 1


@bans
async def test_who_guesses_tokens_is_banned(hass: HomeAssistant, yard: Yard) -> None:
    await yard.add()
    socket = await yard.dial(None)
    await socket.send_json({"type": "auth", "token": "guess-0"})
    await goodbye(socket)
    for number in (1, 2):
        await refused(yard, f"guess-{number}")
    assert LOCAL in hass.http.app[KEY_BAN_MANAGER].ip_bans_lookup
    response = await yard.client.get(PATH)
    assert response.status == HTTPStatus.FORBIDDEN


@pytest.fixture
async def _behind_a_proxy(hass: HomeAssistant) -> None:
    """Have this machine be a proxy that says on whose behalf it asks."""
    settings = {"use_x_forwarded_for": True, "trusted_proxies": ["127.0.0.1"]}
    assert await async_setup_component(hass, "http", {"http": settings})


@pytest.mark.usefixtures("_behind_a_proxy")
async def test_behind_a_proxy_it_is_the_agent_that_is_at_fault(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    await yard.add()
    socket = await yard.dial("guess", headers={"X-Forwarded-For": "192.0.2.7"})
    await goodbye(socket)
    assert "invalid authentication from 192.0.2.7 (192.0.2.7)" in caplog.text


@bans
async def test_tokens_that_were_given_out_here_are_no_guesses(
    hass: HomeAssistant, yard: Yard
) -> None:
    await yard.add("Stays")
    gone = [await yard.add(f"Goes {number}") for number in range(5)]
    for rig_id, _ in gone:
        hass.config_entries.async_remove_subentry(yard.entry, rig_id)
    await hass.async_block_till_done()
    for _, token in gone:
        await refused(yard, token)
    assert failures(hass) == 0


@bans
async def test_no_more_strangers_are_kept_in_mind_than_is_sensible(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.braiins_fleet.gateway._MOST_STRANGERS", 1)
    await yard.add()
    await refused(yard, "one")
    await refused(yard, "another")
    assert failures(hass) == 2
    await refused(yard, "another")
    assert failures(hass) == 2


async def test_no_token_is_ever_logged(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    # So Home Assistant has it, since the address of every request is in that log.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    _, token = await yard.add()
    wrong = f"{token[:-2]}xx"
    await refused(yard, wrong)
    socket = await yard.dial(token)
    await received(socket)
    await socket.send_str(f'{{"type": "{token}"}}')
    await received(socket)
    await socket.close()
    assert "invalid authentication from" in caplog.text
    assert f"Requested URL: '{PATH}'" in caplog.text
    assert token not in caplog.text
    assert wrong not in caplog.text


async def test_without_rigs_there_is_no_door(yard: Yard) -> None:
    response = await yard.client.get(PATH)
    assert response.status == HTTPStatus.NOT_FOUND


async def test_who_speaks_no_websocket_is_told_so(yard: Yard) -> None:
    _, token = await yard.add()
    response = await yard.client.get(PATH, params={"token": token})
    assert response.status == HTTPStatus.BAD_REQUEST


async def test_nonsense_is_answered_and_does_no_harm(yard: Yard) -> None:
    rig = await yard.start()
    rig.simulated.faults.garbage()
    before = rig.coordinator.data
    await yard.live(10)
    assert "error" in {frame.type for frame in rig.agent.frames}
    assert rig.coordinator.data.connected
    assert rig.coordinator.data.cards == before.cards


async def test_a_second_agent_with_the_same_token_is_refused(yard: Yard) -> None:
    rig = await yard.start()
    socket = await yard.dial(rig.token)
    assert (await received(socket))["type"] == "error"
    assert await goodbye(socket) == 4004
    assert rig.agent.connected.is_set()


async def test_agents_are_sent_away_and_come_back_when_the_fleet_is_reloaded(
    hass: HomeAssistant, yard: Yard
) -> None:
    _, token = await yard.add()
    socket = await yard.dial(token)
    await received(socket)
    code, unloaded = await asyncio.gather(
        goodbye(socket), hass.config_entries.async_unload(yard.entry.entry_id)
    )
    assert unloaded
    assert code == 1001
    response = await yard.client.get(PATH)
    assert response.status == HTTPStatus.NOT_FOUND

    assert await hass.config_entries.async_setup(yard.entry.entry_id)
    assert yard.entry.state is ConfigEntryState.LOADED
    socket = await yard.dial(token)
    assert (await received(socket))["type"] == WELCOME


async def test_who_has_not_said_yet_who_they_are_gets_in_to_nothing_that_is_over(
    hass: HomeAssistant, yard: Yard
) -> None:
    _, token = await yard.add()
    socket = await yard.dial(None)
    assert await hass.config_entries.async_unload(yard.entry.entry_id)
    await socket.send_json({"type": "auth", "token": token})
    assert await goodbye(socket) == 1001


async def test_agents_are_sent_away_when_home_assistant_stops_and_not_let_in_again(
    hass: HomeAssistant, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    rig = await yard.start()
    _, token = await yard.add("Attic")
    socket = await yard.dial(token)
    await received(socket)
    hass.set_state(CoreState.stopping)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    assert await goodbye(socket) == 1001
    # It is back at once, and then waits longer each time: that is no storm.
    await until(lambda: bool(rig.agent.delays))
    assert rig.agent.attempts == 2
    assert await hass.config_entries.async_unload(yard.entry.entry_id)
    assert "Unable to remove" not in caplog.text
    hass.set_state(CoreState.running)


async def test_the_door_is_made_only_once(hass: HomeAssistant, yard: Yard) -> None:
    await yard.add()
    assert await hass.config_entries.async_reload(yard.entry.entry_id)
    routes = [
        route
        for route in hass.http.app.router.routes()
        if route.resource is not None and route.resource.canonical == PATH
    ]
    assert len({route.method for route in routes}) == len(routes)
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [yard.entry]
