"""Putting together what a rig tells, bit by bit, to what is known of it."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from .matching import match
from .readings import MOST_CARDS, GpuReading, MinerReport, Stats
from .software import SOFTWARE, Vendor
from .state import Card, Gpu, Miner, MinerCondition, RigState

# The agent gives software two seconds to answer, which a busy one misses now and then.
_SILENT_AFTER: Final = 3
# Software that is read well says what it hashes when it is as old as this, in s.
_SAYS_WHAT: Final = 60
# Reports in which software may prepare without having told a thing: five minutes.
_STARTING_FOR: Final = 30
# Where two run, the agent tells of one by chance: in so many reports both appear.
_REMEMBERED: Final = 12


@dataclass(slots=True)
class _Program:
    """Software that was seen running, and what it told last."""

    told: MinerReport | None = None
    told_in: int = 0
    hashed: bool = False
    silent: int = 0

    def hear(self, report: MinerReport, number: int) -> None:
        if report.told:
            self.told = report
            self.told_in = number
            self.silent = 0
            self.hashed = self.hashed or bool(report.hashrate)
        else:
            self.silent += 1

    def condition(self, name: str) -> MinerCondition:
        if self.told is None and name in SOFTWARE and not SOFTWARE[name].tells:
            return MinerCondition.UNREADABLE
        if self.silent >= _SILENT_AFTER:
            if self.hashed:
                return MinerCondition.CRASHED
            if self.silent >= _STARTING_FOR:
                return MinerCondition.SILENT
            return MinerCondition.STARTING
        if self.told is None or not (self.told.hashrate or self.hashed):
            told = self.told
            if told and not told.algorithm and (told.uptime or 0) > _SAYS_WHAT:
                return MinerCondition.UNREADABLE
            return MinerCondition.STARTING
        if self.told.hashrate:
            return MinerCondition.MINING
        return MinerCondition.IDLE

    def describe(self, name: str) -> Miner:
        # A single silence is no news: what was told holds until it is one.
        told = self.told if self.silent < _SILENT_AFTER else None
        if told is None:
            return Miner(name=name, condition=self.condition(name))
        return Miner(
            name=name,
            condition=self.condition(name),
            algorithm=told.algorithm,
            pool=told.pool,
            version=told.version,
            hashrate=told.hashrate,
            accepted=told.accepted,
            rejected=told.rejected,
            uptime=told.uptime,
            gpus=told.gpus,
            told_in=self.told_in,
        )


class Picture:
    """What is known of a rig; `state` is the whole of it, made anew by each change."""

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        """Begin with the cards that the rig is known to have."""
        self._cards = {card.key: card for card in cards}
        self.state = RigState(cards=tuple(self._cards.values()))
        self._readings: tuple[GpuReading, ...] | None = None
        self._programs: dict[str, _Program] = {}
        self._names: deque[str] = deque(maxlen=_REMEMBERED)

    def connect(self) -> None:
        """Take note of a new connection."""
        self.state = replace(
            self.state, connected=True, connections=self.state.connections + 1
        )

    def disconnect(self) -> None:
        """Take note that there is no connection. What was told last stays."""
        self.state = replace(self.state, connected=False)

    def stats(self, stats: Stats) -> None:
        """Add what was measured."""
        self._readings = stats.gpus
        self.state = replace(
            self.state,
            measured=True,
            cpu=stats.cpu,
            stats_heard=self.state.stats_heard + 1,
        )
        self._draw_cards()

    def forget_stats(self) -> None:
        """Take what was measured as known no more."""
        self._readings = None
        self.state = replace(self.state, measured=False, cpu=None, gpus=None)

    def report(self, report: MinerReport) -> None:
        """Add what is known of the mining software."""
        number = self.state.reports_heard + 1
        if report.running:
            self._names.append(report.name)
            self._programs.setdefault(report.name, _Program()).hear(report, number)
            for name in self._programs.keys() - set(self._names):
                del self._programs[name]
        else:
            self._forget_programs()
        self.state = replace(
            self.state,
            reports_heard=number,
            miners=tuple(
                self._programs[name].describe(name) for name in self._running()
            ),
        )
        self._draw_cards()

    def forget_reports(self) -> None:
        """Take what the mining software does as known no more."""
        self._forget_programs()
        self.state = replace(self.state, miners=None)
        self._draw_cards()

    def forget_card(self, key: str) -> None:
        """Expect a card no longer."""
        self._cards.pop(key, None)
        self._draw_cards()

    def _forget_programs(self) -> None:
        self._programs.clear()
        self._names.clear()

    def _running(self) -> list[str]:
        """Return what runs: the last that was seen, or all if they take turns."""
        turns = [name for name, _ in groupby(self._names)]
        if len(turns) == len(set(turns)):
            return turns[-1:]
        ranks = {name: rank for rank, name in enumerate(SOFTWARE)}
        return sorted(set(turns), key=lambda name: (ranks.get(name, len(ranks)), name))

    def _draw_cards(self) -> None:
        if self._readings is None:
            self.state = replace(
                self.state, gpus=None, cards=tuple(self._cards.values())
            )
            return
        hashrates = self._hashrates(self._readings)
        gpus = tuple(
            Gpu(card=card, reading=reading, hashrate=hashrates.get(place))
            for place, (card, reading) in enumerate(
                zip(_name_cards(self._readings), self._readings, strict=True)
            )
        )
        present = {gpu.card.key: gpu.card for gpu in gpus}
        self._cards |= present
        # Cards that come and go without end are no cards; the oldest are forgotten.
        while len(self._cards) > MOST_CARDS:
            del self._cards[next(key for key in self._cards if key not in present)]
        # A vendor of whom nothing is told has a tool that fails, and no cards lost.
        told = {card.vendor for card in present.values()} or set(Vendor)
        self.state = replace(
            self.state,
            gpus=gpus,
            cards=tuple(self._cards.values()),
            lost=tuple(
                card
                for key, card in self._cards.items()
                if key not in present and card.vendor in told
            ),
        )

    def _hashrates(self, readings: tuple[GpuReading, ...]) -> dict[int, float]:
        hashrates: dict[int, float] = {}
        for miner in self.state.miners or ():
            for place, told in match(miner.name, readings, miner.gpus).items():
                hashrates.setdefault(place, told.hashrate)
        return hashrates


def _name_cards(readings: tuple[GpuReading, ...]) -> Iterable[Card]:
    addresses = Counter(reading.bus_id for reading in readings)
    for reading in readings:
        bus_id = reading.bus_id
        if bus_id is None or addresses[bus_id] > 1:
            # Numbers of the whole rig shift when the tool of one vendor fails.
            key, bus_id = f"{reading.vendor}-{reading.ordinal}", None
        else:
            key = bus_id
        yield Card(key=key, name=reading.name, vendor=reading.vendor, bus_id=bus_id)
