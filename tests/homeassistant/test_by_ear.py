"""Names of flight sheets and profiles, as they are heard."""

from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.braiins_fleet.by_ear import meant
from custom_components.braiins_fleet.flight_sheets import FLIGHT_SHEET, OVERCLOCK

from .controlling import said
from .rig_orders import keep_profile, keep_sheet
from .rigging import Yard

SHEETS = ("Raven", "Ravencoin 2Miners", "Ravencoin (Flypool)", "Ergo / Woolypooly")


@pytest.mark.parametrize(
    ("heard", "title"),
    [
        ("raven", "Raven"),
        (" RAVEN ", "Raven"),
        ("raven coin 2 miners", "Ravencoin 2Miners"),
        ("ravencoin flypool", "Ravencoin (Flypool)"),
        ("ergo", "Ergo / Woolypooly"),
        ("woolypooly", "Ergo / Woolypooly"),
        ("ergo wooly pooly", "Ergo / Woolypooly"),
    ],
)
async def test_a_name_is_found_however_it_is_written_down(
    yard: Yard, heard: str, title: str
) -> None:
    for each in SHEETS:
        keep_sheet(yard, each)
    assert meant(yard.entry, FLIGHT_SHEET, heard).title == title


@pytest.mark.parametrize(
    ("heard", "key", "there"),
    [
        ("ravencoin", "several_flight_sheets", "Ravencoin (Flypool), Ravencoin 2Mi"),
        ("coin", "no_such_flight_sheet", "Ergo / Woolypooly, Raven, Ravencoin (F"),
        ("er", "no_such_flight_sheet", "Ergo / Woolypooly, Raven, Ravencoin (F"),
        ("pooly ergo", "no_such_flight_sheet", "Ergo / Woolypooly, Raven,"),
        ("?", "no_such_flight_sheet", "Ergo / Woolypooly, Raven,"),
    ],
)
async def test_what_fits_nothing_or_too_much_is_not_guessed(
    yard: Yard, heard: str, key: str, there: str
) -> None:
    for each in SHEETS:
        keep_sheet(yard, each)
    with pytest.raises(ServiceValidationError) as refused:
        meant(yard.entry, FLIGHT_SHEET, heard)
    assert said(refused.value)[0] == key
    words = refused.value.translation_placeholders or {}
    assert words["there"].startswith(there)


async def test_a_flight_sheet_is_no_profile(yard: Yard) -> None:
    keep_sheet(yard, "Night")
    with pytest.raises(ServiceValidationError) as refused:
        meant(yard.entry, OVERCLOCK, "night")
    assert said(refused.value)[0] == "no_profiles"
    keep_profile(yard, "Night")
    keep_profile(yard, "Nightly")
    keep_profile(yard, "Midnight")
    assert meant(yard.entry, OVERCLOCK, "night").title == "Night"
    with pytest.raises(ServiceValidationError) as refused:
        meant(yard.entry, OVERCLOCK, "nigh")
    assert said(refused.value)[0] == "several_profiles"
