"""The actions, each for as many miners as one likes."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from homeassistant.core import (
    Context,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .advanced_settings import ADVANCED_ASKS, ADVANCED_CHANGES
from .answers import ASKS, Answer, AskAction
from .asic import AsicError, TimedOut, Unreachable
from .auto_upgrade import AUTO_UPGRADE
from .changes import ATTR_CONFIRM, CHANGES, ChangeAction, Fields
from .const import DOMAIN
from .control import Changed
from .coordinator import MinerConfigEntry
from .device import named
from .downloads import DOWNLOADS
from .failures import in_one, undone
from .firmware_actions import async_setup_firmware_actions
from .job_actions import async_setup_job_actions
from .maintenance import MAINTENANCE
from .manual_tuning import MANUAL_TUNING
from .network_changes import SET_NETWORK
from .pool_changes import POOL_CHANGES
from .rig_actions import async_setup_rig_actions, do_with_rigs
from .rig_targets import require_rig_permission, rigs_chosen
from .settings_changes import SETTINGS_CHANGES
from .targets import coordinator_of, miners_of
from .telling import By
from .turns import AT_ONCE, ATTR_STAGGER

_CHANGES = (
    *CHANGES,
    *SETTINGS_CHANGES,
    *POOL_CHANGES,
    MANUAL_TUNING,
    *ADVANCED_CHANGES,
    SET_NETWORK,
    *MAINTENANCE,
    AUTO_UPGRADE,
)

# What became of a change to one miner.
type Outcome = Changed | HomeAssistantError


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for change in _CHANGES:
        fields = dict(change.fields)
        if change.loses is not None:
            # That it is missing is said in words of its own.
            fields[vol.Optional(ATTR_CONFIRM)] = cv.boolean
        _registrar(hass, change)(
            DOMAIN,
            change.name,
            partial(_change, hass, change),
            change.whole(cv.make_entity_service_schema(fields)),
            SupportsResponse.OPTIONAL,
        )
    for ask in (*ASKS, *ADVANCED_ASKS, *DOWNLOADS):
        _registrar(hass, ask)(
            DOMAIN,
            ask.name,
            partial(_ask, hass, ask),
            cv.make_entity_service_schema(dict(ask.fields)),
            SupportsResponse.ONLY,
        )
    async_setup_job_actions(hass)
    async_setup_firmware_actions(hass)
    async_setup_rig_actions(hass)


def _registrar(
    hass: HomeAssistant, action: ChangeAction | AskAction
) -> Callable[..., None]:
    """Return what registers an action for those who may call it."""
    if action.admin:
        return partial(async_register_admin_service, hass)
    return hass.services.async_register


async def _change(
    hass: HomeAssistant, action: ChangeAction, call: ServiceCall
) -> ServiceResponse:
    """Have each of the miners do it, and tell of each how that went."""
    if action.loses is not None and not call.data.get(ATTR_CONFIRM):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key=action.loses
        )
    rigs = rigs_chosen(hass, call) if action.on_rigs else []
    miners = await miners_of(hass, call, or_none=bool(rigs))
    await require_rig_permission(hass, call.context, rigs)
    if action.single and len(miners) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="one_at_a_time",
            translation_placeholders={"miners": str(len(miners))},
        )
    errors: list[HomeAssistantError] = []

    async def do_rigs() -> list[Answer]:
        if action.on_rigs is None:
            return []
        first = len(miners)
        by = By(action.name, call.context)
        return await do_with_rigs(
            hass, rigs, action.on_rigs, call.data, errors, by=by, first=first
        )

    outcomes, of_rigs = await asyncio.gather(
        change_each(action, miners, call.data, call.context), do_rigs()
    )
    errors += [each for each in outcomes if isinstance(each, HomeAssistantError)]
    if errors and not call.return_response:
        raise in_one(errors, len(miners) + len(rigs))
    answers: dict[str, JsonValueType] = {
        "miners": [*named(hass, miners, [*map(_told, outcomes)])]
    }
    return answers | ({"rigs": [*of_rigs]} if rigs else {})


async def change_each(
    action: ChangeAction,
    miners: Sequence[MinerConfigEntry],
    fields: Fields,
    context: Context,
) -> list[Outcome]:
    """Have each of the miners do it; returns of each how that went, in their order."""
    stagger = fields[ATTR_STAGGER] if action.staggered else 0.0
    some = asyncio.Semaphore(AT_ONCE)

    async def do(place: int, miner: MinerConfigEntry) -> Outcome:
        # Miners that are switched on one after the other spare the fuse.
        await asyncio.sleep(place * stagger)
        try:
            async with some:
                coordinator = coordinator_of(miner)
                change = action.plan(coordinator, fields)
                return await coordinator.control.do(change, context)
        except HomeAssistantError as err:
            return err

    return await asyncio.gather(*(do(*each) for each in enumerate(miners)))


def _told(outcome: Outcome) -> Answer:
    """Put into an answer how it went with one miner."""
    if isinstance(outcome, HomeAssistantError):
        return {"ok": False, "before": None, "after": None, "error": str(outcome)}
    return {
        "ok": True,
        "before": outcome.before,
        "after": outcome.after,
        "error": None,
    }


async def _ask(
    hass: HomeAssistant, action: AskAction, call: ServiceCall
) -> ServiceResponse:
    """Return what each of the miners has to say."""
    miners = await miners_of(hass, call, only_reads=True)
    some = asyncio.Semaphore(AT_ONCE)

    async def ask(miner: MinerConfigEntry) -> Answer:
        try:
            coordinator = coordinator_of(miner)
            async with some:
                return await action.ask(coordinator, call.data)
        except TimedOut:
            # There is no change that could show or not.
            return {"error": str(undone(miner, Unreachable()))}
        except AsicError as err:
            return {"error": str(undone(miner, err))}
        except HomeAssistantError as err:
            return {"error": str(err)}

    found = await asyncio.gather(*map(ask, miners))
    return {"miners": [*action.arrange(named(hass, miners, found), call.data)]}
