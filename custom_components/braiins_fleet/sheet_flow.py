"""How a person makes a flight sheet, and sees what it has rigs do."""

from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import RIG
from .flight_sheets import (
    CONF_ALGORITHM,
    CONF_COIN,
    CONF_EXTRA_ARGUMENTS,
    CONF_POOLS,
    CONF_SOFTWARE,
    CONF_WALLET,
    CONF_WORKER,
    FLIGHT_SHEET,
    NEW_SHEET,
    NONE,
    is_taken,
    sheet_from,
)
from .rig import (
    COINS,
    SOFTWARE,
    STARTABLE,
    FlightSheet,
    Proof,
    Unacceptable,
    command_line,
)

_SAMPLE: Final = "rig"

# Which field of the form an error is shown at.
_WRONG: Final = {
    "name_malformed": CONF_NAME,
    "name_reserved": CONF_NAME,
    "name_taken": CONF_NAME,
    "coin_malformed": CONF_COIN,
    "algorithm_malformed": CONF_ALGORITHM,
    "algorithm_missing": CONF_ALGORITHM,
    "pool_missing": CONF_POOLS,
    "pool_malformed": CONF_POOLS,
    "pool_port": CONF_POOLS,
    "pool_scheme": CONF_POOLS,
    "backups_malformed": CONF_POOLS,
    "backups_port": CONF_POOLS,
    "backups_scheme": CONF_POOLS,
    "backups_too_many": CONF_POOLS,
    "wallet_address": CONF_WALLET,
    "wallet_malformed": CONF_WALLET,
    "worker_malformed": CONF_WORKER,
    "password_malformed": CONF_PASSWORD,
    "extra_arguments_quotes": CONF_EXTRA_ARGUMENTS,
    "extra_arguments_too_many": CONF_EXTRA_ARGUMENTS,
    "extra_arguments_unknown_option": CONF_EXTRA_ARGUMENTS,
    "extra_arguments_value": CONF_EXTRA_ARGUMENTS,
}

_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_COIN): SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=ticker, label=f"{coin.name} ({ticker})")
                    for ticker, coin in COINS.items()
                ],
                custom_value=True,
                mode=SelectSelectorMode.DROPDOWN,
                sort=True,
            )
        ),
        vol.Required(CONF_SOFTWARE): SelectSelector(
            SelectSelectorConfig(
                options=[*STARTABLE],
                mode=SelectSelectorMode.DROPDOWN,
                translation_key="mining_software",
            )
        ),
        vol.Optional(CONF_ALGORITHM): TextSelector(),
        vol.Required(CONF_POOLS): TextSelector(TextSelectorConfig(multiple=True)),
        vol.Required(CONF_WALLET): TextSelector(),
        vol.Optional(CONF_WORKER): TextSelector(),
        vol.Optional(CONF_PASSWORD): TextSelector(
            # Pools take anything; it is no secret, and it is shown in the preview.
            TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="off")
        ),
        vol.Optional(CONF_EXTRA_ARGUMENTS): TextSelector(),
    }
)


class FlightSheetFlow(ConfigSubentryFlow):
    """What to mine, where, and for whom."""

    _typed: dict[str, Any]
    _sheet: FlightSheet

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for all of a new one."""
        if user_input is not None:
            return await self._check(user_input)
        return self._ask(NEW_SHEET)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what of it is to be otherwise."""
        if user_input is not None:
            return await self._check(user_input)
        subentry = self._get_reconfigure_subentry()
        return self._ask({CONF_NAME: subentry.title, **subentry.data})

    async def async_step_change(self, _: None = None) -> SubentryFlowResult:
        """Go back to what was typed."""
        return self._ask(self._typed)

    async def async_step_algorithm(self, _: None = None) -> SubentryFlowResult:
        """Say that another algorithm is usual, which may be a slip."""
        sheet = self._sheet
        return self.async_show_menu(
            step_id="algorithm",
            menu_options=["usual", "typed", "change"],
            description_placeholders={
                "software": SOFTWARE[sheet.software].title,
                "coin": COINS[sheet.coin].name,
                "usual": sheet.usual_algorithm,
                "algorithm": sheet.algorithm,
            },
        )

    async def async_step_usual(self, _: None = None) -> SubentryFlowResult:
        """Take the usual algorithm."""
        return await self._check(
            self._typed | {CONF_ALGORITHM: self._sheet.usual_algorithm}
        )

    async def async_step_typed(self, _: None = None) -> SubentryFlowResult:
        """Take all as it was typed, and show what comes of it."""
        if self._sheet.proof is Proof.CHECKSUM:
            return await self.async_step_confirm()
        return await self.async_step_confirm_unchecked()

    async def async_step_confirm(self, _: None = None) -> SubentryFlowResult:
        """Show what a rig will be told to start."""
        return self.async_show_menu(
            step_id="confirm",
            menu_options=["save", "change"],
            description_placeholders=self._preview(),
        )

    async def async_step_confirm_unchecked(self, _: None = None) -> SubentryFlowResult:
        """Show it, and that nothing but the form of the wallet could be checked."""
        return self.async_show_menu(
            step_id="confirm_unchecked",
            menu_options=["save", "change"],
            description_placeholders=self._preview(),
        )

    async def async_step_save(self, _: None = None) -> SubentryFlowResult:
        """Keep it. Rigs that mine by it go on until they are started again."""
        data = {key: value for key, value in self._typed.items() if key != CONF_NAME}
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=self._sheet.name, data=data)
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=self._sheet.name,
            data=data,
        )

    async def _check(self, typed: dict[str, Any]) -> SubentryFlowResult:
        self._typed = typed = _tidied(typed)
        is_new = self.source == SOURCE_USER
        but = None if is_new else self._reconfigure_subentry_id
        try:
            self._sheet = sheet_from(typed)
        except Unacceptable as err:
            return self._ask(typed, f"{err.field}_{err.reason}")
        if self._sheet.name.casefold() == NONE:
            return self._ask(typed, "name_reserved")
        if is_taken(self._get_entry(), FLIGHT_SHEET, self._sheet.name, but):
            return self._ask(typed, "name_taken")
        typed[CONF_ALGORITHM] = self._sheet.algorithm
        usual = self._sheet.usual_algorithm
        if usual and usual.lower() != self._sheet.algorithm.lower():
            return await self.async_step_algorithm()
        return await self.async_step_typed()

    def _ask(self, typed: dict[str, Any], wrong: str = "") -> SubentryFlowResult:
        software = SOFTWARE.get(typed.get(CONF_SOFTWARE, ""))
        options = sorted(software.options) if software else []
        return self.async_show_form(
            step_id="user" if self.source == SOURCE_USER else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, typed),
            errors={_WRONG[wrong]: wrong} if wrong else {},
            description_placeholders={
                "options": ", ".join(options),
                "software": software.title if software else "",
                "coin": typed.get(CONF_COIN, ""),
            },
        )

    def _preview(self) -> dict[str, str]:
        rigs = self._get_entry().get_subentries_of_type(RIG)
        name = next((rig.title for rig in rigs), _SAMPLE)
        return {"command": command_line(self._sheet.start(name)), "rig": name}


def _tidied(typed: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed without the blanks that come with copying."""
    tidied = {
        key: value.strip() if isinstance(value, str) else value
        for key, value in typed.items()
    }
    tidied[CONF_COIN] = tidied[CONF_COIN].upper()
    tidied[CONF_POOLS] = [pool.strip() for pool in tidied[CONF_POOLS] if pool.strip()]
    return tidied
