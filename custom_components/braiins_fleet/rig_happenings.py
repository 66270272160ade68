"""What happened to a rig between two looks at it."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .rig import Miner, MinerCondition, RigState

# One measurement without a card is no news, and neither are a few in a minute.
_GONE_AFTER = 60.0
_GONE_MISSES = 2

# A burst is so many rejected shares within so long, and such a part of all.
_BURST = 10
_BURST_WITHIN = 600.0
_BURST_PART = 0.2


class What(StrEnum):
    """Kinds of things that happen."""

    CONNECTED = "connected"
    LOST = "lost"
    MINER_CRASHED = "miner_crashed"
    GPU_LOST = "gpu_lost"
    CARDS_UNREADABLE = "cards_unreadable"
    REJECTED_BURST = "rejected_burst"
    COMMAND_FAILED = "command_failed"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, and what there is to say about it."""

    what: What
    about: Mapping[str, str | int | float] = field(default_factory=dict)


class CardWatch:
    """Believes that a card is gone once it was missing again and again.

    `lost` are cards that others of their vendor are read without. Those that are
    `unreadable` are missing with all of their vendor: with NVIDIA's tool, a single card
    that is lost has that effect.
    """

    def __init__(self) -> None:
        self.lost: frozenset[str] = frozenset()
        self.unreadable: frozenset[str] = frozenset()
        self._measured = 0
        # In how many measurements it was missing, and since when.
        self._missing: dict[str, tuple[int, float]] = {}

    def look(self, state: RigState, now: float) -> None:
        """Take in a state; only what was measured anew counts."""
        if state.stats_heard == self._measured:
            return
        self._measured = state.stats_heard
        present = {gpu.card.key for gpu in state.gpus or ()}
        missing = {card.key for card in state.cards} - present
        before = self._missing
        self._missing = {}
        for key in missing:
            misses, since = before.get(key, (0, now))
            self._missing[key] = misses + 1, since
        gone = frozenset(
            key
            for key, (misses, since) in self._missing.items()
            if misses >= _GONE_MISSES and now - since >= _GONE_AFTER
        )
        self.lost = gone & {card.key for card in state.lost}
        self.unreadable = gone - self.lost


class MinerWatch:
    """Notices when mining software crashes, and when its shares are rejected."""

    def __init__(self) -> None:
        self._crashed: frozenset[str] | None = None
        self._crashed_at: float | None = None
        self._shares: deque[tuple[float, int, int]] = deque()
        self._of: str | None = None
        self._bursting = False

    def look(self, state: RigState, now: float) -> Iterator[Happening]:
        """Yield what happened since the last look."""
        if state.miners is None:
            return
        crashed = frozenset(
            miner.name
            for miner in state.miners
            if miner.condition is MinerCondition.CRASHED
        )
        before, self._crashed = self._crashed, crashed
        if before is not None and crashed - before:
            about = {}
            if self._crashed_at is not None:
                about = {"again_after": round(now - self._crashed_at)}
            self._crashed_at = now
            for name in sorted(crashed - before):
                yield Happening(What.MINER_CRASHED, {"miner": name, **about})
        if state.miner is not None:
            yield from self._compare_shares(state.miner, now)

    def _compare_shares(self, miner: Miner, now: float) -> Iterator[Happening]:
        if miner.accepted is None or miner.rejected is None:
            return
        last = self._shares[-1] if self._shares else (now, 0, 0)
        if (
            miner.name != self._of
            or miner.accepted < last[1]
            or miner.rejected < last[2]
        ):
            # It was started anew, and counts anew.
            self._shares.clear()
            self._of, self._bursting = miner.name, False
        self._shares.append((now, miner.accepted, miner.rejected))
        while now - self._shares[0][0] > _BURST_WITHIN:
            self._shares.popleft()
        _, accepted, rejected = self._shares[0]
        rejected = miner.rejected - rejected
        sent = miner.accepted - accepted + rejected
        is_burst = rejected >= _BURST and rejected >= _BURST_PART * sent
        if is_burst and not self._bursting:
            yield Happening(What.REJECTED_BURST, {"rejected": rejected, "sent": sent})
        self._bursting = is_burst
