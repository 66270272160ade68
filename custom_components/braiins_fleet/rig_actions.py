"""The actions for GPU rigs, each for as many of them as one likes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_NAME
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .const import DOMAIN
from .failures import in_one
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .rig import INSTALLABLE, Effect, InstallMiner, Shutdown, UninstallMiner
from .rig_coordinator import RigCoordinator
from .rig_failures import no_flight_sheet, no_such
from .rig_targets import rigs_of
from .telling import By
from .turns import AT_ONCE, ATTR_STAGGER, STAGGER

ATTR_EXPIRES_AFTER: Final = "expires_after"
ATTR_FLIGHT_SHEET: Final = "flight_sheet"
ATTR_PROFILE: Final = "profile"
ATTR_SOFTWARE: Final = "software"
ATTR_WHEN_CONNECTED: Final = "when_connected"

_MOST_MINUTES: Final = 24 * 60

type Answer = dict[str, JsonValueType]
type Fields = Mapping[str, Any]
type Work = Callable[[RigCoordinator, Fields, By], Awaitable[Effect]]
# What became of something that a rig was to do.
type RigOutcome = Effect | HomeAssistantError

_PATIENCE: Final = {
    vol.Optional(ATTR_WHEN_CONNECTED, default=False): cv.boolean,
    vol.Optional(ATTR_EXPIRES_AFTER, default=60): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=_MOST_MINUTES)
    ),
}


@dataclass(frozen=True, kw_only=True)
class RigAction:
    """An action; `work` does it with one rig.

    One that has a `check` can wait for a rig to come back: what that refuses is said
    before.
    """

    name: str
    work: Work
    fields: Mapping[vol.Marker, Any] = field(default_factory=lambda: STAGGER)
    check: Callable[[RigCoordinator, Fields], object] | None = None
    admin: bool = False


async def start_mining(rig: RigCoordinator, _: Fields, by: By) -> Effect:
    """Have a rig mine; one that does is left alone, whatever it mines."""
    found = await rig.control.found()
    if found is not Effect.NOT_APPLIED:
        return found
    return await rig.control.start_mining(by=by)


async def resume_mining(rig: RigCoordinator, given: Fields, by: By) -> Effect:
    """Have a rig mine; one that nobody assigned anything to as it did before."""
    found = await rig.control.found()
    if rig.control.sheet is None and found is Effect.NOT_APPLIED:
        return await rig.control.restart_mining(by=by)
    return await start_mining(rig, given, by)


async def stop_mining(rig: RigCoordinator, _: Fields, by: By) -> Effect:
    """Have a rig mine no more."""
    return await rig.control.stop_mining(by=by)


async def _apply_flight_sheet(rig: RigCoordinator, given: Fields, by: By) -> Effect:
    return await rig.control.start_mining(_flight_sheet(rig, given), by=by)


async def _apply_overclock(rig: RigCoordinator, given: Fields, by: By) -> Effect:
    return await rig.control.cards.apply(_profile(rig, given), by=by)


def _require_sheet(rig: RigCoordinator, _: Fields) -> None:
    if rig.control.sheet is None:
        raise no_flight_sheet(rig.name)


def _flight_sheet(rig: RigCoordinator, given: Fields) -> ConfigSubentry:
    return _named(rig, FLIGHT_SHEET, given[ATTR_FLIGHT_SHEET])


def _profile(rig: RigCoordinator, given: Fields) -> ConfigSubentry:
    return _named(rig, OVERCLOCK, given[ATTR_PROFILE])


def _named(rig: RigCoordinator, kind: str, name: str) -> ConfigSubentry:
    """Return what a person made for rigs and called so."""
    titles = {
        each.title.casefold(): each
        for each in rig.config_entry.get_subentries_of_type(kind)
    }
    found = titles.get(name.strip().casefold())
    if found is None:
        raise no_such(kind, name, titles.values())
    return found


_SOFTWARE: Final = {vol.Required(ATTR_SOFTWARE): vol.In(INSTALLABLE)}

RIG_ACTIONS: Final = (
    RigAction(
        name="start_mining",
        work=start_mining,
        fields={**STAGGER, **_PATIENCE},
        check=_require_sheet,
    ),
    RigAction(name="stop_mining", work=stop_mining),
    RigAction(
        name="restart_mining",
        work=lambda rig, _, by: rig.control.restart_mining(by=by),
    ),
    RigAction(
        name="apply_flight_sheet",
        work=_apply_flight_sheet,
        fields={
            vol.Required(ATTR_FLIGHT_SHEET): cv.string,
            **STAGGER,
            **_PATIENCE,
        },
        check=_flight_sheet,
    ),
    RigAction(
        name="apply_overclock",
        work=_apply_overclock,
        fields={vol.Required(ATTR_PROFILE): cv.string, **STAGGER, **_PATIENCE},
        check=_profile,
    ),
    RigAction(
        name="reset_overclock",
        work=lambda rig, _, by: rig.control.cards.reset(by=by),
    ),
    RigAction(
        name="install_miner",
        work=lambda rig, given, by: rig.control.command(
            InstallMiner(given[ATTR_SOFTWARE]), by=by, after=given[ATTR_SOFTWARE]
        ),
        fields={**_SOFTWARE, **STAGGER},
        admin=True,
    ),
    RigAction(
        name="uninstall_miner",
        work=lambda rig, given, by: rig.control.command(
            UninstallMiner(given[ATTR_SOFTWARE]), by=by, before=given[ATTR_SOFTWARE]
        ),
        fields={**_SOFTWARE, **STAGGER},
        admin=True,
    ),
    RigAction(
        name="shutdown",
        work=lambda rig, _, by: rig.control.command(Shutdown(), by=by),
        admin=True,
    ),
)


@callback
def async_setup_rig_actions(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for action in RIG_ACTIONS:
        register: Callable[..., None] = (
            partial(async_register_admin_service, hass)
            if action.admin
            else hass.services.async_register
        )
        register(
            DOMAIN,
            action.name,
            partial(_act, hass, action),
            cv.make_entity_service_schema(dict(action.fields)),
            SupportsResponse.OPTIONAL,
        )


async def _act(
    hass: HomeAssistant, action: RigAction, call: ServiceCall
) -> ServiceResponse:
    rigs = await rigs_of(hass, call)
    errors: list[HomeAssistantError] = []
    by = By(action.name, call.context)
    work = _patient(action)
    answers = await do_with_rigs(hass, rigs, work, call.data, errors, by=by)
    if errors and not call.return_response:
        raise in_one(errors, len(rigs))
    return {"rigs": [*answers]}


def _patient(action: RigAction) -> Work:
    """Have it wait for a rig that is away, where that is wanted."""

    async def work(rig: RigCoordinator, given: Fields, by: By) -> Effect:
        is_away = rig.rig.session is None
        if action.check is None or not (is_away and given[ATTR_WHEN_CONNECTED]):
            return await action.work(rig, given, by)
        action.check(rig, given)
        seconds = given[ATTR_EXPIRES_AFTER] * 60.0
        rig.control.waiting.add(
            action.name, lambda: action.work(rig, given, by), seconds
        )
        return Effect.UNKNOWN

    return work


async def do_with_rigs(
    hass: HomeAssistant,
    rigs: Sequence[RigCoordinator],
    work: Work,
    given: Fields,
    errors: list[HomeAssistantError],
    *,
    by: By,
    first: int = 0,
) -> list[Answer]:
    """Do something with each of the rigs, and tell of each how that went."""
    outcomes = await work_each(rigs, work, given, by=by, first=first)
    errors += [each for each in outcomes if isinstance(each, HomeAssistantError)]
    return [
        {
            ATTR_NAME: rig.name,
            "device_id": dr.async_get_device_id_by_identifier(
                hass, (DOMAIN, rig.id), config_entry_id=rig.config_entry.entry_id
            ),
            **_told(outcome),
        }
        for rig, outcome in zip(rigs, outcomes, strict=True)
    ]


async def work_each(
    rigs: Sequence[RigCoordinator],
    work: Work,
    given: Fields,
    *,
    by: By,
    first: int = 0,
) -> list[RigOutcome]:
    """Do something with each of the rigs; returns what became of it, in their order.

    They take their turns from the `first` on, where they are told one by one.
    """
    some = asyncio.Semaphore(AT_ONCE)

    async def do(place: int, rig: RigCoordinator) -> RigOutcome:
        # Rigs that are switched on one after the other spare the fuse.
        await asyncio.sleep(place * given[ATTR_STAGGER])
        try:
            async with some:
                return await work(rig, given, by)
        except HomeAssistantError as err:
            return err

    return await asyncio.gather(*(do(*each) for each in enumerate(rigs, first)))


def _told(outcome: RigOutcome) -> Answer:
    """Put into an answer how it went with one rig."""
    if isinstance(outcome, HomeAssistantError):
        return {"ok": False, "confirmed": False, "error": str(outcome)}
    return {"ok": True, "confirmed": outcome is Effect.APPLIED, "error": None}
