"""What happens to a miner, as it happens."""

from dataclasses import dataclass
from typing import Any, cast, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, EVENT_HAPPENED
from .coordinator import MinerConfigEntry
from .entity import MinerEntity, MinerEntityDescription, add_entities
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .happenings import Happening, What
from .identity import is_fleet
from .rig_event import add_rig_events

# A poll is one coordinator's; there is nothing to hold back here.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MinerEventDescription(MinerEntityDescription, EventEntityDescription):
    """Events of a miner."""


# What happened is told, and not to be seen in any state.
EVENT = MinerEventDescription(
    key="event",
    event_types=[what.value for what in What],
    value=lambda _: None,
    always=True,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of a miner, or of rigs, and tell of them on the bus."""
    if is_fleet(entry):
        add_rig_events(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(miner, async_add_entities, Platform.EVENT, (EVENT,), MinerEvent)
    coordinator = miner.runtime_data
    device_id = dr.async_get_device_id_by_identifier(
        hass, (DOMAIN, coordinator.identity), config_entry_id=miner.entry_id
    )

    @callback
    def announce(happening: Happening) -> None:
        # Here and not in the entity, which may be switched off.
        hass.bus.async_fire(
            EVENT_HAPPENED,
            {
                ATTR_DEVICE_ID: device_id,
                CONF_TYPE: happening.what.value,
                **happening.about,
            },
        )

    miner.async_on_unload(coordinator.async_on_happening(announce))


class MinerEvent(MinerEntity[MinerEventDescription], EventEntity):
    """The last thing that happened to a miner."""

    entity_description: MinerEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_on_happening(self._tell))

    @callback
    def _tell(self, happening: Happening) -> None:
        self._trigger_event(happening.what.value, dict(happening.about))
        self.async_write_ha_state()

    @override
    def _show(self, value: Any) -> None:
        """Show nothing: an event stays until the next one."""
