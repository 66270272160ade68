"""Every entity of every kind of miner, as Home Assistant knows and shows it."""

from collections.abc import Mapping

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from simulator import MODELS

from .conftest import SetUp, StartMiner

# One at a time, so that each has a snapshot of its own.
PLATFORMS = [
    Platform.BUTTON,
    Platform.FAN,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]
MINORS = range(12)
# The one is too old to have its fans set, the other has none.
NOTHING = {(Platform.FAN, "s19"), (Platform.FAN, "s21_hydro")}

# What came with which version of the API; before that there is nothing to show.
SINCE: Mapping[Platform, Mapping[str, int]] = {
    Platform.FAN: {"cooling_fans": 4},
    Platform.NUMBER: {
        "dangerous_temperature": 4,
        "dps_start_percent": 9,
        "hot_temperature": 4,
        "max_fan_speed": 4,
        "min_fan_speed": 4,
        "power_target": 0,
        "ramp_down": 7,
        "ramp_up": 7,
        "required_fans": 4,
        "target_temperature": 4,
    },
    Platform.SELECT: {"cooling": 0, "dps_mode": 4, "paused_fans": 9, "tuning": 0},
    Platform.SWITCH: {"auto_upgrade": 8, "locate": 0, "mining": 0},
    Platform.SENSOR: {
        "board:1_board_inlet_temperature": 5,
        "board:1_board_outlet_temperature": 5,
        "errors": 2,
        "ip_address": 1,
        "last_share": 1,
        "network_protocol": 1,
    },
}

pytestmark = [
    # Of the simulated clock; deadlines and timers are those of the real one.
    pytest.mark.freeze_time("2026-09-21 14:13:20", ignore=["grpc", "asyncio"]),
    pytest.mark.usefixtures("all_enabled"),
]


@pytest.fixture(params=PLATFORMS)
def platform(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Platform:
    """Have entities of one kind only."""
    kind = Platform(request.param)
    monkeypatch.setattr("custom_components.braiins_fleet.PLATFORMS", [kind])
    return kind


@pytest.mark.parametrize("model", MODELS)
async def test_the_entities_of_each_model(
    *,
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    start_miner: StartMiner,
    set_up: SetUp,
    platform: Platform,
    model: str,
) -> None:
    entry = await set_up(await start_miner(model))
    if (platform, model) in NOTHING:
        assert not er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        return
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize("minor", MINORS)
async def test_the_entities_of_each_version_of_the_api(
    *,
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    start_miner: StartMiner,
    set_up: SetUp,
    platform: Platform,
    minor: int,
) -> None:
    entry = await set_up(await start_miner("s19j_pro", api=minor))
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)

    states = {
        entity.entity_id: hass.states.get(entity.entity_id) for entity in entities
    }
    shown = {name: state and state.state for name, state in sorted(states.items())}
    assert shown == snapshot

    present = {entity.unique_id.partition("_")[2] for entity in entities}
    for key, since in SINCE.get(platform, {}).items():
        assert (key in present) is (minor >= since)
