"""The sensors of the fleet as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import (
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
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN, EFFICIENCY_UNIT, FLEET, HASHRATE_UNIT
from .farm import FARM
from .fleet import FleetConfigEntry, FleetCoordinator, FleetState, as_attributes
from .hashrates import HashrateUnit
from .jobs import JobKind
from .rounding import significant


@dataclass(frozen=True, kw_only=True)
class FleetSensorDescription(SensorEntityDescription):
    """A sensor of the fleet; it is there once that is so, or always."""

    value: Callable[[FleetState], float | None]
    there: Callable[[FleetState], bool] | None = None
    attributes: Callable[[FleetState], Mapping[str, Any]] | None = None


_measured = partial(FleetSensorDescription, state_class=SensorStateClass.MEASUREMENT)

FLEET_SENSORS: tuple[FleetSensorDescription, ...] = (
    _measured(
        key="fleet_hashrate",
        native_unit_of_measurement=HASHRATE_UNIT,
        value=lambda state: state.totals.hashrate,
    ),
    _measured(
        key="fleet_nominal_hashrate",
        native_unit_of_measurement=HASHRATE_UNIT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.totals.nominal_hashrate,
    ),
    _measured(
        key="fleet_power",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        value=lambda state: state.totals.power,
        attributes=lambda state: {"areas": as_attributes(state.areas)},
    ),
    FleetSensorDescription(
        key="fleet_energy",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda state: state.energy,
    ),
    _measured(
        key="fleet_efficiency",
        native_unit_of_measurement=EFFICIENCY_UNIT,
        value=lambda state: state.totals.efficiency,
    ),
    _measured(key="miners_mining", value=lambda state: state.totals.mining),
    _measured(key="miners_paused", value=lambda state: state.totals.paused),
    _measured(key="miners_unreachable", value=lambda state: state.unreachable),
    _measured(key="miners", value=lambda state: state.miners),
    _measured(
        key="fleet_hottest_chip",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.totals.hottest_chip,
    ),
    _measured(
        key="fleet_errors",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.totals.errors,
    ),
    _measured(
        key="fleet_reject_rate",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.totals.reject_rate,
    ),
    FleetSensorDescription(
        key="fleet_found_blocks",
        # It is less while a miner is away, whose blocks are not found once more then.
        state_class=SensorStateClass.TOTAL,
        value=lambda state: state.totals.found_blocks,
    ),
)


def _has_rigs(state: FleetState) -> bool:
    return bool(state.rigs.rigs)


def _hashrate(unit: HashrateUnit) -> FleetSensorDescription:
    def rates(state: FleetState) -> Mapping[str, float]:
        return state.rigs.hashrates.get(unit, {})

    def attributes(state: FleetState) -> Mapping[str, Any]:
        return {
            "algorithms": {
                name: significant(rate) for name, rate in sorted(rates(state).items())
            }
        }

    return _measured(
        key=f"rigs_hashrate_{unit.slug}",
        native_unit_of_measurement=unit,
        value=lambda state: significant(sum(rates(state).values())),
        attributes=attributes,
        there=lambda state: bool(rates(state)),
    )


RIG_TOTALS: tuple[FleetSensorDescription, ...] = (
    *map(_hashrate, HashrateUnit),
    _measured(key="rigs", value=lambda state: state.rigs.rigs, there=_has_rigs),
    _measured(
        key="rigs_connected",
        value=lambda state: state.rigs.connected,
        there=_has_rigs,
    ),
    _measured(key="gpus", value=lambda state: state.rigs.gpus, there=_has_rigs),
)

# What the fleet shows while nobody does any long work.
IDLE = "idle"

JOB = SensorEntityDescription(
    key="job",
    translation_key="job",
    device_class=SensorDeviceClass.ENUM,
    options=[IDLE, *JobKind],
)

_JOB_ATTRIBUTES = ("id", "step", "progress", "miners", "done", "failed")


def add_fleet_sensors(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the totals, and what is done to the miners."""
    async_add_entities(
        FleetSensor(entry.runtime_data, description) for description in FLEET_SENSORS
    )
    async_add_entities([JobSensor()])
    registry = er.async_get(entry.runtime_data.hass)
    waiting = set(RIG_TOTALS)

    @callback
    def look() -> None:
        state = entry.runtime_data.data
        new = {
            each
            for each in waiting
            if (each.there and each.there(state))
            or registry.async_get_entity_id(Platform.SENSOR, DOMAIN, _unique_id(each))
        }
        if new:
            waiting.difference_update(new)
            async_add_entities(FleetSensor(entry.runtime_data, each) for each in new)

    look()
    entry.async_on_unload(entry.runtime_data.async_add_listener(look))


def _unique_id(description: FleetSensorDescription) -> str:
    return f"{FLEET}_{description.key}"


class FleetSensor(CoordinatorEntity[FleetCoordinator], SensorEntity):
    """A total."""

    _attr_has_entity_name = True
    # They would be written down with each change of the power.
    _unrecorded_attributes = frozenset({"algorithms", "areas"})
    entity_description: FleetSensorDescription
    _written: object = None

    def __init__(
        self, coordinator: FleetCoordinator, description: FleetSensorDescription
    ) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = _unique_id(description)
        self._attr_translation_key = description.key
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, FLEET)})

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        now = self.available, self.native_value, self.extra_state_attributes
        if now != self._written:
            self._written = now
            self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.is_complete

    @property
    @override
    def native_value(self) -> float | None:
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes = self.entity_description.attributes
        return attributes(self.coordinator.data) if attributes else None


class JobSensor(SensorEntity):
    """The job that runs, of several the one that began last."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_unique_id = f"{FLEET}_{JOB.key}"
    _attr_device_info = DeviceInfo(identifiers={(DOMAIN, FLEET)})
    # They change all the time while there is one.
    _unrecorded_attributes = frozenset(_JOB_ATTRIBUTES)
    entity_description = JOB
    _about: Mapping[str, Any] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        self._look()
        jobs = self.hass.data[FARM].jobs
        self.async_on_remove(jobs.async_on_change(self._look_again))

    @callback
    def _look_again(self) -> None:
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take in what runs now; returns whether that is anything new."""
        running = self.hass.data[FARM].jobs.running
        before, self._about = self._about, running[-1].as_dict() if running else {}
        return self._about != before

    @property
    @override
    def native_value(self) -> str:
        return self._about["kind"] if self._about else IDLE

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        if not self._about:
            return None
        return {name: self._about[name] for name in _JOB_ATTRIBUTES}
