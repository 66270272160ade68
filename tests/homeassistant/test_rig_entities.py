"""Every entity of every kind of rig, as Home Assistant knows it."""

from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from simulator.rigs import Habits

from .rigging import Rigged, Yard

RIGS = {
    "nvidia": ("rtx3080",),
    "amd": ("rx6800xt",),
    "nvidia_and_amd": ("rtx3080", "rx6800xt"),
}
ON_THE_CPU = {"name": "xmrig", "algorithm": "rx/0", "pool": "xmr.example.com:3333"}


def entities(registry: er.EntityRegistry, rigged: Rigged) -> dict[str, str]:
    """Return what is registered of a rig; its id is another one each time."""

    def words(entity: er.RegistryEntry) -> str:
        about = (
            entity.unique_id.removeprefix(f"{rigged.rig_id}_"),
            entity.original_name,
            entity.unit_of_measurement,
            entity.original_device_class,
            entity.entity_category,
            "off" if entity.disabled_by else None,
        )
        return " | ".join(each or "-" for each in about)

    return {
        entity.entity_id: words(entity)
        for entity in er.async_entries_for_config_entry(
            registry, rigged.yard.entry.entry_id
        )
        if entity.config_subentry_id == rigged.rig_id
    }


@pytest.mark.parametrize("cards", RIGS.values(), ids=RIGS)
async def test_the_entities_of_rigs_with_cards(
    yard: Yard,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    cards: tuple[str, ...],
) -> None:
    rigged = await yard.start(*cards)
    assert entities(entity_registry, rigged) == snapshot


async def test_the_entities_of_a_rig_that_mines_with_its_processor(
    yard: Yard, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion
) -> None:
    rigged = await yard.start(mining=False, habits=Habits(gpu=False))
    rigged.machine.launch(ON_THE_CPU)
    await yard.live(30)
    found = entities(entity_registry, rigged)
    assert not [each for each in found if "gpu" in each or "rtx" in each]
    assert found == snapshot
