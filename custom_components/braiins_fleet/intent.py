"""What one can say to miners; how it is worded is in the sentence files.

See docs/voice.md. Each is done as the action of the same name does it.
"""

from collections.abc import Callable, Mapping
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
from .called import Called, miners_called
from .changes import ATTR_CHANGE, ATTR_OF, ATTR_PERCENT, ATTR_POWER, CHANGES, Fields
from .control import Changed
from .services import change_each
from .speech import Speech, speech_in
from .spoken_answers import About, answer, done
from .targets import require_permission

ATTR_ABOUT: Final = "about"
ATTR_DIRECTION: Final = "direction"
ATTR_THOUSANDS: Final = "thousands"
MORE: Final = "more"
LESS: Final = "less"

# In percent of what it is, for somebody who says just "less".
_A_STEP = 10.0

ACTIONS = {action.name: action for action in CHANGES}

type Slots = Mapping[str, Any]

_WHICH = {
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
    """Let miners be spoken to."""
    async_register(hass, AskIntent())
    async_register(hass, ChangeIntent("BraiinsFleetPause", "pause"))
    async_register(hass, ChangeIntent("BraiinsFleetResume", "resume"))
    async_register(
        hass,
        ChangeIntent("BraiinsFleetSetPower", "set_power_target", _AMOUNT, _amount),
    )


class MinerIntent(IntentHandler):
    """Something that one can say to miners, by name, area or floor, or to all."""

    @override
    async def async_handle(self, intent_obj: Intent) -> IntentResponse:
        slots: Slots = {
            key: slot["value"]
            for key, slot in self.async_validate_slots(intent_obj.slots).items()
        }
        speech = await speech_in(intent_obj.hass, intent_obj.language)
        response = intent_obj.create_response()
        miners: list[Called] = []
        try:
            miners = miners_called(
                intent_obj.hass,
                name=slots.get("name"),
                area=slots.get("area"),
                floor=slots.get("floor"),
                assistant=intent_obj.assistant,
                preferences=MatchTargetsPreferences(
                    slots.get("preferred_area_id"), slots.get("preferred_floor_id")
                ),
            )
            await self.respond(intent_obj, miners, slots, speech, response)
        except IntentError:
            # Home Assistant has its own words for a name that fits nothing.
            raise
        except HomeAssistantError as err:
            response.async_set_error(
                IntentResponseErrorCode.FAILED_TO_HANDLE
                if miners
                else IntentResponseErrorCode.NO_VALID_TARGETS,
                speech.error(err, ""),
            )
        return response

    async def respond(
        self,
        intent_obj: Intent,
        miners: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        """Do what is wanted, and put into the response what is said to that."""
        raise NotImplementedError


class AskIntent(MinerIntent):
    """Asks how it is with miners."""

    intent_type = "BraiinsFleetAsk"
    description = "Tells how it is with Bitcoin miners"

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
        miners: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        entries = [miner.entry for miner in miners]
        await require_permission(
            intent_obj.hass, intent_obj.context, entries, only_reads=True
        )
        response.response_type = IntentResponseType.QUERY_ANSWER
        about = slots.get(ATTR_ABOUT, About.STATUS)
        response.async_set_speech(answer(speech, about, miners))
        response.async_set_results([*map(_target, miners)])
        response.async_set_states([miner.switch for miner in miners])


class ChangeIntent(MinerIntent):
    """Has miners do what an action does."""

    def __init__(
        self,
        intent_type: str,
        action: str,
        slots: Mapping[vol.Marker, Any] | None = None,
        fields: Callable[[Slots], Fields] = lambda _: {},
    ) -> None:
        self.intent_type = intent_type
        self._action = ACTIONS[action]
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
        miners: list[Called],
        slots: Slots,
        speech: Speech,
        response: IntentResponse,
    ) -> None:
        action, entries = self._action, [miner.entry for miner in miners]
        fields = vol.Schema(dict(action.fields))(self._fields(slots))
        await require_permission(intent_obj.hass, intent_obj.context, entries)
        outcomes = await change_each(action, entries, fields, intent_obj.context)
        said = done(speech, action.name, miners, outcomes)
        changed = [
            miner
            for miner, outcome in zip(miners, outcomes, strict=True)
            if isinstance(outcome, Changed)
        ]
        if not changed:
            response.async_set_error(IntentResponseErrorCode.FAILED_TO_HANDLE, said)
            return
        response.async_set_speech(said)
        response.async_set_results(
            [*map(_target, changed)],
            [_target(miner) for miner in miners if miner not in changed],
        )
        response.async_set_states([miner.switch for miner in miners])


def _target(miner: Called) -> IntentResponseTarget:
    return IntentResponseTarget(
        miner.name, IntentResponseTargetType.ENTITY, miner.switch.entity_id
    )


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
