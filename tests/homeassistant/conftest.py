"""A Home Assistant that loads the integration, and miners for it."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.const import CONF_UID, DOMAIN
from simulator import SimulatedMiner

from .dialogs import check_texts

type MakeEntry = Callable[..., MockConfigEntry]


@pytest.fixture(autouse=True)
def _integration_is_found(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what lies in custom_components."""


@pytest.fixture(autouse=True)
def _every_dialog_has_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a dialog shows a form, an error or an end that has no text."""
    handle_step = FlowManager._async_handle_step

    async def checked(self: Any, flow: Any, *arguments: Any, **named: Any) -> Any:
        result = await handle_step(self, flow, *arguments, **named)
        check_texts(flow, result)
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", checked)


async def let_go(hass: HomeAssistant) -> None:
    """Hang up on all miners, before they are gone.

    Else what they send last would arrive when the test is over, and fail the next one.
    """
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def miner(hass: HomeAssistant) -> AsyncIterator[SimulatedMiner]:
    """Start a simulated Antminer S19k Pro."""
    async with SimulatedMiner("s19k_pro") as simulated:
        yield simulated
        await let_go(hass)


@pytest.fixture
def add_entry(hass: HomeAssistant) -> MakeEntry:
    """Let Home Assistant know a miner already, as if it had been added before."""

    def add(miner: SimulatedMiner, **changes: Any) -> MockConfigEntry:
        who = miner.machine.identity
        data = {
            CONF_HOST: miner.host,
            CONF_PORT: miner.port,
            CONF_USERNAME: "root",
            CONF_PASSWORD: "root",
            CONF_UID: who.uid,
        }
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=miner.machine.model.name,
            unique_id=cast("str", changes.pop("unique_id", who.mac.lower())),
            data=data | changes,
        )
        entry.add_to_hass(hass)
        return entry

    return add
