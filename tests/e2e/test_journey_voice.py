"""Somebody speaks with the miners, by typing what others say.

These steps go on where the ones before them ended.
"""

import re

from .looking import TEXTS, eventually, names
from .person import Person
from .processes import Fleet, House
from .stage import MINER

NAME, PLACE = "Garage miner", "Garage"
POWER = names("sensor")["power"]
COMMON = TEXTS["common"]
WATTS = r"2,\d{3} watts"


def spoken(key: str, **about: str) -> re.Pattern[str]:
    """Return what is said in answer, where a figure may be any such."""
    sentence: str = COMMON[f"speech_{key}"]
    return re.compile(sentence.format(miner=NAME, **about))


async def becomes(house: House, status: str, *watts: int) -> None:
    """Wait until the miner does what it was told, and draws between so many watts."""
    least, most = watts

    async def look() -> None:
        readings = await house.readings(MINER)
        assert readings["status"] == status
        assert least <= float(readings["power"]) <= most

    # It takes its time to ramp up.
    await eventually(look, within=60)


async def test_a_miner_is_told_by_its_name_what_to_do(
    house: House, person: Person
) -> None:
    await house.call(MINER, NAME, PLACE)
    await person.open("/home/overview")
    await person.open_assist()
    assert await person.say("turn off the garage miner") == "Turned off the switch"
    await becomes(house, "paused", 0, 100)
    assert await person.say("is the garage miner on?") == "No, off"
    # Home Assistant makes of this what it can: whether it is on.
    assert await person.say("is the garage miner mining?") == f"{NAME} is off"
    await person.photograph("assist-pauses")
    assert await person.say("turn on the garage miner") == "Turned on the switch"
    await becomes(house, "normal", 2500, 3000)

    said = await person.say("set the garage miner cooling fans to 60 percent")
    assert said == "Speed set"
    assert (await house.attributes(MINER, "cooling_fans"))["percentage"] == 60


async def test_a_reading_is_told_once_it_is_exposed(
    house: House, person: Person
) -> None:
    question = f"what is the {NAME} {POWER}?"
    assert " W" not in await person.say(question)
    await house.expose(MINER, "power")
    answer = (await person.say(question)).casefold()
    assert re.fullmatch(rf"{NAME} {POWER} is 2\d{{3}} W".casefold(), answer)
    await person.photograph("assist-tells-power")


async def test_with_the_sentences_there_is_more_to_say(
    house: House, person: Person, fleet: Fleet
) -> None:
    await house.learn("en")
    for sentence, answer in (
        ("is the garage miner mining?", spoken("status_normal")),
        ("what is the power of the garage miner?", spoken("power", value=WATTS)),
        (
            "set the garage miner to two thousand watts",
            spoken("set_power_target", value="2,000 watts"),
        ),
        (
            "how much power do all miners use?",
            spoken("power_all", count=r"\d", value=r"[\d.]+ kilowatts"),
        ),
    ):
        assert answer.match(await person.say(sentence)), sentence
    assert (await fleet.miners())[MINER]["target"] == 2000
    await person.photograph("assist-knows-miners")
