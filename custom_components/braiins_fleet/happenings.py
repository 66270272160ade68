"""What happened to a miner between two looks at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .asic import MinerError, MinerStatus
from .state import MinerState, pool_name

# Seconds are cut off, clocks drift apart, and answers take their time.
_SAME_START_S = 60.0
# A miner at its limit goes to and fro; that is one overheating, not many.
_COOLED_DOWN_C = 5.0


class What(StrEnum):
    """Kinds of things that happen."""

    BLOCK_FOUND = "block_found"
    ERROR_RAISED = "error_raised"
    ERROR_CLEARED = "error_cleared"
    REBOOTED = "rebooted"
    MINING_RESTARTED = "mining_restarted"
    POOL_SWITCHED = "pool_switched"
    STATUS_CHANGED = "status_changed"
    OVERHEATED = "overheated"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, and what there is to say about it."""

    what: What
    about: Mapping[str, str | int | float] = field(default_factory=dict)


class Watch:
    """Compares each state of a miner with the one before."""

    def __init__(self) -> None:
        self._last: MinerState | None = None
        # Of each, the last that was known: it may be unknown for a while.
        self._errors: tuple[MinerError, ...] | None = None
        self._blocks: int | None = None
        self._pool: tuple[str, str] | None = None
        self._boot: float | None = None
        self._mining: float | None = None
        self._hot = False

    def look(self, state: MinerState) -> list[Happening]:
        """Return what happened since the last look; nothing at the first one."""
        return [*self._compare(state)]

    def _compare(self, state: MinerState) -> Iterator[Happening]:
        last, self._last = self._last, state
        yield from self._compare_starts(state)
        if (
            last is not None
            and MinerStatus.UNKNOWN is not last.status is not state.status
        ):
            yield Happening(
                What.STATUS_CHANGED,
                {"from": last.status.value, "to": state.status.value},
            )
        yield from self._compare_blocks(state)
        yield from self._compare_errors(state)
        yield from self._compare_pools(state)
        yield from self._compare_heat(state, first=last is None)

    def _compare_starts(self, state: MinerState) -> Iterator[Happening]:
        """Tell a start of the miner, or else of its mining software."""
        if _later(self._boot, state.boot_moment):
            yield Happening(What.REBOOTED)
            # That the software starts as well goes without saying.
            self._mining = None
        elif _later(self._mining, state.mining_moment):
            yield Happening(What.MINING_RESTARTED)
        if state.boot_moment is not None:
            self._boot = state.boot_moment
        if state.mining_moment is not None:
            self._mining = state.mining_moment

    def _compare_blocks(self, state: MinerState) -> Iterator[Happening]:
        stats = state.snapshot.stats
        if stats is None or stats.work is None:
            return
        before, self._blocks = self._blocks, stats.work.found_blocks
        # A restart of the mining software begins to count anew.
        if before is not None and self._blocks > before:
            yield Happening(What.BLOCK_FOUND, {"found_blocks": self._blocks})

    def _compare_errors(self, state: MinerState) -> Iterator[Happening]:
        errors = state.snapshot.errors
        if errors is None:
            return
        before, self._errors = self._errors, errors
        if before is None or before is errors:
            return
        known, now = _by_name(before), _by_name(errors)
        for name in now.keys() - known.keys():
            yield Happening(What.ERROR_RAISED, _about_error(now[name]))
        for name in known.keys() - now.keys():
            yield Happening(What.ERROR_CLEARED, _about_error(known[name]))

    def _compare_pools(self, state: MinerState) -> Iterator[Happening]:
        key = state.active_pool
        if key is None:
            return
        name = pool_name(state, key)
        before, self._pool = self._pool, (key, name)
        # Names are for people: another pool may have the same one tomorrow.
        if before is not None and before[0] != key:
            yield Happening(What.POOL_SWITCHED, {"from": before[1], "to": name})

    def _compare_heat(self, state: MinerState, *, first: bool) -> Iterator[Happening]:
        cooling, configuration = state.snapshot.cooling, state.snapshot.configuration
        hottest = cooling.hottest if cooling else None
        settings = configuration.cooling if configuration else None
        if (
            hottest is None
            or hottest.temperature is None
            or settings is None
            or settings.dangerous_temperature is None
        ):
            return
        limit = settings.dangerous_temperature
        if hottest.temperature < limit - _COOLED_DOWN_C:
            self._hot = False
        elif hottest.temperature >= limit and not self._hot:
            self._hot = True
            if not first:
                yield Happening(
                    What.OVERHEATED,
                    {"temperature": hottest.temperature, "limit": limit},
                )


def _later(before: float | None, now: float | None) -> bool:
    return before is not None and now is not None and now - before > _SAME_START_S


def _by_name(errors: tuple[MinerError, ...]) -> dict[object, MinerError]:
    # Not by their times, which some miners write anew each time they are asked.
    return {(error.message, error.codes, error.components): error for error in errors}


def _about_error(error: MinerError) -> dict[str, str | int | float]:
    return {
        "message": error.message,
        "codes": ", ".join(code.code for code in error.codes),
        "hint": " ".join(dict.fromkeys(code.hint for code in error.codes if code.hint)),
    }
