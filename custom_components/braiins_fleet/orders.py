"""What miners and rigs are told by somebody who speaks, or who has a model do that."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import voluptuous as vol

from .by_ear import meant
from .called import Called, CalledMiner, miners_among, rigs_among
from .changes import CHANGES, ChangeAction, Fields
from .const import DOMAIN
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .rig import Effect
from .rig_actions import (
    ATTR_FLIGHT_SHEET,
    ATTR_PROFILE,
    RIG_ACTIONS,
    RigOutcome,
    Work,
    work_each,
)
from .rig_coordinator import RigCoordinator
from .rig_targets import require_rig_permission
from .services import Outcome as MinerOutcome, change_each
from .targets import require_permission
from .telling import By

# A rig may take a minute and a half to show what it did: nobody listens that long.
_PATIENCE: Final = 5.0
# By which field something is called that was made for rigs, and which kind it is.
_NAMES: Final = {ATTR_FLIGHT_SHEET: FLIGHT_SHEET, ATTR_PROFILE: OVERCLOCK}

type Outcome = MinerOutcome | RigOutcome


@dataclass(frozen=True, kw_only=True)
class Order:
    """Something that is done as the actions do it, of miners, of rigs or of both."""

    name: str
    fields: Mapping[vol.Marker, Any]
    on_miners: ChangeAction | None = None
    on_rigs: Work | None = None

    def checked(self, given: Fields) -> Fields:
        """Return what was given, if that is all there has to be."""
        schema = vol.Schema(dict(self.fields))
        whole = self.on_miners.whole(schema) if self.on_miners else schema
        checked: Fields = whole(given)
        return checked


def _of_both(action: ChangeAction, on_rigs: Work | None = None) -> Order:
    return Order(
        name=action.name,
        fields=action.fields,
        on_miners=action,
        on_rigs=on_rigs or action.on_rigs,
    )


_MINER_ACTIONS = {action.name: action for action in CHANGES}
_RIG_ACTIONS = {action.name: action for action in RIG_ACTIONS}
ORDERS: Final = {
    order.name: order
    for order in (
        *(_of_both(_MINER_ACTIONS[name]) for name in ("pause", "resume", "reboot")),
        _of_both(_MINER_ACTIONS["restart"], _RIG_ACTIONS["restart_mining"].work),
        _of_both(_MINER_ACTIONS["set_power_target"]),
        *(
            Order(
                name=name,
                fields=_RIG_ACTIONS[name].fields,
                on_rigs=_RIG_ACTIONS[name].work,
            )
            for name in ("apply_flight_sheet", "apply_overclock")
        ),
    )
}


async def require_rights_to(
    hass: HomeAssistant,
    context: Context,
    called: Sequence[Called],
    *,
    only_reads: bool = False,
) -> None:
    """Refuse a user who may not do that to each of them, before any of them."""
    entries = [each.entry for each in miners_among(called)]
    await require_permission(hass, context, entries, only_reads=only_reads)
    rigs = [each.rig for each in rigs_among(called)]
    await require_rig_permission(hass, context, rigs, only_reads=only_reads)


def understood(called: Sequence[Called], fields: Fields) -> Fields:
    """Put the right names into what was heard of flight sheets and profiles."""
    for each in rigs_among(called)[:1]:
        heard = {
            name: meant(each.rig.config_entry, kind, fields[name]).title
            for name, kind in _NAMES.items()
            if name in fields
        }
        return {**fields, **heard}
    return fields


async def carry_out(
    order: Order, called: Sequence[Called], fields: Fields, context: Context
) -> list[Outcome]:
    """Have each of them do it; returns of each how that went, in their order."""
    miners, rigs = miners_among(called), rigs_among(called)

    async def by_miners() -> Sequence[Outcome]:
        if order.on_miners is None:
            return [_not_for("rigs_only", miner=each.name) for each in miners]
        entries = [each.entry for each in miners]
        return await change_each(order.on_miners, entries, fields, context)

    async def by_rigs() -> Sequence[Outcome]:
        if order.on_rigs is None:
            return [_not_for("no_power_target", rig=each.name) for each in rigs]
        work = _begun(order.on_rigs)
        by = By(order.name, context)
        return await work_each([each.rig for each in rigs], work, fields, by=by)

    of_miners, of_rigs = map(iter, await asyncio.gather(by_miners(), by_rigs()))
    return [
        next(of_miners if isinstance(each, CalledMiner) else of_rigs) for each in called
    ]


def _begun(work: Work) -> Work:
    """Wait for it a little; it goes on, and there is an event should it fail then."""

    async def begin(rig: RigCoordinator, given: Fields, by: By) -> Effect:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await work(rig, given, by)
        except TimeoutError:
            return Effect.UNKNOWN

    return begin


def _not_for(key: str, **said: str) -> HomeAssistantError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=said
    )
