"""What is said when somebody asks after miners, or has them do something."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from homeassistant.exceptions import HomeAssistantError

from .asic import MinerStatus
from .called import Called, CalledMiner
from .control import Changed
from .orders import Outcome
from .speech import Speech
from .state import MinerState

# Whoever asks after more reads on.
_MOST_ERRORS = 3


class About(StrEnum):
    """What one can ask after."""

    STATUS = "status"
    HASHRATE = "hashrate"
    POWER = "power"
    EFFICIENCY = "efficiency"
    TEMPERATURE = "temperature"
    PROBLEMS = "problems"
    CONNECTION = "connection"


def power(state: MinerState) -> float | None:
    """Return what a miner draws, in W."""
    stats = state.snapshot.stats
    return stats.power if stats else None


def hashrate(state: MinerState) -> float | None:
    """Return what a miner hashes, in TH/s."""
    work = state.snapshot.stats.work if state.snapshot.stats else None
    return work.hashrates.minute_1 if work and work.hashrates else None


def efficiency(state: MinerState) -> float | None:
    """Return what a miner needs, in J/TH."""
    stats = state.snapshot.stats
    # Of one that does not mine it is a number without a meaning.
    return stats.efficiency if stats and power(state) and hashrate(state) else None


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A figure of each miner, what those of several come to, and how it is said."""

    read: Callable[[MinerState], float | None]
    together: Callable[[Sequence[MinerState]], float]
    aloud: Callable[[Speech, float], str]


def _power(states: Sequence[MinerState]) -> float:
    return sum(power(state) or 0.0 for state in states)


def _hashrate(states: Sequence[MinerState]) -> float:
    return sum(hashrate(state) or 0.0 for state in states)


_FIGURES: Mapping[About, _Figure] = {
    About.HASHRATE: _Figure(read=hashrate, together=_hashrate, aloud=Speech.terahash),
    About.POWER: _Figure(read=power, together=_power, aloud=Speech.watts),
    About.EFFICIENCY: _Figure(
        read=efficiency,
        together=lambda states: _power(states) / _hashrate(states),
        aloud=Speech.joules,
    ),
    About.TEMPERATURE: _Figure(
        read=lambda state: state.hottest_chip,
        together=lambda states: max(state.hottest_chip or 0.0 for state in states),
        aloud=Speech.degrees,
    ),
}


def answer_of_miners(
    speech: Speech, about: About, miners: Sequence[CalledMiner]
) -> list[str]:
    """Say in one answer how it is with all of them."""
    there = [(miner.name, state) for miner in miners if (state := miner.state)]
    away = [miner.name for miner in miners if miner.state is None]
    match about:
        case About.STATUS:
            said = _status(speech, there, len(miners))
        case About.PROBLEMS:
            said = _problems(speech, there)
        case About.CONNECTION:
            said = [] if away else connected(speech, "connection", miners)
        case _:
            said = _figure(speech, about, there)
    if away:
        said.append(speech.say("away", names=speech.names(away)))
    return said


def done_by_miners(
    speech: Speech,
    order: str,
    miners: Sequence[CalledMiner],
    outcomes: Sequence[Outcome],
) -> list[str]:
    """Say what was done by how many, and why not by the others."""
    each = [*zip((miner.name for miner in miners), outcomes, strict=True)]
    changed = [
        (name, outcome) for name, outcome in each if isinstance(outcome, Changed)
    ]
    said = [_changed(speech, order, changed)] if changed else []
    return said + failures(speech, "failed_all", each)


def failures(
    speech: Speech, of_several: str, each: Sequence[tuple[str, Outcome]]
) -> list[str]:
    """Say with how many it failed, and why."""
    failed = [
        speech.error(outcome, name)
        for name, outcome in each
        if isinstance(outcome, HomeAssistantError)
    ]
    said = []
    if failed and len(each) > 1:
        said.append(speech.say(of_several, failed=len(failed), count=len(each)))
    return said + list(dict.fromkeys(failed))[:_MOST_ERRORS]


def connected(speech: Speech, key: str, all_: Sequence[Called]) -> list[str]:
    """Say that each of them is there."""
    if len(all_) == 1:
        return [speech.say(key, miner=all_[0].name)]
    return [speech.say(f"{key}_all", count=len(all_))]


def _changed(speech: Speech, order: str, changed: Sequence[tuple[str, Changed]]) -> str:
    """Say what was done, and what targets come to."""
    now = [outcome.after for _, outcome in changed]
    if None in now:
        # It is done, though not every miner tells what it aims at now.
        return speech.say("done")
    targets = [target for target in now if isinstance(target, int | float)]
    return speech.say(
        order if len(changed) == 1 else f"{order}_all",
        miner=changed[0][0],
        count=len(changed),
        value=speech.watts(sum(targets)),
    )


def _status(
    speech: Speech, there: Sequence[tuple[str, MinerState]], count: int
) -> list[str]:
    mining = [state for _, state in there if state.status is MinerStatus.NORMAL]
    figures = _figures(speech, mining)
    if count == 1:
        return [*(_one_status(speech, name, state) for name, state in there), *figures]
    said = [speech.say("status_all", mining=len(mining), count=count), *figures]
    for status in MinerStatus:
        if status in (MinerStatus.NORMAL, MinerStatus.UNKNOWN):
            continue
        names = [name for name, state in there if state.status is status]
        if names:
            said.append(f"{speech.status(status)}: {speech.names(names)}.")
    return said + nothing_known(
        speech, [name for name, state in there if state.status is MinerStatus.UNKNOWN]
    )


def _one_status(speech: Speech, name: str, state: MinerState) -> str:
    if state.status is MinerStatus.UNKNOWN:
        return speech.say("unknown", names=name)
    return speech.say(f"status_{state.status.value}", miner=name)


def _figures(speech: Speech, mining: Sequence[MinerState]) -> list[str]:
    known = [state for state in mining if power(state) and hashrate(state)]
    if not known:
        return []
    made = speech.terahash(_hashrate(known))
    return [speech.say("figures", hashrate=made, power=speech.watts(_power(known)))]


def _problems(speech: Speech, there: Sequence[tuple[str, MinerState]]) -> list[str]:
    told = [
        (name, list(dict.fromkeys(error.message.rstrip(".") for error in errors)))
        for name, state in there
        if (errors := state.snapshot.errors) is not None
    ]
    affected = [(name, messages) for name, messages in told if messages]
    said = []
    if len(told) > 1:
        key = "problems_all" if affected else "problems_none_all"
        said.append(speech.say(key, affected=len(affected), count=len(told)))
    elif told and not affected:
        said.append(speech.say("problems_none", miner=told[0][0]))
    said += [
        speech.say("problems", miner=name, problems="; ".join(messages))
        for name, messages in affected
    ]
    unknown = [name for name, state in there if state.snapshot.errors is None]
    return said + nothing_known(speech, unknown)


def _figure(
    speech: Speech, about: About, there: Sequence[tuple[str, MinerState]]
) -> list[str]:
    figure = _FIGURES[about]
    known, unknown = [], []
    for name, state in there:
        value = figure.read(state)
        if value is None:
            unknown.append(name)
        else:
            known.append((value, name, state))
    said = []
    if known:
        value, name, _ = max(known, key=lambda each: each[0])
        key = about.value
        if len(known) > 1:
            value = figure.together([state for *_, state in known])
            key = f"{about.value}_all"
        aloud = figure.aloud(speech, value)
        said.append(speech.say(key, miner=name, count=len(known), value=aloud))
    return said + nothing_known(speech, unknown)


def nothing_known(speech: Speech, names: Sequence[str]) -> list[str]:
    """Say of whom that is not known, if of anybody."""
    return [speech.say("unknown", names=speech.names(names))] if names else []
