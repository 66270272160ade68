"""A miner that does not answer as it should: what that counts for, and what is done."""

from typing import Final

from .asic import AsicError, NoSuchHost, Unreachable
from .const import DEFAULT_TOLERATED_MISSES
from .failing import KEEP_FOR

# After so long without an answer it is away, unless somebody has chosen otherwise.
AWAY_AFTER: Final = 30.0
# Of the return of one that cannot be reached we are told, so that asking is only for
# those whose name leads elsewhere by then. One that fails may never tell.
_ASK_AT_LEAST_EVERY = 60.0
# One that fails is asked again after this part of the time for which it has failed.
_PATIENCE = 1 / 6


class Silence:
    """How long a miner has not answered as it should, and how.

    One that cannot be reached is away, which is no fault. One that is there and gives
    no proper answer fails: to ask it as often as ever would be of no help to it.
    """

    def __init__(self, interval: float, tolerated: int | None) -> None:
        self._tolerated = tolerated
        self._rarely = max(_ASK_AT_LEAST_EVERY, interval)
        self.misses = 0
        self.answered: float | None = None
        self.is_unreachable = False
        self._fails_since: float | None = None

    def end(self, now: float) -> None:
        """Take note of an answer: it is as if nothing had been."""
        self.misses, self.answered = 0, now
        self.is_unreachable, self._fails_since = False, None

    def missed(self, err: AsicError, now: float, *, is_listened_to: bool) -> None:
        """Take note that there was no proper answer."""
        self.misses += 1
        gone = isinstance(err, Unreachable | NoSuchHost)
        self.is_unreachable = gone and not is_listened_to
        if self.is_unreachable:
            self._fails_since = None
        elif self._fails_since is None:
            self._fails_since = now

    def is_overlooked(self, now: float, *, is_busy: bool) -> bool:
        """Tell whether what is known of the miner still stands."""
        if self.answered is None:
            return False
        silent = now - self.answered
        if is_busy and silent < KEEP_FOR:
            return True
        if self._tolerated is not None:
            return self.misses < self._tolerated
        # Of one that is polled rarely, the first miss comes after a long time.
        return self.misses == 1 or (
            self.misses < DEFAULT_TOLERATED_MISSES and silent < AWAY_AFTER
        )

    def is_recent(self, now: float) -> bool:
        """Tell whether what it answered last may be shown though nobody asks it."""
        return self.answered is not None and now - self.answered < KEEP_FOR

    def wait(self, now: float) -> float:
        """Return how long to leave the miner alone between two polls."""
        if self.is_unreachable:
            return _ASK_AT_LEAST_EVERY
        if self._fails_since is None:
            return 0.0
        return min((now - self._fails_since) * _PATIENCE, self._rarely)

    def is_failing(self, now: float) -> bool:
        """Tell whether it has failed for so long that it is asked but rarely."""
        return not self.is_unreachable and self.wait(now) >= _ASK_AT_LEAST_EVERY
