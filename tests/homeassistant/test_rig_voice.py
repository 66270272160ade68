"""Speaking with rigs: what they do then, and what is said to that."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.braiins_fleet.const import DOMAIN

from .rig_orders import BY, commands_end, keep_sheet, told, while_living
from .rigging import Yard
from .speaking import hear, learn


@pytest.fixture
async def _learned(hass: HomeAssistant) -> None:
    """Listen before rigs are let in, as the house cannot be added to after that."""
    await learn(hass)


@pytest.mark.usefixtures("_learned")
async def test_home_assistant_itself_switches_a_rig_by_its_name(yard: Yard) -> None:
    rig = await yard.start("rtx3080", name="Attic rig")
    rig.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    for sentence, said, kind in (
        ("turn off the attic rig", "Turned off the switch", "stop_miner"),
        ("turn on the attic rig", "Turned on the switch", "start_miner"),
    ):
        assert await while_living(yard, hear(yard.hass, sentence)) == said
        await commands_end(rig)
        assert told(rig)[-1] == kind


async def test_the_switch_of_a_rig_from_before_keeps_its_id(yard: Yard) -> None:
    rig_id, token = await yard.add("Attic rig")
    registry = er.async_get(yard.hass)
    known_as = f"{rig_id}_rig_mining_on"
    fresh = registry.async_get_entity_id(Platform.SWITCH, DOMAIN, known_as)
    assert fresh == "switch.attic_rig"
    registry.async_update_entity(fresh, new_entity_id="switch.attic_rig_mining")
    await yard.hass.config_entries.async_reload(yard.entry.entry_id)
    await yard.simulate(token)
    await yard.hass.async_block_till_done()
    kept = registry.async_get_entity_id(Platform.SWITCH, DOMAIN, known_as)
    assert kept == "switch.attic_rig_mining"
    state = yard.hass.states.get(kept)
    assert state is not None
    assert state.name == "Attic rig"
