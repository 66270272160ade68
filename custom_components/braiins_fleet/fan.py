"""The fans that cool a miner, as one fan."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.fan import FanEntity, FanEntityDescription
from homeassistant.components.fan.const import FanEntityFeature
from homeassistant.const import PERCENTAGE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import CoolingKind, Miner
from .control import Change
from .coordinator import MinerConfigEntry
from .entity import MinerEntityDescription, add_entities
from .setting import (
    AUTOMATIC,
    SettingEntity,
    change_cooling,
    fans_stay_on,
    lowest_fan_speed,
)
from .state import MinerState

# Changes of one miner take turns anyway, and miners do not wait for each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, slots=True)
class _Speed:
    """How fast the fans turn in %, and whether the miner decides on that."""

    percent: int | None
    automatic: bool


@dataclass(frozen=True, kw_only=True)
class MinerFanDescription(MinerEntityDescription, FanEntityDescription):
    """Fans of a miner."""


def _speed(state: MinerState) -> _Speed | None:
    """Return how the fans are set, of a miner that is cooled by them."""
    configuration = state.snapshot.configuration
    cooling = configuration.cooling if configuration else None
    if cooling is None or not state.fans:
        return None
    if cooling.kind is CoolingKind.MANUAL and cooling.fan_speed is not None:
        return _Speed(round(cooling.fan_speed), automatic=False)
    if cooling.kind is not CoolingKind.AUTO:
        return None
    targets = [
        fan.target_speed for fan in state.fans.values() if fan.target_speed is not None
    ]
    return _Speed(round(max(targets)) if targets else None, automatic=True)


def _in_words(state: MinerState) -> str | None:
    now = _speed(state)
    if now is None:
        return None
    return AUTOMATIC if now.automatic else f"{now.percent} {PERCENTAGE}"


async def _set_speed(miner: Miner, wanted: _Speed) -> None:
    if wanted.automatic:
        await change_cooling(miner, kind=CoolingKind.AUTO)
    else:
        await change_cooling(miner, kind=CoolingKind.MANUAL, fan_speed=wanted.percent)


FANS = MinerFanDescription(key="cooling_fans", since=4, live=True, value=_speed)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: MinerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the fans of a miner that has any."""
    add_entities(entry, async_add_entities, Platform.FAN, (FANS,), CoolingFans)


class CoolingFans(SettingEntity[MinerFanDescription], FanEntity):
    """All fans of a miner; they cannot be turned off, as it would burn."""

    _attr_supported_features = (
        FanEntityFeature.SET_SPEED
        | FanEntityFeature.PRESET_MODE
        | FanEntityFeature.TURN_ON
    )
    entity_description: MinerFanDescription

    @property
    @override
    def preset_modes(self) -> list[str]:
        return [AUTOMATIC]

    @override
    def _show(self, value: _Speed | None) -> None:
        self._attr_percentage = value.percent if value else None
        self._attr_preset_mode = AUTOMATIC if value and value.automatic else None

    @property
    @override
    def is_on(self) -> bool:
        return True

    @override
    async def async_turn_on(
        self,
        percentage: int | None = None,
        preset_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Set what is given with it, as voice assistants do; they are on anyway."""
        if preset_mode is not None:
            await self.async_set_preset_mode(preset_mode)
        elif percentage is not None:
            await self.async_set_percentage(percentage)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Refuse it: who toggles something gets here, whatever that supports."""
        raise fans_stay_on(self.coordinator)

    @override
    async def async_set_percentage(self, percentage: int) -> None:
        if percentage <= 0:
            raise fans_stay_on(self.coordinator)
        speed = max(percentage, lowest_fan_speed(self.coordinator))
        await self._set_to(_Speed(speed, automatic=False))

    @override
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        await self._set_to(_Speed(None, automatic=True))

    async def _set_to(self, wanted: _Speed) -> None:
        def is_done(state: MinerState) -> bool:
            now = _speed(state)
            if now is None or wanted.automatic:
                return now is not None and now.automatic
            return now == wanted

        change = Change(
            what=self.entity_id,
            command=lambda miner: _set_speed(miner, wanted),
            value=_in_words,
            done=is_done,
        )
        await self.coordinator.control.set(change, self._context)
