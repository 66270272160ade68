"""A plain sentence in the logbook for whatever happens to a miner, or is done to it.

The event entity has a line there too, which cannot be left out, and which says no more
than the kind of event. This one names the miner, and the error, pool or status.
"""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE, STATE_OFF, STATE_ON
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_translate_state

from .const import DOMAIN, EVENT_CHANGED, EVENT_HAPPENED, EVENT_JOB_STATE
from .happenings import What
from .telling import SET_BY_ACTION
from .texts import text

# Actions that say little without the software that they are about.
_OF_SOFTWARE = ("install_miner", "uninstall_miner")
# So many miners of a job are called by their names.
_NAMED = 5


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Tell Home Assistant how to put into words what happened."""
    devices, entities = dr.async_get(hass), er.async_get(hass)

    def named(event: Event, sentence: str) -> dict[str, str]:
        # What was done by the entity of a board or a card is told of that.
        entity = entities.async_get(event.data[CONF_TYPE])
        device = devices.async_get(
            (entity and entity.device_id) or event.data[ATTR_DEVICE_ID]
        )
        name = device.name_by_user or device.name if device else None
        return {LOGBOOK_ENTRY_NAME: name or "", LOGBOOK_ENTRY_MESSAGE: sentence}

    @callback
    def happened(event: Event) -> dict[str, str]:
        return named(event, _sentence(hass, event.data))

    @callback
    def changed(event: Event) -> dict[str, str]:
        return named(event, _change(hass, event.data))

    @callback
    def job_changed(event: Event) -> dict[str, str]:
        return {
            LOGBOOK_ENTRY_NAME: text(hass, "entity", "sensor.job.name") or "",
            LOGBOOK_ENTRY_MESSAGE: _job(hass, event.data),
        }

    async_describe_event(DOMAIN, EVENT_HAPPENED, happened)
    async_describe_event(DOMAIN, EVENT_JOB_STATE, job_changed)
    async_describe_event(DOMAIN, EVENT_CHANGED, changed)


def _sentence(hass: HomeAssistant, happened: Mapping[str, Any]) -> str:
    what = happened[CONF_TYPE]
    about = dict(happened)
    if what == What.STATUS_CHANGED:
        for end in ("from", "to"):
            key = f"sensor.status.state.{about[end]}"
            about[end] = text(hass, "entity", key) or about[end]
    sentence = text(hass, "common", f"logbook_{what}")
    # What a later version has written down, this one may not know.
    return what if sentence is None else sentence.format(**about)


def _job(hass: HomeAssistant, job: Mapping[str, Any]) -> str:
    state: str = job["state"]
    sentence = text(hass, "common", f"logbook_job_{state}")
    if sentence is None:
        return state
    kind, miners = job["kind"], job["miners"]
    named = ", ".join(miners[:_NAMED])
    return sentence.format(
        kind=text(hass, "entity", f"sensor.job.state.{kind}") or kind,
        miners=named if len(miners) <= _NAMED else f"{named}, …",
        error=job["error"],
    )


def _change(hass: HomeAssistant, change: Mapping[str, Any]) -> str:
    what: str = change[CONF_TYPE]
    before, after = change["before"], change["after"]
    entity = er.async_get(hass).async_get(what)
    if entity is not None:
        name = entity.name or entity.original_name
        if name is None:
            # What bears the name of the miner is called by what it does.
            key = f"{entity.domain}.{entity.translation_key}.name"
            name = text(hass, "entity", key)
    elif after is not None and what in SET_BY_ACTION:
        name = text(hass, "entity", f"{'.'.join(SET_BY_ACTION[what])}.name")
    else:
        name = text(hass, "services", f"{what}.name")
    if what in _OF_SOFTWARE:
        key = "logbook_done_with"
    elif after is None or (entity is None and what not in SET_BY_ACTION):
        key = "logbook_done"
    elif before in (None, after):
        key = "logbook_set"
    else:
        key = "logbook_changed"
    sentence = text(hass, "common", key)
    if sentence is None:
        return what
    return sentence.format(
        what=name or what,
        before=_in_words(hass, before, entity),
        after=_in_words(hass, after, entity),
        software=after or before,
    )


def _in_words(hass: HomeAssistant, value: Any, entity: er.RegistryEntry | None) -> str:
    """Say what an entity was set to as the entity itself does."""
    match value:
        case bool():
            state = STATE_ON if value else STATE_OFF
        case int() | float():
            return f"{value:g}"
        case _:
            state = str(value)
    if entity is None:
        return state
    return async_translate_state(
        hass,
        state,
        entity.domain,
        DOMAIN,
        entity.translation_key,
        entity.device_class or entity.original_device_class,
    )
