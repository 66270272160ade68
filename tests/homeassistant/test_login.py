"""What stands between us and a miner is told in words, wherever it is told."""

import pytest

from custom_components.braiins_fleet.asic import (
    AsicError,
    Denied,
    Faulty,
    Garbled,
    NoSuchHost,
    NotBraiins,
    NotNow,
    Refused,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    Unsupported,
)
from custom_components.braiins_fleet.login import StillStarting, obstacle

from .dialogs import TEXTS

# What a miner that was added may come to; the rest is what was never one.
OF_A_MINER = (
    Denied,
    Faulty,
    Garbled,
    NoSuchHost,
    NotNow,
    Refused,
    StillStarting,
    TimedOut,
    Unreachable,
    Unsupported,
)


@pytest.mark.parametrize("said", ["", "no"])
@pytest.mark.parametrize("error", [*OF_A_MINER, NotBraiins, StockFirmware, TooOld])
def test_each_error_has_its_text(error: type[AsicError], said: str) -> None:
    found = obstacle(error(said))
    assert found.reason in TEXTS["config"]["error"]
    assert found.reason in TEXTS["issues"]["another_miner"]["fix_flow"]["error"]
    if error in OF_A_MINER:
        assert found.reason in TEXTS["exceptions"]


@pytest.mark.parametrize("error", OF_A_MINER)
def test_only_the_words_of_the_miner_are_quoted(error: type[AsicError]) -> None:
    quoted = error in (Faulty, NotNow, Refused)
    assert obstacle(error("no")).said == ("no" if quoted else "")
    assert obstacle(error()).said == ""
