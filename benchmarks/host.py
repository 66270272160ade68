"""What goes on inside of the Home Assistant that rigs dial in to."""

import asyncio
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
import sys
from time import monotonic, perf_counter, process_time
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.helpers import entity_platform, entity_registry as er

from custom_components.braiins_fleet.const import CONF_TOKEN_HASH, DOMAIN, RIG
from custom_components.braiins_fleet.garage import Garage
from custom_components.braiins_fleet.rig import ListMiners, Rig, digest_of, make_token

from .figures import Back, Commanded, Dialled
from .process import memory
from .resident import Resident, until


class Host(Resident):
    """Does in Home Assistant what it is asked for about rigs, and watches."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._began = self._cpu = self._memory = 0.0
        self._heard: dict[str, tuple[int, int, int]] = {}

    async def lift_limit(self) -> None:
        """Let one entry have any number of entities."""
        entity_platform.MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY = sys.maxsize

    async def expect(self, count: int) -> tuple[str, Sequence[str]]:
        """Add so many rigs; returns where they have to dial, and their tokens."""
        self._begin_anew()
        self._began, self._cpu, self._memory = perf_counter(), process_time(), memory()
        tokens = [make_token() for _ in range(count)]
        for number, token in enumerate(tokens, 1):
            self.hass.config_entries.async_add_subentry(
                self._fleet,
                ConfigSubentry(
                    data=MappingProxyType({CONF_TOKEN_HASH: digest_of(token)}),
                    subentry_type=RIG,
                    title=f"Rig {number}",
                    unique_id=None,
                ),
            )
        await until(lambda: len(self._rigs) == count)
        await self.hass.async_block_till_done()
        self._note_heard()
        return f"http://127.0.0.1:{self.hass.http.server_port}", tokens

    async def dialled(self) -> Dialled:
        """Wait until all rigs have told of themselves for the first time."""
        await until(self._all_heard)
        await self.hass.async_block_till_done()
        entities = er.async_entries_for_config_entry(
            er.async_get(self.hass), self._fleet.entry_id
        )
        taken = {entity.unique_id for entity in entities}
        return Dialled(
            seconds=perf_counter() - self._began,
            cpu=process_time() - self._cpu,
            stall=self._turns.longest * 1e3,
            memory=(memory() - self._memory) / len(self._rigs),
            entities=sum(not entity.disabled for entity in entities),
            refused=sum(len(rig.entities - taken) for rig in self._garage.coordinators),
        )

    async def command(self, count: int, pause: float) -> Commanded:
        """Have rigs do next to nothing, in turn, and then all of them at once.

        How long an agent takes over what it is told is its own affair.
        """
        alone = []
        for rig in islice(cycle(self._rigs), count):
            alone.append(await _timed(rig))
            await asyncio.sleep(pause)
        together = await asyncio.gather(*map(_timed, self._rigs))
        return Commanded(
            median=median(alone),
            worst=max(alone),
            together_median=median(together),
            together_worst=max(together),
        )

    async def brace(self) -> None:
        """Prepare for all connections to be cut."""
        self._begin_anew()
        self._cpu = process_time()
        self._note_heard()

    async def back(self, cut: float) -> Back:
        """Wait until all have come back, and told of themselves, after that moment."""
        await until(self._all_heard)
        return Back(
            seconds=monotonic() - cut,
            cpu=process_time() - self._cpu,
            stall=self._turns.longest * 1e3,
            work=self._turns.work * 1e3,
        )

    @property
    def _fleet(self) -> ConfigEntry[Any]:
        [entry] = self.hass.config_entries.async_entries(DOMAIN)
        return entry

    @property
    def _garage(self) -> Garage:
        garage: Garage = self._fleet.runtime_data.garage
        return garage

    @property
    def _rigs(self) -> Sequence[Rig]:
        return list(self._garage.rigs)

    def _note_heard(self) -> None:
        self._heard = {rig.id: _heard(rig) for rig in self._rigs}

    def _all_heard(self) -> bool:
        return all(
            rig.state.connected
            and all(
                now > before
                for now, before in zip(_heard(rig), self._heard[rig.id], strict=True)
            )
            for rig in self._rigs
        )


def _heard(rig: Rig) -> tuple[int, int, int]:
    state = rig.state
    return state.connections, state.stats_heard, state.reports_heard


async def _timed(rig: Rig) -> float:
    """Return after how many ms the answer to a command was there."""
    began = perf_counter()
    await rig.run(ListMiners())
    return (perf_counter() - began) * 1e3
