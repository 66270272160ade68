"""The mining software of rigs: what is installed, what is newer, and replacing it."""

import asyncio
from typing import Any

from homeassistant.components.update import UpdateEntityFeature
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest

from simulator.rigs import GitHub

from .controlling import act, said
from .rig_orders import BY, keep_sheet, note_failures, order, told
from .rigging import Rigged, Yard
from .running import until
from .test_rig import connect, miner, tell
from .test_rig_actions import ask, device_of

T_REX, LOLMINER = "update.garage_t_rex", "update.garage_lolminer"
SRBMINER = "update.garage_srbminer"
REPLACED = ["install_miner", "uninstall_miner", "install_miner"]


def look(hass: HomeAssistant, entity_id: str) -> State:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def versions(hass: HomeAssistant, entity_id: str) -> tuple[str | None, str | None]:
    """Return which version is installed, and which is the newest."""
    attributes = look(hass, entity_id).attributes
    return attributes["installed_version"], attributes["latest_version"]


def can_install(hass: HomeAssistant, entity_id: str) -> bool:
    features: int = look(hass, entity_id).attributes["supported_features"]
    return bool(features & UpdateEntityFeature.INSTALL)


def summary(hass: HomeAssistant, entity_id: str) -> str:
    said: str | None = look(hass, entity_id).attributes["release_summary"]
    return said or ""


async def releases_come(yard: Yard, seconds: float = 200) -> None:
    """Wait until it is time to ask for releases, and for what is answered."""
    releases = yard.entry.runtime_data.releases
    # Each refresh ends with the plan for the next.
    planned = releases._unsub_refresh
    await yard.live(seconds)
    await until(lambda: releases._unsub_refresh not in (None, planned))
    await yard.hass.async_block_till_done()


async def mines_with_srbminer(yard: Yard) -> Rigged:
    """Have a rig that runs software that the agent can install and start."""
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard, software="srbminer", worker="", wallet="RSomeWallet.%RIG%")
    rigged.machine.launch({"name": "srbminer", "algorithm": "kawpow", "pool": "p:1"})
    rigged.machine.warm_up()
    await yard.live(20)
    await releases_come(yard)
    return rigged


async def test_what_runs_has_an_update_that_tells_of_newer_releases(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    await yard.start("rtx3080", "rx6800xt")
    assert look(hass, LOLMINER).state == STATE_UNKNOWN
    assert github.asked == []
    await releases_come(yard)
    assert look(hass, LOLMINER).state == STATE_ON
    assert versions(hass, LOLMINER) == ("1.88", "1.98a")
    attributes = look(hass, LOLMINER).attributes
    assert attributes["title"] == "lolMiner"
    assert attributes["release_url"] == (
        "https://github.com/Lolliedieb/lolMiner-releases/releases/tag/1.98a"
    )
    assert github.asked == ["Lolliedieb/lolMiner-releases"]
    assert hass.states.get(T_REX) is None


@pytest.mark.usefixtures("github")
async def test_what_is_the_newest_is_up_to_date(
    hass: HomeAssistant, yard: Yard
) -> None:
    await yard.start("rtx3080")
    await releases_come(yard)
    assert look(hass, T_REX).state == STATE_OFF
    assert versions(hass, T_REX) == ("0.26.8", "0.26.8")
    assert summary(hass, T_REX) == ""


@pytest.mark.usefixtures("github")
async def test_software_that_the_agent_could_not_start_is_not_installed(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080", "rx6800xt")
    await releases_come(yard)
    assert not can_install(hass, LOLMINER)
    assert "cannot start what it installs of lolMiner" in summary(hass, LOLMINER)
    with pytest.raises(HomeAssistantError):
        await act(hass, "update.install", LOLMINER)
    assert told(rigged) == []


async def test_nothing_is_installed_where_the_agent_finds_no_file(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    github.answers["doktor83/SRBMiner-Multi"]["assets"] = [
        {"name": "SRBMiner-Multi-2-7-6-Linux.tar.gz"}
    ]
    await mines_with_srbminer(yard)
    assert look(hass, SRBMINER).state == STATE_ON
    assert not can_install(hass, SRBMINER)
    assert "finds nothing in the newest release" in summary(hass, SRBMINER)


@pytest.mark.usefixtures("github")
async def test_a_newer_release_replaces_the_folder_and_runs_after_a_restart(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await mines_with_srbminer(yard)
    # An older one lies there, and the agent would leave it at that.
    rigged.machine.folders["srbminer"] = "2.7.5"
    assert versions(hass, SRBMINER) == ("2.7.5", "2.7.6")
    assert can_install(hass, SRBMINER)
    assert "without checking a signature" in summary(hass, SRBMINER)

    installing = asyncio.ensure_future(order(yard, "update.install", SRBMINER))
    await until(lambda: look(hass, SRBMINER).attributes["in_progress"])
    assert look(hass, SRBMINER).attributes["update_percentage"] is None
    await installing
    assert told(rigged) == REPLACED
    assert rigged.machine.folders == {"srbminer": "2.7.6"}
    assert look(hass, SRBMINER).attributes["in_progress"] is False
    # What runs is what ran before.
    assert versions(hass, SRBMINER) == ("2.7.5", "2.7.6")
    assert "Restart mining" in summary(hass, SRBMINER)
    assert not can_install(hass, SRBMINER)

    rigged.machine.saved = {"name": "srbminer", "algorithm": "kawpow", "pool": "p:1"}
    await order(yard, "button.press", "button.garage_restart_mining_software")
    await yard.live(60)
    assert look(hass, SRBMINER).state == STATE_OFF
    assert versions(hass, SRBMINER) == ("2.7.6", "2.7.6")
    assert summary(hass, SRBMINER) == ""
    assert can_install(hass, SRBMINER)


@pytest.mark.usefixtures("github")
async def test_a_failed_download_leaves_what_there_was(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await mines_with_srbminer(yard)
    rigged.machine.folders["srbminer"] = "2.7.5"
    rigged.machine.online = False
    failures = note_failures(hass)
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "update.install", SRBMINER)
    assert said(failed.value)[0] == "rig_refused"
    assert "no such host" in str(failed.value)
    assert told(rigged) == ["install_miner"]
    assert rigged.machine.folders == {"srbminer": "2.7.5"}
    assert [each["command"] for each in failures] == ["install_miner"]
    assert look(hass, SRBMINER).attributes["in_progress"] is False
    assert can_install(hass, SRBMINER)


@pytest.mark.usefixtures("github")
async def test_one_that_was_deleted_and_cannot_be_fetched_again_is_told(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await mines_with_srbminer(yard)
    uninstall = rigged.machine.uninstall

    def and_lose_the_internet(name: str) -> None:
        uninstall(name)
        rigged.machine.online = False

    rigged.machine.uninstall = and_lose_the_internet  # type: ignore[method-assign]  # a fault
    failures = note_failures(hass)
    with pytest.raises(HomeAssistantError) as failed:
        await order(yard, "update.install", SRBMINER)
    assert said(failed.value)[0] == "rig_software_lost"
    assert len(failures) == 1
    assert hass.states.get(SRBMINER) is None


@pytest.mark.usefixtures("github")
async def test_what_was_installed_is_there_until_it_is_uninstalled(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080")
    rig = {"device_id": [device_of(rigged)]}
    await ask(yard, "install_miner", rig, software="xmrig")
    await releases_come(yard)
    xmrig = "update.garage_xmrig"
    # Which version it is, nobody knows before it runs.
    assert versions(hass, xmrig) == (None, "6.22.2")
    assert look(hass, xmrig).state == STATE_UNKNOWN
    await ask(yard, "uninstall_miner", rig, software="xmrig")
    assert hass.states.get(xmrig) is None
    assert er.async_get(hass).async_get(xmrig) is None
    await ask(yard, "install_miner", rig, software="xmrig")
    assert look(hass, xmrig).state == STATE_UNKNOWN


async def test_what_was_uninstalled_may_run_on_and_stays_away(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080")
    rigged.machine.folders["t-rex"] = "0.26.8"
    rig = {"device_id": [device_of(rigged)]}
    assert hass.states.get(T_REX) is not None
    await ask(yard, "uninstall_miner", rig, software="t-rex")
    await yard.live(30)
    assert hass.states.get(T_REX) is None
    # It is started again: so there is one, wherever that is.
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    await ask(yard, "restart_mining", rig)
    await yard.live(60)
    assert hass.states.get(T_REX) is not None


async def test_what_somebody_deleted_by_hand_can_be_forgotten(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080")
    rigged.machine.processes.clear()
    await yard.live(20)
    assert hass.states.get(T_REX) is not None
    rig = {"device_id": [device_of(rigged)]}
    answer = await ask(yard, "uninstall_miner", rig, software="t-rex")
    assert "is not installed" in answer["rigs"][0]["error"]
    assert hass.states.get(T_REX) is None


async def test_what_runs_from_elsewhere_is_not_forgotten(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080")
    rig = {"device_id": [device_of(rigged)]}
    answer = await ask(yard, "uninstall_miner", rig, software="t-rex")
    assert not answer["rigs"][0]["ok"]
    assert hass.states.get(T_REX) is not None


async def test_it_is_known_after_a_restart_and_unavailable_while_the_rig_is_away(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080")
    await rigged.leave()
    await yard.live(20)
    assert look(hass, T_REX).state == STATE_UNAVAILABLE
    assert await hass.config_entries.async_reload(yard.entry.entry_id)
    await hass.async_block_till_done()
    assert look(hass, T_REX).state == STATE_UNAVAILABLE
    assert look(hass, T_REX).attributes.get("restored") is None


async def test_what_only_bears_a_name_is_no_software(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, name="xmrig", running=True, version="")
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, name="quickminer"))
    assert hass.states.async_entity_ids("update") == []


@pytest.mark.usefixtures("github")
async def test_a_version_that_cannot_be_compared_is_not_claimed_to_be_old(
    hass: HomeAssistant, yard: Yard
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    rigged.machine.launch({"name": "xmrig"}).version = "6.20.0-dev"
    await yard.live(20)
    await releases_come(yard)
    assert versions(hass, "update.garage_xmrig") == ("6.20.0-dev", None)
    assert look(hass, "update.garage_xmrig").state == STATE_UNKNOWN


@pytest.mark.usefixtures("github")
async def test_only_administrators_install(
    hass: HomeAssistant, yard: Yard, hass_read_only_user: Any
) -> None:
    rigged = await mines_with_srbminer(yard)
    hass_read_only_user.mock_policy({"entities": True})
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "update",
            "install",
            {"entity_id": SRBMINER},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert told(rigged) == []
