"""What all miners of a home share."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .energy import EnergyLedger
from .firmware_history import FirmwareHistory
from .firmware_install import Installing
from .firmware_library import FirmwareLibrary
from .jobs import Jobs
from .kept_tuning import KeptTuning
from .memory import Memory
from .poll_clock import PollClock
from .rig_assignments import RigAssignments
from .rig_memory import RigMemory

FARM: HassKey[Farm] = HassKey(DOMAIN)

# More at once would wait for each other so long that deadlines pass.
_MEETINGS = 25
_PLACE_KEPT_FOR = 1.0


@dataclass(slots=True)
class Farm:
    """One of these is in `hass.data[FARM]`."""

    memory: Memory
    energy: EnergyLedger
    kept: KeptTuning
    library: FirmwareLibrary
    versions: FirmwareHistory
    rigs: RigMemory
    assignments: RigAssignments
    clock: PollClock = field(default_factory=PollClock)
    jobs: Jobs = field(default_factory=Jobs)
    # The entries of miners that somebody has sent to another address just now.
    moving: set[str] = field(default_factory=set)
    # Miners that are given another firmware now, by the ids of their entries.
    installing: dict[str, Installing] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MEETINGS)
    )
    _watchers: list[CALLBACK_TYPE] = field(default_factory=list)

    async def meet(self, meeting: Coroutine[Any, Any, None]) -> None:
        """Have a first look at a miner, not at too many at a time.

        One that hangs does not keep its place from others.
        """
        async with self._places:
            task = asyncio.ensure_future(meeting)
            try:
                await asyncio.wait([task], timeout=_PLACE_KEPT_FOR)
            except asyncio.CancelledError:
                task.cancel()
                raise
        await task

    @callback
    def async_on_change(self, watcher: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back when anything is new of any miner; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    @callback
    def changed(self) -> None:
        """Tell that something is new of a miner."""
        for watcher in self._watchers:
            watcher()
