"""Names that more than one part of the integration uses."""

import logging
from typing import Final

DOMAIN: Final = "braiins_fleet"
LOGGER: Final = logging.getLogger(__package__)

# What the fleet's own entry, of which there is one, is known by.
FLEET: Final = "fleet"

CONF_UID: Final = "uid"

# A GPU rig is a part of the fleet's entry, and known by the hash of its token.
RIG: Final = "rig"
CONF_TOKEN_HASH: Final = "token_hash"  # noqa: S105 - the name of a field

CONF_POLL_INTERVAL: Final = "poll_interval"
DEFAULT_POLL_INTERVAL: Final = 10
MIN_POLL_INTERVAL: Final = 5
MAX_POLL_INTERVAL: Final = 300

CONF_COUNT_UNREACHABLE: Final = "count_unreachable_as_zero"

# The miss of a poll, in a row of so many, that makes a miner unavailable.
CONF_TOLERATED_MISSES: Final = "tolerated_misses"
DEFAULT_TOLERATED_MISSES: Final = 3

# What the event on the bus is called that tells what happened to a miner.
EVENT_HAPPENED: Final = f"{DOMAIN}_event"

# What the event on the bus is called that tells what somebody changed about a miner.
EVENT_CHANGED: Final = f"{DOMAIN}_change"

# What the event on the bus is called that tells how far a job is.
EVENT_JOB: Final = f"{DOMAIN}_job"

# And the one that tells that a job has begun, and what has become of it in the end.
EVENT_JOB_STATE: Final = f"{DOMAIN}_job_state"

# Home Assistant has no units of its own for these.
HASHRATE_UNIT: Final = "TH/s"
EFFICIENCY_UNIT: Final = "J/TH"

# Sent, with the id of the entry behind it, as a miner is given another firmware.
SIGNAL_INSTALLING: Final = f"{DOMAIN}_installing_"

# Sent when there are other images, or when a miner runs another version.
SIGNAL_FIRMWARE: Final = f"{DOMAIN}_firmware"
