"""The devices of miners and of the fleet, and what they are told to be."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.json import JsonValueType
from yarl import URL

from .asic import MinerStatus, Reading
from .const import DOMAIN, FLEET
from .coordinator import MinerConfigEntry, MinerCoordinator
from .entity import part_id
from .identity import manufacturer
from .state import FAN, POOL, Part

# Boards do not: one that is missing is a defect until somebody says otherwise.
_COME_AND_GO: Mapping[Part[Any], Reading] = {
    FAN: Reading.COOLING,
    POOL: Reading.POOLS,
}
# What was not listed for so long, while mining software ran, is gone.
_GONE_AFTER = 120.0


@callback
def keep_device(coordinator: MinerCoordinator) -> None:
    """Register the miner's device, and keep it true for as long as it is loaded."""
    parts = _Parts(coordinator)
    shown: list[object] = []

    @callback
    def review() -> None:
        # Few things change rarely, and a look into the registry is not free.
        host = coordinator.config_entry.data[CONF_HOST]
        now = [coordinator.data.snapshot.details, coordinator.data.api, host]
        if now != shown:
            shown[:] = now
            _register(coordinator)
        parts.review()

    _register(coordinator)
    coordinator.config_entry.async_on_unload(coordinator.async_on_review(review))


def _register(coordinator: MinerCoordinator) -> None:
    entry, details = coordinator.config_entry, coordinator.data.snapshot.details
    registry = dr.async_get(coordinator.hass)
    identifiers = {(DOMAIN, coordinator.identity)}
    url = URL.build(scheme="http", host=entry.data[CONF_HOST])
    if details is None:
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers=identifiers,
            name=entry.title,
            configuration_url=url,
        )
        return
    registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers=identifiers,
        connections=(
            {(dr.CONNECTION_NETWORK_MAC, details.mac)} if details.mac else set()
        ),
        name=entry.title,
        manufacturer=manufacturer(details),
        model=details.model,
        serial_number=details.serial_number,
        sw_version=details.release or details.firmware,
        configuration_url=url,
    )


@callback
def keep_fleet_device(hass: HomeAssistant, entry_id: str) -> None:
    """Register the device of the fleet."""
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry_id,
        identifiers={(DOMAIN, FLEET)},
        translation_key=FLEET,
        entry_type=dr.DeviceEntryType.SERVICE,
    )


def named(
    hass: HomeAssistant,
    miners: Sequence[MinerConfigEntry],
    answers: Iterable[dict[str, JsonValueType]],
) -> list[dict[str, JsonValueType]]:
    """Say of which miner each answer of an action is."""
    devices = dr.async_get(hass)
    found: list[dict[str, JsonValueType]] = []
    for miner, answer in zip(miners, answers, strict=True):
        device = devices.async_get_device_by_identifier(
            (DOMAIN, str(miner.unique_id)), miner.entry_id
        )
        found.append(
            {
                "name": (device and (device.name_by_user or device.name))
                or miner.title,
                "device_id": device.id if device else None,
                **answer,
            }
        )
    return found


class _Parts:
    """Removes the entities of fans and pools that are there no more."""

    def __init__(self, coordinator: MinerCoordinator) -> None:
        self._coordinator = coordinator
        self._keys: object = None
        # The entities whose part is not listed, and since when.
        self._since: dict[str, float] = {}

    def review(self) -> None:
        state = self._coordinator.data
        if state.status is MinerStatus.NOT_STARTED:
            # What it does not list then may be there nevertheless.
            self._keys = None
            self._since.clear()
            return
        keys = [set(part.among(state)) for part in _COME_AND_GO]
        # A look into the registry is not free, and parts change rarely.
        if keys == self._keys and not self._since:
            return
        self._keys = keys
        now = self._coordinator.hass.loop.time()
        orphans = self._orphans()
        self._since = {
            entity.entity_id: self._since.get(entity.entity_id, now)
            for entity in orphans
        }
        registry = er.async_get(self._coordinator.hass)
        for entity in orphans:
            if now - self._since[entity.entity_id] >= _GONE_AFTER:
                del self._since[entity.entity_id]
                self._coordinator.entities.discard((entity.domain, entity.unique_id))
                registry.async_remove(entity.entity_id)

    def _orphans(self) -> list[er.RegistryEntry]:
        """Return the entities whose part the miner does not list now."""
        coordinator, state = self._coordinator, self._coordinator.data
        prefixes = []
        present: list[str] = []
        for part, reading in _COME_AND_GO.items():
            # A miner that does not say has not lost them.
            if getattr(state.snapshot, reading.value) is not None:
                prefixes.append(part_id(coordinator, part))
                present += [
                    part_id(coordinator, part, key) for key in part.among(state)
                ]
        return [
            entity
            for entity in er.async_entries_for_config_entry(
                er.async_get(coordinator.hass), coordinator.config_entry.entry_id
            )
            if entity.unique_id.startswith(tuple(prefixes))
            and not entity.unique_id.startswith(tuple(present))
        ]
