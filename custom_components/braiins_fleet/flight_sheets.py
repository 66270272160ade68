"""Flight sheets and overclock profiles, as they are kept in the entry of the fleet."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME, CONF_PASSWORD

from .rig import RIG, FlightSheet, Profile, Settings, Vendor, parse_arguments

FLIGHT_SHEET: Final = "flight_sheet"
OVERCLOCK: Final = "overclock"
# Chosen where neither is to be assigned, so nothing is to be called that.
NONE: Final = "none"

CONF_ALGORITHM: Final = "algorithm"
CONF_CARDS: Final = "cards"
CONF_COIN: Final = "coin"
CONF_EXTRA_ARGUMENTS: Final = "extra_arguments"
CONF_NUMBER: Final = "number"
CONF_POOLS: Final = "pools"
CONF_SOFTWARE: Final = "software"
CONF_VENDORS: Final = "vendors"
CONF_WALLET: Final = "wallet"
CONF_WORKER: Final = "worker"

SETTINGS: Final = ("power_limit", "core_lock", "memory_lock", "fan")
VENDORS: Final[Mapping[str, frozenset[Vendor]]] = {
    "nvidia": frozenset({Vendor.NVIDIA}),
    "amd": frozenset({Vendor.AMD}),
    "both": frozenset({Vendor.NVIDIA, Vendor.AMD}),
}


def sheet_from(typed: Mapping[str, Any]) -> FlightSheet:
    """Return the flight sheet that was typed, or raise what is wrong with it."""
    return FlightSheet(
        name=typed[CONF_NAME],
        coin=typed[CONF_COIN],
        algorithm=typed.get(CONF_ALGORITHM, ""),
        software=typed[CONF_SOFTWARE],
        pools=tuple(typed[CONF_POOLS]),
        wallet=typed[CONF_WALLET],
        worker=typed.get(CONF_WORKER, ""),
        password=typed.get(CONF_PASSWORD, ""),
        extra_arguments=parse_arguments(typed.get(CONF_EXTRA_ARGUMENTS, "")),
    )


def profile_from(typed: Mapping[str, Any]) -> Profile:
    """Return the overclock profile that was typed, or raise what is wrong with it."""
    return Profile(
        name=typed[CONF_NAME],
        vendors=VENDORS[typed[CONF_VENDORS]],
        settings=_settings(typed),
        cards={
            int(card[CONF_NUMBER]): _settings(card)
            for card in typed.get(CONF_CARDS, ())
        },
    )


def _settings(typed: Mapping[str, Any]) -> Settings:
    return Settings(
        **{name: int(typed[name]) for name in SETTINGS if typed.get(name) is not None}
    )


def sheet_of(subentry: ConfigSubentry) -> FlightSheet:
    """Return what a subentry keeps."""
    return sheet_from({CONF_NAME: subentry.title, **subentry.data})


def profile_of(subentry: ConfigSubentry) -> Profile:
    """Return what a subentry keeps."""
    return profile_from({CONF_NAME: subentry.title, **subentry.data})


def title_of(subentry: ConfigSubentry | None) -> str | None:
    """Return what a subentry is called, if there is one."""
    return None if subentry is None else subentry.title


def is_taken(entry: ConfigEntry, kind: str, name: str, but: str | None = None) -> bool:
    """Tell whether there is one of this name, other than the one that is changed."""
    return name.casefold() in _names(
        each for each in entry.get_subentries_of_type(kind) if each.subentry_id != but
    )


def _names(subentries: Iterable[ConfigSubentry]) -> set[str]:
    return {each.title.casefold() for each in subentries}


# What a new sheet begins with. Else the dialog would choose the first coin of all.
NEW_SHEET: Final = {
    CONF_COIN: "",
    CONF_SOFTWARE: "",
    CONF_POOLS: [""],
    CONF_WORKER: RIG,
}
