"""The firmware of a miner. Which one would be newer is not known."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MinerConfigEntry
from .entity import MinerEntity, MinerEntityDescription, add_entities
from .state import MinerState

# A poll is one coordinator's; there is nothing to hold back here.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    release: str | None
    build: str | None
    api: str


@dataclass(frozen=True, kw_only=True)
class MinerUpdateDescription(MinerEntityDescription, UpdateEntityDescription):
    """Firmware of a miner."""


def _installed(state: MinerState) -> _Installed:
    details = state.snapshot.details
    return _Installed(
        release=details.release if details else None,
        build=details.firmware if details else None,
        api=str(state.api),
    )


FIRMWARE = MinerUpdateDescription(
    key="firmware",
    device_class=UpdateDeviceClass.FIRMWARE,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=_installed,
    always=True,
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: MinerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the firmware of a miner."""
    add_entities(
        entry, async_add_entities, Platform.UPDATE, (FIRMWARE,), FirmwareUpdate
    )


class FirmwareUpdate(MinerEntity[MinerUpdateDescription], UpdateEntity):
    """The Braiins OS that is installed."""

    _attr_title = "Braiins OS"
    entity_description: MinerUpdateDescription

    @override
    def _show(self, value: _Installed) -> None:
        self._attr_installed_version = value.release or value.build
        self._attr_extra_state_attributes = {
            "api_version": value.api,
            "build": value.build,
        }
