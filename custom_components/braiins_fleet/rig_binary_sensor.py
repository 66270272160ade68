"""What is so of a rig, or is not: connected, mining, troubled."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .rig import Card
from .rig_coordinator import RigCoordinator, name_of
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .rig_state import Trouble


@dataclass(frozen=True, kw_only=True)
class RigBinarySensorDescription(RigEntityDescription, BinarySensorEntityDescription):
    """A binary sensor of a rig."""

    always: bool = True


MINING = RigBinarySensorDescription(
    key="rig_mining",
    device_class=BinarySensorDeviceClass.RUNNING,
    value=lambda rig: rig.state.mining,
)
CONNECTED = RigBinarySensorDescription(
    key="rig_connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda _: True,
    essential=True,
)
PROBLEM = RigBinarySensorDescription(
    key="rig_problem",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda rig: (rig.troubles, rig.lost),
    essential=True,
)


def add_rig_binary_sensors(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of each rig, as it comes."""

    def add(rig: RigCoordinator) -> None:
        for description, make in (
            (MINING, RigBinarySensor),
            (CONNECTED, ConnectedSensor),
            (PROBLEM, RigProblemSensor),
        ):
            add_rig_entities(
                rig, async_add_entities, Platform.BINARY_SENSOR, (description,), make
            )

    entry.runtime_data.garage.for_each(add)


class RigBinarySensor(RigEntity[RigBinarySensorDescription], BinarySensorEntity):
    """Something that is so, or is not."""

    entity_description: RigBinarySensorDescription

    @override
    def _show(self, value: Any) -> None:
        self._attr_is_on = value


class ConnectedSensor(RigBinarySensor):
    """Off, rather than unavailable, while there is no connection."""

    @property
    @override
    def is_on(self) -> bool:
        return self._attr_available

    @property
    @override
    def available(self) -> bool:
        return True


class RigProblemSensor(RigBinarySensor):
    """On while something is wrong; the attributes say what."""

    # What is wrong is told by events for good; this is for looking at.
    _unrecorded_attributes = frozenset({"problems", "lost_cards"})

    @override
    def _show(self, value: tuple[tuple[Trouble, ...], tuple[Card, ...]]) -> None:
        troubles, lost = value
        self._attr_is_on = bool(troubles)
        self._attr_extra_state_attributes = {
            "problems": [trouble.value for trouble in troubles],
            "lost_cards": [name_of(card) for card in lost],
        }
