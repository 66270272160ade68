"""How long things take on a machine, and how its firmware is peculiar."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things take, in simulated seconds."""

    start_s: float = 20.0
    kick_s: float = 10.0
    tuning_s: float = 1800.0
    reconfigure_s: float = 2.0
    reboot_s: float = 90.0
    upgrade_s: float = 180.0
    move_s: float = 1.0


@dataclass(slots=True, kw_only=True)
class Quirks:
    """Ways in which some firmware differs; may be changed at any time."""

    increments_ramp: bool = True
    """Whether Increment… and Decrement… do more than report a new target."""
    upgrade_fails: bool = False
    """Whether an upgrade ends with the old version."""
    lists_groups: bool = True
    """Whether GetMinerConfiguration lists the pool groups."""
    answers_moves: bool = True
    """Whether SetNetworkConfiguration answers before it moves."""
    clock_unset: bool = False
    """Whether the real-time clock is lost, so that it is always early 2015."""
