"""Speaking to Home Assistant, which has learned the sentences for miners."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import (
    async_expose_entity,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.intent import IntentResponse
from homeassistant.setup import async_setup_component

from .actions import device_of

SENTENCES = Path(__file__).parents[2] / "custom_sentences"


async def learn(hass: HomeAssistant, *, sentences: bool = True) -> None:
    """Begin to listen, with the files that a person has copied, or without."""
    if sentences:
        copy = Path(hass.config.path("custom_sentences"))
        await asyncio.to_thread(shutil.copytree, SENTENCES, copy)
    for integration in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, integration, {})
    await hass.async_block_till_done()


async def call(
    hass: HomeAssistant, entry: ConfigEntry[Any], name: str, area: str | None = None
) -> None:
    """Give a miner a name, and a place."""
    place = ar.async_get(hass).async_get_or_create(area).id if area else None
    dr.async_get(hass).async_update_device(
        device_of(hass, entry).id, name_by_user=name, area_id=place
    )
    await hass.async_block_till_done()


async def say(
    hass: HomeAssistant,
    sentence: str,
    language: str = "en",
    context: Context | None = None,
    device_id: str | None = None,
) -> IntentResponse:
    """Say a sentence, and return how that was understood."""
    result = await conversation.async_converse(
        hass, sentence, None, context or Context(), language, device_id=device_id
    )
    await hass.async_block_till_done()
    return result.response


async def hear(hass: HomeAssistant, sentence: str, language: str = "en") -> str:
    """Say a sentence, and return what is said to that."""
    return heard(await say(hass, sentence, language))


def heard(response: IntentResponse) -> str:
    """Return what is said aloud."""
    speech: str = response.speech["plain"]["speech"]
    return speech


def understood(response: IntentResponse) -> dict[str, Any]:
    """Return what a sentence meant: the intent, and what it is given."""
    if response.intent is None:
        return {"error": response.error_code}
    return {
        "intent": response.intent.intent_type.removeprefix("BraiinsFleet"),
        **{key: slot["value"] for key, slot in response.intent.slots.items()},
    }


def expose(hass: HomeAssistant, entity_id: str, *, to_all: bool = True) -> None:
    """Let the assistant know of an entity, or keep it from it."""
    async_expose_entity(hass, "conversation", entity_id, should_expose=to_all)


@contextmanager
def hidden(hass: HomeAssistant, entity_id: str) -> Iterator[None]:
    """Keep an entity from the assistant for a while."""
    expose(hass, entity_id, to_all=False)
    yield
    expose(hass, entity_id)
