"""The mining software of a rig, and newer releases of it."""

from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.update import (
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .fleet import FleetConfigEntry
from .rig import SOFTWARE, Release, Software, is_newer, version_in
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription
from .rig_software import Installed
from .rig_state import RigSnapshot
from .software_releases import Releases
from .texts import text

_RELEASE = "https://github.com/{repository}/releases/tag/{tag}"


@dataclass(frozen=True, kw_only=True)
class SoftwareUpdateDescription(RigEntityDescription, UpdateEntityDescription):
    """Mining software of a rig."""

    software: Software


def _installed(rig: RigSnapshot, *, name: str) -> Installed:
    # One that is gone has its entity for a moment yet.
    return rig.software.get(name, Installed())


SOFTWARE_UPDATES = tuple(
    SoftwareUpdateDescription(
        key=f"software_{software.name}",
        translation_key="rig_mining_software",
        entity_category=EntityCategory.DIAGNOSTIC,
        software=software,
        value=partial(_installed, name=software.name),
    )
    for software in SOFTWARE.values()
)


def add_rig_updates(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the software of each rig as it is seen, until it is uninstalled."""
    registry = er.async_get(entry.runtime_data.hass)
    releases = entry.runtime_data.releases

    def add(rig: RigCoordinator) -> None:
        there: set[str] = set()

        @callback
        def look() -> None:
            now = rig.data.software.keys()
            if now == there:
                return
            new = []
            for description in SOFTWARE_UPDATES:
                name = description.software.name
                if name in now - there:
                    new.append(SoftwareUpdate(rig, description, releases))
                elif name in there - now and (
                    entity_id := registry.async_get_entity_id(
                        Platform.UPDATE, DOMAIN, f"{rig.id}_{description.key}"
                    )
                ):
                    registry.async_remove(entity_id)
            there.clear()
            there.update(now)
            async_add_entities(new, config_subentry_id=rig.id)

        look()
        rig.async_add_listener(look)

    entry.runtime_data.garage.for_each(add)


class SoftwareUpdate(RigEntity[SoftwareUpdateDescription], UpdateEntity):
    """What a rig mines with, and a newer release of that."""

    entity_description: SoftwareUpdateDescription

    def __init__(
        self,
        coordinator: RigCoordinator,
        description: SoftwareUpdateDescription,
        releases: Releases,
    ) -> None:
        self._releases = releases
        self._installed = Installed()
        super().__init__(coordinator, description)
        software = description.software
        self._attr_translation_key = description.translation_key
        self._attr_translation_placeholders = {"software": software.title}
        self._attr_title = software.title
        self._offer()

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self._releases.async_add_listener(
                self._offer_again, self.entity_description.software.name
            )
        )

    @override
    def _show(self, value: Any) -> None:
        self._installed = value
        self._offer()

    @callback
    def _offer_again(self) -> None:
        before = self._release
        self._offer()
        if self._release != before:
            self.async_write_ha_state()

    def _offer(self) -> None:
        software = self.entity_description.software
        installed = self._installed
        self._release = release = self._releases.data.get(software.name)
        told = version_in(installed.version or "")
        self._attr_installed_version = told or installed.version
        # What cannot be compared is not claimed to be old.
        is_known = release is not None and (told or installed.version is None)
        self._attr_latest_version = release.version if release and is_known else None
        self._attr_release_url = None
        if release is not None:
            self._attr_release_url = _RELEASE.format(
                repository=software.repository, tag=release.tag
            )
        self._attr_in_progress = installed.is_updating
        self._attr_supported_features = UpdateEntityFeature.PROGRESS
        # One that waits to be started need not be fetched again.
        able = software.is_installable and not installed.waits
        if able and release is not None and release.fits:
            self._attr_supported_features |= UpdateEntityFeature.INSTALL
        self._attr_release_summary = self._summary(release, told)

    def _summary(self, release: Release | None, told: str | None) -> str | None:
        """Say what a person has to know before installing it, and after that."""
        software = self.entity_description.software
        if self._installed.waits and software.is_installable:
            key = "software_waits"
        elif release is None or (told and not is_newer(release.version, told)):
            return None
        elif not software.is_installable:
            key = "software_not_startable"
        else:
            key = "software_replaced" if release.fits else "software_not_found"
        sentence = text(self.coordinator.hass, "common", key) or ""
        return sentence.format(software=software.title)

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        return is_newer(latest_version, installed_version)

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Have the rig fetch the newest release."""
        await self.coordinator.control.update_software(
            self.entity_description.software.name,
            by=self._by,
            before=self.installed_version,
            after=self.latest_version,
        )
