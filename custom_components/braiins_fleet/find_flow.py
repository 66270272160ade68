"""The dialog that finds the miners of a home and adds all of them at once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
import math
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_IMPORT,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.util.async_ import gather_with_limited_concurrency
import voluptuous as vol

from .asic import Details, longest_sweep
from .const import CONF_UID, DOMAIN
from .forms import LOGIN, PORT
from .identity import entry_of, identity, name_of
from .login import Obstacle, meet
from .progress import by_percent, unhurried
from .search import (
    MOST_ADDRESSES,
    Finds,
    WrongNetwork,
    addresses,
    is_address,
    is_wide,
    read_networks,
    search,
    suggested_networks,
)

CONF_ADVANCED = "advanced"
CONF_MINERS = "miners"
CONF_NETWORKS = "networks"
CONF_TITLE = "title"
CONF_UNIQUE_ID = "unique_id"
CONF_DATA = "data"

_AT_ONCE = 20

_FIND_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NETWORKS): TextSelector(TextSelectorConfig(multiple=True)),
        vol.Required(CONF_ADVANCED): section(vol.Schema(PORT), {"collapsed": True}),
    }
)


class FindMiners(ConfigFlow):
    """The steps from where to look to having added what was found."""

    _where: Mapping[str, Any] | None = None
    _networks: list[IPv4Network]
    _port: int
    _search: asyncio.Task[Finds] | None = None
    _finds: Finds
    _login: Mapping[str, Any]
    _chosen: list[str]
    _logins: asyncio.Task[None] | None = None

    def __init__(self) -> None:
        self._met: list[tuple[dict[str, Any], Details]] = []
        self._refused: dict[str, Obstacle] = {}

    async def async_step_find(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which networks to search."""
        errors: dict[str, str] = {}
        typed = ""
        if user_input is not None:
            self._where = user_input
            self._port = user_input[CONF_ADVANCED][CONF_PORT]
            try:
                self._networks = read_networks(user_input[CONF_NETWORKS])
            except WrongNetwork as err:
                errors[CONF_NETWORKS] = err.reason
                typed = err.typed
            else:
                if is_wide(self._networks):
                    return await self.async_step_wide()
                return await self.async_step_search()
        if self._where is None:
            self._where = {CONF_NETWORKS: await suggested_networks(self.hass)}
        return self.async_show_form(
            step_id="find",
            data_schema=self.add_suggested_values_to_schema(_FIND_SCHEMA, self._where),
            description_placeholders={"typed": typed, "most": str(MOST_ADDRESSES)},
            errors=errors,
        )

    async def async_step_wide(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - a menu has none
    ) -> ConfigFlowResult:
        """Ask whether so many addresses are meant."""
        count = len(addresses(self._networks))
        minutes = math.ceil(longest_sweep(count) / 60)
        return self.async_show_menu(
            step_id="wide",
            menu_options=["search", "find"],
            description_placeholders={"count": str(count), "minutes": str(minutes)},
        )

    async def async_step_search(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - it shows progress
    ) -> ConfigFlowResult:
        """Search, for as long as the dialog is open."""
        if self._search is None:
            self._search = self.hass.async_create_task(
                unhurried(
                    search(
                        self.hass,
                        self._networks,
                        self._port,
                        by_percent(self.async_update_progress),
                    )
                ),
                "search for miners",
            )
        elif self._search.done():
            self._finds = self._search.result()
            self._search = None
            return self.async_show_progress_done(
                next_step_id="select" if self._finds.miners else "nothing_found"
            )
        return self.async_show_progress(
            step_id="search",
            progress_action="search",
            description_placeholders={"count": str(len(addresses(self._networks)))},
            progress_task=self._search,
        )

    async def async_step_nothing_found(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - a menu has none
    ) -> ConfigFlowResult:
        """Tell what could be done to find something."""
        return self.async_show_menu(
            step_id="nothing_found",
            menu_options=["find", "address"],
            description_placeholders=self._what_was_found(),
        )

    async def async_step_select(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of the miners to add, and for the login they share."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_MINERS]:
                return await self._log_in_with(user_input)
            errors[CONF_MINERS] = "nothing_chosen"
        return self._ask_for_login(
            "select",
            [found.host for found in self._finds.miners],
            user_input,
            self._what_was_found(),
            errors,
        )

    async def async_step_log_in(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - it shows progress
    ) -> ConfigFlowResult:
        """Log in to all chosen miners."""
        if self._logins is None:
            self._logins = self.hass.async_create_task(
                unhurried(self._log_in_to_chosen()), "log in to miners"
            )
        elif self._logins.done():
            self._logins.result()
            self._logins = None
            return self.async_show_progress_done(
                next_step_id="retry" if self._refused else "finish"
            )
        return self.async_show_progress(
            step_id="log_in",
            progress_action="log_in",
            description_placeholders={"count": str(len(self._chosen))},
            progress_task=self._logins,
        )

    async def async_step_retry(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer another try with the miners that could not be logged in to."""
        if user_input is not None:
            if user_input[CONF_MINERS]:
                return await self._log_in_with(user_input)
            return await self.async_step_finish()
        return self._ask_for_login(
            "retry", list(self._refused), self._login, self._what_went_wrong(), {}
        )

    async def async_step_finish(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - nothing is asked
    ) -> ConfigFlowResult:
        """Add all miners that could be logged in to."""
        new: dict[str, dict[str, Any]] = {}
        taken = {entry.title for entry in self._async_current_entries()}
        for data, details in self._met:
            entry = entry_of(self.hass, details)
            known_as = identity(details)
            if entry is not None:
                self._follow(entry, data)
            elif known_as is not None and known_as not in new:
                title = name_of(details, known_as, taken)
                taken.add(title)
                new[known_as] = {
                    CONF_TITLE: title,
                    CONF_UNIQUE_ID: known_as,
                    CONF_DATA: {**data, CONF_UID: details.uid},
                }
        if not new:
            return self.async_abort(
                reason="already_configured" if self._met else "nothing_added"
            )
        first, *others = new.values()
        if others:
            self.hass.async_create_task(_add(self.hass, others), "add miners")
        await self.async_set_unique_id(first[CONF_UNIQUE_ID], raise_on_progress=False)
        return self.async_create_entry(
            title=first[CONF_TITLE],
            data=first[CONF_DATA],
            description="several" if others else None,
            description_placeholders={"count": str(len(new))},
        )

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Add a miner that the dialog of another one has logged in to."""
        entry = await self.async_set_unique_id(
            import_data[CONF_UNIQUE_ID], raise_on_progress=False
        )
        if entry is not None and entry.source != SOURCE_IGNORE:
            return self.async_abort(reason="already_configured")
        return self.async_create_entry(
            title=import_data[CONF_TITLE], data=import_data[CONF_DATA]
        )

    async def _log_in_with(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        self._login = dict(user_input)
        self._chosen = self._login.pop(CONF_MINERS)
        return await self.async_step_log_in()

    async def _log_in_to_chosen(self) -> None:
        done = 0
        show_done = by_percent(self.async_update_progress)

        async def log_in(host: str) -> tuple[dict[str, Any], Details | Obstacle]:
            nonlocal done
            data = {CONF_HOST: host, CONF_PORT: self._port, **self._login}
            answer = await meet(data)
            done += 1
            show_done(done / len(self._chosen))
            return data, answer

        answers = await gather_with_limited_concurrency(
            _AT_ONCE, *map(log_in, self._chosen)
        )
        self._refused = {}
        for data, answer in answers:
            if isinstance(answer, Obstacle):
                self._refused[data[CONF_HOST]] = answer
            else:
                self._met.append((data, answer))

    def _follow(self, entry: ConfigEntry, data: dict[str, Any]) -> None:
        """Take over where a known miner is now; by a name it is found anyway."""
        if is_address(entry.data[CONF_HOST]) and (
            self.hass.config_entries.async_update_entry(
                entry, data={**entry.data, **data}
            )
        ):
            self.hass.config_entries.async_schedule_reload(entry.entry_id)

    def _ask_for_login(
        self,
        step: str,
        hosts: list[str],
        typed: Mapping[str, Any] | None,
        placeholders: dict[str, str],
        errors: dict[str, str],
    ) -> ConfigFlowResult:
        labels = [
            SelectOptionDict(value=host, label=self._label(host)) for host in hosts
        ]
        miners = SelectSelector(
            SelectSelectorConfig(
                options=labels, multiple=True, mode=SelectSelectorMode.LIST
            )
        )
        schema = vol.Schema(
            {vol.Required(CONF_MINERS, default=hosts): miners, **LOGIN},
        )
        kept = {k: v for k, v in (typed or {}).items() if k != CONF_PASSWORD}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders=placeholders,
            errors=errors,
        )

    def _label(self, host: str) -> str:
        name = self._finds.names.get(host)
        api = next(found.api for found in self._finds.miners if found.host == host)
        return f"{name} ({host}), API {api}" if name else f"{host}, API {api}"

    def _what_was_found(self) -> dict[str, str]:
        finds = self._finds
        return {
            "count": str(len(addresses(self._networks))),
            "found": str(len(finds.miners)),
            "known": _tally(finds.known),
            "stock": _tally(finds.stock),
            "too_old": _tally(finds.too_old),
        }

    def _what_went_wrong(self) -> dict[str, str]:
        groups: dict[str, list[str]] = {
            "wrong_password": [],
            "nothing_answers": [],
            "still_starting": [],
        }
        failed: list[str] = []
        for host, obstacle in self._refused.items():
            if obstacle.reason in groups:
                groups[obstacle.reason].append(host)
            else:
                said = obstacle.said
                failed.append(f"{host}: {said}" if said else host)
        tallies = {reason: _tally(hosts) for reason, hosts in groups.items()}
        return {**tallies, "miner_failed": _tally(failed)}


async def _add(hass: HomeAssistant, miners: Iterable[dict[str, Any]]) -> None:
    """Give each of these miners its entry, a few at a time."""
    await gather_with_limited_concurrency(
        _AT_ONCE,
        *(
            hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_IMPORT}, data=miner
            )
            for miner in miners
        ),
    )


def _tally(hosts: Sequence[str]) -> str:
    """Count, and name what was counted: a form no language has to be known for."""
    return f"{len(hosts)} ({', '.join(hosts)})" if hosts else "0"
