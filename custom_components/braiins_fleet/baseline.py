"""Measuring what a miner makes of some power targets, one after the other."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from statistics import fmean

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.json import JsonValueType

from .asic import Bounds, Reading, TunerPhase
from .changes import ATTR_POWER, MINES, POWER, invalid
from .const import DEFAULT_POLL_INTERVAL, DOMAIN
from .coordinator import MinerCoordinator
from .jobs import Job, JobStep
from .kept_tuning import KeptTuning
from .restoring import is_at, put_back, put_back_later, tuning_now
from .rounding import rounded
from .state import MinerState

# Power ramps for so long, and what the tuner said before may be of the target before.
_RAMPS_FOR = 60.0
_LOOK_EVERY = 5.0
# Of a step, half of the polls may be lost.
_SAMPLE_AT_LEAST_EVERY = 20.0
_FEWEST = 3
_SETTLED = (TunerPhase.STABLE, TunerPhase.CONTINUOUS)


class Level(StrEnum):
    """A part of what a miner can be set to; none is above its default."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Problem(StrEnum):
    """Why the figures of a step cannot be compared with those of others."""

    TOO_FEW_SAMPLES = "too_few_samples"
    SCALED_DOWN = "scaled_down"
    NOT_SETTLED = "not_settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure: targets in W, and how long each is measured, in seconds.

    The tuner has `patience` seconds to come to rest at each of them.
    """

    targets: tuple[int, ...]
    duration: float
    patience: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of one target: means in W, TH/s and J/TH, the hottest in °C."""

    target: int
    settling_time: int
    samples: int
    power: int | None
    hashrate: float | None
    efficiency: float | None
    chip_temperature: float | None
    board_temperature: float | None
    problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    power: int
    hashrate: float
    chip: float | None
    board: float | None


def targets_of(
    coordinator: MinerCoordinator, watts: Iterable[float]
) -> tuple[int, ...]:
    """Return targets as they are sent, each once, if the miner allows all of them."""
    return tuple(
        dict.fromkeys(round(POWER.checked(coordinator, each)) for each in watts)
    )


def targets_at(
    coordinator: MinerCoordinator, levels: Iterable[Level]
) -> tuple[int, ...]:
    """Return the targets of levels: the lowest, the default, and half-way between."""
    lowest, _, bounds = POWER.bounds(coordinator)
    usual = _default(coordinator, bounds)
    at = {
        Level.LOW: lowest,
        Level.MEDIUM: (lowest + usual) / 2,
        Level.HIGH: usual,
    }
    return targets_of(coordinator, [at[level] for level in levels])


def _default(coordinator: MinerCoordinator, bounds: Bounds) -> float:
    if bounds.default is None:
        raise invalid("limits_unknown", coordinator)
    return bounds.default


async def require_mining(coordinator: MinerCoordinator) -> None:
    """Refuse a miner that cannot be reached, or does not mine."""
    if not await coordinator.async_is_there():
        raise coordinator.control.absence()
    if coordinator.data.status not in MINES:
        raise invalid("not_mining", coordinator)


class Baseline:
    """The work of measuring a miner; afterwards it is tuned as it was before."""

    def __init__(
        self, coordinator: MinerCoordinator, kept: KeptTuning, plan: Plan
    ) -> None:
        self._coordinator = coordinator
        self._entry = coordinator.config_entry
        self._kept = kept
        self._plan = plan
        self._steps: list[Step] = []
        self._target = 0
        self._now = coordinator.hass.loop.time

    async def __call__(self, job: Job) -> None:
        """Do it."""
        try:
            await self._measure_all(job)
        except HomeAssistantError as err:
            job.note(self._entry, ok=False, error=str(err))
            raise
        job.note(self._entry, ok=True)

    async def _measure_all(self, job: Job) -> None:
        coordinator, entry_id = self._coordinator, self._entry.entry_id
        # What is on its way already is what somebody wants afterwards.
        await coordinator.control.settle()
        # Something may still be left of a measurement that was broken off.
        await put_back(coordinator, self._kept, job.context, job)
        before = await tuning_now(coordinator)
        try:
            tuning = replace(before, tried=self._plan.targets)
            await self._kept.keep(entry_id, tuning)
            for target in self._plan.targets:
                self._steps.append(await self._measure(job, target))
                job.note(self._entry, **_result(self._steps))
        finally:
            await self._put_back(job)

    async def _put_back(self, job: Job) -> None:
        job.report(step=JobStep.RESTORING)
        try:
            await put_back(self._coordinator, self._kept, job.context, job)
        except HomeAssistantError as err:
            put_back_later(self._coordinator, self._kept)
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_put_back",
                translation_placeholders={
                    "miner": self._entry.title,
                    "before": str(self._kept.recall(self._entry.entry_id)),
                    "error": str(err),
                },
            ) from err

    async def _measure(self, job: Job, target: int) -> Step:
        coordinator = self._coordinator
        self._target = target
        job.report(step=JobStep.SETTLING, progress=self._progress(0))
        change = POWER.plan(coordinator, {ATTR_POWER: target})
        await coordinator.control.do(
            replace(change, reads=(Reading.TUNER,)), job.context, job=job
        )
        begun = self._now()
        settled = await self._settles(begun)
        settling_time = round(self._now() - begun)
        job.report(step=JobStep.MEASURING)
        samples = await self._samples(job)
        # It may have begun anew meanwhile.
        settled = settled and self._is_settled
        if len(samples) < max(_FEWEST, self._plan.duration / _SAMPLE_AT_LEAST_EVERY):
            problem: Problem | None = Problem.TOO_FEW_SAMPLES
        elif not settled:
            problem = Problem.NOT_SETTLED
        elif self._is_scaled_down:
            problem = Problem.SCALED_DOWN
        else:
            problem = None
        return _step(samples, target, settling_time, problem)

    async def _settles(self, begun: float) -> bool:
        """Wait until the tuner is at rest; returns whether it is in time."""
        while (waited := self._now() - begun) < self._plan.patience:
            if waited >= _RAMPS_FOR and self._is_settled:
                return True
            await self._look()
        return self._is_settled

    async def _samples(self, job: Job) -> list[_Sample]:
        """Take down what each poll tells while the miner mines."""
        coordinator, begun = self._coordinator, self._now()
        samples: list[_Sample] = []
        seen = coordinator.data.snapshot.stats
        while (measured := self._now() - begun) < self._plan.duration:
            job.report(progress=self._progress(measured / self._plan.duration))
            await self._look()
            state = coordinator.data
            # What is not new is from before a poll that was lost.
            if coordinator.last_update_success and state.snapshot.stats is not seen:
                seen = state.snapshot.stats
                sample = _sample(state)
                samples += [sample] if sample else []
        return samples

    async def _look(self) -> None:
        """Wait for what is new, unless somebody else set another target."""
        await asyncio.sleep(_LOOK_EVERY)
        coordinator = self._coordinator
        rarely = coordinator.interval > DEFAULT_POLL_INTERVAL
        if rarely and coordinator.last_update_success:
            # So rarely would tell too little.
            coordinator.poll()
        configuration = coordinator.data.snapshot.configuration
        known = configuration is not None and configuration.tuner is not None
        if known and not is_at(POWER.active(coordinator.data), self._target):
            raise invalid("target_changed", coordinator)

    @property
    def _is_settled(self) -> bool:
        tuner = self._coordinator.data.snapshot.tuner
        return tuner is not None and tuner.phase in _SETTLED

    @property
    def _is_scaled_down(self) -> bool:
        tuner = self._coordinator.data.snapshot.tuner
        live = tuner.live_target if tuner else None
        if live is None or is_at(live, self._target):
            return False
        return live < self._target

    def _progress(self, share: float) -> float:
        return 100 * (len(self._steps) + share) / len(self._plan.targets)


def _sample(state: MinerState) -> _Sample | None:
    """Return what a poll tells, if the miner mines and tells enough."""
    stats = state.snapshot.stats
    rates = stats.work.hashrates if stats and stats.work else None
    rate = rates.seconds_15 if rates else None
    if rates and rate is None:
        rate = rates.minute_1
    power = stats.power if stats else None
    if state.status not in MINES or power is None or rate is None:
        return None
    boards = [board.board_temperature for board in state.boards.values()]
    return _Sample(
        power=power,
        hashrate=rate,
        chip=state.hottest_chip,
        board=_hottest(boards),
    )


def _step(
    samples: Sequence[_Sample], target: int, settling_time: int, problem: Problem | None
) -> Step:
    power = fmean(each.power for each in samples) if samples else None
    rate = fmean(each.hashrate for each in samples) if samples else None
    return Step(
        target=target,
        settling_time=settling_time,
        samples=len(samples),
        power=None if power is None else round(power),
        hashrate=rounded(rate, 2),
        efficiency=round(power / rate, 2) if power and rate else None,
        chip_temperature=rounded(_hottest(each.chip for each in samples), 1),
        board_temperature=rounded(_hottest(each.board for each in samples), 1),
        problem=problem,
    )


def _hottest(temperatures: Iterable[float | None]) -> float | None:
    return max((each for each in temperatures if each is not None), default=None)


def _result(steps: Sequence[Step]) -> dict[str, JsonValueType]:
    """Tell of all steps, and which of them makes the most of its power."""
    good = [step for step in steps if step.problem is None and step.efficiency]
    best: JsonValueType = None
    if good:
        one = min(good, key=lambda step: step.efficiency or 0)
        best = {
            "target": one.target,
            "efficiency": one.efficiency,
            "why": f"{one.efficiency} J/TH is the lowest of {len(good)} steps that can "
            f"be compared, out of {len(steps)}",
        }
    return {
        "steps": [
            {**asdict(step), "problem": step.problem and step.problem.value}
            for step in steps
        ],
        "best": best,
    }
