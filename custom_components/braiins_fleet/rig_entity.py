"""What the entities of rigs and of their cards have in common."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .entity import NOTHING, ChangingEntity
from .rig import Gpu
from .rig_coordinator import RigCoordinator, card_id
from .rig_details import has_room, tell_of_details
from .rig_state import RigSnapshot
from .telling import By


@dataclass(frozen=True, kw_only=True)
class RigEntityDescription(EntityDescription):
    """An entity of a rig.

    It is there once its value was, or `there` was true where that says more; or always.
    An `essential` one is enabled also where there are very many rigs.
    """

    value: Callable[[RigSnapshot], Any]
    there: Callable[[RigSnapshot], bool] | None = None
    always: bool = False
    essential: bool = False


@dataclass(frozen=True, kw_only=True)
class GpuEntityDescription(EntityDescription):
    """An entity of each card of a rig, which is there as those of a rig are."""

    value: Callable[[RigSnapshot, Gpu], Any]
    there: Callable[[RigSnapshot, Gpu], bool] | None = None


type Description = RigEntityDescription | GpuEntityDescription


class RigEntity[D: Description](ChangingEntity[RigCoordinator, D]):
    """An entity of a rig, or of one of its cards."""

    def __init__(
        self, coordinator: RigCoordinator, description: D, card: str | None = None
    ) -> None:
        super().__init__(coordinator, description)
        self._card = card
        self._attr_unique_id = _unique_id(coordinator, description, card)
        self._attr_device_info = (
            coordinator.device_info
            if card is None
            else DeviceInfo(identifiers={(DOMAIN, card_id(coordinator.id, card))})
        )
        self._look()

    @override
    def _read(self) -> Any:
        snapshot = self.coordinator.data
        if not snapshot.connected:
            return NOTHING
        return _value(snapshot, self.entity_description, self._card)

    @property
    @override
    def entity_registry_enabled_default(self) -> bool:
        # Asked for when the entity is registered, so nothing is counted too late.
        return super().entity_registry_enabled_default and (
            _is_essential(self.entity_description)
            or has_room(self.coordinator.hass, self.coordinator.config_entry)
        )

    @property
    def _by(self) -> By:
        """By whom a rig is told something that it is told by this entity."""
        return By(self.entity_id, self._context)


def add_rig_entities(
    coordinator: RigCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
    descriptions: Sequence[Description],
    make: Callable[[RigCoordinator, Any, str | None], Entity],
) -> None:
    """Add the entities that a rig and its cards have now, and others as they come."""
    registry = er.async_get(coordinator.hass)
    waiting: dict[str, tuple[Description, str | None]] = {}
    cards: list[str] | None = None

    @callback
    def look() -> None:
        nonlocal waiting, cards
        snapshot = coordinator.data
        # What there was before, there is again; but to look that up is not free.
        is_fresh = cards != list(snapshot.cards)
        if is_fresh:
            cards = list(snapshot.cards)
            waiting = {
                known_as: each
                for each in _candidates(descriptions, cards)
                if (known_as := _unique_id(coordinator, *each))
                not in coordinator.entities
            }
        new = [
            known_as
            for known_as, (description, card) in waiting.items()
            if _is_there(snapshot, description, card)
            or (is_fresh and registry.async_get_entity_id(platform, DOMAIN, known_as))
        ]
        if not new:
            return
        if not has_room(coordinator.hass, coordinator.config_entry) and any(
            not (
                _is_essential(waiting[known_as][0])
                or registry.async_get_entity_id(platform, DOMAIN, known_as)
            )
            for known_as in new
        ):
            tell_of_details(coordinator.hass)
        coordinator.entities.update(new)
        async_add_entities(
            [make(coordinator, *waiting.pop(known_as)) for known_as in new],
            config_subentry_id=coordinator.id,
        )

    look()
    coordinator.async_add_listener(look)


def _is_essential(description: Description) -> bool:
    return isinstance(description, RigEntityDescription) and description.essential


def _candidates(
    descriptions: Iterable[Description], cards: Iterable[str]
) -> Iterable[tuple[Description, str | None]]:
    for description in descriptions:
        if isinstance(description, GpuEntityDescription):
            yield from ((description, card) for card in cards)
        else:
            yield description, None


def _unique_id(
    coordinator: RigCoordinator, description: Description, card: str | None
) -> str:
    if card is None:
        return f"{coordinator.id}_{description.key}"
    return f"{card_id(coordinator.id, card)}_{description.key}"


def _is_there(
    snapshot: RigSnapshot, description: Description, card: str | None
) -> bool:
    if isinstance(description, RigEntityDescription):
        if description.always:
            return True
        if description.there is not None:
            return description.there(snapshot)
    elif description.there is not None:
        gpu = snapshot.gpus.get(card or "")
        return gpu is not None and description.there(snapshot, gpu)
    return _value(snapshot, description, card) not in (None, NOTHING)


def _value(snapshot: RigSnapshot, description: Description, card: str | None) -> Any:
    """Return the value, or that there is nothing now that could have one."""
    if isinstance(description, RigEntityDescription):
        return description.value(snapshot)
    gpu = snapshot.gpus.get(card or "")
    return NOTHING if gpu is None else description.value(snapshot, gpu)
