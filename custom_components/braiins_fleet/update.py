"""The firmware of a miner and what the library has for it, and the software of rigs."""

from dataclasses import dataclass
from typing import Any, cast, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.const import EntityCategory, Platform as HaPlatform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import ApiVersion, Platform
from .const import SIGNAL_FIRMWARE, SIGNAL_INSTALLING
from .coordinator import MinerConfigEntry, MinerCoordinator
from .entity import MinerEntity, MinerEntityDescription, add_entities
from .farm import FARM
from .firmware_install import NEEDED_RELEASE, can_install, image_for
from .firmware_names import is_newer, slug_of
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_update import add_rig_updates
from .rollout import ROLLOUTS
from .state import MinerState
from .texts import text

# A poll is one coordinator's; there is nothing to hold back here.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    release: str | None
    build: str | None
    platform: Platform
    api: ApiVersion


@dataclass(frozen=True, kw_only=True)
class MinerUpdateDescription(MinerEntityDescription, UpdateEntityDescription):
    """Firmware of a miner."""


def _installed(state: MinerState) -> _Installed:
    details = state.snapshot.details
    return _Installed(
        release=details.release if details else None,
        build=details.firmware if details else None,
        platform=details.platform if details else Platform.UNKNOWN,
        api=state.api,
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
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the firmware of a miner, or the mining software of rigs."""
    if is_fleet(entry):
        add_rig_updates(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(
        miner, async_add_entities, HaPlatform.UPDATE, (FIRMWARE,), FirmwareUpdate
    )


class FirmwareUpdate(MinerEntity[MinerUpdateDescription], UpdateEntity):
    """The Braiins OS that is installed, and a newer one to install."""

    _attr_supported_features = UpdateEntityFeature.PROGRESS
    _attr_title = "Braiins OS"
    # It grows over the years, and changes a few times in one.
    _unrecorded_attributes = frozenset({"history"})
    entity_description: MinerUpdateDescription

    def __init__(
        self,
        coordinator: MinerCoordinator,
        description: MinerUpdateDescription,
        key: str | None = None,
    ) -> None:
        self._farm = coordinator.hass.data[FARM]
        self._entry_id = coordinator.config_entry.entry_id
        self._installed: _Installed | None = None
        self._offered: object = None
        super().__init__(coordinator, description, key)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        # The miner may have been set up anew meanwhile.
        self._take_progress()
        installing = f"{SIGNAL_INSTALLING}{self._entry_id}"
        for signal, listener in (
            (SIGNAL_FIRMWARE, self._offer_again),
            (installing, self._show_progress),
        ):
            self.async_on_remove(async_dispatcher_connect(self.hass, signal, listener))

    @property
    @override
    def available(self) -> bool:
        return self._attr_available or self._entry_id in self._farm.installing

    @override
    def _show(self, value: _Installed) -> None:
        self._installed = value
        self._attr_installed_version = value.release or value.build
        self._offer(value)

    @callback
    def _offer_again(self) -> None:
        if self._installed is not None and self._offer(self._installed):
            self.async_write_ha_state()

    def _offer(self, value: _Installed) -> bool:
        """Offer what the library has; returns whether that is anything new."""
        images = self._farm.library.of(value.platform)
        newest = images[0].version if images else None
        other = self._farm.versions.newest_elsewhere(self._entry_id, value.platform)
        if other is not None and not (
            is_newer(other[0], value.release) and is_newer(other[0], newest)
        ):
            other = None
        offers = is_newer(newest, value.release)
        able = can_install(value.api)

        latest = value.release if images else None
        if offers:
            latest = newest
        elif other is not None:
            latest = other[0]
        features = UpdateEntityFeature.PROGRESS
        if able and images and latest in (value.release, newest):
            features |= UpdateEntityFeature.INSTALL
            features |= UpdateEntityFeature.SPECIFIC_VERSION
        self._attr_latest_version = latest
        self._attr_supported_features = features
        self._attr_release_summary = self._summary(other, able=able)
        self._attr_extra_state_attributes = {
            "api_version": str(value.api),
            "build": value.build,
            "platform": slug_of(value.platform),
            "history": self._farm.versions.of(self._entry_id),
        }
        before, self._offered = (
            self._offered,
            (
                latest,
                features,
                self._attr_release_summary,
                self._attr_extra_state_attributes,
            ),
        )
        return before != self._offered

    def _summary(self, other: tuple[str, str] | None, *, able: bool) -> str | None:
        """Say what a person has to know before anything can be installed."""
        hass = self.coordinator.hass
        said: list[str] = []
        if not able:
            sentence = text(hass, "common", "firmware_needs_newer") or ""
            said.append(sentence.format(needed=NEEDED_RELEASE))
        if other is not None:
            version, entry_id = other
            entry = hass.config_entries.async_get_entry(entry_id)
            sentence = text(hass, "common", "firmware_elsewhere") or ""
            said.append(
                sentence.format(miner=entry.title if entry else "", version=version)
            )
        return " ".join(said) or None

    @callback
    def _show_progress(self) -> None:
        self._take_progress()
        self.async_write_ha_state()

    def _take_progress(self) -> None:
        now = self._farm.installing.get(self._entry_id)
        self._attr_in_progress = now is not None
        self._attr_update_percentage = now.percent if now else None

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Install a version that is in the library, and wait until it runs."""
        wanted = version or self.latest_version or ""
        entry = self.coordinator.config_entry
        image_for(self._farm, entry, wanted)
        await self.hass.data[ROLLOUTS].install(entry, wanted, self._context)
