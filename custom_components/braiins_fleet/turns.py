"""How the devices of an action take turns."""

from typing import Final

import voluptuous as vol

ATTR_STAGGER: Final = "stagger"

# Of as many devices as that is something wanted at a time.
AT_ONCE: Final = 25
# Enough for a hall of miners to come up one after the other.
_LONGEST_STAGGER: Final = 600

STAGGER: Final = {
    vol.Optional(ATTR_STAGGER, default=0): vol.All(
        vol.Coerce(float), vol.Range(min=0, max=_LONGEST_STAGGER)
    )
}
