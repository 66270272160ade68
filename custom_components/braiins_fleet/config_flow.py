"""How a person adds a miner, and puts right what has changed about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
    OptionsFlowWithReload,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol
from yarl import URL

from .asic import DEFAULT_PORT, Details
from .const import (
    CONF_COUNT_UNREACHABLE,
    CONF_POLL_INTERVAL,
    CONF_TOLERATED_MISSES,
    CONF_UID,
    DEFAULT_POLL_INTERVAL,
    DOMAIN,
    FLEET,
    MAX_POLL_INTERVAL,
    MIN_POLL_INTERVAL,
    RIG,
)
from .farm import FARM
from .find_flow import FindMiners
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .forms import ADDRESS, LOGIN, PASSWORD, USERNAME
from .identity import entry_of, identity, is_fleet, is_miner_of, name_of
from .login import Obstacle, greet, meet
from .overclock_flow import OverclockFlow
from .rig_flow import RigFlow
from .search import is_address
from .sheet_flow import FlightSheetFlow

# A miner that starts has an address long before it can be spoken to.
_TRIES = 12
_PAUSE_S = 10.0

_ADDRESS_SCHEMA = vol.Schema({**ADDRESS, **LOGIN})
_LOGIN_SCHEMA = vol.Schema(LOGIN)
# What is left empty stays as it is.
_RECONFIGURE_SCHEMA = vol.Schema(
    {**ADDRESS, **USERNAME, vol.Optional(CONF_PASSWORD): PASSWORD}
)
_OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_POLL_INTERVAL, default=DEFAULT_POLL_INTERVAL): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=MIN_POLL_INTERVAL,
                    max=MAX_POLL_INTERVAL,
                    unit_of_measurement="s",
                    mode=NumberSelectorMode.BOX,
                )
            ),
            vol.Coerce(int),
        ),
        # Left empty, half a minute of silence counts as well.
        vol.Optional(CONF_TOLERATED_MISSES): vol.All(
            NumberSelector(
                NumberSelectorConfig(min=1, max=30, mode=NumberSelectorMode.BOX)
            ),
            vol.Coerce(int),
        ),
        vol.Required(CONF_COUNT_UNREACHABLE, default=False): BooleanSelector(),
    }
)


class BraiinsFleetConfigFlow(FindMiners, domain=DOMAIN):
    """Add miners and the fleet, and change what was given for them."""

    _seen_at: str
    _is_over = False

    @callback
    @override
    def async_remove(self) -> None:
        """Stop waiting for a miner that somebody has dealt with otherwise."""
        self._is_over = True

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the dialog of a miner's options."""
        return MinerOptionsFlow()

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        """Tell that a miner has options, and the fleet has none."""
        return not is_fleet(config_entry)

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Tell that GPU rigs, and what they need, are added to the fleet."""
        if not is_fleet(config_entry):
            return {}
        return {RIG: RigFlow, FLIGHT_SHEET: FlightSheetFlow, OVERCLOCK: OverclockFlow}

    @override
    async def async_step_user(
        self,
        user_input: dict[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """Ask what to add; there is one fleet, so no second one is offered."""
        entries = self._async_current_entries()
        fleet = [] if any(map(is_fleet, entries)) else ["fleet"]
        return self.async_show_menu(
            step_id="user", menu_options=["find", "address", *fleet]
        )

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for address and login, and add the miner that is found there."""
        problem = None
        if user_input is not None:
            user_input[CONF_HOST] = _host(user_input[CONF_HOST])
            answer = await meet(user_input)
            if isinstance(answer, Details):
                return await self._add(user_input, answer)
            problem = answer
        return self._show("address", _ADDRESS_SCHEMA, user_input, problem)

    async def async_step_fleet(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what the fleet is, and add it."""
        if user_input is None:
            return self.async_show_form(step_id="fleet", data_schema=vol.Schema({}))
        return await self.async_step_system()

    async def async_step_system(self, _: None = None) -> ConfigFlowResult:
        """Add the fleet, of which there is one."""
        await self.async_set_unique_id(FLEET, raise_on_progress=False)
        self._abort_if_unique_id_configured(error="fleet_exists")
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "device", {DOMAIN}
        )
        return self.async_create_entry(
            title=texts[f"component.{DOMAIN}.device.{FLEET}.name"], data={}
        )

    @override
    async def async_step_dhcp(
        self, discovery_info: DhcpServiceInfo
    ) -> ConfigFlowResult:
        """Offer a miner that is new, and follow one that has moved."""
        self._seen_at = host = discovery_info.ip
        mac = dr.format_mac(discovery_info.macaddress)
        await self.async_set_unique_id(mac)
        entry = self._entry_with(mac)
        if entry is not None:
            farm = self.hass.data.get(FARM)
            if farm is not None and entry.entry_id in farm.moving:
                return self.async_abort(reason="already_configured")
            if _has_moved(entry, host):
                return await self._follow_to(host, entry)
            # This has one that could not be set up try again.
            self._abort_if_unique_id_configured()
            return self.async_abort(reason="already_configured")
        answer = await self._ask_patiently(lambda: greet(host, DEFAULT_PORT))
        if isinstance(answer, Obstacle):
            return self.async_abort(reason="no_miner")
        # It may have been added by hand while it was waited for.
        self._abort_if_unique_id_configured()
        if await self._is_known_at(host):
            return self.async_abort(reason="already_configured")
        name = discovery_info.hostname
        self.context["title_placeholders"] = {
            "name": f"{name} ({host})" if name else host
        }
        return await self.async_step_discovery_confirm()

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the login of a miner that has been discovered."""
        problem = None
        if user_input is not None:
            data = {CONF_HOST: self._seen_at, CONF_PORT: DEFAULT_PORT, **user_input}
            answer = await meet(data)
            if isinstance(answer, Details):
                return await self._add(data, answer)
            problem = answer
        return self._show("discovery_confirm", _LOGIN_SCHEMA, user_input, problem)

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
        problem = None
        if user_input is not None:
            problem = await _meet_again(entry, user_input)
            if problem is None:
                return self.async_update_reload_and_abort(
                    entry, data_updates=user_input
                )
        return self._show(
            "reauth_confirm", _LOGIN_SCHEMA, user_input or entry.data, problem
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where a miner is now, and for its login."""
        entry = self._get_reconfigure_entry()
        if is_fleet(entry):
            return self.async_abort(reason="fleet_has_no_address")
        problem = None
        if user_input is not None:
            user_input[CONF_HOST] = _host(user_input[CONF_HOST])
            if not user_input.get(CONF_PASSWORD):
                user_input[CONF_PASSWORD] = entry.data[CONF_PASSWORD]
            problem = await _meet_again(entry, user_input)
            if problem is None:
                return self.async_update_reload_and_abort(
                    entry, data_updates=user_input
                )
        return self._show(
            "reconfigure", _RECONFIGURE_SCHEMA, user_input or entry.data, problem
        )

    async def _add(self, data: dict[str, Any], details: Details) -> ConfigFlowResult:
        entry = entry_of(self.hass, details)
        if entry is not None:
            # Who adds a miner again at another address means that it has moved.
            return self.async_update_reload_and_abort(
                entry,
                data_updates=data,
                reason="already_configured",
                reload_even_if_entry_is_unchanged=False,
            )
        # The network knows a MAC that a miner just switched on may not know yet.
        known_as = str(details.mac or self.unique_id or identity(details))
        await self.async_set_unique_id(known_as, raise_on_progress=False)
        taken = {entry.title for entry in self._async_current_entries()}
        return self.async_create_entry(
            title=name_of(details, known_as, taken),
            data={**data, CONF_UID: details.uid},
        )

    async def _follow_to(self, host: str, entry: ConfigEntry) -> ConfigFlowResult:
        data = {**entry.data, CONF_HOST: host}
        answer = await self._ask_patiently(lambda: meet(data))
        was_removed = self.hass.config_entries.async_get_entry(entry.entry_id) is None
        if (
            was_removed
            or isinstance(answer, Obstacle)
            or not is_miner_of(entry, answer)
        ):
            return self.async_abort(reason="not_confirmed")
        return self.async_update_reload_and_abort(
            entry,
            data_updates={CONF_HOST: host},
            reason="already_configured",
            reload_even_if_entry_is_unchanged=False,
        )

    async def _ask_patiently[T](
        self, ask: Callable[[], Awaitable[T | Obstacle]]
    ) -> T | Obstacle:
        """Ask until there is an answer, or none to be expected or awaited any more."""
        answer = await ask()
        for _ in range(_TRIES):
            if self._is_over or not (isinstance(answer, Obstacle) and answer.may_pass):
                break
            await asyncio.sleep(_PAUSE_S)
            answer = await ask()
        if self._is_over:
            raise AbortFlow("no_miner")
        return answer

    def _entry_with(self, mac: str) -> ConfigEntry | None:
        """Return the entry of this MAC, or of the miner that told it later."""
        entries = self.hass.config_entries
        entry = entries.async_entry_for_domain_unique_id(DOMAIN, mac)
        if entry is not None:
            return entry
        connections = {(dr.CONNECTION_NETWORK_MAC, mac)}
        for device in dr.async_get(self.hass).async_get_devices(
            connections=connections
        ):
            owner = entries.async_get_entry(device.config_entry_id)
            if owner is not None and owner.domain == DOMAIN:
                return owner
        return None

    async def _is_known_at(self, host: str) -> bool:
        """Tell whether a known miner is there, by another MAC than its own."""
        for entry in self._async_current_entries(include_ignore=False):
            if entry.data.get(CONF_HOST) == host and not await _meet_again(entry, {}):
                return True
        return False

    def _show(
        self,
        step: str,
        schema: vol.Schema,
        typed: Mapping[str, Any] | None,
        problem: Obstacle | None,
    ) -> ConfigFlowResult:
        """Show a form with what was typed already, but for the password."""
        kept = {k: v for k, v in (typed or {}).items() if k != CONF_PASSWORD}
        errors: dict[str, str] = {}
        if problem is not None:
            field = problem.field if problem.field in schema.schema else "base"
            errors[field] = problem.reason
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders={
                "error": problem.said if problem else "",
                **self.context.get("title_placeholders", {}),
            },
            errors=errors,
        )


class MinerOptionsFlow(OptionsFlowWithReload):
    """How often a miner is asked, and how it counts."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for all options."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _OPTIONS_SCHEMA, self.config_entry.options
            ),
        )


async def _meet_again(
    entry: ConfigEntry, changes: Mapping[str, Any]
) -> Obstacle | None:
    """See whether the miner of an entry can be logged in to with these changes."""
    answer = await meet({**entry.data, **changes})
    if isinstance(answer, Obstacle):
        return answer
    if not is_miner_of(entry, answer):
        return Obstacle(reason="another_miner")
    return None


def _has_moved(entry: ConfigEntry, host: str) -> bool:
    """Tell whether a miner seen at an address is known at another one."""
    if entry.source == SOURCE_IGNORE:
        return False
    # Who goes by a name is found by it, wherever that leads.
    return is_address(entry.data[CONF_HOST]) and entry.data[CONF_HOST] != host


def _host(typed: str) -> str:
    """Take the address out of what was typed, which may be that of the web page."""
    typed = typed.strip()
    if "://" in typed:
        # What is no address of a page either is no host, which they are told then.
        with suppress(ValueError):
            return URL(typed).host or typed
    return typed
