"""What Home Assistant's page of system health says of the fleet."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    get_system_health_info,
)

from custom_components.braiins_fleet.const import DOMAIN

from .conftest import MakeEntry, SetUp, StartMiner
from .running import poll


@pytest.fixture(autouse=True)
async def _system_health(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "system_health", {})


async def health(hass: HomeAssistant) -> dict[str, Any]:
    info: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    return info


async def test_it_counts_who_can_be_reached(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, add_entry: MakeEntry
) -> None:
    here = [await start_miner(model) for model in ("s19", "s19k_pro")]
    for miner in here:
        await set_up(miner)
    gone = await start_miner("s21", api=11)
    entry = await set_up(gone)
    gone.faults.refuse()
    await gone.settled()
    for _ in range(3):
        await poll(hass, entry)
    never_seen = await start_miner("bmm_101")
    never_seen.faults.refuse()
    await never_seen.settled()
    await hass.config_entries.async_setup(add_entry(never_seen).entry_id)

    told = await health(hass)
    assert 0 < told.pop("slowest_poll") < 5000
    assert told == {
        "miners_reachable": "2 / 4",
        "rigs_connected": "0 / 0",
        "api_versions": "1.0.0, 1.11.0",
    }


async def test_a_fleet_without_miners_is_healthy(
    hass: HomeAssistant, add_fleet: Any
) -> None:
    await add_fleet()
    assert await health(hass) == {
        "miners_reachable": "0 / 0",
        "rigs_connected": "0 / 0",
        "slowest_poll": 0,
        "api_versions": "",
    }
