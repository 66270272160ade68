"""Why a rig did not do what it was told, as whoever wanted it is told."""

from collections.abc import Iterable
from typing import Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .rig import (
    Busy,
    Disconnected,
    NotConnected,
    PartlySet,
    Reason,
    Refused,
    RigError,
    SoftwareLost,
    StillMining,
    TimedOut,
    Unacceptable,
    understand,
)

_NO_SUCH: Final = {FLIGHT_SHEET: "no_such_flight_sheet", OVERCLOCK: "no_such_profile"}
_NONE_YET: Final = {FLIGHT_SHEET: "no_flight_sheets", OVERCLOCK: "no_profiles"}
_SEVERAL: Final = {
    FLIGHT_SHEET: "several_flight_sheets",
    OVERCLOCK: "several_profiles",
}
_REFUSED: Final = {
    Reason.NOTHING_TO_RESTART: "rig_nothing_to_restart",
    Reason.SOFTWARE_MISSING: "rig_software_missing",
    Reason.NOT_EXECUTABLE: "rig_not_executable",
    Reason.POWER_LIMIT: "rig_power_limit",
}


def undone_by_rig(rig: str, err: RigError) -> HomeAssistantError:
    """Say why something was not done, as far as that is known."""
    match err:
        case NotConnected():
            key = "rig_away"
        case Disconnected():
            key = "rig_cut_off"
        case TimedOut():
            key = "rig_unanswered"
        case Busy():
            key = "rig_busy"
        case StillMining():
            key = "rig_still_mining"
        case SoftwareLost(__cause__=RigError() as cause):
            return HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="rig_software_lost",
                translation_placeholders={
                    "rig": rig,
                    "software": err.detail,
                    "error": str(undone_by_rig(rig, cause)),
                },
            )
        case PartlySet(__cause__=RigError() as cause):
            return HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="rig_partly_set",
                translation_placeholders={
                    "rig": rig,
                    "error": str(undone_by_rig(rig, cause)),
                },
            )
        case Refused() if (refusal := understand(err.detail)) is not None:
            return HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=_REFUSED[refusal.reason],
                translation_placeholders={"rig": rig, **refusal.about},
            )
        case _:
            key = "rig_refused"
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"rig": rig, "error": str(err)},
    )


def not_shown(rig: str) -> HomeAssistantError:
    """Say that the rig claims to have done it, and tells otherwise."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="rig_not_done",
        translation_placeholders={"rig": rig},
    )


def superseded(rig: str) -> HomeAssistantError:
    """Say that somebody wanted something else of the rig meanwhile."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="rig_superseded",
        translation_placeholders={"rig": rig},
    )


def no_flight_sheet(rig: str) -> ServiceValidationError:
    """Say that nobody has said what to mine."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_flight_sheet",
        translation_placeholders={"rig": rig},
    )


def no_such(
    kind: str, name: str, there: Iterable[ConfigSubentry]
) -> ServiceValidationError:
    """Say that no flight sheet or profile is called so, and what there is."""
    titles = sorted(each.title for each in there)
    key = _NO_SUCH[kind] if titles else _NONE_YET[kind]
    return _naming(key, name, titles)


def several_such(
    kind: str, name: str, those: Iterable[ConfigSubentry]
) -> ServiceValidationError:
    """Say that more than one could be meant."""
    return _naming(_SEVERAL[kind], name, sorted(each.title for each in those))


def _naming(key: str, name: str, titles: Iterable[str]) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"name": name, "there": ", ".join(titles)},
    )


def unacceptable(rig: str, err: Unacceptable) -> ServiceValidationError:
    """Say what cannot be done with this rig at all."""
    match (err.field, err.reason):
        case ("vendors", _):
            key = "rig_other_cards"
        case ("gpu", "missing"):
            key = "rig_no_cards"
        case (_, "not_offered"):
            key = "rig_not_offered"
        case _:
            key = "rig_unacceptable"
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"rig": rig, "error": str(err)},
    )
