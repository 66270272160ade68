"""What agents say when they cannot do something, as far as it is known.

It is English, and meant for who knows the rig from within.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final


class Reason(StrEnum):
    """Why something was not done."""

    NOTHING_TO_RESTART = "nothing_to_restart"
    """The agent has never started any software."""
    SOFTWARE_MISSING = "software_missing"
    """`software` is nowhere where the agent looks for it."""
    NOT_EXECUTABLE = "not_executable"
    """What is at `path` is a folder, or may not be run."""
    POWER_LIMIT = "power_limit"
    """The card at `bus` takes from `low` to `high` W."""


_PATTERNS: Final = {
    Reason.NOTHING_TO_RESTART: re.compile(r"no saved config to restart: open .*"),
    Reason.SOFTWARE_MISSING: re.compile(
        r"failed to build miner command: miner (?P<software>[\w-]+) not found"
    ),
    Reason.NOT_EXECUTABLE: re.compile(
        r"failed to start miner: fork/exec (?P<path>\S+): permission denied"
    ),
    Reason.POWER_LIMIT: re.compile(
        r".*should be between (?P<low>\d+)\.\d+ W and (?P<high>\d+)\.\d+ W"
        r" for GPU (?P<bus>[\w:.]+).*"
    ),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason, and what there is to say about it."""

    reason: Reason
    about: Mapping[str, str]


def understand(detail: str) -> Refusal | None:
    """Return what an agent means, where that is known."""
    for reason, pattern in _PATTERNS.items():
        if found := pattern.fullmatch(detail):
            return Refusal(reason, found.groupdict())
    return None
