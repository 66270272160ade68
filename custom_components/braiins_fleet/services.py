"""The actions, each for as many miners as one likes."""

import asyncio
from collections.abc import Sequence
from functools import partial

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.util.async_ import gather_with_limited_concurrency
import voluptuous as vol

from .answers import ASKS, Answer, AskAction
from .asic import AsicError
from .changes import ATTR_STAGGER, CHANGES, ChangeAction
from .const import DOMAIN
from .coordinator import MinerCoordinator
from .targets import miners_of

# Of as many miners as that is something wanted at a time.
_AT_ONCE = 25


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for change in CHANGES:
        schema: vol.Schema | vol.All = cv.make_entity_service_schema(
            dict(change.fields)
        )
        if change.one_of:
            schema = vol.All(
                schema,
                cv.has_at_least_one_key(*change.one_of),
                cv.has_at_most_one_key(*change.one_of),
            )
        hass.services.async_register(
            DOMAIN,
            change.name,
            partial(_change, hass, change),
            schema,
            SupportsResponse.OPTIONAL,
        )
    for ask in ASKS:
        hass.services.async_register(
            DOMAIN,
            ask.name,
            partial(_ask, hass, ask),
            cv.make_entity_service_schema(dict(ask.fields)),
            SupportsResponse.ONLY,
        )


async def _change(
    hass: HomeAssistant, action: ChangeAction, call: ServiceCall
) -> ServiceResponse:
    """Have each of the miners do it, and tell of each how that went."""
    miners = await miners_of(hass, call)
    stagger = call.data[ATTR_STAGGER] if action.staggered else 0.0
    errors: list[HomeAssistantError] = []

    async def do(place: int, coordinator: MinerCoordinator) -> Answer:
        try:
            # Miners that are switched on one after the other spare the fuse.
            await asyncio.sleep(place * stagger)
            change = action.plan(coordinator, call.data)
            changed = await coordinator.control.do(change, call.context)
        except HomeAssistantError as err:
            errors.append(err)
            return {"ok": False, "error": str(err)}
        return {"ok": True, "before": changed.before, "after": changed.after}

    found = await gather_with_limited_concurrency(
        len(miners) if stagger else _AT_ONCE,
        *(do(place, miner) for place, miner in enumerate(miners)),
    )
    if errors and not call.return_response:
        raise _in_one(errors, len(miners))
    return {"miners": [*_named(hass, miners, found)]}


async def _ask(
    hass: HomeAssistant, action: AskAction, call: ServiceCall
) -> ServiceResponse:
    """Return what each of the miners has to say."""
    miners = await miners_of(hass, call, only_reads=True)

    async def ask(coordinator: MinerCoordinator) -> Answer:
        try:
            return await action.ask(coordinator)
        except AsicError as err:
            return {"error": str(coordinator.control.failure(err))}

    found = await gather_with_limited_concurrency(_AT_ONCE, *map(ask, miners))
    return {"miners": [*action.arrange(_named(hass, miners, found), call.data)]}


def _named(
    hass: HomeAssistant, miners: Sequence[MinerCoordinator], answers: Sequence[Answer]
) -> list[Answer]:
    """Say of which miner each answer is."""
    devices = dr.async_get(hass)
    named: list[Answer] = []
    for coordinator, answer in zip(miners, answers, strict=True):
        device = devices.async_get_device_by_identifier(
            (DOMAIN, coordinator.identity), coordinator.config_entry.entry_id
        )
        named.append(
            {
                "name": (device and (device.name_by_user or device.name))
                or coordinator.config_entry.title,
                "device_id": device.id if device else None,
                **answer,
            }
        )
    return named


def _in_one(errors: Sequence[HomeAssistantError], miners: int) -> HomeAssistantError:
    """Return the error of one miner as it is, and those of several together."""
    if miners == 1:
        return errors[0]
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="some_failed",
        translation_placeholders={
            "failed": str(len(errors)),
            "miners": str(miners),
            "errors": "; ".join(dict.fromkeys(map(str, errors))),
        },
    )
