"""All miners and rigs together: totals of what each of them reports anyway."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .asic import MinerStatus
from .const import CONF_COUNT_UNREACHABLE, DOMAIN, LOGGER
from .coordinator import MinerConfigEntry, MinerCoordinator
from .farm import Farm
from .fleet_rigs import RigTotals, total_of_rigs
from .garage import Garage
from .identity import is_fleet
from .rig_coordinator import RigCoordinator
from .software_releases import Releases
from .state import MinerState

# Miners are polled all the time: their totals are made now and then.
_EVERY: Final = 5.0
_SOON: Final = 0.5

type FleetConfigEntry = ConfigEntry[FleetCoordinator]
type BraiinsConfigEntry = MinerConfigEntry | FleetConfigEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Of miners that can be reached: TH/s, W, J/TH, °C. What nobody knows is `None`.

    The power is that of rigs as well, whose hashes are others.
    """

    hashrate: float | None = None
    nominal_hashrate: float | None = None
    power: int | None = None
    efficiency: float | None = None
    reject_rate: float | None = None
    hottest_chip: float | None = None
    errors: int | None = None
    found_blocks: int | None = None
    mining: int = 0
    paused: int = 0
    reachable: int = 0
    rigs_connected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """The fleet at one moment; areas go by their names, energy is in kWh."""

    totals: Totals = field(default_factory=Totals)
    areas: Mapping[str, Totals] = field(default_factory=dict)
    rigs: RigTotals = field(default_factory=RigTotals)
    miners: int = 0
    unreachable: int = 0
    energy: float = 0.0


class FleetCoordinator(DataUpdateCoordinator[FleetState]):
    """Makes the totals anew when something was heard of a miner or a rig."""

    config_entry: FleetConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: FleetConfigEntry, farm: Farm
    ) -> None:
        super().__init__(
            hass, LOGGER, config_entry=entry, name=entry.title, always_update=False
        )
        self.garage = Garage(hass, entry, farm)
        self.releases = Releases(hass, entry)
        self._farm = farm
        self._timer: asyncio.TimerHandle | None = None
        self._meter = farm.energy.meter(entry.entry_id)
        # What each miner's meter showed when the fleet's last followed it.
        self._counted: dict[str, float] = {}
        # While Home Assistant starts, a part of the miners is not the fleet.
        self.is_complete = False
        self.data = FleetState()

    @callback
    def start(self) -> None:
        """Follow the miners until the entry is unloaded."""
        self.config_entry.async_on_unload(self._farm.async_on_change(self._changed))
        self.config_entry.async_on_unload(self._stop)
        self._changed()

    @property
    def coordinators(self) -> list[MinerCoordinator]:
        """The miners that are set up, be they there or not."""
        return [
            entry.runtime_data
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
            if not is_fleet(entry)
        ]

    @callback
    def _changed(self) -> None:
        if self._timer is None:
            wait = _EVERY if self.is_complete else _SOON
            self._timer = self.hass.loop.call_later(wait, self._renew)

    @callback
    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @callback
    def _renew(self) -> None:
        self._timer = None
        entries = [
            entry
            for entry in self.hass.config_entries.async_entries(
                DOMAIN, include_ignore=False, include_disabled=False
            )
            if not is_fleet(entry)
        ]
        state = self._add_up(entries)
        was_complete = self.is_complete
        self.is_complete = was_complete or not any(map(_is_to_come, entries))
        if not self.is_complete:
            self._changed()
        elif not was_complete or state != self.data:
            self.async_set_updated_data(state)

    def _add_up(self, entries: Sequence[ConfigEntry]) -> FleetState:
        miners, rigs = self.coordinators, self.garage.coordinators
        for miner in miners:
            self._count(miner.config_entry.entry_id, miner.meter.watt_hours)
        for rig in rigs:
            self._count(rig.id, rig.meter.watt_hours)
        totals, of_rigs = _total(miners, rigs)
        return FleetState(
            totals=totals,
            areas=self._by_area(miners, rigs),
            rigs=of_rigs,
            miners=len(entries),
            unreachable=len(entries) - totals.reachable,
            energy=round(self._meter.watt_hours / 1000, 2),
        )

    def _count(self, key: str, shown: float) -> None:
        self._meter.add(shown - self._counted.get(key, shown))
        self._counted[key] = shown

    def _by_area(
        self, miners: Iterable[MinerCoordinator], rigs: Iterable[RigCoordinator]
    ) -> Mapping[str, Totals]:
        found: dict[str, tuple[list[MinerCoordinator], list[RigCoordinator]]] = {}
        for miner in miners:
            entry_id = miner.config_entry.entry_id
            if name := self._area_of(miner.identity, entry_id):
                found.setdefault(name, ([], []))[0].append(miner)
        for rig in rigs:
            if name := self._area_of(rig.id, self.config_entry.entry_id):
                found.setdefault(name, ([], []))[1].append(rig)
        return {name: _total(*within)[0] for name, within in sorted(found.items())}

    def _area_of(self, identity: str, entry_id: str) -> str | None:
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, identity), entry_id
        )
        if device is None or device.area_id is None:
            return None
        area = ar.async_get(self.hass).async_get_area(device.area_id)
        return area.name if area else None


def _total(
    miners: Iterable[MinerCoordinator], rigs: Iterable[RigCoordinator]
) -> tuple[Totals, RigTotals]:
    """Add up miners and rigs."""
    totals, of_rigs = (
        total(map(_share, miners)),
        total_of_rigs(rig.data for rig in rigs),
    )
    power = _known((totals.power, of_rigs.power))
    return (
        replace(
            totals,
            power=round(sum(power)) if power else None,
            rigs_connected=of_rigs.connected,
        ),
        of_rigs,
    )


def _is_to_come(entry: ConfigEntry) -> bool:
    """Tell whether nothing was tried yet with a miner."""
    return entry.state in (
        ConfigEntryState.NOT_LOADED,
        ConfigEntryState.SETUP_IN_PROGRESS,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What one miner contributes; without a state it is away.

    One that is away still counts, as 0 W and 0 TH/s, or it is left out.
    """

    state: MinerState | None
    counts: bool = True


def _share(coordinator: MinerCoordinator) -> Share:
    if coordinator.last_update_success:
        return Share(coordinator.data)
    options = coordinator.config_entry.options
    return Share(None, counts=options.get(CONF_COUNT_UNREACHABLE, False))


def total(shares: Iterable[Share]) -> Totals:
    """Add up what miners contribute."""
    shares = tuple(shares)
    states = [share.state for share in shares if share.state]
    away = [0] if any(share.state is None and share.counts for share in shares) else []
    stats = [stats for state in states if (stats := state.snapshot.stats)]
    work = [one.work for one in stats if one.work]
    pools = [one.pools for one in stats if one.pools]
    hashrates = [
        rate
        for one in work
        if one.hashrates and (rate := one.hashrates.minute_1) is not None
    ]
    power = [one.power for one in stats if one.power is not None]
    chips = _known(state.hottest_chip for state in states)
    errors = [found for state in states if (found := state.snapshot.errors) is not None]
    rejected = sum(pool.rejected_shares for pool in pools)
    shares_sent = rejected + sum(pool.accepted_shares for pool in pools)
    return Totals(
        hashrate=_sum([*hashrates, *away], 1),
        nominal_hashrate=_sum(_known(one.nominal_hashrate for one in work), 1),
        power=None if not power + away else sum(power),
        efficiency=_efficiency(states),
        reject_rate=round(100 * rejected / shares_sent, 2) if shares_sent else None,
        hottest_chip=round(max(chips)) if chips else None,
        errors=sum(map(len, errors)) if errors else None,
        found_blocks=sum(one.found_blocks for one in work) if work else None,
        mining=sum(state.status is MinerStatus.NORMAL for state in states),
        paused=sum(state.status is MinerStatus.PAUSED for state in states),
        reachable=len(states),
    )


def _efficiency(states: Iterable[MinerState]) -> float | None:
    """Return what a terahash costs those that work, in J."""
    power = hashrate = 0.0
    # The average of one that has just stopped tells of work for a while yet.
    for state in (each for each in states if each.status is MinerStatus.NORMAL):
        stats = state.snapshot.stats
        rates = stats.work.hashrates if stats and stats.work else None
        if stats and stats.power is not None and rates and rates.minute_1:
            power += stats.power
            hashrate += rates.minute_1
    return round(power / hashrate, 1) if hashrate else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _sum(values: list[float], digits: int) -> float | None:
    return round(sum(values), digits) if values else None


def as_attributes(areas: Mapping[str, Totals]) -> dict[str, Any]:
    """Show the totals of each area."""
    return {
        name: {
            "hashrate": totals.hashrate,
            "power": totals.power,
            "efficiency": totals.efficiency,
            "miners_mining": totals.mining,
            "miners_reachable": totals.reachable,
            "rigs_connected": totals.rigs_connected,
        }
        for name, totals in areas.items()
    }
