"""What a miner measures, and what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, cast, override

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
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import (
    AutoUpgrade,
    Hashrates,
    License,
    LicenseState,
    MinerStatus,
    NetworkProtocol,
    PoolStats,
    TunerMode,
    TunerPhase,
    WorkStats,
)
from .const import EFFICIENCY_UNIT, HASHRATE_UNIT
from .coordinator import MinerConfigEntry
from .entity import (
    MinerEntity,
    MinerEntityDescription,
    add_entities,
)
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .fleet_sensor import add_fleet_sensors
from .identity import is_fleet
from .part_sensor import PART_SENSORS, PartSensorDescription
from .rig_sensor import add_rig_sensors
from .rounding import rounded, terahash
from .state import MinerState, pool_name

# A poll is one coordinator's; there is nothing to hold back here.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MinerSensorDescription(MinerEntityDescription, SensorEntityDescription):
    """A sensor of a miner."""


type SensorDescription = MinerSensorDescription | PartSensorDescription[Any]


def _of[S, T](
    source: Callable[[MinerState], S | None], value: Callable[[S], T | None]
) -> Callable[[MinerState], T | None]:
    """Read a value from something that a miner may not have."""

    def read(state: MinerState) -> T | None:
        found = source(state)
        return None if found is None else value(found)

    return read


def _work(state: MinerState) -> WorkStats | None:
    stats = state.snapshot.stats
    return stats.work if stats else None


def _hashrates(state: MinerState) -> Hashrates | None:
    work = _work(state)
    return work.hashrates if work else None


def _average(name: str) -> Callable[[MinerState], float | None]:
    return _of(_hashrates, lambda rates: terahash(getattr(rates, name)))


def _shares(state: MinerState) -> PoolStats | None:
    return state.shares


def _license(state: MinerState) -> License | None:
    return state.snapshot.license


def _auto_upgrade(state: MinerState) -> AutoUpgrade | None:
    return state.snapshot.auto_upgrade


def _power(state: MinerState) -> int | None:
    stats = state.snapshot.stats
    return stats.power if stats else None


def _share_of_nominal(work: WorkStats) -> float | None:
    if work.hashrates is None or work.hashrates.minute_1 is None:
        return None
    if not work.nominal_hashrate:
        return None
    return round(100 * work.hashrates.minute_1 / work.nominal_hashrate)


def _efficiency(state: MinerState) -> float | None:
    stats = state.snapshot.stats
    # One that does not hash has none, whatever its averages say.
    if stats is None or state.status is not MinerStatus.NORMAL:
        return None
    return rounded(stats.efficiency, 1)


def _hottest_board(state: MinerState) -> float | None:
    found = [
        board.board_temperature
        for board in state.boards.values()
        if board.board_temperature is not None
    ]
    return round(max(found)) if found else None


def _target(mode: TunerMode) -> Callable[[MinerState], float | None]:
    def read(state: MinerState) -> float | None:
        tuner = state.snapshot.tuner
        return tuner.live_target if tuner and tuner.mode is mode else None

    return read


def _profile(state: MinerState) -> str | None:
    tuner = state.snapshot.tuner
    if tuner is None or tuner.profile is None or tuner.profile.target is None:
        return None
    power = tuner.mode is TunerMode.POWER_TARGET
    return f"{tuner.profile.target:g} {UnitOfPower.WATT if power else HASHRATE_UNIT}"


def _reject_rate(shares: PoolStats) -> float | None:
    sent = shares.accepted_shares + shares.rejected_shares
    return round(100 * shares.rejected_shares / sent, 2) if sent else None


def _known(value: Any) -> str | None:
    """Show one of several words, of which "unknown" is none."""
    return None if value.value == "unknown" else str(value.value)


def _words(enum: Any) -> list[str]:
    return [member.value for member in enum if member.value != "unknown"]


def _address(state: MinerState) -> str | None:
    network = state.snapshot.network
    return network.subnets[0].address if network and network.subnets else None


_hashrate = partial(
    MinerSensorDescription,
    live=True,
    native_unit_of_measurement=HASHRATE_UNIT,
    state_class=SensorStateClass.MEASUREMENT,
)
_counter = partial(
    MinerSensorDescription,
    state_class=SensorStateClass.TOTAL_INCREASING,
    entity_category=EntityCategory.DIAGNOSTIC,
)
_diagnostic = partial(MinerSensorDescription, entity_category=EntityCategory.DIAGNOSTIC)
_enum = partial(MinerSensorDescription, device_class=SensorDeviceClass.ENUM)
_hidden = partial(_diagnostic, entity_registry_enabled_default=False)
_heat = partial(
    _diagnostic,
    live=True,
    device_class=SensorDeviceClass.TEMPERATURE,
    native_unit_of_measurement=UnitOfTemperature.CELSIUS,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
)

MINER_SENSORS: tuple[MinerSensorDescription, ...] = (
    _hashrate(
        key="hashrate",
        value=_average("minute_1"),
        always=True,
    ),
    # The other averages say little more, and each change of a state has its price.
    *(
        _hashrate(
            key=f"hashrate_{average.name}",
            value=_average(average.name),
            entity_registry_enabled_default=False,
        )
        for average in fields(Hashrates)
        if average.name != "minute_1"
    ),
    _hashrate(
        key="nominal_hashrate",
        value=_of(_work, lambda work: terahash(work.nominal_hashrate)),
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    _hashrate(
        key="error_hashrate",
        value=_of(_work, lambda work: rounded(work.error_hashrate, 2)),
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    MinerSensorDescription(
        key="share_of_nominal",
        live=True,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value=_of(_work, _share_of_nominal),
    ),
    MinerSensorDescription(
        key="power",
        live=True,
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        value=_power,
        always=True,
    ),
    MinerSensorDescription(
        key="efficiency",
        live=True,
        native_unit_of_measurement=EFFICIENCY_UNIT,
        state_class=SensorStateClass.MEASUREMENT,
        value=_efficiency,
        always=True,
    ),
    MinerSensorDescription(
        key="live_power_target",
        device_class=SensorDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        state_class=SensorStateClass.MEASUREMENT,
        value=_target(TunerMode.POWER_TARGET),
    ),
    _hashrate(
        key="live_hashrate_target",
        value=lambda state: terahash(_target(TunerMode.HASHRATE_TARGET)(state)),
    ),
    _heat(key="hottest_chip", value=lambda state: rounded(state.hottest_chip)),
    _heat(key="hottest_board", value=_hottest_board),
    _enum(
        key="status",
        options=_words(MinerStatus),
        value=lambda state: _known(state.status),
        always=True,
    ),
    _enum(
        key="tuner_state",
        options=_words(TunerPhase),
        value=_of(lambda state: state.snapshot.tuner, lambda it: _known(it.phase)),
    ),
    _diagnostic(key="tuned_profile", value=_profile),
    _diagnostic(
        key="uptime",
        device_class=SensorDeviceClass.UPTIME,
        value=lambda state: state.booted,
    ),
    _diagnostic(
        key="mining_since",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.mining_since,
    ),
    _diagnostic(
        key="best_share",
        live=True,
        state_class=SensorStateClass.MEASUREMENT,
        value=_of(_work, lambda work: work.best_share),
    ),
    _counter(
        key="found_blocks",
        live=True,
        entity_category=None,
        value=_of(_work, lambda work: work.found_blocks),
    ),
    _counter(
        key="accepted_shares", value=_of(_shares, lambda shares: shares.accepted_shares)
    ),
    _counter(
        key="rejected_shares", value=_of(_shares, lambda shares: shares.rejected_shares)
    ),
    _counter(
        key="stale_shares", value=_of(_shares, lambda shares: shares.stale_shares)
    ),
    _diagnostic(
        key="reject_rate",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value=_of(_shares, _reject_rate),
    ),
    # A new time every minute would fill the activity of a miner with nothing else.
    _hidden(
        key="last_share",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=_of(_shares, lambda shares: shares.last_share_at),
    ),
    _diagnostic(
        key="difficulty",
        state_class=SensorStateClass.MEASUREMENT,
        value=_of(_shares, lambda shares: shares.last_difficulty),
    ),
    _counter(
        key="generated_work",
        entity_registry_enabled_default=False,
        value=_of(_shares, lambda shares: shares.generated_work),
    ),
    MinerSensorDescription(
        key="active_pool",
        value=lambda state: (
            pool_name(state, state.active_pool) if state.active_pool else None
        ),
    ),
    _hidden(
        key="pool_user",
        value=lambda state: (
            state.pools[state.active_pool].user if state.active_pool else None
        ),
    ),
    _diagnostic(
        key="license",
        device_class=SensorDeviceClass.ENUM,
        options=_words(LicenseState),
        value=_of(_license, lambda it: _known(it.state)),
    ),
    _diagnostic(
        key="dev_fee",
        native_unit_of_measurement=PERCENTAGE,
        value=_of(_license, lambda it: it.dev_fee),
    ),
    _diagnostic(
        key="errors",
        state_class=SensorStateClass.MEASUREMENT,
        value=_of(lambda state: state.snapshot.errors, len),
    ),
    _hidden(key="ip_address", value=_address),
    _hidden(
        key="network_protocol",
        device_class=SensorDeviceClass.ENUM,
        options=_words(NetworkProtocol),
        value=_of(lambda state: state.snapshot.network, lambda it: _known(it.protocol)),
    ),
    _hidden(
        key="next_auto_upgrade",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=_of(_auto_upgrade, lambda it: it.next_run),
    ),
    _hidden(
        key="last_auto_upgrade",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=_of(_auto_upgrade, lambda it: it.last_run),
    ),
)

ENERGY = MinerSensorDescription(
    key="energy",
    device_class=SensorDeviceClass.ENERGY,
    native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    state_class=SensorStateClass.TOTAL_INCREASING,
    suggested_display_precision=2,
    value=lambda state: state.energy,
    always=True,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a miner, or of the fleet and its rigs."""
    if is_fleet(entry):
        fleet = cast("FleetConfigEntry", entry)
        add_fleet_sensors(fleet, async_add_entities)
        add_rig_sensors(fleet, async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(
        miner,
        async_add_entities,
        Platform.SENSOR,
        (*MINER_SENSORS, *PART_SENSORS),
        MinerSensor,
    )
    add_entities(miner, async_add_entities, Platform.SENSOR, (ENERGY,), EnergySensor)


class MinerSensor(MinerEntity[SensorDescription], SensorEntity):
    """A figure or a word."""

    entity_description: SensorDescription

    @override
    def _show(self, value: Any) -> None:
        self._attr_native_value = value


class EnergySensor(MinerSensor, RestoreSensor):
    """The meter of the miner, which Home Assistant remembers as well.

    Its own memory is the better one, but a backup from elsewhere may have only this.
    """

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        if last is not None and isinstance(last.native_value, int | float):
            self.coordinator.restore_energy(float(last.native_value))
            self._look()
