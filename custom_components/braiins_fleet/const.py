"""Names that more than one part of the integration uses."""

from typing import Final

DOMAIN: Final = "braiins_fleet"

# What the fleet's own entry, of which there is one, is known by.
FLEET: Final = "fleet"

CONF_UID: Final = "uid"

CONF_POLL_INTERVAL: Final = "poll_interval"
DEFAULT_POLL_INTERVAL: Final = 10
MIN_POLL_INTERVAL: Final = 5
MAX_POLL_INTERVAL: Final = 300

CONF_COUNT_UNREACHABLE: Final = "count_unreachable_as_zero"
