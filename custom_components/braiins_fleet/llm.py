"""What assistants that are language models can ask miners, and have them do.

They get it with Home Assistant's own tools, as "Assist", once a miner is exposed.
"""

from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.helpers.intent import is_blank_slot_value
from homeassistant.helpers.llm import (
    LLM_API_ASSIST,
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
    async_get_match_preferences,
)
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .answers import UNREACHABLE
from .asic import Reference
from .called import EVERY, Called, any_exposed, miners_called
from .changes import (
    ATTR_CHANGE,
    ATTR_OF,
    ATTR_PERCENT,
    ATTR_POWER,
    ChangeAction,
)
from .const import DOMAIN
from .intent import ACTIONS
from .rounding import rounded, terahash
from .services import Outcome, change_each
from .speech import Speech, speech_in
from .spoken_answers import efficiency, hashrate, power
from .targets import require_permission

_PROMPT = (
    f"For Bitcoin miners use the tools of {DOMAIN}. Call get_miners before you answer "
    "anything about a miner. To have miners draw less, lower their power target; pause "
    "them only when they are to stop mining."
)

_WHICH = {
    vol.Optional(
        "name",
        description=f"Name of one miner, or '{EVERY}' for every miner there is",
    ): str,
    vol.Optional("area", description="Area, for every miner in it"): str,
    vol.Optional("floor", description="Floor, for every miner on it"): str,
}
_AMOUNT = {
    vol.Optional(
        ATTR_POWER, description="The new power target of each miner, in watts"
    ): vol.Coerce(float),
    vol.Optional(
        ATTR_PERCENT,
        description="The new power target in percent of what 'of' says",
    ): vol.Coerce(float),
    vol.Optional(
        ATTR_OF,
        description=(
            "With percent: of the power the model has by default (nominal), of the "
            "lowest (min) or highest (max) it allows, or of what it is now (current)"
        ),
    ): vol.In([each.value for each in Reference if each is not Reference.UNKNOWN]),
    vol.Optional(
        ATTR_CHANGE,
        description="Watts more, or fewer if negative, than the target is now",
    ): vol.Coerce(float),
}


@callback
def async_get_tools(
    hass: HomeAssistant, llm_context: LLMContext, api_id: str
) -> LLMTools | None:
    """Return the tools, if there is a miner that the assistant may know of."""
    if api_id != LLM_API_ASSIST or not any_exposed(hass, llm_context.assistant):
        return None
    return LLMTools(
        tools=[
            GetMiners(),
            ChangeMiners(
                ACTIONS["set_power_target"],
                title="Set power target",
                description=(
                    "Sets how much power miners aim to draw, without a pause. Give "
                    "exactly one of power, percent and change. A miner takes a while "
                    "to get there. What is out of its range is refused, with the range"
                ),
                parameters=_AMOUNT,
            ),
            ChangeMiners(
                ACTIONS["pause"],
                title="Pause miners",
                description=(
                    "Pauses mining: miners draw a few watts only, and are back within "
                    "seconds when they are resumed"
                ),
            ),
            ChangeMiners(
                ACTIONS["resume"],
                title="Resume miners",
                description="Has paused miners mine again",
            ),
        ],
        prompt=_PROMPT,
    )


class MinerTool(Tool):
    """Something about miners that a model can call."""

    integration = DOMAIN

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> ToolResult:
        given = {
            key: value
            for key, value in tool_input.tool_args.items()
            # Models fill in what they have nothing to say to.
            if not is_blank_slot_value(value)
        }
        try:
            asked: dict[str, Any] = self.parameters(given)
            which = {key: asked.pop(key, None) for key in ("name", "area", "floor")}
            miners = miners_called(
                hass,
                **self.which(which),
                assistant=llm_context.assistant,
                preferences=async_get_match_preferences(hass, llm_context),
            )
            context = llm_context.context or Context()
            return ToolResult(await self.respond(hass, miners, asked, context))
        except Unauthorized:
            return _failure("The user may not do that to these miners")
        except (HomeAssistantError, vol.Invalid) as err:
            return _failure(str(err))

    def which(self, which: dict[str, str | None]) -> dict[str, str | None]:
        """Return which miners are meant."""
        return which

    async def respond(
        self,
        hass: HomeAssistant,
        miners: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        """Do what is wanted, and tell how that went."""
        raise NotImplementedError


class GetMiners(MinerTool):
    """Tells how miners are."""

    name = f"{DOMAIN}__get_miners"
    title = "Get miners"
    description = (
        "Tells how Bitcoin miners are now: status, hashrate, power, efficiency, power "
        "target and its range, temperature of the hottest chip, errors. Without name, "
        "area and floor, of all of them"
    )
    parameters = vol.Schema(_WHICH)
    annotations = ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )

    @override
    def which(self, which: dict[str, str | None]) -> dict[str, str | None]:
        return which if any(which.values()) else {"name": EVERY}

    @override
    async def respond(
        self,
        hass: HomeAssistant,
        miners: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        entries = [miner.entry for miner in miners]
        await require_permission(hass, context, entries, only_reads=True)
        return {"miners": [_facts(hass, miner) for miner in miners]}


class ChangeMiners(MinerTool):
    """Has miners do what an action does."""

    annotations = ToolAnnotations(destructive=False, open_world=False)

    def __init__(
        self,
        action: ChangeAction,
        *,
        title: str,
        description: str,
        parameters: dict[vol.Marker, Any] | None = None,
    ) -> None:
        self._action = action
        self.name = f"{DOMAIN}__{action.name}"
        self.title = title
        self.description = description
        self.parameters = vol.Schema({**_WHICH, **(parameters or {})})

    @override
    async def respond(
        self,
        hass: HomeAssistant,
        miners: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        action, entries = self._action, [miner.entry for miner in miners]
        fields = action.whole(vol.Schema(dict(action.fields)))(asked)
        await require_permission(hass, context, entries)
        outcomes = await change_each(action, entries, fields, context)
        # Models speak every language, but not all of them equally well.
        speech = await speech_in(hass, "en")
        return {
            "miners": [
                {"name": miner.name, **_outcome(speech, miner.name, outcome)}
                for miner, outcome in zip(miners, outcomes, strict=True)
            ]
        }


def _outcome(speech: Speech, name: str, outcome: Outcome) -> JsonObjectType:
    if isinstance(outcome, HomeAssistantError):
        return {"ok": False, "error": speech.error(outcome, name)}
    return {"ok": True, "before": outcome.before, "after": outcome.after}


def _facts(hass: HomeAssistant, miner: Called) -> JsonObjectType:
    """Return what is known of a miner, and nothing of what is not."""
    registry = er.async_get(hass)
    entity = registry.async_get(miner.switch.entity_id)
    area_id = er.async_get_effective_area_id(hass, entity) if entity else None
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    facts: JsonObjectType = {"name": miner.name, "area": area.name if area else None}
    state = miner.state
    if state is None:
        facts["status"] = UNREACHABLE
    else:
        snapshot = state.snapshot
        tuner = snapshot.configuration.tuner if snapshot.configuration else None
        limits = snapshot.limits.tuner if snapshot.limits else None
        bounds = limits.power_target if limits else None
        facts |= {
            "status": state.status.value,
            "hashrate_terahash_per_second": terahash(hashrate(state)),
            "power_watts": power(state),
            "efficiency_joules_per_terahash": rounded(efficiency(state), 1),
            "power_target_watts": tuner.power_target if tuner else None,
            "lowest_power_target_watts": bounds.minimum if bounds else None,
            "highest_power_target_watts": bounds.maximum if bounds else None,
            "hottest_chip_celsius": rounded(state.hottest_chip, 0),
            "errors": [error.message for error in snapshot.errors or ()],
        }
    return {key: value for key, value in facts.items() if value not in (None, [])}


def _failure(why: str) -> ToolResult:
    return ToolResult({"error": why}, error=True)
