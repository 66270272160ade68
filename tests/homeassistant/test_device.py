"""The miner's device, and the entities of parts that come and go."""

from typing import Any

import grpc
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from simulator import SimulatedMiner

from .conftest import SetUp
from .pools import give, group, pool
from .running import PassingTime, listened_to, poll, shown

MINUTE = 60


def entities(hass: HomeAssistant, entry: ConfigEntry[Any], part: str) -> set[str]:
    """Return which entities there are of a part, without what a miner has once."""
    return {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if f"_{part}:" in entity.unique_id
    }


def device(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dr.DeviceEntry:
    """Return the device of a miner."""
    registry = dr.async_get(hass)
    [found] = dr.async_entries_for_config_entry(registry, entry.entry_id)
    assert isinstance(found, dr.DeviceEntry)
    return found


async def review(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Poll as it is done once a minute."""
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)


async def test_a_fan_that_was_taken_out_is_gone_once_that_is_sure(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "fan")
    assert "sensor.antminer_s19k_pro_fan_3_speed" in before

    still_miner.machine.cooling.fans.pop()
    await pass_time(100, step=10)
    assert entities(hass, entry, "fan") == before

    await pass_time(160, step=10)
    gone = before - entities(hass, entry, "fan")
    assert {each for each in before if "_fan_3_" in each} == gone
    assert hass.states.get("sensor.antminer_s19k_pro_fan_3_speed") is None


async def test_looks_that_follow_each_other_at_once_make_nothing_sure(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "fan")
    still_miner.machine.cooling.fans.pop()
    for _ in range(5):
        await review(hass, entry)
    assert entities(hass, entry, "fan") == before


async def test_a_fan_that_is_put_back_has_its_entities_again(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "fan")
    fan = still_miner.machine.cooling.fans.pop()
    await pass_time(260, step=10)
    assert entities(hass, entry, "fan") < before

    still_miner.machine.cooling.fans.append(fan)
    await review(hass, entry)
    assert entities(hass, entry, "fan") == before


async def test_a_fan_that_is_not_listed_for_a_moment_stays(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "fan")
    fan = still_miner.machine.cooling.fans.pop()
    await pass_time(100, step=10)
    still_miner.machine.cooling.fans.append(fan)
    await review(hass, entry)
    still_miner.machine.cooling.fans.pop()
    await pass_time(100, step=10)
    assert entities(hass, entry, "fan") == before


async def test_a_miner_that_does_not_tell_of_its_fans_has_not_lost_them(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "fan")
    still_miner.faults.fail("GetCoolingState", code=grpc.StatusCode.UNIMPLEMENTED)
    for _ in range(5):
        await review(hass, entry)
    assert entities(hass, entry, "fan") == before


async def test_a_miner_that_is_stopped_has_not_lost_its_fans(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    before = entities(hass, entry, "fan")
    still_miner.machine.mining.stop()
    still_miner.machine.cooling.fans.clear()
    await pass_time(10 * MINUTE, step=10)
    assert shown(hass, "status") == "not_started"
    assert entities(hass, entry, "fan") == before


@pytest.mark.usefixtures("all_enabled")
async def test_pools_that_are_replaced_take_their_entities_along(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    before = entities(hass, entry, "pool")
    assert before
    give(still_miner, group("Only", pool("stratum+tcp://other.example:3333")))
    # What is gone has to be so for a while before its entities go as well.
    await pass_time(6 * MINUTE, step=10)
    after = entities(hass, entry, "pool")
    assert after.isdisjoint(before)
    assert all("other_example" in each for each in after)
    assert after


async def test_a_miner_that_cannot_tell_what_it_is_keeps_what_its_device_shows(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    before = device(hass, entry)
    assert before.model == "Antminer S19k Pro"

    still_miner.faults.fail("GetMinerDetails", code=grpc.StatusCode.INTERNAL)
    entry.runtime_data._agenda.begin_anew()
    await pass_time(2 * MINUTE, step=10)
    assert entry.runtime_data.data.snapshot.details is None
    after = device(hass, entry)
    assert (after.model, after.sw_version) == (before.model, before.sw_version)
