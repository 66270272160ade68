"""What is said when somebody asks after GPU rigs, or has them do something.

Hashrates of different algorithms are never added up: they have nothing in common.
"""

from collections.abc import Sequence

from .called import CalledRig
from .fleet_rigs import total_of_rigs
from .hashrates import HashrateUnit
from .orders import Outcome
from .rig import Effect, MinerCondition
from .rig_state import RigSnapshot
from .speech import Speech
from .spoken_answers import About, connected, failures, nothing_known

# Whose costs are told one by one, as they cannot be told together.
_MOST_RIGS = 5
OFF = "off"

type Named = tuple[str, RigSnapshot]


def answer_of_rigs(
    speech: Speech, about: About, rigs: Sequence[CalledRig]
) -> list[str]:
    """Say in one answer how it is with all of them."""
    there = [(rig.name, state) for rig in rigs if (state := rig.state)]
    away = [rig.name for rig in rigs if rig.state is None]
    match about:
        case About.STATUS:
            said = _status(speech, there, len(rigs))
        case About.HASHRATE:
            said = _hashrate(speech, there)
        case About.POWER:
            said = _power(speech, there)
        case About.EFFICIENCY:
            said = _efficiency(speech, there)
        case About.TEMPERATURE:
            said = _temperature(speech, there)
        case About.PROBLEMS:
            said = _problems(speech, there)
        case About.CONNECTION:
            said = [] if away else connected(speech, "connection_rig", rigs)
    if away:
        key = "rig_away" if len(rigs) == 1 else "rigs_away"
        said.append(speech.say(key, miner=away[0], names=speech.names(away)))
    return said


def done_by_rigs(
    speech: Speech,
    order: str,
    rigs: Sequence[CalledRig],
    outcomes: Sequence[Outcome],
    wanted: str,
) -> list[str]:
    """Say what was done by how many, and why not by the others."""
    each = [*zip((rig.name for rig in rigs), outcomes, strict=True)]
    did = [name for name, outcome in each if isinstance(outcome, Effect)]
    said = []
    if did:
        key = order if len(did) == 1 else f"{order}_rigs"
        said.append(speech.say(key, miner=did[0], count=len(did), value=wanted))
    return said + failures(speech, "failed_rigs", each)


def condition(rig: RigSnapshot) -> str | None:
    """Return in a word what a rig does, if that is known."""
    state = rig.state
    if state.miners is None:
        return None
    if state.mining:
        return MinerCondition.MINING.value
    return state.miner.condition.value if state.miner else OFF


def _status(speech: Speech, there: Sequence[Named], count: int) -> list[str]:
    mining = [rig for _, rig in there if condition(rig) == MinerCondition.MINING]
    figures = _figures(speech, mining)
    if count == 1:
        if mining:
            return [speech.say("status_normal", miner=there[0][0]), *figures]
        return _others(speech, there, each=True)
    said = [speech.say("status_rigs", mining=len(mining), count=count), *figures]
    return said + _others(speech, there)


def _others(speech: Speech, there: Sequence[Named], *, each: bool = False) -> list[str]:
    """Say which do not mine, and what they do in place of that."""
    said = []
    for doing in (OFF, *MinerCondition):
        names = [name for name, rig in there if condition(rig) == doing]
        if not names or doing is MinerCondition.MINING:
            continue
        key = f"rig_{doing}" if each else f"rigs_{doing}"
        said.append(speech.say(key, miner=names[0], names=speech.names(names)))
    unknown = [name for name, rig in there if condition(rig) is None]
    return said + nothing_known(speech, unknown)


def _figures(speech: Speech, mining: Sequence[RigSnapshot]) -> list[str]:
    totals = total_of_rigs(mining)
    if not totals.hashrates or not totals.power:
        return []
    watts = speech.watts(totals.power)
    return [speech.say("figures", hashrate=_rates(speech, mining), power=watts)]


def _rates(speech: Speech, rigs: Sequence[RigSnapshot]) -> str:
    """Say what they hash, each algorithm by itself."""
    return ", ".join(
        speech.say("rate_in", rate=speech.rate(unit, rate), algorithm=algorithm)
        for unit, rates in total_of_rigs(rigs).hashrates.items()
        for algorithm, rate in rates.items()
    )


def _hashrate(speech: Speech, there: Sequence[Named]) -> list[str]:
    hashing = [(name, rig) for name, rig in there if total_of_rigs([rig]).hashrates]
    others = [each for each in there if each not in hashing]
    said = []
    if hashing:
        rates = _rates(speech, [rig for _, rig in hashing])
        said.append(_one_or_all(speech, "hashrate", hashing, rates))
    return said + _others(speech, others, each=len(there) == 1)


def _power(speech: Speech, there: Sequence[Named]) -> list[str]:
    known = [(name, rig) for name, rig in there if rig.state.power is not None]
    said = []
    if known:
        watts = speech.watts(total_of_rigs(rig for _, rig in known).power or 0.0)
        said.append(_one_or_all(speech, "power", known, watts))
    return said + _unknown(speech, there, known)


def _efficiency(speech: Speech, there: Sequence[Named]) -> list[str]:
    said, unknown = [], []
    for name, rig in there:
        costs = [(unit, rig.efficiency(unit)) for unit in HashrateUnit]
        known = [speech.cost(unit, cost) for unit, cost in costs if cost is not None]
        if known:
            said.append(speech.say("efficiency", miner=name, value=known[0]))
        else:
            unknown.append((name, rig))
    at_work = [name for name, rig in unknown if condition(rig) == MinerCondition.MINING]
    return [
        *said[:_MOST_RIGS],
        *_others(speech, unknown, each=len(there) == 1),
        *nothing_known(speech, at_work),
    ]


def _temperature(speech: Speech, there: Sequence[Named]) -> list[str]:
    known = [
        (heat, name, rig)
        for name, rig in there
        if (heat := rig.hottest_gpu) is not None
    ]
    said = []
    if known:
        heat, name, _ = max(known, key=lambda each: each[0])
        key = "rig_temperature" if len(known) == 1 else "temperature_rigs"
        value = speech.degrees(heat)
        said.append(speech.say(key, miner=name, count=len(known), value=value))
    return said + _unknown(speech, there, [(name, rig) for _, name, rig in known])


def _problems(speech: Speech, there: Sequence[Named]) -> list[str]:
    affected = [(name, rig) for name, rig in there if rig.troubles]
    said = []
    if len(there) > 1:
        key = "problems_rigs" if affected else "problems_none_rigs"
        said.append(speech.say(key, affected=len(affected), count=len(there)))
    elif there and not affected:
        said.append(speech.say("problems_none", miner=there[0][0]))
    for name, rig in affected:
        troubles = [speech.say(f"trouble_{trouble}") for trouble in rig.troubles]
        problems = "; ".join(troubles)
        said.append(speech.say("problems", miner=name, problems=problems))
    return said


def _one_or_all(speech: Speech, key: str, known: Sequence[Named], value: str) -> str:
    if len(known) > 1:
        key = f"{key}_rigs"
    return speech.say(key, miner=known[0][0], count=len(known), value=value)


def _unknown(
    speech: Speech, there: Sequence[Named], known: Sequence[Named]
) -> list[str]:
    return nothing_known(
        speech, [name for name, rig in there if (name, rig) not in known]
    )
