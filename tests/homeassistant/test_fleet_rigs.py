"""What GPU rigs add to the fleet: totals, diagnostics, system health, and no more."""

import json
from typing import Any

from homeassistant.const import CONF_NAME, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (  # type: ignore[import-untyped]  # has no types
    get_diagnostics_for_config_entry,
)

from custom_components.braiins_fleet import fleet_sensor
from custom_components.braiins_fleet.const import DOMAIN

from .conftest import SetUp, StartMiner
from .rigging import Yard
from .test_fleet import number, total
from .test_rig import connect, measure, miner, tell


async def settle(yard: Yard) -> None:
    """Wait until the totals are made anew."""
    await yard.live(24, step=6)


async def test_the_fleet_adds_up_its_rigs(hass: HomeAssistant, yard: Yard) -> None:
    assert total(hass, "gpu_rigs") is None
    rigs = [
        await yard.start("rtx3080", "rtx3080"),
        await yard.start("rx6800xt", name="Attic"),
    ]
    off = await yard.start("rtx4070", name="Cellar")
    await off.leave()
    await settle(yard)
    assert total(hass, "gpu_rigs") == "3"
    assert total(hass, "gpu_rigs_connected") == "2"
    assert total(hass, "gpus") == "3"
    watts = sum(rig.machine.watts for rig in rigs)
    assert number(total(hass, "power")) == pytest.approx(watts, abs=4)
    rate = sum(rig.machine.hashrate for rig in rigs) / 1e6
    assert number(total(hass, "rig_hashrate_kawpow")) == pytest.approx(rate, rel=0.02)
    # What miners hash is something else.
    assert total(hass, "hashrate") == "unknown"


async def test_hashrates_are_told_apart_by_algorithm(
    hass: HomeAssistant, yard: Yard
) -> None:
    sockets = []
    for name in ("KAWPOW", "kawpow", "etchash"):
        rig_id, socket = await connect(yard)
        await tell(yard, rig_id, socket, **miner(name, 40e6))
        sockets.append((rig_id, socket))
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("rx/0", 5000.0))
    await yard.pass_time(6, step=6)
    assert number(total(hass, "rig_hashrate_etchash")) == 40
    assert number(total(hass, "rig_hashrate_kawpow")) == 80
    state = hass.states.get("sensor.mining_fleet_rig_hashrate_randomx")
    assert state is not None
    assert float(state.state) == 5
    assert state.attributes["unit_of_measurement"] == "kH/s"
    # Another software has another name for the same, and one that ends leaves zero.
    await tell(yard, *sockets[2], **miner("daggerhashimoto", 30e6))
    await tell(yard, rig_id, socket, **miner("RandomX", 4000.0))
    await yard.pass_time(6, step=6)
    assert number(total(hass, "rig_hashrate_etchash")) == 0
    assert number(total(hass, "rig_hashrate_ethash")) == 30
    assert number(total(hass, "rig_hashrate_randomx")) == 4


async def test_an_algorithm_without_a_name_that_can_be_kept_is_that_of_its_software(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("算法", 40e6))
    await yard.pass_time(6, step=6)
    assert number(total(hass, "rig_hashrate_lolminer")) == 40


async def test_an_algorithm_that_nobody_mines_now_is_there_after_a_restart(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("kawpow", 40e6))
    await yard.pass_time(6, step=6)
    assert number(total(hass, "rig_hashrate_kawpow")) == 40
    await hass.config_entries.async_reload(yard.entry.entry_id)
    await yard.pass_time(6, step=6)
    assert number(total(hass, "rig_hashrate_kawpow")) == 0


async def test_an_agent_that_makes_up_algorithms_gets_no_sensors_without_end(
    hass: HomeAssistant, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_sensor, "_MOST_ALGORITHMS", 3)
    rig_id, socket = await connect(yard)
    for made_up in range(5):
        await tell(yard, rig_id, socket, **miner(f"made-up-{made_up}", 40e6))
        await yard.pass_time(6, step=6)
    found = [
        state
        for state in hass.states.async_all("sensor")
        if state.entity_id.startswith("sensor.mining_fleet_rig_hashrate_")
    ]
    assert len(found) == 3


async def test_miners_and_rigs_count_together_and_by_area(
    *,
    hass: HomeAssistant,
    yard: Yard,
    start_miner: StartMiner,
    set_up: SetUp,
    area_registry: ar.AreaRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await set_up(await start_miner())
    rig = await yard.start("rtx3080")
    loft = area_registry.async_create("Loft")
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, rig.rig_id), yard.entry.entry_id
    )
    assert device is not None
    device_registry.async_update_device(device.id, area_id=loft.id)
    await settle(yard)
    state = hass.states.get("sensor.mining_fleet_power")
    assert state is not None
    assert float(state.state) == pytest.approx(2762 + rig.machine.watts, abs=15)
    [(name, area)] = state.attributes["areas"].items()
    assert name == "Loft"
    assert area["power"] == pytest.approx(rig.machine.watts, abs=2)
    assert area["rigs_connected"] == 1
    assert area["miners_reachable"] == 0
    assert area["hashrate"] is None


async def test_the_energy_of_rigs_is_that_of_the_fleet_too(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rtx3080")
    await yard.live(1800, step=30)
    assert number(total(hass, "energy")) == pytest.approx(
        rig.coordinator.data.energy, abs=0.02
    )
    assert number(total(hass, "energy")) > 0.1


async def test_a_change_of_one_rig_reloads_nothing(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    before = yard.entry.runtime_data
    rig_id, _ = await yard.add("Attic")
    hass.config_entries.async_update_subentry(
        yard.entry, yard.entry.subentries[rig_id], title="Cellar"
    )
    hass.config_entries.async_remove_subentry(yard.entry, rig_id)
    await hass.async_block_till_done()
    assert yard.entry.runtime_data is before
    assert rig.agent.attempts == 1


async def test_an_action_for_a_rig_reaches_no_miner(
    hass: HomeAssistant, yard: Yard, start_miner: StartMiner, set_up: SetUp
) -> None:
    simulated = await start_miner()
    await set_up(simulated)
    rig = await yard.start("rtx3080")
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, rig.rig_id), yard.entry.entry_id
    )
    assert device is not None
    for target in (
        {"device_id": device.id},
        {"entity_id": "sensor.garage_power"},
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await hass.services.async_call(
                DOMAIN, "stop", {}, target=target, blocking=True
            )
        assert refused.value.translation_key == "no_miners"


@pytest.fixture
async def _diagnostics_can_be_fetched(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "diagnostics", {})


@pytest.mark.usefixtures("_diagnostics_can_be_fetched")
async def test_diagnostics_tell_of_rigs_and_not_whose_they_are(
    hass: HomeAssistant, yard: Yard, hass_client: Any
) -> None:
    rig_id, socket = await connect(yard)
    pool = "stratum+tcp://pool.example.com:3333/?user=RWalletOfSomebody"
    await tell(yard, rig_id, socket, **miner("kawpow", 45e6, pool=pool))
    await measure(yard, rig_id, socket, cpu={"temperature": 50})
    told = await get_diagnostics_for_config_entry(hass, hass_client, yard.entry)
    [rig] = told["rigs"]
    assert rig["times_connected"] == 1
    assert rig["bad_messages"] == 0
    assert rig["rig"]["state"]["cpu"]["temperature"] == 50
    assert rig["rig"]["state"]["miners"][0]["hashrate"] == 45e6
    text = json.dumps(told)
    assert "RWalletOfSomebody" not in text
    assert yard.entry.subentries[rig_id].data["token_hash"] not in text


async def test_system_health_counts_the_rigs_that_are_connected(
    hass: HomeAssistant, yard: Yard
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await yard.start("rtx3080")
    await yard.add("Attic")
    info = await get_system_health_info(hass, DOMAIN)
    assert info["rigs_connected"] == "1 / 2"


async def test_what_is_known_of_rigs_that_were_removed_meanwhile_is_forgotten(
    hass: HomeAssistant, hass_storage: dict[str, Any], add_fleet: Any
) -> None:
    hass_storage[f"{DOMAIN}.rigs"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.rigs",
        "data": {"cards": {"gone": []}, "issued": ["a"]},
    }
    await add_fleet()
    memory = hass.data[DOMAIN].rigs
    assert not memory.knows("gone")
    assert memory.was_issued("a")


async def test_the_dialog_works_while_nothing_is_loaded(
    hass: HomeAssistant, yard: Yard
) -> None:
    """The fleet may be switched off while somebody adds a rig to it."""
    await hass.config_entries.async_unload(yard.entry.entry_id)
    del hass.data[DOMAIN]
    form = await hass.config_entries.subentries.async_init(
        (yard.entry.entry_id, "rig"), context={"source": "user"}
    )
    form = await yard.send(form, {CONF_NAME: "Garage", CONF_URL: yard.url})
    assert (await yard.send(form, {}))["type"] == "create_entry"
