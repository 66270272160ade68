"""Overclock profiles: clocks and limits by a name, for as many rigs as one likes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from .errors import Unacceptable
from .overclocking import ALL_CARDS, Overclock, overclock
from .software import Vendor
from .state import Gpu
from .text import check_name

_HIGHEST_NUMBER: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is set of a card, in W, MHz and %; what is `None` stays as it is."""

    power_limit: int | None = None
    core_lock: int | None = None
    memory_lock: int | None = None
    fan: int | None = None

    @property
    def chosen(self) -> dict[str, int]:
        """What is to be set, by the names of the fields."""
        return {
            name: value for name, value in asdict(self).items() if value is not None
        }

    def over(self, other: Settings) -> Settings:
        """Return these, with what is missing taken from others."""
        return Settings(**(other.chosen | self.chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Settings for all cards of a rig, and others for some, by their numbers.

    It is for rigs that have no other cards than of these vendors: where there are
    others, the agent would set them as well.
    """

    name: str
    vendors: frozenset[Vendor]
    settings: Settings = field(default_factory=Settings)
    cards: Mapping[int, Settings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not self.vendors:
            raise Unacceptable("vendors", "missing")
        if self.cards and self.vendors != {Vendor.NVIDIA}:
            # The agent counts cards of AMD's otherwise than it reports them.
            raise Unacceptable("cards", "not_offered")
        if not self.settings.chosen and not self.cards:
            raise Unacceptable("power_limit", "missing")
        if self.settings.chosen:
            self._check(self.settings)
        for number, settings in self.cards.items():
            if not 0 <= number <= _HIGHEST_NUMBER:
                raise Unacceptable("cards", "range")
            try:
                self._check(settings)
            except Unacceptable as err:
                raise Unacceptable("cards", err.reason) from err

    def _check(self, settings: Settings) -> None:
        Overclock(gpu=ALL_CARDS, vendors=self.vendors, **settings.chosen)

    def meant(
        self, gpus: Sequence[Gpu], numbers: Mapping[str, int]
    ) -> dict[str, Settings]:
        """Return what is meant for each of a rig's cards, by its key.

        `numbers` are those that the cards had when the profile was chosen for the rig:
        when one is lost, those behind it move up.
        """
        vendors = {gpu.card.vendor for gpu in gpus}
        if not vendors:
            raise Unacceptable("gpu", "missing")
        if not vendors <= self.vendors:
            raise Unacceptable("vendors", "other")
        keys = [gpu.card.key for gpu in gpus]
        return {key: self.of_card(numbers.get(key)) for key in keys}

    def of_card(self, number: int | None) -> Settings:
        """Return what is meant for a card; without a number, it is one like others."""
        own = Settings() if number is None else self.cards.get(number, Settings())
        return own.over(self.settings)


def overclocks(gpus: Sequence[Gpu], wanted: Mapping[str, Settings]) -> list[Overclock]:
    """Return what sets cards as is wanted of each, by its key: at best one for all."""
    settings = [wanted[gpu.card.key] for gpu in gpus]
    if len(set(settings)) == 1:
        return [overclock(gpus, **settings[0].chosen)] if settings[0].chosen else []
    return [
        overclock(gpus, gpu, **each.chosen)
        for gpu, each in zip(gpus, settings, strict=True)
        if each.chosen
    ]


_NVIDIA: Final = frozenset({Vendor.NVIDIA})
_AMD: Final = frozenset({Vendor.AMD})


def _start(
    name: str, vendors: frozenset[Vendor], power_limit: int, core_lock: int
) -> Profile:
    return Profile(
        name=name,
        vendors=vendors,
        settings=Settings(power_limit=power_limit, core_lock=core_lock),
    )


# Well below what these cards are built for: cool and efficient, not the last hash.
# They are where to begin, not what was measured: memory is left alone, as what one
# card takes makes the next one fail.
STARTING_POINTS: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        _start("GeForce RTX 3060", _NVIDIA, 120, 1400),
        _start("GeForce RTX 3060 Ti", _NVIDIA, 140, 1450),
        _start("GeForce RTX 3070", _NVIDIA, 150, 1450),
        _start("GeForce RTX 3080", _NVIDIA, 230, 1400),
        _start("GeForce RTX 3090", _NVIDIA, 270, 1400),
        _start("GeForce RTX 4060 Ti", _NVIDIA, 115, 2100),
        _start("GeForce RTX 4070", _NVIDIA, 145, 2100),
        _start("GeForce RTX 4080", _NVIDIA, 220, 2200),
        _start("GeForce RTX 4090", _NVIDIA, 300, 2200),
        _start("GeForce RTX 5070", _NVIDIA, 190, 2200),
        _start("GeForce RTX 5090", _NVIDIA, 420, 2200),
        _start("Radeon RX 580", _AMD, 100, 1150),
        _start("Radeon RX 5700 XT", _AMD, 130, 1400),
        _start("Radeon RX 6700 XT", _AMD, 130, 1900),
        _start("Radeon RX 6800 XT", _AMD, 180, 1900),
        _start("Radeon RX 7900 XTX", _AMD, 260, 2100),
    )
}
