"""What is said in answer, of miners and rigs together."""

from collections.abc import Sequence

from .called import Called, miners_among, rigs_among
from .orders import Outcome
from .speech import Speech
from .spoken_answers import About, answer_of_miners, done_by_miners, power
from .spoken_rigs import answer_of_rigs, done_by_rigs


def answer(speech: Speech, about: About, called: Sequence[Called]) -> str:
    """Say in one answer how it is with all of them."""
    miners, rigs = miners_among(called), rigs_among(called)
    said = []
    if miners:
        said += answer_of_miners(speech, about, miners)
    if rigs:
        said += answer_of_rigs(speech, about, rigs)
    if about is About.POWER and miners and rigs:
        of_miners = [power(each.state) for each in miners if each.state]
        of_rigs = [each.state.state.power for each in rigs if each.state]
        known = [watts for watts in (*of_miners, *of_rigs) if watts is not None]
        if len(known) > 1:
            said.append(speech.say("power_total", value=speech.watts(sum(known))))
    return " ".join(said)


def done(
    speech: Speech,
    order: str,
    called: Sequence[Called],
    outcomes: Sequence[Outcome],
    wanted: str,
) -> str:
    """Say what was done by how many, and why not by the others.

    What was `wanted` is the name of what they got, where that has one.
    """
    became = {
        each.switch.entity_id: outcome
        for each, outcome in zip(called, outcomes, strict=True)
    }
    miners, rigs = miners_among(called), rigs_among(called)
    said = []
    if miners:
        of_miners = [became[each.switch.entity_id] for each in miners]
        said += done_by_miners(speech, order, miners, of_miners)
    if rigs:
        of_rigs = [became[each.switch.entity_id] for each in rigs]
        said += done_by_rigs(speech, order, rigs, of_rigs, wanted)
    return " ".join(said)
