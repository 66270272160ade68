"""What the tools of language models for miners and rigs have in common."""

from typing import Any, Final, override

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.intent import is_blank_slot_value
from homeassistant.helpers.llm import (
    LLMContext,
    Tool,
    ToolAnnotations,
    ToolInput,
    ToolResult,
    async_get_match_preferences,
)
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .called import EVERY, Called, CalledMiner, Kind, those_called
from .const import DOMAIN
from .control import Changed
from .llm_facts import facts_of
from .orders import Order, Outcome, carry_out, require_rights_to, understood
from .rig import Effect
from .speech import Speech, speech_in

ATTR_KIND: Final = "kind"

_WHICH = {
    vol.Optional("name", description=f"Name of one, or '{EVERY}' for every one"): str,
    vol.Optional("area", description="Area, for every one in it"): str,
    vol.Optional("floor", description="Floor, for every one on it"): str,
}
_KIND = {
    vol.Optional(
        ATTR_KIND, description="Only miners, or only GPU rigs; without it, both"
    ): vol.In([each.value for each in Kind]),
}


class FleetTool(Tool):
    """Something about miners and rigs that a model can call.

    One that is for a `kind` means that, unless one of the others is called by name.
    """

    integration = DOMAIN
    kind: Kind | None = None

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
            kind = Kind(asked.pop(ATTR_KIND)) if ATTR_KIND in asked else self.kind
            which = self.which(which)
            is_named = which["name"] not in (None, EVERY)
            called = those_called(
                hass,
                kind=None if is_named else kind,
                **which,
                assistant=llm_context.assistant,
                preferences=async_get_match_preferences(hass, llm_context),
            )
            context = llm_context.context or Context()
            return ToolResult(await self.respond(hass, called, asked, context))
        except Unauthorized:
            return _failure("The user may not do that to these devices")
        except (HomeAssistantError, vol.Invalid) as err:
            return _failure(str(err))

    def which(self, which: dict[str, str | None]) -> dict[str, str | None]:
        """Return which are meant."""
        return which

    async def respond(
        self,
        hass: HomeAssistant,
        called: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        """Do what is wanted, and tell how that went."""
        raise NotImplementedError


class GetTool(FleetTool):
    """Tells how they are."""

    parameters = vol.Schema(_WHICH)
    annotations = ToolAnnotations(
        read_only=True, destructive=False, idempotent=True, open_world=False
    )

    def __init__(
        self,
        kind: Kind,
        *,
        title: str,
        description: str,
    ) -> None:
        self.kind = kind
        self.name = f"{DOMAIN}__get_{kind}"
        self.title = title
        self.description = description

    @override
    def which(self, which: dict[str, str | None]) -> dict[str, str | None]:
        return which if any(which.values()) else {**which, "name": EVERY}

    @override
    async def respond(
        self,
        hass: HomeAssistant,
        called: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        await require_rights_to(hass, context, called, only_reads=True)
        return facts_of(hass, called)


class ChangeTool(FleetTool):
    """Has them do what an action does."""

    annotations = ToolAnnotations(destructive=False, open_world=False)

    def __init__(
        self,
        order: Order,
        kind: Kind | None = None,
        *,
        title: str,
        description: str,
        parameters: dict[vol.Marker, Any] | None = None,
    ) -> None:
        self._order = order
        self.kind = kind
        self.name = f"{DOMAIN}__{order.name}"
        self.title = title
        self.description = description
        self.parameters = vol.Schema(
            {**_WHICH, **({} if kind else _KIND), **(parameters or {})}
        )

    @override
    async def respond(
        self,
        hass: HomeAssistant,
        called: list[Called],
        asked: dict[str, Any],
        context: Context,
    ) -> JsonObjectType:
        fields = self._order.checked(asked)
        await require_rights_to(hass, context, called)
        fields = understood(called, fields)
        outcomes = await carry_out(self._order, called, fields, context)
        # Models speak every language, but not all of them equally well.
        speech = await speech_in(hass, "en")
        told: dict[str, list[JsonObjectType]] = {}
        for each, outcome in zip(called, outcomes, strict=True):
            kind = Kind.MINERS if isinstance(each, CalledMiner) else Kind.RIGS
            answer = {"name": each.name, **_outcome(speech, each.name, outcome)}
            told.setdefault(kind.value, []).append(answer)
        return {kind: [*answers] for kind, answers in told.items()}


def _outcome(speech: Speech, name: str, outcome: Outcome) -> JsonObjectType:
    match outcome:
        case Changed():
            return {"ok": True, "before": outcome.before, "after": outcome.after}
        case Effect():
            # What was begun may still have to show.
            return {"ok": True, "confirmed": outcome is Effect.APPLIED}
        case _:
            return {"ok": False, "error": speech.error(outcome, name)}


def _failure(why: str) -> ToolResult:
    return ToolResult({"error": why}, error=True)
