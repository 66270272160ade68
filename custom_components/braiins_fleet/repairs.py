"""Dialogs that put right what an issue tells of."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Network

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .adoption import adopt
from .asic import Details
from .const import DOMAIN
from .coordinator import MinerConfigEntry
from .identity import entry_of, identity, is_miner_of
from .issues import (
    DATA_ENTRY_ID,
    DATA_OTHER,
    Matter,
    forget_missing_boards,
    tells_its_boards,
)
from .login import meet
from .progress import by_percent, unhurried
from .search import addresses
from .whereabouts import look_for, where_it_may_be

_NOTHING_TO_FILL_IN = vol.Schema({})


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,  # noqa: ARG001 - the dialog gets it
) -> RepairsFlow:
    """Return the dialog for an issue that a person can fix."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    words = (issue and issue.translation_placeholders) or {}
    if issue_id.startswith(Matter.BOARD_MISSING):
        return BoardMissingFlow(words)
    return AnotherMinerFlow(words)


class MinerFlow(RepairsFlow):
    """What all dialogs about a miner have in common."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    @property
    def _entry(self) -> MinerConfigEntry:
        """The entry that the issue is about; it may have been removed meanwhile."""
        entry_id = str((self.data or {}).get(DATA_ENTRY_ID))
        entry = self.hass.config_entries.async_get_entry(entry_id)
        if entry is None:
            raise AbortFlow("miner_removed", self._words)
        return entry


class BoardMissingFlow(MinerFlow):
    """Takes it from a person that a board is gone for good."""

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - nobody has answered yet
    ) -> RepairsFlowResult:
        """Begin; what comes along is which issue it is, and no answer."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what can be done about it, and offer to forget the board."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=_NOTHING_TO_FILL_IN,
                description_placeholders=self._words,
            )
        entry = self._entry
        if entry.state is not ConfigEntryState.LOADED or not tells_its_boards(
            entry.runtime_data.data
        ):
            raise AbortFlow("not_now", self._words)
        forget_missing_boards(entry.runtime_data)
        return self.async_create_entry(data={})


class AnotherMinerFlow(MinerFlow):
    """Takes the other miner for good, or finds the one that was there."""

    _search: asyncio.Task[str | None] | None = None
    _host = ""
    _networks: list[IPv4Network]

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - a menu has none
    ) -> RepairsFlowResult:
        """Ask what has happened."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["find", "adopt"],
            description_placeholders=self._words,
        )

    async def async_step_adopt(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let the entry stand for the other miner, once that is confirmed."""
        errors: dict[str, str] = {}
        words = self._words
        if user_input is not None:
            answer = await meet(self._entry.data)
            if isinstance(answer, Details):
                self._refuse_unless_it_is_the_other(answer)
                await adopt(self.hass, self._entry, answer)
                return self.async_create_entry(data={})
            errors["base"] = answer.reason
            words = {**words, "error": answer.said}
        return self.async_show_form(
            step_id="adopt",
            data_schema=_NOTHING_TO_FILL_IN,
            description_placeholders=words,
            errors=errors,
        )

    def _refuse_unless_it_is_the_other(self, answer: Details) -> None:
        if is_miner_of(self._entry, answer):
            raise AbortFlow("is_back", self._words)
        if identity(answer) != (self.data or {}).get(DATA_OTHER):
            raise AbortFlow("yet_another", self._words)
        if entry_of(self.hass, answer) is not None:
            raise AbortFlow("has_entry", self._words)

    async def async_step_find(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - it shows progress
    ) -> RepairsFlowResult:
        """Look for the miner, for as long as the dialog is open."""
        if self._search is None:
            entry = self._entry
            self._networks = await where_it_may_be(self.hass, entry)
            progress = by_percent(self.async_update_progress)
            self._search = self.hass.async_create_task(
                unhurried(look_for(self.hass, entry, self._networks, progress)),
                "search for a miner",
            )
        elif self._search.done():
            found, self._search = self._search.result(), None
            self._host = found or ""
            return self.async_show_progress_done(
                next_step_id="found" if found else "not_found"
            )
        return self.async_show_progress(
            step_id="find",
            progress_action="find",
            description_placeholders=self._what_is_searched(),
            progress_task=self._search,
        )

    async def async_step_found(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - nothing is asked
    ) -> RepairsFlowResult:
        """Use the new address of the miner."""
        entry = self._entry
        self.hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_HOST: self._host}
        )
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_not_found(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - a menu has none
    ) -> RepairsFlowResult:
        """Say where it was looked for, and offer to do so again."""
        return self.async_show_menu(
            step_id="not_found",
            menu_options=["find", "adopt"],
            description_placeholders=self._what_is_searched(),
        )

    def _what_is_searched(self) -> dict[str, str]:
        return {
            **self._words,
            "count": str(len(addresses(self._networks))),
            "networks": ", ".join(map(str, self._networks)) or "-",
        }
