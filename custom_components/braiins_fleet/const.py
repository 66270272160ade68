"""Names that more than one part of the integration uses."""

from typing import Final

DOMAIN: Final = "braiins_fleet"

CONF_UID: Final = "uid"
