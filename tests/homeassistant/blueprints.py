"""Automations made from blueprints, and hours that pass while one looks on."""

import asyncio
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import EVENT_AUTOMATION_RELOADED
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, SERVICE_TURN_OFF
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.braiins_fleet.asic.connection import Connection
from custom_components.braiins_fleet.const import DOMAIN
from simulator import Machine, SimulatedMiner

from .actions import when_called
from .running import PassingTime

AUTOMATION = "automation"
FILES = Path(__file__).parents[2] / "blueprints" / AUTOMATION / DOMAIN
# More turns of the loop than any step of an automation needs that waits for no miner.
_TURNS = 100


async def save(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Make an automation from a blueprint, as somebody does in the dialog."""
    await load(hass, blueprint, **inputs)
    hass.bus.async_fire(EVENT_AUTOMATION_RELOADED)


async def start(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Start a Home Assistant that has an automation made from a blueprint."""
    hass.set_state(CoreState.starting)
    await load(hass, blueprint, **inputs)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)


async def load(hass: HomeAssistant, blueprint: str, **inputs: Any) -> None:
    """Load an automation that was made from a blueprint before."""
    place = Path(hass.config.path("blueprints", AUTOMATION, DOMAIN))
    await hass.async_add_executor_job(shutil.copytree, FILES, place)
    automation = {
        "id": blueprint,
        "use_blueprint": {"path": f"{DOMAIN}/{blueprint}.yaml", "input": inputs},
    }
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: automation})
    assert [state.state for state in hass.states.async_all(AUTOMATION)] == ["on"]


class Day:
    """A day with miners: time that passes, and what they are told meanwhile."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        pass_time: PassingTime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self._hass = hass
        self._orders: list[str] = []
        self._miners: list[tuple[ConfigEntry[Any], SimulatedMiner]] = []
        self._freezer = freezer
        self._pass_time = pass_time
        self._asked = 0
        self._listen_in(monkeypatch)

    def _listen_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        exchange = Connection.exchange

        async def counted(*arguments: Any, **named: Any) -> Any:
            self._asked += 1
            try:
                return await exchange(*arguments, **named)
            finally:
                self._asked -= 1

        monkeypatch.setattr(Connection, "exchange", counted)
        for method, order in {
            "PauseMining": lambda _: "pause",
            "ResumeMining": lambda _: "resume",
            "SetPowerTarget": lambda it: f"{it.saved.tuner.power:g} W",
            "SetCoolingMode": lambda it: f"fans to {it.saved.cooling.max_fan} %",
        }.items():

            def note(machine: Machine, order: Any = order) -> None:
                self._orders.append(self._signed(machine, order(machine)))

            when_called(monkeypatch, method, note)

    def _signed(self, machine: Machine, order: str) -> str:
        if len(self._miners) == 1:
            return order
        [number] = (
            number
            for number, (_, miner) in enumerate(self._miners, 1)
            if miner.machine is machine
        )
        return f"{number}: {order}"

    def add(self, entry: ConfigEntry[Any], miner: SimulatedMiner) -> None:
        """Look at a miner as well; of several, each has a number."""
        self._miners.append((entry, miner))

    async def ends(self) -> None:
        """Have all automations stop what they do."""
        if self._hass.services.has_service(AUTOMATION, SERVICE_TURN_OFF):
            await self._hass.services.async_call(
                AUTOMATION, SERVICE_TURN_OFF, {"entity_id": "all"}, blocking=True
            )

    def told(self) -> list[str]:
        """Return what miners were told since this was asked last."""
        told, self._orders = self._orders, []
        return told

    async def passes(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass, a minute at a time, each with all that belongs to it."""
        left = minutes * 60 + seconds
        while left > 0:
            step = min(left, 60)
            left -= step
            self._freezer.tick(step)
            self._pass_time.jump(step)
            await self.rests()

    async def rests(self) -> None:
        """Wait until nobody does anything any more but wait for time to pass."""
        turns = 0
        while turns < _TURNS:
            busy = self._asked or not self._is_known()
            await asyncio.sleep(0.001 if busy else 0)
            turns = 0 if busy else turns + 1

    def _is_known(self) -> bool:
        """Tell whether it was heard of each miner what it is doing."""
        return all(
            entry.runtime_data.data.status.name == miner.machine.status.name
            for entry, miner in self._miners
            if miner.listening
            and entry.state is ConfigEntryState.LOADED
            and entry.runtime_data.last_update_success
            and entry.runtime_data.condition["listens_to_status"]
        )
