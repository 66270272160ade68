"""Readings that fail: kept for a moment, and unknown once it takes longer."""

from dataclasses import replace
from typing import Any, Final

from .asic import (
    AsicError,
    Faulty,
    Garbled,
    MinerStatus,
    NotNow,
    Reading,
    Snapshot,
    TimedOut,
    Unreachable,
)
from .state import MinerState

# A miner that was just changed fails for so long, and has not lost its figures.
KEEP_FOR: Final = 60.0
_PASSING = (Faulty, Garbled, NotNow, TimedOut, Unreachable)


def is_passing(error: AsicError, status: MinerStatus) -> bool:
    """Tell whether something that cannot be read may be there again in a moment."""
    if isinstance(error, NotNow) and status is MinerStatus.NOT_STARTED:
        # What its software knows is gone with that.
        return False
    return isinstance(error, _PASSING)


class Failing:
    """Knows which readings of a miner fail, and since when."""

    def __init__(self) -> None:
        self._since: dict[Reading, float] = {}

    def ages(self, now: float) -> dict[str, float]:
        """Return for how long each has been failing."""
        return {reading.value: now - since for reading, since in self._since.items()}

    def due(self, now: float, state: MinerState) -> list[Reading]:
        """Return what to ask for again: what may come back, or is still shown."""
        return [
            reading
            for reading, since in self._since.items()
            if now - since < KEEP_FOR
            or getattr(state.snapshot, reading.value) is not None
        ]

    def merge(
        self, old: Snapshot, fresh: Snapshot, status: MinerStatus, now: float
    ) -> Snapshot:
        """Put what was read over what is known, and keep what fails for a moment."""
        changes: dict[str, Any] = {
            reading.value: getattr(fresh, reading.value) for reading in fresh.raw
        }
        if self._since:
            for reading in fresh.raw:
                self._since.pop(reading, None)
        for reading, error in fresh.missing.items():
            since = self._since.setdefault(reading, now)
            if now - since >= KEEP_FOR or not is_passing(error, status):
                changes[reading.value] = None
        return replace(
            old, **changes, raw={**old.raw, **fresh.raw}, missing=fresh.missing
        )
