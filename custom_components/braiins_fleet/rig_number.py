"""What can be set of a single card, where the agent really does it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription
from homeassistant.components.number.const import NumberDeviceClass, NumberMode
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    Platform,
    UnitOfFrequency,
    UnitOfPower,
)
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .rig import OFFERED, Gpu, offered
from .rig_coordinator import RigCoordinator
from .rig_entity import GpuEntityDescription, RigEntity, add_rig_entities
from .rig_state import RigSnapshot


@dataclass(frozen=True, kw_only=True)
class GpuNumberDescription(GpuEntityDescription, NumberEntityDescription):
    """Something of a card that is a figure; `setting` is what the agent is told."""

    setting: str


def _number(key: str, setting: str, **options: Any) -> GpuNumberDescription:
    def is_offered(snapshot: RigSnapshot, gpu: Gpu) -> bool:
        return setting in offered(tuple(snapshot.gpus.values()), gpu)

    return GpuNumberDescription(
        key=key,
        setting=setting,
        value=lambda _, gpu: gpu.card.vendor,
        there=is_offered,
        entity_category=EntityCategory.CONFIG,
        **options,
    )


_clock = partial(
    _number,
    device_class=NumberDeviceClass.FREQUENCY,
    native_unit_of_measurement=UnitOfFrequency.MEGAHERTZ,
    native_step=1,
)

GPU_NUMBERS = (
    _number(
        "gpu_power_limit",
        "power_limit",
        device_class=NumberDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        native_step=1,
    ),
    _clock("gpu_core_lock", "core_lock"),
    _clock("gpu_memory_lock", "memory_lock"),
    _number(
        "gpu_fan_setting",
        "fan",
        native_unit_of_measurement=PERCENTAGE,
        native_step=1,
    ),
)


def add_rig_numbers(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add what can be set of the cards of each rig, as they come."""

    def add(rig: RigCoordinator) -> None:
        add_rig_entities(
            rig, async_add_entities, Platform.NUMBER, GPU_NUMBERS, GpuNumber
        )

    entry.runtime_data.garage.for_each(add)


class GpuNumber(RigEntity[GpuNumberDescription], NumberEntity):
    """A setting of a card; it is unknown until it was set, as no card tells it."""

    _attr_mode = NumberMode.BOX
    entity_description: GpuNumberDescription

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.control.on_assignment(self._renew))

    @callback
    def _renew(self) -> None:
        before = self._attr_native_value
        self._take_setting()
        if before != self._attr_native_value:
            self.async_write_ha_state()

    @override
    def _show(self, value: Any) -> None:
        bounds = OFFERED[value].get(self.entity_description.setting)
        # Another card may be in the place of one that had this.
        if bounds is not None:
            self._attr_native_min_value = bounds.low
            self._attr_native_max_value = bounds.high
        self._take_setting()

    def _take_setting(self) -> None:
        gpu = self.coordinator.data.gpus.get(self._card or "")
        if gpu is not None:
            sent = self.coordinator.control.cards.sent(gpu)
            self._attr_native_value = sent.get(self.entity_description.setting)

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.coordinator.control.cards.set_one(
            self._card or "",
            self.entity_description.setting,
            int(value),
            by=self._by,
        )
