"""The save action that comes with every change."""

from typing import Any

from simulator.configuration import Save
from simulator.refusals import InvalidValue

_SAVES = {1: Save.ONLY, 2: Save.APPLY, 3: Save.FORCE}


def save_of(request: Any) -> Save:
    """Return what a request wants done with its change."""
    save = _SAVES.get(request.save_action)
    if save is None:
        raise InvalidValue(
            "save_action must be SAVE, SAVE_AND_APPLY or SAVE_AND_FORCE_APPLY"
        )
    return save
