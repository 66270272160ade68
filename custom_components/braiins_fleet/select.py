"""What a miner can be set to out of a few: tuning, cooling, scaling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory, Platform, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import (
    CoolingKind,
    Dps,
    DpsMode,
    FanPauseMode,
    FanPauseRuntime,
    HashrateTarget,
    ManualTuning,
    Miner,
    PausedFans,
    PerformanceMode,
    PowerTarget,
    Reading,
    TunerMode,
)
from .const import DOMAIN, HASHRATE_UNIT
from .coordinator import MinerConfigEntry
from .entity import add_entities
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_select import add_rig_selects
from .setting import (
    AUTOMATIC,
    SettingDescription,
    SettingEntity,
    change_cooling,
    choose_cooling,
    configured,
    cooled,
    paused_fans,
)
from .state import MinerState

# Changes of one miner take turns anyway, and miners do not wait for each other.
PARALLEL_UPDATES = 0

_FIRST_WITH_COOLING_MODES = 4
_MANUAL = "manual"


@dataclass(frozen=True, kw_only=True)
class MinerSelectDescription(SettingDescription, SelectEntityDescription):
    """One of a few; which ones there are, the miner says.

    It may be set to none of them, if it is one `or_none`.
    """

    choices: Callable[[MinerState], list[str]]
    or_none: bool = False


# Without a figure, each goes on with what it had.
_MODES: dict[str, PerformanceMode] = {
    TunerMode.POWER_TARGET.value: PowerTarget(None),
    TunerMode.HASHRATE_TARGET.value: HashrateTarget(None),
    _MANUAL: ManualTuning(frequency=None, voltage=None),
}


def tuning(state: MinerState) -> str | None:
    """Return what the tuner aims at, or that it is left out."""
    configuration = state.snapshot.configuration
    tuner = configuration.tuner if configuration else None
    if tuner is None or tuner.enabled is None:
        return None
    if not tuner.enabled:
        return _MANUAL
    return None if tuner.mode is TunerMode.UNKNOWN else tuner.mode.value


def coolings(state: MinerState) -> list[str]:
    """Return the ways of cooling that a miner can have."""
    # One with fans has no water, and without them none can cool it. Which of them are
    # in oil, only their owner knows.
    if state.api.minor < _FIRST_WITH_COOLING_MODES:
        kinds = {CoolingKind.AUTO}
    elif state.fans:
        kinds = {CoolingKind.AUTO, CoolingKind.MANUAL}
    else:
        kinds = {CoolingKind.HYDRO}
    now = cooled(lambda it: it.kind)(state)
    return [
        kind.value
        for kind in CoolingKind
        if kind in (*kinds, CoolingKind.IMMERSION, now)
        and kind not in (CoolingKind.UNKNOWN, CoolingKind.DISABLED)
    ]


def _cooling(kind: CoolingKind) -> str | None:
    # This is what immersion was called before API 1.4.
    kind = CoolingKind.IMMERSION if kind is CoolingKind.DISABLED else kind
    return None if kind is CoolingKind.UNKNOWN else kind.value


def _paused_fans(paused: PausedFans | None) -> str | None:
    if paused is None:
        return None
    if paused.mode is FanPauseMode.AUTO:
        return AUTOMATIC
    if paused.runtime in (None, FanPauseRuntime.UNKNOWN):
        return None
    return paused.runtime.value


async def _set_paused_fans(miner: Miner, wanted: str) -> None:
    await change_cooling(miner, paused=await paused_fans(miner, wanted))


def _target_name(mode: TunerMode, target: float) -> str:
    unit = UnitOfPower.WATT if mode is TunerMode.POWER_TARGET else HASHRATE_UNIT
    return f"{target:g} {unit}"


def _profiles(state: MinerState) -> list[str]:
    mode = tuning(state)
    return [
        _target_name(profile.mode, profile.target)
        for profile in sorted(
            state.snapshot.profiles or (), key=lambda each: each.target or 0
        )
        if profile.target is not None and profile.mode == mode
    ]


def _profile(state: MinerState) -> str | None:
    configuration = state.snapshot.configuration
    tuner = configuration.tuner if configuration else None
    if tuner is None:
        return None
    by_power = tuner.mode is TunerMode.POWER_TARGET
    target = tuner.power_target if by_power else tuner.hashrate_target
    name = None if target is None else _target_name(tuner.mode, target)
    return name if name in _profiles(state) else None


async def _set_profile(miner: Miner, wanted: str) -> None:
    for profile in await miner.tuned_profiles():
        target = profile.target
        if target is not None and _target_name(profile.mode, target) == wanted:
            if profile.mode is TunerMode.POWER_TARGET:
                await miner.tuning.set_power_target(target)
            else:
                await miner.tuning.set_hashrate_target(target)
            return
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="profile_gone",
        translation_placeholders={"profile": wanted},
    )


_config = partial(MinerSelectDescription, entity_category=EntityCategory.CONFIG)

SELECTS: tuple[MinerSelectDescription, ...] = (
    _config(
        key="tuning",
        value=tuning,
        choices=lambda _: list(_MODES),
        write=lambda miner, wanted: miner.tuning.set_mode(_MODES[wanted]),
    ),
    _config(
        key="cooling",
        value=cooled(lambda it: _cooling(it.kind)),
        choices=coolings,
        write=choose_cooling,
    ),
    _config(
        key="dps_mode",
        since=4,
        value=configured(
            lambda it: (
                it.dps.mode.value
                if it.dps and it.dps.mode not in (None, DpsMode.UNKNOWN)
                else None
            )
        ),
        choices=lambda _: [DpsMode.NORMAL.value, DpsMode.BOOST.value],
        write=lambda miner, wanted: miner.set_dps(Dps(mode=DpsMode(wanted))),
    ),
    _config(
        key="paused_fans",
        since=9,
        value=cooled(lambda it: _paused_fans(it.paused)),
        choices=lambda _: [
            AUTOMATIC,
            FanPauseRuntime.LIMITED.value,
            FanPauseRuntime.INDEFINITE.value,
        ],
        write=_set_paused_fans,
    ),
    MinerSelectDescription(
        key="tuned_profile",
        value=_profile,
        choices=_profiles,
        always=True,
        or_none=True,
        write=_set_profile,
        reads=(Reading.PROFILES,),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what can be chosen of a miner, or of rigs."""
    if is_fleet(entry):
        add_rig_selects(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(miner, async_add_entities, Platform.SELECT, SELECTS, MinerSelect)


class MinerSelect(SettingEntity[MinerSelectDescription], SelectEntity):
    """One of a few."""

    entity_description: MinerSelectDescription
    _attr_options: list[str] = []  # noqa: RUF012 - never changed, only replaced

    @property
    @override
    def available(self) -> bool:
        if self.entity_description.or_none:
            return self._attr_available and bool(self._attr_options)
        return super().available

    @override
    def _look(self) -> bool:
        before = self._attr_options
        self._attr_options = self.entity_description.choices(self.coordinator.data)
        return super()._look() or self._attr_options != before

    @override
    def _show(self, value: Any) -> None:
        self._attr_current_option = value

    @override
    async def async_select_option(self, option: str) -> None:
        description = self.entity_description
        await self._set(
            option, description.write, description.value, reads=description.reads
        )
