"""What goes on inside of the Home Assistant that is measured."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
import sqlite3
from statistics import median
from time import (
    clock_gettime,
    monotonic,
    perf_counter,
    process_time,
    pthread_getcpuclockid,
)
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap
from homeassistant.config_entries import (
    SOURCE_SYSTEM,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.runner import RuntimeConfig

from custom_components.braiins_fleet.const import CONF_UID, DOMAIN, FLEET

from .farm import Known
from .figures import Parts, Recorded, Running, SetUp
from .process import memory
from .watching import Account, Garbage, Polls, Turns, price_of_a_turn

_USER = "root"
_LOOK_AGAIN = 0.05
_PATIENCE = 300.0


class Resident:
    """Does in Home Assistant what it is asked for, and watches."""

    hass: HomeAssistant

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._price = price_of_a_turn()
        self._turns = Turns(asyncio.get_running_loop())
        self._garbage = Garbage()
        self._polls = Polls()
        self._states = 0
        self._returned: dict[str, float] = {}
        self._awaited: list[str] = []

    async def start(self) -> float:
        """Start Home Assistant with nothing but the entry of the fleet."""
        seconds = await self._boot()
        await self.hass.config_entries.async_add(
            _entry(FLEET, "Mining fleet", {}, SOURCE_SYSTEM)
        )
        return seconds

    async def _boot(self) -> float:
        start = perf_counter()
        config = RuntimeConfig(config_dir=str(self._folder), skip_pip=True)
        hass = await bootstrap.async_setup_hass(config)
        if hass is None or hass.config.recovery_mode:
            raise RuntimeError("Home Assistant does not start")
        self.hass = hass
        await hass.async_start()
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)
        return perf_counter() - start

    @callback
    def _changed(self, _: Event[Any]) -> None:
        self._states += 1

    async def add(self, miners: Sequence[Known]) -> SetUp:
        """Add them all at once."""
        add = self.hass.config_entries.async_add
        return await self._set_up(miners, *(add(_entry_of(miner)) for miner in miners))

    async def start_with(self, miners: Sequence[Known]) -> SetUp:
        """Start with miners that it knows."""
        return await self._set_up(miners, self._boot())

    async def reload(self, miners: Sequence[Known]) -> SetUp:
        """Reload their entries, all at once."""
        entries = self.hass.config_entries
        ids = {
            entry.unique_id: entry.entry_id for entry in entries.async_entries(DOMAIN)
        }
        return await self._set_up(
            miners, *(entries.async_reload(ids[miner.mac]) for miner in miners)
        )

    async def _set_up(self, miners: Sequence[Known], *doing: Any) -> SetUp:
        before = memory()
        self._begin_anew()
        start, cpu = perf_counter(), process_time()
        await asyncio.gather(*doing)
        for entry in self.hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.SETUP_ERROR:
                raise RuntimeError(f"{entry.title}: {entry.reason}")
        await self.wait_for(miners)
        return SetUp(
            seconds=perf_counter() - start,
            cpu=process_time() - cpu,
            garbage=self._garbage.cpu,
            memory=(memory() - before) / len(miners),
            stall=self._turns.longest * 1e3,
        )

    def _begin_anew(self) -> None:
        self._turns.begin_anew()
        self._garbage.begin_anew()
        self._polls.moments.clear()
        self._states = 0

    async def wait_for(self, miners: Sequence[Known]) -> None:
        """Wait until all of these have live values."""
        pending = [miner.mac for miner in miners]

        def all_are() -> bool:
            pending[:] = [mac for mac in pending if not self._is_live(mac)]
            return not pending

        await until(all_are)

    def _is_live(self, mac: str) -> bool:
        state = self._power(mac)
        return state is not None and state.state not in (
            STATE_UNAVAILABLE,
            STATE_UNKNOWN,
        )

    def _power(self, mac: str) -> State | None:
        found = er.async_get(self.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{mac}_power"
        )
        return self.hass.states.get(found) if found else None

    async def run(self, seconds: float, healthy: Sequence[Known]) -> Running:
        """Watch it running for so long."""
        self._begin_anew()
        start, cpu = perf_counter(), process_time()
        await asyncio.sleep(seconds)
        cpu, end = process_time() - cpu, perf_counter()
        took = end - start
        watching = self._turns.turns * self._price
        polls = sum(map(len, self._polls.moments.values()))
        moments = [self._polls.moments[miner.mac] for miner in healthy]
        gaps = [gap for each in moments for gap in _gaps(each)]
        return Running(
            seconds=took,
            cpu=100 * (cpu - watching) / took,
            watching=100 * watching / took,
            polls=polls,
            cpu_per_poll=1e3 * (cpu - watching) / polls if polls else 0.0,
            stall=self._turns.longest * 1e3,
            work=self._turns.work * 1e3,
            stalls=self._turns.stalls,
            garbage=100 * self._garbage.cpu / took,
            collection=self._garbage.longest * 1e3,
            full=self._garbage.full,
            states=60 * self._states / took,
            states_per_poll=self._states / polls if polls else 0.0,
            pause=median(gaps) if gaps else 0.0,
            longest_pause=max(
                (gap for each in moments for gap in _gaps([start, *each, end])),
                default=0.0,
            ),
            memory=memory(),
        )

    async def account(self, seconds: float) -> Parts:
        """See where the time goes."""
        parts = Account()
        self._begin_anew()
        parts.begin()
        cpu = process_time()
        await asyncio.sleep(seconds)
        cpu = process_time() - cpu - self._turns.turns * self._price
        spent = parts.end()
        writes = parts.calls["writing"]
        polls = sum(map(len, self._polls.moments.values()))
        per_poll = {part: 1e3 * cost / polls for part, cost in spent.items()}
        return Parts(
            wire=1e3 * cpu / polls - sum(per_poll.values()),
            writes=writes / polls,
            in_vain=(writes - self._states) / polls,
            **per_poll,
        )

    async def record(self, seconds: float) -> Recorded:
        """See what the recorder does."""
        from homeassistant.helpers.recorder import get_instance  # noqa: PLC0415 - it may be off

        clock = pthread_getcpuclockid(get_instance(self.hass).ident or 0)
        rows, start, cpu = await self._rows(), perf_counter(), clock_gettime(clock)
        await asyncio.sleep(seconds)
        cpu, took = clock_gettime(clock) - cpu, perf_counter() - start
        return Recorded(
            cpu=100 * cpu / took, rows=60 * (await self._rows() - rows) / took
        )

    async def _rows(self) -> int:
        def count() -> int:
            file = f"file:{self._folder / 'home-assistant_v2.db'}?mode=ro"
            with closing(sqlite3.connect(file, uri=True)) as base:
                [[rows]] = base.execute("SELECT count(*) FROM states")
            return int(rows)

        return await self.hass.async_add_executor_job(count)

    async def watch(self, miners: Sequence[Known]) -> None:
        """Wait until these are unavailable."""
        self._returned = {}
        self._awaited = [miner.mac for miner in miners]
        await until(lambda: not any(map(self._is_live, self._awaited)))

        @callback
        def note(event: Event[Any]) -> None:
            new = event.data["new_state"]
            if (
                new is not None
                and event.data["entity_id"] in expected
                and new.state != STATE_UNAVAILABLE
            ):
                self._returned.setdefault(expected[new.entity_id], monotonic())

        expected = {
            state.entity_id: mac
            for mac in self._awaited
            if (state := self._power(mac)) is not None
        }
        self.hass.bus.async_listen(EVENT_STATE_CHANGED, note)

    async def returned(self) -> list[float]:
        """Wait until those that were watched are back; returns when each was."""
        await until(lambda: len(self._returned) == len(self._awaited))
        return [self._returned[mac] for mac in self._awaited]

    async def stop(self) -> None:
        """Stop Home Assistant."""
        await self.hass.async_stop(force=True)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, looking again and again."""
    async with asyncio.timeout(_PATIENCE):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_LOOK_AGAIN)


def _gaps(moments: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(moments)]


def _entry_of(miner: Known) -> ConfigEntry[Any]:
    data = {
        CONF_HOST: miner.host,
        CONF_PORT: miner.port,
        CONF_USERNAME: _USER,
        CONF_PASSWORD: _USER,
        CONF_UID: miner.uid,
    }
    title = f"{miner.model} {miner.mac.replace(':', '')[-6:]}"
    return _entry(miner.mac, title, data, SOURCE_USER)


def _entry(
    unique_id: str, title: str, data: dict[str, Any], source: str
) -> ConfigEntry[Any]:
    return ConfigEntry(
        version=1,
        minor_version=1,
        domain=DOMAIN,
        title=title,
        data=data,
        source=source,
        unique_id=unique_id,
        options={},
        discovery_keys=MappingProxyType({}),
        subentries_data=None,
    )
