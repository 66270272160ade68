"""What to read of a miner, and how often."""

from collections.abc import Iterable
from random import random
from typing import Final

from .asic import MinerStatus, Reading, TunerPhase
from .state import MinerState

SLOW: Final = (
    Reading.TUNER,
    Reading.POOLS,
    Reading.ERRORS,
    Reading.CONFIGURATION,
)
RARE: Final = (
    Reading.DETAILS,
    Reading.LIMITS,
    Reading.LICENSE,
    Reading.NETWORK,
    Reading.AUTO_UPGRADE,
    Reading.LOCATE,
    Reading.PROFILES,
)
# Calls are most of what a poll costs, and each change of a state has its price. So as a
# rule the boards have their turn with every second poll, and the fans with every third.
_BOARDS_EVERY = 15.0
_FANS_EVERY = 25.0
_SLOW_EVERY = 60.0
_RARE_EVERY = 600.0


class Agenda:
    """Says what is due with each poll."""

    def __init__(self) -> None:
        self._answered = False
        self._wanted: tuple[Reading, ...] = ()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Have everything read with the next poll."""
        self._boards_due = self._fans_due = self._slow_due = self._rare_due = 0.0

    def review(self, readings: Iterable[Reading] = ()) -> None:
        """Have all but what hardly ever changes read with the next poll, and these."""
        self._boards_due = self._fans_due = self._slow_due = 0.0
        self.add(readings)

    def add(self, readings: Iterable[Reading]) -> None:
        """Have these read with the next poll as well."""
        self._wanted = tuple(readings)

    def due(self, now: float, state: MinerState | None) -> list[Reading]:
        """Return what to read now, of a miner that is like this as far as is known."""
        due = [Reading.STATS]
        if now >= self._boards_due:
            due.append(Reading.HASHBOARDS)
            self._boards_due = now + _BOARDS_EVERY
        # Where no boards are listed, it is the only one to know how hot it is.
        if now >= self._fans_due or not (state and state.boards):
            due.append(Reading.COOLING)
            self._fans_due = now + _FANS_EVERY
        if now >= self._slow_due:
            due += SLOW
            # The first is followed sooner or later, so that not all are due at once.
            wait = 1.0 if self._answered else random()  # noqa: S311 - spreads load
            self._slow_due = now + _SLOW_EVERY * wait
        elif state and _is_tuning(state):
            due.append(Reading.TUNER)
        if now >= self._rare_due:
            due += RARE
            self._rare_due = now + _RARE_EVERY * (0.9 + random() / 10)  # noqa: S311 - as above
        elif state and _has_just_started(state):
            due.append(Reading.DETAILS)
        wanted, self._wanted = self._wanted, ()
        return [*due, *wanted]

    def answered(self) -> None:
        """Take note that there was an answer."""
        self._answered = True


def _is_tuning(state: MinerState) -> bool:
    tuner = state.snapshot.tuner
    return tuner is not None and tuner.phase in (TunerPhase.TUNING, TunerPhase.PREHEAT)


def _has_just_started(state: MinerState) -> bool:
    # Asked in its first second, a miner does not know yet since when it mines.
    return state.status is MinerStatus.NORMAL and state.mining_since is None
