"""The sensors of the fleet as a whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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

from .const import DOMAIN, EFFICIENCY_UNIT, FLEET, HASHRATE_UNIT
from .entity import NOTHING, ChangingEntity
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


RIG_TOTALS: tuple[FleetSensorDescription, ...] = (
    _measured(key="rigs", value=lambda state: state.rigs.rigs, there=_has_rigs),
    _measured(
        key="rigs_connected",
        value=lambda state: state.rigs.connected,
        there=_has_rigs,
    ),
    _measured(key="gpus", value=lambda state: state.rigs.gpus, there=_has_rigs),
)


@dataclass(frozen=True, kw_only=True)
class AlgorithmDescription(SensorEntityDescription):
    """What all rigs hash in one algorithm."""

    unit: HashrateUnit | None = None
    algorithm: str = ""


RIGS_HASHRATE = AlgorithmDescription(
    key="rigs_hashrate", state_class=SensorStateClass.MEASUREMENT
)
# Agents may tell of algorithms what they like.
_MOST_ALGORITHMS = 40

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
    coordinator = entry.runtime_data
    registry = er.async_get(coordinator.hass)
    waiting = set(RIG_TOTALS)
    # What there was before, there is again.
    remembered = set(
        _algorithms(er.async_entries_for_config_entry(registry, entry.entry_id))
    )
    shown: set[AlgorithmDescription] = set()

    @callback
    def look() -> None:
        state = coordinator.data
        new = {
            each
            for each in waiting
            if (each.there and each.there(state))
            or registry.async_get_entity_id(Platform.SENSOR, DOMAIN, _unique_id(each))
        }
        waiting.difference_update(new)
        told = {
            _of_algorithm(unit, name)
            for unit, rates in state.rigs.hashrates.items()
            for name in rates
        }
        more = sorted((remembered | told) - shown, key=lambda each: each.key)
        del more[max(0, _MOST_ALGORITHMS - len(shown)) :]
        remembered.clear()
        shown.update(more)
        if new or more:
            async_add_entities(FleetSensor(coordinator, each) for each in new)
            async_add_entities(AlgorithmSensor(coordinator, each) for each in more)

    look()
    entry.async_on_unload(coordinator.async_add_listener(look))


def _of_algorithm(unit: HashrateUnit, name: str) -> AlgorithmDescription:
    return replace(
        RIGS_HASHRATE,
        key=f"{RIGS_HASHRATE.key}_{unit.slug}_{name}",
        translation_key=RIGS_HASHRATE.key,
        native_unit_of_measurement=unit,
        unit=unit,
        algorithm=name,
    )


def _algorithms(entities: Iterable[er.RegistryEntry]) -> Iterator[AlgorithmDescription]:
    units = {unit.slug: unit for unit in HashrateUnit}
    for entity in entities:
        _, is_one, known_as = entity.unique_id.partition(f"{RIGS_HASHRATE.key}_")
        slug, _, name = known_as.partition("_")
        if is_one and name and slug in units:
            yield _of_algorithm(units[slug], name)


def _unique_id(description: SensorEntityDescription) -> str:
    return f"{FLEET}_{description.key}"


class _Total[D: SensorEntityDescription](
    ChangingEntity[FleetCoordinator, D], SensorEntity
):
    """A sensor of the fleet."""

    _attr_device_info = DeviceInfo(identifiers={(DOMAIN, FLEET)})
    entity_description: D

    def __init__(self, coordinator: FleetCoordinator, description: D) -> None:
        super().__init__(coordinator, description)
        self._attr_unique_id = _unique_id(description)
        self._look()

    @override
    def _read(self) -> Any:
        return self._total() if self.coordinator.is_complete else NOTHING

    def _total(self) -> Any:
        raise NotImplementedError


class FleetSensor(_Total[FleetSensorDescription]):
    """A total."""

    # They would be written down with each change of the power.
    _unrecorded_attributes = frozenset({"areas"})
    entity_description: FleetSensorDescription

    @override
    def _total(self) -> tuple[float | None, Mapping[str, Any] | None]:
        state, attributes = self.coordinator.data, self.entity_description.attributes
        return (
            self.entity_description.value(state),
            attributes(state) if attributes else None,
        )

    @override
    def _show(self, value: tuple[float | None, Mapping[str, Any] | None]) -> None:
        self._attr_native_value, attributes = value
        self._attr_extra_state_attributes = dict(attributes or {})


class AlgorithmSensor(_Total[AlgorithmDescription]):
    """What all rigs hash in one algorithm."""

    entity_description: AlgorithmDescription

    def __init__(
        self, coordinator: FleetCoordinator, description: AlgorithmDescription
    ) -> None:
        super().__init__(coordinator, description)
        self._attr_translation_key = description.translation_key
        self._attr_translation_placeholders = {"algorithm": description.algorithm}

    @override
    def _total(self) -> float | None:
        description = self.entity_description
        hashrates = self.coordinator.data.rigs.hashrates
        rates = hashrates.get(description.unit, {}) if description.unit else {}
        return significant(rates.get(description.algorithm, 0.0))

    @override
    def _show(self, value: float | None) -> None:
        self._attr_native_value = value


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
