"""What assistants that are language models can ask miners and rigs, and have them do.

They get it with Home Assistant's own tools, as "Assist", once one of them is exposed.
"""

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool
import voluptuous as vol

from .asic import Reference
from .called import Kind, any_exposed
from .changes import ATTR_CHANGE, ATTR_OF, ATTR_PERCENT, ATTR_POWER
from .const import DOMAIN
from .llm_tool import ChangeTool, GetTool
from .orders import ORDERS
from .rig_actions import ATTR_FLIGHT_SHEET, ATTR_PROFILE

_PROMPT = f"For Bitcoin miners and GPU rigs use the tools of {DOMAIN}. "
_PROMPT_OF_MINERS = (
    "Call get_miners before you answer anything about a miner. To have miners draw "
    "less, lower their power target; pause them only when they are to stop mining. "
)
_PROMPT_OF_RIGS = (
    "Call get_rigs before you answer anything about a rig. Rigs have no power target: "
    "an overclock profile makes them draw less. Never add up the hashrates of "
    "different algorithms. What a rig is told shows after up to a minute and a half. "
)

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
    """Return the tools for what the assistant may know of."""
    if api_id != LLM_API_ASSIST:
        return None
    kinds = [kind for kind in Kind if any_exposed(hass, llm_context.assistant, kind)]
    if not kinds:
        return None
    tools, prompt = _for_both(), _PROMPT
    if Kind.MINERS in kinds:
        tools += _for_miners()
        prompt += _PROMPT_OF_MINERS
    if Kind.RIGS in kinds:
        tools += _for_rigs()
        prompt += _PROMPT_OF_RIGS
    return LLMTools(tools=tools, prompt=prompt.strip())


def _for_both() -> list[Tool]:
    return [
        ChangeTool(
            ORDERS["pause"],
            title="Pause mining",
            description=(
                "Pauses mining: miners draw a few watts only, and are back within "
                "seconds when they are resumed; rigs stop their mining software"
            ),
        ),
        ChangeTool(
            ORDERS["resume"],
            title="Resume mining",
            description=(
                "Has paused miners mine again, and rigs what their flight sheet says"
            ),
        ),
    ]


def _for_miners() -> list[Tool]:
    return [
        GetTool(
            Kind.MINERS,
            title="Get miners",
            description=(
                "Tells how Bitcoin miners are now: status, hashrate, power, "
                "efficiency, power target and its range, temperature of the hottest "
                "chip, errors. Without name, area and floor, of all of them"
            ),
        ),
        ChangeTool(
            ORDERS["set_power_target"],
            Kind.MINERS,
            title="Set power target",
            description=(
                "Sets how much power miners aim to draw, without a pause. Give exactly "
                "one of power, percent and change. A miner takes a while to get there. "
                "What is out of its range is refused, with the range"
            ),
            parameters=_AMOUNT,
        ),
    ]


def _for_rigs() -> list[Tool]:
    return [
        GetTool(
            Kind.RIGS,
            title="Get GPU rigs",
            description=(
                "Tells how GPU rigs are now: status, hashrate of each algorithm, "
                "power, cards, temperature of the hottest card, problems, flight sheet "
                "and overclock profile, and which of those there are. Without name, "
                "area and floor, of all of them"
            ),
        ),
        ChangeTool(
            ORDERS["apply_flight_sheet"],
            Kind.RIGS,
            title="Apply flight sheet",
            description=(
                "Has rigs mine what a flight sheet says, in place of what they mine now"
            ),
            parameters={
                vol.Required(
                    ATTR_FLIGHT_SHEET,
                    description="Name of the flight sheet, as get_rigs tells it",
                ): str
            },
        ),
        ChangeTool(
            ORDERS["apply_overclock"],
            Kind.RIGS,
            title="Apply overclock profile",
            description=(
                "Sets clocks, power limits and fans of the cards of rigs as an "
                "overclock profile says"
            ),
            parameters={
                vol.Required(
                    ATTR_PROFILE,
                    description="Name of the profile, as get_rigs tells it",
                ): str
            },
        ),
    ]
