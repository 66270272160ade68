"""What all entities have in common."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)

from .asic import ApiVersion
from .const import DOMAIN
from .coordinator import MinerConfigEntry, MinerCoordinator
from .state import MinerState, Part

# What has no value, as there is nothing that could have one.
NOTHING: Final = object()


@dataclass(frozen=True, kw_only=True)
class MinerEntityDescription(EntityDescription):
    """An entity of a miner, and where its value is.

    An entity is there once its value was, or always; and on firmware with the API 1.x
    that it is `since`. One that is `live` has another value with each poll, so it is
    worth looking.
    """

    value: Callable[[MinerState], Any]
    always: bool = False
    live: bool = False
    since: int = 0


@dataclass(frozen=True, kw_only=True)
class PartEntityDescription[P](EntityDescription):
    """An entity of each of a miner's boards, fans or pools."""

    part: Part[P]
    value: Callable[[P], Any]
    always: bool = False


type Description = MinerEntityDescription | PartEntityDescription[Any]


class ChangingEntity[C: DataUpdateCoordinator[Any], D: EntityDescription](
    CoordinatorEntity[C]
):
    """An entity that writes its state when that has changed, and only then."""

    _attr_has_entity_name = True
    entity_description: D

    def __init__(self, coordinator: C, description: D) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._seen: Any = NOTHING
        self._attr_translation_key = description.key
        if description.name is None:
            # It is what the device is there for, and bears its name.
            self._attr_name = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take the value from the newest state; returns whether it is another one."""
        value = self._read()
        available = value is not NOTHING
        if value == self._seen and self._attr_available is available:
            return False
        self._seen = value
        self._attr_available = available
        if available:
            self._show(value)
        return True

    def _read(self) -> Any:
        """Return the value as it is now, or `NOTHING`."""
        raise NotImplementedError

    def _show(self, value: Any) -> None:
        """Put the value where Home Assistant finds it."""
        raise NotImplementedError

    @property
    @override
    def available(self) -> bool:
        return self._attr_available


class MinerEntity[D: Description](ChangingEntity[MinerCoordinator, D]):
    """An entity of a miner, or of a part of it."""

    def __init__(
        self, coordinator: MinerCoordinator, description: D, key: str | None = None
    ) -> None:
        super().__init__(coordinator, description)
        self._key = key
        self._live = (
            description.live
            if isinstance(description, MinerEntityDescription)
            else description.part.live
        )
        self._attr_unique_id = unique_id(coordinator, description, key)
        self._attr_device_info = coordinator.device_info
        if key is not None and isinstance(description, PartEntityDescription):
            part = description.part
            self._attr_translation_placeholders = {
                part.name: part.label(coordinator.data, key)
            }
        self._look()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        # A look at each of a hundred values costs more than to read the miner.
        if self._live or not self.coordinator.only_live:
            super()._handle_coordinator_update()

    @override
    def _read(self) -> Any:
        if not self.coordinator.last_update_success:
            return NOTHING
        return _value(self.coordinator.data, self.entity_description, self._key)


def add_entities(
    entry: MinerConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
    descriptions: Sequence[Description],
    make: Callable[[MinerCoordinator, Any, str | None], Entity],
) -> None:
    """Add the entities that the miner has now, and others as they come."""
    coordinator = entry.runtime_data
    registry = er.async_get(coordinator.hass)

    @callback
    def look() -> None:
        new = []
        for description, key in _candidates(coordinator.data, descriptions):
            known_as = unique_id(coordinator, description, key)
            if (platform, known_as) not in coordinator.entities and (
                description.always
                or _value(coordinator.data, description, key) is not None
                or registry.async_get_entity_id(platform, DOMAIN, known_as)
            ):
                coordinator.entities.add((platform, known_as))
                new.append(make(coordinator, description, key))
        if new:
            async_add_entities(new)

    look()
    entry.async_on_unload(coordinator.async_on_review(look))


def unique_id(
    coordinator: MinerCoordinator, description: Description, key: str | None
) -> str:
    """Return what an entity is known by for good."""
    if key is None or isinstance(description, MinerEntityDescription):
        return f"{coordinator.identity}_{description.key}"
    return f"{part_id(coordinator, description.part, key)}{description.key}"


def part_id(
    coordinator: MinerCoordinator, part: Part[Any], key: str | None = None
) -> str:
    """Return what the unique ids of a part's entities begin with, or of all of them."""
    prefix = f"{coordinator.identity}_{part.name}:"
    return prefix if key is None else f"{prefix}{key}_"


def _candidates(
    state: MinerState, descriptions: Iterable[Description]
) -> Iterable[tuple[Description, str | None]]:
    for description in descriptions:
        if isinstance(description, PartEntityDescription):
            yield from ((description, key) for key in description.part.among(state))
        elif state.api >= ApiVersion(1, description.since):
            yield description, None


def _value(state: MinerState, description: Description, key: str | None) -> Any:
    """Return the value, or that there is nothing any more that could have one."""
    if isinstance(description, MinerEntityDescription):
        return description.value(state)
    part = description.part.among(state).get(str(key))
    return NOTHING if part is None else description.value(part)
