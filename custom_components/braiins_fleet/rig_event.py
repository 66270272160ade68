"""What happens to a rig, as it happens."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE, Platform
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, EVENT_HAPPENED
from .fleet import FleetConfigEntry
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .rig_happenings import Happening, What


@dataclass(frozen=True, kw_only=True)
class RigEventDescription(RigEntityDescription, EventEntityDescription):
    """Events of a rig."""


# What happened is told, and not to be seen in any state.
RIG_EVENT = RigEventDescription(
    key="rig_event",
    event_types=[what.value for what in What],
    value=lambda _: None,
    always=True,
    essential=True,
)


def add_rig_events(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of each rig, as it comes, and tell of them on the bus."""

    def add(rig: RigCoordinator) -> None:
        add_rig_entities(
            rig, async_add_entities, Platform.EVENT, (RIG_EVENT,), RigEvent
        )
        device_id = dr.async_get_device_id_by_identifier(
            rig.hass, (DOMAIN, rig.id), config_entry_id=entry.entry_id
        )

        @callback
        def announce(happening: Happening) -> None:
            # Here and not in the entity, which may be switched off.
            rig.hass.bus.async_fire(
                EVENT_HAPPENED,
                {
                    ATTR_DEVICE_ID: device_id,
                    CONF_TYPE: happening.what.value,
                    **happening.about,
                },
            )

        rig.async_on_happening(announce)

    entry.runtime_data.garage.for_each(add)


class RigEvent(RigEntity[RigEventDescription], EventEntity):
    """The last thing that happened to a rig."""

    entity_description: RigEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_on_happening(self._tell))

    @callback
    def _tell(self, happening: Happening) -> None:
        self._trigger_event(happening.what.value, dict(happening.about))
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write nothing: what is new of the rig is no event."""

    @property
    @override
    def available(self) -> bool:
        # That a rig is lost is told when it is gone already.
        return True

    @override
    def _show(self, value: Any) -> None:
        """Show nothing: an event stays until the next one."""
