"""What a person has to put right about a rig, told for as long as it is so."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .rig_coordinator import RigCoordinator, name_of
from .rig_state import Trouble
from .texts import verbatim

# What costs hashes or readings now is an error; what does not is not.
_SEVERITY: Final[Mapping[Trouble, ir.IssueSeverity]] = {
    Trouble.CARDS_LOST: ir.IssueSeverity.ERROR,
    Trouble.CARDS_UNREADABLE: ir.IssueSeverity.ERROR,
    Trouble.TOKEN_SHARED: ir.IssueSeverity.WARNING,
}


@callback
def keep_rig_issues(coordinator: RigCoordinator) -> None:
    """Raise what a person can put right, and withdraw it when that is done."""
    told: dict[Trouble, Mapping[str, str] | None] = {}

    @callback
    def look() -> None:
        data = coordinator.data
        # What is merely remembered of a rig says nothing about how it is now.
        for trouble in _SEVERITY if data.connected else ():
            words = None
            if trouble in data.troubles:
                lost = trouble is Trouble.CARDS_LOST
                cards = map(name_of, data.lost if lost else data.unreadable)
                words = {"rig": coordinator.name, "cards": verbatim(", ".join(cards))}
            elif trouble not in told and data.cards.keys() - data.gpus.keys():
                # It may turn out to be so still, as it was before a reload.
                continue
            if trouble not in told or told[trouble] != words:
                told[trouble] = words
                _tell(coordinator, trouble, words)

    coordinator.async_add_listener(look)


@callback
def withdraw_rig_issues(hass: HomeAssistant, rig_id: str) -> None:
    """Withdraw whatever was told of a rig that is not here any more."""
    for trouble in _SEVERITY:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(trouble, rig_id))


def _tell(
    coordinator: RigCoordinator, trouble: Trouble, words: Mapping[str, str] | None
) -> None:
    known_as = _issue_id(trouble, coordinator.id)
    if words is None:
        ir.async_delete_issue(coordinator.hass, DOMAIN, known_as)
        return
    ir.async_create_issue(
        coordinator.hass,
        DOMAIN,
        known_as,
        is_fixable=False,
        severity=_SEVERITY[trouble],
        translation_key=trouble,
        translation_placeholders=dict(words),
    )


def _issue_id(trouble: Trouble, rig_id: str) -> str:
    return f"{trouble}_{rig_id}"
