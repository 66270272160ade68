"""Which mining software a rig has, as far as that shows.

The agent does not tell what is installed. So this is what was seen running, and what
was installed from here, without what was uninstalled.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from homeassistant.core import callback

from .rig import (
    SOFTWARE,
    Command,
    InstallMiner,
    RestartMiner,
    RigState,
    StartMiner,
    UninstallMiner,
)
from .rig_memory import KnownSoftware, RigMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Mining software of a rig; `version` is what it told when it ran last.

    It `waits` to be started anew if another version was installed while it ran.
    """

    version: str | None = None
    waits: bool = False
    is_updating: bool = False


class RigSoftware:
    """Keeps up with the software of one rig."""

    def __init__(self, memory: RigMemory, rig_id: str) -> None:
        self._memory = memory
        self._rig_id = rig_id
        self._known = memory.software(rig_id)
        self._updating: set[str] = set()
        self.installed = self._describe()

    @callback
    def look(self, state: RigState) -> None:
        """Take in what runs now."""
        if state.miners is None:
            return
        running = {miner.name for miner in state.miners}
        known = {
            name: KnownSoftware(
                version=each["version"],
                waits=each["waits"] and name in running,
                is_gone=each["is_gone"],
            )
            for name, each in self._known.items()
            if not each["is_gone"] or name in running or name in self._updating
        }
        for miner in state.miners:
            name, version = miner.name, miner.version
            # The agent takes much for software that only bears its name.
            if version is None or name not in SOFTWARE:
                continue
            before = known.get(name)
            if before is None or before["version"] not in (version, None):
                known[name] = _fresh(version)
            elif before["version"] is None:
                known[name] = {**before, "version": version}
        self._keep(known)

    @callback
    def note(self, command: Command, state: RigState) -> None:
        """Take in what the agent has done, by its own account."""
        running = {miner.name: miner.version for miner in state.miners or ()}
        known = dict(self._known)
        match command:
            case InstallMiner(software=name):
                version = known[name]["version"] if name in known else None
                known[name] = _fresh(version, waits=name in running)
            case UninstallMiner(software=name):
                before = known.pop(name, None)
                # A process of it goes on, and tells of itself.
                if name in running or name in self._updating:
                    version = before["version"] if before else running.get(name)
                    known[name] = _fresh(version, is_gone=True)
            case StartMiner() | RestartMiner():
                # What runs now is what there is.
                known = {
                    name: _fresh(each["version"])
                    for name, each in known.items()
                    if not each["is_gone"]
                }
        self._keep(known)

    @contextmanager
    def updating(self, name: str) -> Iterator[None]:
        """Show that software is being replaced, and keep it in sight meanwhile."""
        self._updating.add(name)
        self.installed = self._describe()
        try:
            yield
        finally:
            self._updating.discard(name)
            self.installed = self._describe()

    def _keep(self, known: dict[str, KnownSoftware]) -> None:
        if known != self._known:
            self._known = known
            self._memory.remember_software(self._rig_id, known)
            self.installed = self._describe()

    def _describe(self) -> Mapping[str, Installed]:
        return {
            name: Installed(
                version=each["version"],
                waits=each["waits"],
                is_updating=name in self._updating,
            )
            for name, each in self._known.items()
            # While it is replaced, it is away for a moment.
            if not each["is_gone"] or name in self._updating
        }


def _fresh(
    version: str | None, *, waits: bool = False, is_gone: bool = False
) -> KnownSoftware:
    return KnownSoftware(version=version, waits=waits, is_gone=is_gone)
