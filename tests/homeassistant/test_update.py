"""What is said of a miner's firmware."""

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from simulator import SimulatedMiner

from .conftest import SetUp, StartMiner
from .running import poll, until

ENTITY = "update.antminer_s19k_pro_firmware"


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
