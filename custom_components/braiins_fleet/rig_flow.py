"""How a person adds a GPU rig, renames it, and gives it another token."""

from contextlib import suppress
import shlex
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, CONF_URL
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import (
    QrCodeSelector,
    QrCodeSelectorConfig,
    QrErrorCorrectionLevel,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util.network import is_host_valid
import voluptuous as vol
from yarl import URL

from .const import CONF_TOKEN_HASH, RIG
from .farm import FARM
from .rig import digest_of, make_token, worker_name

_QR_CODE: Final = "qr_code"
_EXAMPLE: Final = "http://192.168.1.10:8123"

_NAME = {vol.Required(CONF_NAME): TextSelector()}
_URL = {
    vol.Required(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
}


class RigFlow(ConfigSubentryFlow):
    """A rig is known by its token, which is shown once and kept as a hash only."""

    _name: str
    _url: str
    _token: str

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask how the rig is called, and how it reaches Home Assistant."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._name = user_input[CONF_NAME].strip()
            url = _base_url(user_input[CONF_URL])
            if wrong := self._check(self._name):
                errors[CONF_NAME] = wrong
            if url is None:
                errors[CONF_URL] = "invalid_url"
            elif not errors:
                return await self._show_token(url)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(_NAME | _URL), user_input or {CONF_URL: self._own_url()}
            ),
            description_placeholders={"example": _EXAMPLE},
            errors=errors,
        )

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - a menu is not sent
    ) -> SubentryFlowResult:
        """Ask what to change."""
        return self.async_show_menu(
            step_id="reconfigure", menu_options=["rename", "token"]
        )

    async def async_step_rename(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for another name."""
        rig = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            wrong = self._check(name, but=rig.subentry_id)
            if wrong is None:
                return self.async_update_and_abort(self._get_entry(), rig, title=name)
            errors[CONF_NAME] = wrong
        return self.async_show_form(
            step_id="rename",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(_NAME), {CONF_NAME: rig.title}
            ),
            errors=errors,
        )

    async def async_step_token(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say what a new token means, and ask how the rig reaches Home Assistant."""
        rig = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            url = _base_url(user_input[CONF_URL])
            if url is not None:
                return await self._show_token(url)
            errors[CONF_URL] = "invalid_url"
        return self.async_show_form(
            step_id="token",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(_URL), user_input or {CONF_URL: self._own_url()}
            ),
            description_placeholders={"rig": rig.title, "example": _EXAMPLE},
            errors=errors,
        )

    def _check(self, name: str, *, but: str | None = None) -> str | None:
        """Return what is wrong with the name of a rig, as the texts call it."""
        if not name:
            return "name_missing"
        others = {
            worker_name(each.title).casefold()
            for each in self._get_entry().get_subentries_of_type(RIG)
            if each.subentry_id != but
        }
        # Names that differ less would be one worker for a pool.
        return "name_taken" if worker_name(name).casefold() in others else None

    async def _show_token(self, url: str) -> SubentryFlowResult:
        self._url, self._token = url, make_token()
        # Who is quick has the agent started before this dialog is through.
        if (farm := self.hass.data.get(FARM)) is not None:
            farm.rigs.note_issued(digest_of(self._token))
        return await self.async_step_command()

    async def async_step_command(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the command that starts the agent, this once, and finish."""
        if user_input is not None:
            data = {CONF_TOKEN_HASH: digest_of(self._token)}
            if self.source == SOURCE_USER:
                return self.async_create_entry(title=self._name, data=data)
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                data=data,
                reason="token_changed",
            )
        command = shlex.join(
            ("bloxos-agent", "-server", self._url, "-token", self._token)
        )
        code = QrCodeSelectorConfig(
            data=command, scale=4, error_correction_level=QrErrorCorrectionLevel.LOW
        )
        # A field that is read only cannot be copied from in every browser.
        return self.async_show_form(
            step_id="command",
            data_schema=vol.Schema({vol.Optional(_QR_CODE): QrCodeSelector(code)}),
            description_placeholders={"url": self._url, "command": command},
        )

    def _own_url(self) -> str:
        """Return where Home Assistant is to be found from within the home."""
        with suppress(NoURLAvailableError):
            url = get_url(self.hass, prefer_external=False, allow_cloud=False)
            # That is what it has where it does not know of any network.
            if URL(url).host != "0.0.0.0":  # noqa: S104 - nothing listens there
                return url
        return ""


def _base_url(typed: str) -> str | None:
    """Return an address as the agent can use it, which is without any path."""
    try:
        url = URL(typed.strip())
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        return None
    if url.path not in ("", "/") or url.query_string or url.fragment:
        return None
    if not is_host_valid(url.raw_host or ""):
        return None
    return str(url.origin())
