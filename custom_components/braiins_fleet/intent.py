"""What one can say to miners and rigs; how it is worded is in the sentence files.

See docs/voice.md. Each is done as the action of the same name does it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.intent import (
    Intent,
    IntentError,
    IntentHandler,
    IntentResponse,
    IntentResponseErrorCode,
    IntentResponseTarget,
    IntentResponseTargetType,
    IntentResponseType,
    MatchTargetsPreferences,
    async_register,
    non_empty_string,
)
import voluptuous as vol

from .asic import Reference
from .called import Called, Kind, those_called
from .changes import ATTR_CHANGE, ATTR_OF, ATTR_PERCENT, ATTR_POWER, Fields
from .orders import ORDERS, carry_out, require_rights_to, understood
from .rig_actions import ATTR_FLIGHT_SHEET, ATTR_PROFILE
from .speech import Speech, speech_in
from .spoken import answer, done
from .spoken_answers import About

ATTR_ABOUT: Final = "about"
ATTR_DIRECTION: Final = "direction"
ATTR_KIND: Final = "kind"
ATTR_THOUSANDS: Final = "thousands"
MORE: Final = "more"
LESS: Final = "less"

# In percent of what it is, for somebody who says just "less".
_A_STEP = 10.0

type Slots = Mapping[str, Any]

_WHICH = {
    vol.Optional(ATTR_KIND): vol.All(
        vol.In([each.value for each in Kind]), vol.Coerce(Kind)
    ),
    vol.Optional("name"): non_empty_string,
    vol.Optional("area"): non_empty_string,
    vol.Optional("floor"): non_empty_string,
    vol.Optional("preferred_area_id"): cv.string,
    vol.Optional("preferred_floor_id"): cv.string,
}
_AMOUNT = {
    vol.Exclusive(ATTR_POWER, "amount"): cv.positive_float,
    vol.Exclusive(ATTR_PERCENT, "amount"): vol.All(
        vol.Coerce(float), vol.Range(min=0, max=1000)
    ),
    # Of the watts, where they were written with a separator.
    vol.Optional(ATTR_THOUSANDS): cv.positive_int,
    vol.Optional(ATTR_DIRECTION): vol.In((MORE, LESS)),
    vol.Optional(ATTR_OF): vol.In(
        [
            each.value
            for each in (Reference.NOMINAL, Reference.MINIMUM, Reference.MAXIMUM)
        ]
    ),
}


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Let miners and rigs be spoken to."""
    async_register(hass, AskIntent())
    for name in "Pause", "Resume", "Restart", "Reboot":
        async_register(hass, ChangeIntent(f"BraiinsFleet{name}", name.lower()))
    async_register(
        hass,
        ChangeIntent("BraiinsFleetSetPower", "set_power_target", _AMOUNT, _amount),
    )
    for intent_type, order, attribute in (
        ("BraiinsFleetApplyFlightSheet", "apply_flight_sheet", ATTR_FLIGHT_SHEET),
        ("BraiinsFleetApplyOverclock", "apply_overclock", ATTR_PROFILE),
    ):
        slots = {vol.Required(attribute): non_empty_string}
        fields = partial(_only, attribute)
        async_register(hass, ChangeIntent(intent_type, order, slots, fields))


class SpokenIntent(IntentHandler):
    """Something that one can say to miners and rigs, by name and place, or to all."""

    @override
    async def async_handle(self, intent_obj: Intent) -> IntentResponse:
        slots: Slots = {
            key: slot["value"]
            for key, slot in self.async_validate_slots(intent_obj.slots).items()
        }
        speech = await speech_in(intent_obj.hass, intent_obj.language)
        response = intent_obj.create_response()
        called: list[Called] = []
        try:
            called = those_called(
                intent_obj.hass,
                kind=slots.get(ATTR_KIND),
                name=slots.get("name"),
                area=slots.get("area"),
                floor=slots.get("floor"),
                assistant=intent_obj.assistant,
                preferences=MatchTargetsPreferences(
                    slots.get("preferred_area_id"), slots.get("preferred_floor_id")
                ),
            )
            await self.respond(intent_obj, called, slots, speech, response)
        except IntentError:
            # Home Assistant has its own words for a name that fits nothing.
            raise
        except HomeAssistantError as err:
            response.async_set_error(
                IntentResponseErrorCode.FAILED_TO_HANDLE
                if called
                else IntentResponseErrorCode.NO_VALID_TARGETS,
                speech.error(err, ""),
            )
        return response

    async def respond(
        self,
        intent_obj: Intent,
        called: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        """Do what is wanted, and put into the response what is said to that."""
        raise NotImplementedError


class AskIntent(SpokenIntent):
    """Asks how it is with miners and rigs."""

    intent_type = "BraiinsFleetAsk"
    description = "Tells how it is with Bitcoin miners and GPU rigs"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        return {
            **_WHICH,
            vol.Optional(ATTR_ABOUT): vol.All(
                vol.In([each.value for each in About]), vol.Coerce(About)
            ),
        }

    @override
    async def respond(
        self,
        intent_obj: Intent,
        called: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        await require_rights_to(
            intent_obj.hass, intent_obj.context, called, only_reads=True
        )
        response.response_type = IntentResponseType.QUERY_ANSWER
        about = slots.get(ATTR_ABOUT, About.STATUS)
        response.async_set_speech(answer(speech, about, called))
        response.async_set_results([*map(_target, called)])
        response.async_set_states([each.switch for each in called])


class ChangeIntent(SpokenIntent):
    """Has miners and rigs do what an action does."""

    def __init__(
        self,
        intent_type: str,
        order: str,
        slots: Mapping[vol.Marker, Any] | None = None,
        fields: Callable[[Slots], Fields] = lambda _: {},
    ) -> None:
        self.intent_type = intent_type
        self._order = ORDERS[order]
        self._slots = slots or {}
        self._fields = fields

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        return {**_WHICH, **self._slots}

    @override
    async def respond(
        self,
        intent_obj: Intent,
        called: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        order, context = self._order, intent_obj.context
        fields = order.checked(self._fields(slots))
        await require_rights_to(intent_obj.hass, context, called)
        fields = understood(called, fields)
        outcomes = await carry_out(order, called, fields, context)
        wanted = fields.get(ATTR_FLIGHT_SHEET) or fields.get(ATTR_PROFILE, "")
        said = done(speech, order.name, called, outcomes, wanted)
        did = [
            each
            for each, outcome in zip(called, outcomes, strict=True)
            if not isinstance(outcome, HomeAssistantError)
        ]
        if not did:
            response.async_set_error(IntentResponseErrorCode.FAILED_TO_HANDLE, said)
            return
        response.async_set_speech(said)
        response.async_set_results(
            [*map(_target, did)],
            [_target(each) for each in called if each not in did],
        )
        response.async_set_states([each.switch for each in called])


def _target(called: Called) -> IntentResponseTarget:
    return IntentResponseTarget(
        called.name, IntentResponseTargetType.ENTITY, called.switch.entity_id
    )


def _only(name: str, slots: Slots) -> Fields:
    """Return what the action is given: one thing, as it was said."""
    return {name: slots[name]}


def _amount(slots: Slots) -> Fields:
    """Return what the action is given: so much, or so much more or less."""
    watts, percent = slots.get(ATTR_POWER), slots.get(ATTR_PERCENT)
    if watts is not None:
        watts += 1000 * slots.get(ATTR_THOUSANDS, 0)
    of, direction = slots.get(ATTR_OF), slots.get(ATTR_DIRECTION)
    if direction is None:
        if watts is not None:
            return {ATTR_POWER: watts}
        if percent is None and of is None:
            raise vol.RequiredFieldInvalid("nobody has said how much")
        return {
            ATTR_PERCENT: 100 if percent is None else percent,
            ATTR_OF: of or Reference.NOMINAL.value,
        }
    sign = 1 if direction == MORE else -1
    if watts is not None:
        return {ATTR_CHANGE: sign * watts}
    change = sign * (_A_STEP if percent is None else percent)
    # Of less than nothing, the miner's range is what there is to say.
    return {ATTR_PERCENT: max(100 + change, 0), ATTR_OF: Reference.CURRENT.value}
