"""How a person adds a miner, and lets a known one in again."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from .asic import (
    DEFAULT_PORT,
    AsicError,
    Denied,
    Details,
    Miner,
    NoSuchHost,
    NotBraiins,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    probe,
)
from .const import CONF_UID, DOMAIN
from .identity import identity, is_miner_of

DEFAULT_USERNAME = "root"

_ADDRESS = {
    vol.Required(CONF_HOST): TextSelector(TextSelectorConfig(autocomplete="off")),
    vol.Required(CONF_PORT, default=DEFAULT_PORT): vol.All(
        NumberSelector(
            NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)
        ),
        vol.Coerce(int),
    ),
}
_LOGIN = {
    vol.Required(CONF_USERNAME, default=DEFAULT_USERNAME): TextSelector(
        TextSelectorConfig(autocomplete="username")
    ),
    # A freshly installed miner may have no password at all.
    vol.Optional(CONF_PASSWORD, default=""): TextSelector(
        TextSelectorConfig(
            type=TextSelectorType.PASSWORD, autocomplete="current-password"
        )
    ),
}
_USER_SCHEMA = vol.Schema({**_ADDRESS, **_LOGIN})
_REAUTH_SCHEMA = vol.Schema(_LOGIN)


class BraiinsFleetConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a miner by its address."""

    _what_it_said = ""

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for address and login, and add the miner that is found there."""
        errors: dict[str, str] = {}
        if user_input is not None:
            user_input[CONF_HOST] = _host(user_input[CONF_HOST])
            details = await self._meet(user_input, errors)
            if details is not None:
                return await self._add(user_input, details)
        return self._show("user", _USER_SCHEMA, user_input, errors)

    async def async_step_reauth(
        self,
        entry_data: Mapping[str, Any],  # noqa: ARG002 - the entry itself is at hand
    ) -> ConfigFlowResult:
        """Begin when a miner no longer accepts its password."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the login again."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            details = await self._meet({**entry.data, **user_input}, errors)
            if CONF_HOST in errors:
                errors["base"] = errors.pop(CONF_HOST)
            if details is not None:
                if is_miner_of(entry, details):
                    return self.async_update_reload_and_abort(
                        entry, data_updates=user_input
                    )
                errors["base"] = "another_miner"
        return self._show(
            "reauth_confirm", _REAUTH_SCHEMA, user_input or entry.data, errors
        )

    async def _meet(
        self, data: Mapping[str, Any], errors: dict[str, str]
    ) -> Details | None:
        """Log in to the miner there and ask who it is, or note what went wrong."""
        host, port = data[CONF_HOST], data[CONF_PORT]
        try:
            await probe(host, port)
        except AsicError as err:
            errors[CONF_HOST] = self._reason(err)
            return None
        miner = Miner(
            host, port, username=data[CONF_USERNAME], password=data[CONF_PASSWORD]
        )
        try:
            details = await miner.details()
        except Denied:
            errors[CONF_PASSWORD] = "wrong_password"
            return None
        except AsicError as err:
            errors["base"] = self._reason(err)
            return None
        finally:
            await miner.close()
        if identity(details) is None:
            errors["base"] = "still_starting"
            return None
        return details

    def _reason(self, err: AsicError) -> str:
        """Return the key of the text that tells a person what is wrong."""
        self._what_it_said = str(err)
        match err:
            case NoSuchHost():
                return "no_such_host"
            case Unreachable() | TimedOut():
                return "nothing_answers"
            case StockFirmware():
                return "stock_firmware"
            case TooOld():
                return "firmware_too_old"
            case NotBraiins():
                return "not_braiins"
            case _:
                return "miner_failed"

    async def _add(self, data: dict[str, Any], details: Details) -> ConfigFlowResult:
        known_as = identity(details)
        for entry in self._async_current_entries():
            if is_miner_of(entry, details):
                known_as = entry.unique_id
        await self.async_set_unique_id(known_as, raise_on_progress=False)
        # Who adds a miner again at another address means that it has moved.
        self._abort_if_unique_id_configured(
            {CONF_HOST: data[CONF_HOST], CONF_PORT: data[CONF_PORT]}
        )
        return self.async_create_entry(
            title=self._title(details), data={**data, CONF_UID: details.uid}
        )

    def _title(self, details: Details) -> str:
        """Name the miner after its model, and apart from its likes."""
        model = details.model or "Braiins OS miner"
        taken = {entry.title for entry in self._async_current_entries()}
        if model not in taken:
            return model
        return f"{model} {str(self.unique_id).replace(':', '')[-6:]}"

    def _show(
        self,
        step: str,
        schema: vol.Schema,
        typed: Mapping[str, Any] | None,
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a form with what was typed already, but for the password."""
        kept = {k: v for k, v in (typed or {}).items() if k != CONF_PASSWORD}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders={"error": self._what_it_said},
            errors=errors,
        )


def _host(typed: str) -> str:
    """Take the address out of what was typed, which may be that of the web page."""
    typed = typed.strip()
    if "://" in typed:
        return URL(typed).host or typed
    return typed
