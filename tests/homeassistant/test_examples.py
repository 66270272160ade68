"""The blueprints and the automations of the documents do what is said of them."""

from datetime import timedelta
from pathlib import Path
import re
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.happenings import What
from custom_components.braiins_fleet.rig_happenings import What as OfRig
from simulator import SimulatedMiner

from .conftest import SetUp
from .running import fall_silent, poll

ROOT = Path(__file__).parents[2]
BLUEPRINTS = ROOT / "blueprints/automation" / DOMAIN
EXAMPLES = re.findall(
    r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
)
AUTOMATION = "automation"
MINER = "antminer_s19k_pro"
TELL = [{"event": "told", "event_data": {"message": "{{ message }}"}}]


async def use(hass: HomeAssistant, blueprint: str, **inputs: Any) -> list[Any]:
    """Make an automation from a blueprint; returns what it is going to tell."""
    shutil.copytree(
        BLUEPRINTS, Path(hass.config.path("blueprints", AUTOMATION, DOMAIN))
    )
    automation = {
        "id": "told",
        "use_blueprint": {"path": f"{DOMAIN}/{blueprint}.yaml", "input": inputs},
    }
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: automation})
    await hass.async_block_till_done()
    assert [state.state for state in hass.states.async_all(AUTOMATION)] == ["on"]
    told: list[Any] = async_capture_events(hass, "told")
    return told


def messages(told: list[Any]) -> list[str]:
    return [event.data["message"] for event in told]


async def test_a_blueprint_tells_what_happens_to_a_miner(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    told = await use(hass, "miner_event", miners=[f"event.{MINER}_event"], then=TELL)
    still_miner.faults.block()
    await poll(hass, entry)
    still_miner.faults.broken_fan()
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    block, error = messages(told)
    assert block == "Antminer S19k Pro has found a block!"
    assert error.startswith("Antminer S19k Pro reports an error: ")
    assert len(error) > len("Antminer S19k Pro reports an error: ")


@pytest.mark.parametrize("kind", [*What, *OfRig])
async def test_a_blueprint_has_a_sentence_for_every_kind_of_event(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, kind: What | OfRig
) -> None:
    await set_up(still_miner)
    entity = f"event.{MINER}_event"
    told = await use(
        hass, "miner_event", miners=[entity], kinds=[kind.value], then=TELL
    )
    hass.states.async_set(entity, "2026-11-01", {"event_type": kind.value})
    await hass.async_block_till_done()
    (message,) = messages(told)
    assert re.fullmatch(
        r"Antminer S19k Pro (has|had|reports|no longer|did not|can no longer) .+",
        message,
    )


async def test_a_blueprint_is_silent_about_other_events(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    told = await use(
        hass,
        "miner_event",
        miners=[f"event.{MINER}_event"],
        kinds=["rebooted"],
        then=TELL,
    )
    still_miner.faults.block()
    await poll(hass, entry)
    assert messages(told) == []


async def test_a_blueprint_tells_that_a_miner_is_away_and_back(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    entry = await set_up(still_miner, options={"tolerated_misses": 1})
    told = await use(
        hass,
        "miner_away",
        miners=[f"binary_sensor.{MINER}_reachable"],
        when_away=TELL,
        when_back=TELL,
    )
    fall_silent(still_miner)
    await poll(hass, entry)
    for minutes in (4, 2):
        assert messages(told) == []
        freezer.tick(timedelta(minutes=minutes))
        async_fire_time_changed(hass, dt_util.utcnow())
        await hass.async_block_till_done()
    assert messages(told) == ["Antminer S19k Pro does not answer"]

    still_miner.faults.clear()
    await poll(hass, entry)
    assert messages(told)[1:] == ["Antminer S19k Pro is back"]


@pytest.mark.parametrize("example", EXAMPLES)
async def test_home_assistant_takes_the_examples_of_the_readme(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, example: str
) -> None:
    await set_up(still_miner)
    assert await async_setup_component(hass, AUTOMATION, {})
    automation = parse_yaml(example)
    assert isinstance(automation, dict)
    for entity_id in re.findall(rf"\b\w+\.{MINER}\w+", example):
        assert hass.states.get(entity_id) is not None
    found = await async_validate_config_item(hass, "example", automation)
    assert found is not None
    assert found.validation_error is None
