"""How a person makes an overclock profile."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, PERCENTAGE, UnitOfFrequency, UnitOfPower
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .flight_sheets import (
    CONF_CARDS,
    CONF_NUMBER,
    CONF_VENDORS,
    NONE,
    OVERCLOCK,
    SETTINGS,
    VENDORS,
    is_taken,
    profile_from,
)
from .rig import OFFERED, STARTING_POINTS, Profile, Unacceptable

_START_FROM: Final = "start_from"

_UNITS: Final = {
    "power_limit": UnitOfPower.WATT,
    "core_lock": UnitOfFrequency.MEGAHERTZ,
    "memory_lock": UnitOfFrequency.MEGAHERTZ,
    "fan": PERCENTAGE,
}

# Which field of the form an error is shown at.
_WRONG: Final = {
    "name_malformed": CONF_NAME,
    "name_reserved": CONF_NAME,
    "name_taken": CONF_NAME,
    "power_limit_missing": "power_limit",
    "power_limit_range": "power_limit",
    "core_lock_range": "core_lock",
    "memory_lock_range": "memory_lock",
    "fan_not_offered": "fan",
    "fan_range": "fan",
    "cards_missing": CONF_CARDS,
    "cards_not_offered": CONF_CARDS,
    "cards_range": CONF_CARDS,
    "cards_twice": CONF_CARDS,
}


def _number(name: str) -> NumberSelector:
    # Without bounds, of which Home Assistant would tell in English only.
    return NumberSelector(
        NumberSelectorConfig(
            unit_of_measurement=_UNITS[name], mode=NumberSelectorMode.BOX
        )
    )


_CARD: Final = {
    CONF_NUMBER: ObjectSelectorField(
        required=True,
        selector=NumberSelector(
            NumberSelectorConfig(min=0, max=63, mode=NumberSelectorMode.BOX)
        ),
    ),
    # Fans are not among them: those that have cards of their own are NVIDIA's.
    **{
        name: ObjectSelectorField(selector=_number(name))
        for name in SETTINGS
        if name != "fan"
    },
}

_START_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(_START_FROM): SelectSelector(
            SelectSelectorConfig(
                options=[*STARTING_POINTS], mode=SelectSelectorMode.DROPDOWN
            )
        )
    }
)
_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_VENDORS, default="nvidia"): SelectSelector(
            SelectSelectorConfig(options=[*VENDORS], translation_key="vendors")
        ),
        vol.Optional("power_limit"): _number("power_limit"),
        vol.Optional("core_lock"): _number("core_lock"),
        vol.Optional("memory_lock"): _number("memory_lock"),
        vol.Optional("fan"): _number("fan"),
        vol.Optional(CONF_CARDS): ObjectSelector(
            ObjectSelectorConfig(
                fields=_CARD,
                multiple=True,
                label_field=CONF_NUMBER,
                translation_key="cards",
            )
        ),
    }
)


class OverclockFlow(ConfigSubentryFlow):
    """Clocks, limits and fans for the cards of a rig."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Offer where to begin."""
        if user_input is None:
            return self.async_show_form(step_id="user", data_schema=_START_SCHEMA)
        start = STARTING_POINTS.get(user_input.get(_START_FROM, ""))
        return self._ask(_typed(start) if start else {})

    async def async_step_settings(
        self, user_input: dict[str, Any]
    ) -> SubentryFlowResult:
        """Take all of a new one."""
        return self._check(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what of it is to be otherwise."""
        if user_input is not None:
            return self._check(user_input)
        subentry = self._get_reconfigure_subentry()
        return self._ask({CONF_NAME: subentry.title, **subentry.data})

    def _check(self, typed: dict[str, Any]) -> SubentryFlowResult:
        typed[CONF_NAME] = typed[CONF_NAME].strip()
        is_new = self.source == SOURCE_USER
        but = None if is_new else self._reconfigure_subentry_id
        numbers = [int(card[CONF_NUMBER]) for card in typed.get(CONF_CARDS, ())]
        try:
            profile = profile_from(typed)
        except Unacceptable as err:
            return self._ask(typed, f"{err.field}_{err.reason}")
        if len(numbers) > len(set(numbers)):
            return self._ask(typed, "cards_twice")
        if profile.name.casefold() == NONE:
            return self._ask(typed, "name_reserved")
        if is_taken(self._get_entry(), OVERCLOCK, profile.name, but):
            return self._ask(typed, "name_taken")
        data = _typed(profile)
        del data[CONF_NAME]
        if is_new:
            return self.async_create_entry(title=profile.name, data=data)
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=profile.name,
            data=data,
        )

    def _ask(self, typed: Mapping[str, Any], wrong: str = "") -> SubentryFlowResult:
        return self.async_show_form(
            step_id="settings" if self.source == SOURCE_USER else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, typed),
            errors={_WRONG[wrong]: wrong} if wrong else {},
            description_placeholders=_bounds(typed, _WRONG.get(wrong, "")),
        )


def _typed(profile: Profile) -> dict[str, Any]:
    """Return a profile as it would be typed."""
    vendors = next(key for key, each in VENDORS.items() if each == profile.vendors)
    cards = [
        {CONF_NUMBER: number, **settings.chosen}
        for number, settings in profile.cards.items()
    ]
    typed = {CONF_NAME: profile.name, CONF_VENDORS: vendors, **profile.settings.chosen}
    return typed | ({CONF_CARDS: cards} if cards else {})


def _bounds(typed: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return between what a setting has to be for these cards."""
    vendors = VENDORS[typed.get(CONF_VENDORS, "both")]
    ranges = [OFFERED[each][name] for each in vendors if name in OFFERED[each]]
    return {
        "low": str(max((each.low for each in ranges), default=0)),
        "high": str(min((each.high for each in ranges), default=0)),
    }
