"""What is said of a miner's firmware."""

from dataclasses import replace
from typing import Any

from homeassistant.components.update import UpdateEntityFeature
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
import pytest

from custom_components.braiins_fleet import async_setup
from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from simulator import SimulatedMiner

from .actions import without
from .conftest import SetUp, StartMiner
from .controlling import act, look
from .images import list_firmware, put
from .running import poll, until
from .updating import PLATFORM

ENTITY = "update.antminer_s19k_pro_firmware"
PROGRESS = UpdateEntityFeature.PROGRESS
INSTALLABLE = (
    PROGRESS | UpdateEntityFeature.INSTALL | UpdateEntityFeature.SPECIFIC_VERSION
)


def offered(hass: HomeAssistant) -> tuple[str, str | None, int, str | None]:
    """Return what a person is offered, and told about it."""
    state = look(hass, ENTITY)
    return (
        state.state,
        state.attributes["latest_version"],
        state.attributes["supported_features"],
        state.attributes["release_summary"],
    )


async def test_the_firmware_that_is_installed_is_known_and_a_newer_one_is_not(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    state = hass.states.get(ENTITY)
    assert state is not None
    assert state.state == STATE_UNKNOWN
    firmware = still_miner.machine.firmware
    told = {
        name: state.attributes[name]
        for name in (
            "api_version",
            "build",
            "device_class",
            "installed_version",
            "latest_version",
            "supported_features",
            "title",
        )
    }
    assert told == {
        "api_version": "1.11.0",
        "build": firmware.build,
        "device_class": "firmware",
        "installed_version": firmware.release,
        "latest_version": None,
        # Of an installation, should there be one.
        "supported_features": 4,
        "title": "Braiins OS",
    }


async def test_another_firmware_is_noticed_when_the_miner_is_back(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner(api=10)
    entry = await set_up(miner)
    before = hass.states.get(ENTITY)
    assert before is not None
    assert before.attributes["installed_version"] == "26.04"
    assert before.attributes["api_version"] == "1.10.0"

    miner.faults.refuse()
    await miner.settled()
    for _ in range(3):
        await poll(hass, entry)
    away = hass.states.get(ENTITY)
    assert away is not None
    assert away.state == STATE_UNAVAILABLE

    async with SimulatedMiner(api=11) as newer:
        miner.machine.install(newer.machine.firmware)
    miner.faults.clear()
    await miner.settled()
    await until(lambda: hass.states.is_state(ENTITY, STATE_UNKNOWN))
    after = hass.states.get(ENTITY)
    assert after is not None
    assert after.attributes["installed_version"] == "26.05"
    assert after.attributes["api_version"] == "1.11.0"
    entity = entity_registry.async_get(ENTITY)
    assert entity is not None
    assert entity.entity_category is EntityCategory.DIAGNOSTIC


async def test_what_stays_the_same_is_not_written_again(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    before = hass.states.get(ENTITY)
    assert before is not None
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    after = hass.states.get(ENTITY)
    assert after is before
    assert after.last_reported == before.last_reported


async def test_the_newest_image_for_the_platform_is_offered(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=10))
    put(hass, "26.01", PLATFORM)
    put(hass, "26.08", "zynq-bm3-am2")
    await list_firmware(hass)
    # There is one, if none that is newer.
    assert offered(hass) == (STATE_OFF, "26.04", INSTALLABLE, None)
    put(hass, "26.05.1", PLATFORM)
    newest = put(hass, "26.05.2", PLATFORM)
    await list_firmware(hass)
    assert offered(hass) == (STATE_ON, "26.05.2", INSTALLABLE, None)
    newest.write_bytes(newest.read_bytes()[:700])
    await list_firmware(hass)
    assert offered(hass) == (STATE_ON, "26.05.1", INSTALLABLE, None)
    attributes = look(hass, ENTITY).attributes
    assert attributes["platform"] == PLATFORM


async def test_an_old_miner_is_offered_nothing_to_install_and_says_why(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=9))
    put(hass, "26.05", PLATFORM)
    await list_firmware(hass)
    state, latest, features, summary = offered(hass)
    # That there is something newer is true nevertheless.
    assert (state, latest, features) == (STATE_ON, "26.05", PROGRESS)
    assert summary == (
        "Home Assistant can update miners from Braiins OS 26.04 on. Update this one "
        "with its own web page first."
    )
    with pytest.raises(HomeAssistantError):
        await act(hass, "update.install", ENTITY)


async def test_what_another_miner_of_the_kind_runs_is_mentioned(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=10))
    await set_up(await start_miner(api=11, seed=2))
    await set_up(await start_miner("s19j_pro", api=11))
    said = (
        "Antminer S19k Pro runs 26.05 already. To install it here, add its image to "
        "the firmware library."
    )
    assert offered(hass) == (STATE_ON, "26.05", PROGRESS, said)
    put(hass, "26.04.1", PLATFORM)
    await list_firmware(hass)
    assert offered(hass) == (STATE_ON, "26.04.1", INSTALLABLE, said)
    put(hass, "26.05", PLATFORM)
    await list_firmware(hass)
    assert offered(hass) == (STATE_ON, "26.05", INSTALLABLE, None)
    # The other one has nothing to learn from this one.
    assert look(hass, f"{ENTITY}_2").attributes["release_summary"] is None


async def test_a_miner_that_is_removed_is_an_example_no_more(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=10))
    other = await set_up(await start_miner(api=11, seed=2))
    assert offered(hass)[1] == "26.05"
    await hass.config_entries.async_remove(other.entry_id)
    await hass.async_block_till_done()
    assert offered(hass)[:2] == (STATE_UNKNOWN, None)


async def test_the_versions_of_a_miner_are_remembered(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(api=10)
    entry = await set_up(miner)
    before = look(hass, ENTITY).attributes["history"]
    assert [(each["version"], each["build"]) for each in before] == [
        ("26.04", miner.machine.firmware.build)
    ]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    async with SimulatedMiner(api=11) as newer:
        miner.machine.install(newer.machine.firmware)
    # Home Assistant starts anew.
    await async_setup(hass, {})
    assert hass.data[FARM].versions.of(entry.entry_id) == before
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    after = look(hass, ENTITY).attributes["history"]
    assert [each["version"] for each in after] == ["26.05", "26.04"]
    assert after[1:] == before


async def test_a_miner_that_does_not_tell_its_version_has_no_history(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetMinerDetails", "bos_version")
    await set_up(still_miner)
    state = look(hass, ENTITY)
    assert state.state == STATE_UNKNOWN
    assert state.attributes["history"] == []


async def test_a_build_that_is_of_another_release_is_another_version(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(api=10))
    versions = hass.data[FARM].versions
    assert versions.previous(entry.entry_id, "26.04") is None
    details = entry.runtime_data.data.snapshot.details
    versions.note(entry.entry_id, replace(details, release="26.05", firmware="new"))
    # The same again is no news.
    versions.note(entry.entry_id, replace(details, release="26.05", firmware="new"))
    assert [each["version"] for each in versions.of(entry.entry_id)] == [
        "26.05",
        "26.04",
    ]
    assert versions.previous(entry.entry_id, "26.05") == "26.04"


async def test_the_history_of_miners_that_are_gone_is_cleared_away_at_the_start(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(api=10))
    kept = hass.data[FARM].versions.of(entry.entry_id)
    gone = {"platform": PLATFORM.replace("-", "_"), "versions": kept}
    await Store[Any](hass, 1, f"{DOMAIN}.firmware_history").async_save(
        {entry.entry_id: gone, "gone": gone}
    )
    assert await hass.config_entries.async_unload(entry.entry_id)
    await async_setup(hass, {})
    versions = hass.data[FARM].versions
    assert versions.of(entry.entry_id) == kept
    assert versions.of("gone") == []
    # One that there is no history of is forgotten without a trace.
    versions.forget("never seen")
    assert versions.of("never seen") == []


async def test_a_miner_that_is_away_from_the_start_keeps_its_history(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(api=10)
    entry = await set_up(miner)
    kept = hass.data[FARM].versions.of(entry.entry_id)
    miner.faults.refuse()
    await miner.settled()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.data[FARM].versions.of(entry.entry_id) == kept
