"""What a rig measures, and what it says of its mining software."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    Platform,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .gpu_sensor import GPU_SENSORS, GpuSensorDescription
from .hashrates import HashrateUnit
from .rig import Cpu, Miner
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .rig_state import RigSnapshot
from .rounding import rounded, significant


@dataclass(frozen=True, kw_only=True)
class RigSensorDescription(RigEntityDescription, SensorEntityDescription):
    """A sensor of a rig."""


_measured = partial(RigSensorDescription, state_class=SensorStateClass.MEASUREMENT)


def _miner[T](value: Callable[[Miner], T | None]) -> Callable[[RigSnapshot], T | None]:
    """Read a value of the software that counts."""

    def read(rig: RigSnapshot) -> T | None:
        return None if rig.state.miner is None else value(rig.state.miner)

    return read


def _pool(miner: Miner) -> str | None:
    """Return host and port: some software tells more, which may be a wallet."""
    if miner.pool is None:
        return None
    return miner.pool.rpartition("://")[2].partition("/")[0]


def _cpu(
    value: Callable[[Cpu], float | None],
) -> Callable[[RigSnapshot], float | None]:
    """Read a value of the processor; fractions of it are noise."""

    def read(rig: RigSnapshot) -> float | None:
        return None if rig.state.cpu is None else rounded(value(rig.state.cpu))

    return read


def _hashrate(unit: HashrateUnit) -> RigSensorDescription:
    def read(rig: RigSnapshot) -> float | None:
        return significant(rig.hashrate(unit))

    return _measured(
        key=f"rig_hashrate_{unit.slug}",
        native_unit_of_measurement=unit,
        value=read,
        there=lambda rig: bool(rig.counted_in(unit)),
        essential=True,
    )


def _efficiency(unit: HashrateUnit) -> RigSensorDescription:
    def read(rig: RigSnapshot) -> float | None:
        return significant(rig.efficiency(unit))

    return _measured(
        key=f"rig_efficiency_{unit.slug}",
        native_unit_of_measurement=unit.efficiency,
        value=read,
    )


RIG_SENSORS: tuple[RigSensorDescription, ...] = (
    *map(_hashrate, HashrateUnit),
    *map(_efficiency, HashrateUnit),
    _measured(
        key="rig_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value=lambda rig: rounded(rig.state.power),
        always=True,
        essential=True,
    ),
    _measured(
        key="rig_hottest_gpu",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        value=lambda rig: rounded(rig.hottest_gpu),
        essential=True,
    ),
    RigSensorDescription(
        key="rig_algorithm",
        value=_miner(lambda miner: miner.algorithm),
        always=True,
    ),
    RigSensorDescription(key="rig_pool", value=_miner(_pool), always=True),
    RigSensorDescription(
        key="rig_software",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_miner(lambda miner: miner.name or None),
        always=True,
    ),
    RigSensorDescription(
        key="rig_software_version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_miner(lambda miner: miner.version),
        always=True,
    ),
    RigSensorDescription(
        key="rig_mining_since",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda rig: rig.mining_since,
    ),
    RigSensorDescription(
        key="rig_accepted_shares",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_miner(lambda miner: miner.accepted),
        always=True,
    ),
    RigSensorDescription(
        key="rig_rejected_shares",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_miner(lambda miner: miner.rejected),
        always=True,
    ),
    _measured(
        key="rig_reject_rate",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda rig: rounded(rig.reject_rate, 2),
        always=True,
        essential=True,
    ),
    _measured(
        key="rig_cpu_temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_cpu(lambda cpu: cpu.temperature),
    ),
    _measured(
        key="rig_cpu_usage",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_cpu(lambda cpu: cpu.usage),
    ),
    _measured(
        key="rig_cpu_frequency",
        device_class=SensorDeviceClass.FREQUENCY,
        native_unit_of_measurement=UnitOfFrequency.MEGAHERTZ,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_cpu(lambda cpu: cpu.frequency),
    ),
    _measured(
        key="rig_cpu_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_cpu(lambda cpu: cpu.power),
    ),
)

RIG_ENERGY = RigSensorDescription(
    key="rig_energy",
    device_class=SensorDeviceClass.ENERGY,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    state_class=SensorStateClass.TOTAL_INCREASING,
    suggested_display_precision=2,
    value=lambda rig: rig.energy,
    always=True,
    essential=True,
)


def add_rig_sensors(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of each rig and of its cards, as they come."""

    def add(rig: RigCoordinator) -> None:
        sensors: tuple[RigSensorDescription | GpuSensorDescription, ...]
        sensors = (*RIG_SENSORS, *GPU_SENSORS)
        add_rig_entities(rig, async_add_entities, Platform.SENSOR, sensors, RigSensor)
        add_rig_entities(
            rig, async_add_entities, Platform.SENSOR, (RIG_ENERGY,), RigEnergySensor
        )

    entry.runtime_data.garage.for_each(add)


class RigSensor(RigEntity[RigSensorDescription | GpuSensorDescription], SensorEntity):
    """A figure or a word."""

    entity_description: RigSensorDescription | GpuSensorDescription

    @override
    def _show(self, value: Any) -> None:
        self._attr_native_value = value


class RigEnergySensor(RigSensor, RestoreSensor):
    """The meter of the rig, which Home Assistant remembers as well.

    Its own memory is the better one, but a backup from elsewhere may have only this.
    """

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        if last is not None and isinstance(last.native_value, int | float):
            self.coordinator.restore_energy(float(last.native_value))
            self._look()
