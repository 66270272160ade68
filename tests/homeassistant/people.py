"""People who may do some things, and others not."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockUser,
)


def user_with(hass: HomeAssistant, *entity_ids: str, **rights: bool) -> User:
    """Add a person who has some rights to these entities, and to nothing else."""
    user: Any = MockUser().add_to_hass(hass)
    rights_each = dict.fromkeys(entity_ids, rights)
    user.mock_policy({"entities": {"entity_ids": rights_each}})
    found: User = user
    return found


def entities_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> list[str]:
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return [entity.entity_id for entity in found]
