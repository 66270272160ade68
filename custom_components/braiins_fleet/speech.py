"""How things are said aloud, in the language that somebody speaks."""

from collections.abc import Mapping, Sequence
import re

from homeassistant.const import UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.language import Dialect

from .asic import MinerStatus
from .const import DOMAIN
from .hashrates import HashrateUnit

# Nobody listens to more names than that.
_MOST_NAMES = 5
_PETA = 1000
_KILO = 10_000


async def speech_in(hass: HomeAssistant, language: str) -> Speech:
    """Return what speaks a language; where it cannot, it speaks English."""
    spoken = Dialect.parse(language).language
    texts: dict[str, str] = {}
    for category in "common", "entity", "exceptions":
        texts |= await async_get_translations(hass, spoken, category, {DOMAIN})
    return Speech(hass, texts)


class Speech:
    """Puts things into short sentences, without anything that nobody can say."""

    def __init__(self, hass: HomeAssistant, texts: Mapping[str, str]) -> None:
        self._hass = hass
        self._texts = texts

    def say(self, key: str, **about: object) -> str:
        """Return a sentence."""
        return self._texts[f"component.{DOMAIN}.common.speech_{key}"].format(**about)

    def watts(self, power: float) -> str:
        """Say how much power that is."""
        if power >= _KILO:
            return self._amount("kilowatts", power / 1000, 1)
        return self._amount("watts", power, 0)

    def terahash(self, rate: float) -> str:
        """Say how fast that is."""
        if rate >= _PETA:
            return self._amount("petahash", rate / _PETA, 2)
        return self._amount("terahash", rate, 0 if rate >= 10 else 1)

    def rate(self, unit: HashrateUnit, rate: float) -> str:
        """Say how fast that is, of something else than bitcoins."""
        digits = 0 if rate >= 100 else 1 if rate >= 10 else 2
        return self._amount(f"rate_{unit.slug}", rate, digits)

    def cost(self, unit: HashrateUnit, joules: float) -> str:
        """Say what a hash costs."""
        return self._amount(f"joules_{unit.slug}", joules, 2)

    def joules(self, efficiency: float) -> str:
        """Say how efficient that is."""
        return self._amount("joules", efficiency, 1)

    def degrees(self, celsius: float) -> str:
        """Say how warm that is, as one says it in this home."""
        warmth = self._hass.config.units.temperature(celsius, UnitOfTemperature.CELSIUS)
        return self._amount("degrees", warmth, 0)

    def names(self, names: Sequence[str]) -> str:
        """Say a few of the names, and how many more there are."""
        few = ", ".join(names[:_MOST_NAMES])
        more = len(names) - _MOST_NAMES
        return self.say("more", names=few, count=more) if more > 0 else few

    def status(self, status: MinerStatus) -> str:
        """Say in a word what a miner does."""
        key = f"sensor.status.state.{status.value}"
        return self._texts[f"component.{DOMAIN}.entity.{key}"]

    def error(self, err: HomeAssistantError, miner: str) -> str:
        """Say why something was not done, by the name that miner or rig is called."""
        if isinstance(err, Unauthorized):
            return self.say("not_allowed")
        place = f"component.{DOMAIN}.exceptions.{err.translation_key}.message"
        sentence = self._texts.get(place)
        if sentence is None:
            return _ended(str(err))
        words = err.translation_placeholders or {}
        about = {key: self._aloud(word) for key, word in words.items()}
        return _ended(sentence.format(**about | {"miner": miner, "rig": miner}))

    def _amount(self, unit: str, value: float, digits: int) -> str:
        number = f"{value:,.{digits}f}"
        if digits:
            number = number.rstrip("0").rstrip(".")
        # The text is a number as it is written in the language: 1,234.5.
        written = self.say("number")
        separators = str.maketrans(",.", written[1] + written[-2])
        return self.say(unit, number=number.translate(separators))

    def _aloud(self, word: str) -> str:
        amount = re.fullmatch(rf"(\d[\d.e+]*) {UnitOfPower.WATT}", word)
        return self.watts(float(amount[1])) if amount else word


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
