"""What the cards of a rig measure."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfFrequency,
    UnitOfInformation,
    UnitOfPower,
    UnitOfTemperature,
)

from .hashrates import HashrateUnit
from .rig import Gpu, GpuReading, Vendor
from .rig_entity import GpuEntityDescription
from .rig_state import RigSnapshot
from .rounding import rounded, significant


@dataclass(frozen=True, kw_only=True)
class GpuSensorDescription(GpuEntityDescription, SensorEntityDescription):
    """A sensor of each card."""


_measured = partial(GpuSensorDescription, state_class=SensorStateClass.MEASUREMENT)
_diagnostic = partial(_measured, entity_category=EntityCategory.DIAGNOSTIC)


def _read(
    value: Callable[[GpuReading], float | None],
) -> Callable[[RigSnapshot, Gpu], float | None]:
    """Read a figure as the tool of the vendor tells it; fractions are noise."""

    def read(_: RigSnapshot, gpu: Gpu) -> float | None:
        return rounded(value(gpu.reading))

    return read


def _hashrate(unit: HashrateUnit) -> GpuSensorDescription:
    def read(rig: RigSnapshot, gpu: Gpu) -> float | None:
        return significant(rig.card_hashrate(gpu, unit))

    return _measured(
        key=f"gpu_hashrate_{unit.slug}",
        native_unit_of_measurement=unit,
        value=read,
        there=lambda rig, gpu: bool(rig.card_hashrate(gpu, unit)),
    )


GPU_SENSORS: tuple[GpuSensorDescription, ...] = (
    *map(_hashrate, HashrateUnit),
    _measured(
        key="gpu_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value=_read(lambda gpu: gpu.power),
    ),
    _diagnostic(
        key="gpu_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        value=_read(lambda gpu: gpu.temperature),
    ),
    _diagnostic(
        key="gpu_memory_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        value=_read(lambda gpu: gpu.memory_temperature),
    ),
    _diagnostic(
        key="gpu_fan",
        native_unit_of_measurement=PERCENTAGE,
        value=_read(lambda gpu: gpu.fan),
    ),
    _diagnostic(
        key="gpu_core_clock",
        device_class=SensorDeviceClass.FREQUENCY,
        native_unit_of_measurement=UnitOfFrequency.MEGAHERTZ,
        suggested_display_precision=0,
        value=_read(lambda gpu: gpu.core_clock),
    ),
    _diagnostic(
        key="gpu_memory_clock",
        device_class=SensorDeviceClass.FREQUENCY,
        native_unit_of_measurement=UnitOfFrequency.MEGAHERTZ,
        suggested_display_precision=0,
        value=_read(lambda gpu: gpu.memory_clock),
    ),
    _diagnostic(
        key="gpu_utilization",
        native_unit_of_measurement=PERCENTAGE,
        value=_read(lambda gpu: gpu.utilization),
    ),
    GpuSensorDescription(
        key="gpu_vram",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.MEBIBYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIBIBYTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_read(lambda gpu: gpu.memory),
    ),
    GpuSensorDescription(
        key="gpu_bus_id",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda _, gpu: gpu.card.bus_id,
    ),
    GpuSensorDescription(
        key="gpu_vendor",
        device_class=SensorDeviceClass.ENUM,
        options=[vendor.value for vendor in Vendor],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda _, gpu: gpu.card.vendor.value,
    ),
)
