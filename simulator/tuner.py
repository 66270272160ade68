"""The tuner: finds the best frequency and voltage for a target, and remembers it."""

from dataclasses import dataclass
from enum import Enum

from .boards import Board, Curve
from .configuration import TunerMode, TunerSettings

_UNTUNED = 0.93
_PREHEAT_BELOW_C = 20.0
_PREHEATED_C = 40.0
PREHEAT_LOAD = 0.6


class TunerState(Enum):
    """What the tuner is doing."""

    DISABLED = "disabled"
    STABLE = "stable"
    TUNING = "tuning"
    ERROR = "error"
    PREHEAT = "preheat"


@dataclass(frozen=True, slots=True)
class Profile:
    """A tuned target and what it gave."""

    created: float
    target: float
    hashrate: float
    consumption: float


class Tuner:
    """The live target and how far it is tuned."""

    __slots__ = (
        "_curve",
        "left",
        "live",
        "preheating",
        "profiles",
        "settings",
        "takes",
    )

    def __init__(self, settings: TunerSettings, curve: Curve, takes: float) -> None:
        """Aim at the settings; a new target takes so many seconds of mining."""
        self._curve = curve
        self.takes = takes
        self.settings = settings
        self.profiles: dict[TunerMode, dict[float, Profile]] = {
            mode: {} for mode in TunerMode
        }
        self.live = self.configured
        self.left = takes
        self.preheating = False

    @property
    def configured(self) -> float:
        """The target the owner set, in W or TH/s as the mode is."""
        if self.settings.mode is TunerMode.POWER:
            return self.settings.power
        return self.settings.hashrate

    @property
    def quality(self) -> float:
        """How near the hashrate is to what tuning will reach."""
        if self.left <= 0 or self.takes <= 0:
            return 1.0
        return _UNTUNED + (1 - _UNTUNED) * (1 - self.left / self.takes)

    @property
    def profile(self) -> Profile | None:
        """The tuned profile of the configured target."""
        return self.profiles[self.settings.mode].get(self.configured)

    def configure(self, settings: TunerSettings) -> None:
        """Take over settings and aim at their target."""
        if settings.mode is not self.settings.mode:
            self.left = self.takes
        self.settings = settings
        self.aim(self.configured)

    def aim(self, target: float) -> None:
        """Make a target the live one; a known one needs no tuning.

        One that is live already goes on being tuned where it stands.
        """
        if target in self.profiles[self.settings.mode]:
            self.left = 0.0
        elif target != self.live or self.left <= 0:
            self.left = self.takes
        self.live = target

    def watts(self, boards: int) -> float:
        """Return the power the live target takes with so many boards."""
        if not boards:
            return 0.0
        if self.settings.mode is TunerMode.POWER:
            watts = self.live
        else:
            watts = boards * self._curve.watts(self.live / boards)
        if self.preheating:
            watts *= PREHEAT_LOAD
        return min(watts, boards * self._curve.max_w)

    def step(self, seconds: float, moment: float, boards: list[Board]) -> None:
        """Tune for a while."""
        if self.preheating or self.left <= 0:
            return
        self.left -= seconds
        if self.left <= 0:
            self.left = 0.0
            self.remember(moment, boards)

    def remember(self, moment: float, boards: list[Board]) -> None:
        """Keep a profile of the live target."""
        count = len(boards)
        watts = self.watts(count)
        hashrate = sum(b.factor * self._curve.hashrate(watts / count) for b in boards)
        self.profiles[self.settings.mode][self.live] = Profile(
            moment, self.live, hashrate, watts
        )
        self.left = 0.0

    def forget(self) -> None:
        """Throw all profiles away and begin again."""
        for profiles in self.profiles.values():
            profiles.clear()
        self.left = self.takes

    def warm_up(self, hottest_c: float, *, starting: bool) -> None:
        """Preheat while the chips are too cold to be tuned."""
        if starting and hottest_c < _PREHEAT_BELOW_C:
            self.preheating = True
        elif hottest_c >= _PREHEATED_C:
            self.preheating = False
