"""What each rig is to do, as its agent keeps nothing of that."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

_VERSION = 1
_DELAY = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The flight sheet and the profile of a rig, by the ids of their subentries.

    `cards` are settings of single cards, by their keys, that count more than those of
    the profile. `numbers` are those that the cards had when the profile was chosen, and
    `sent` is what they were told last, and took.
    """

    flight_sheet: str | None = None
    overclock: str | None = None
    cards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class _Stored(TypedDict):
    flight_sheet: str | None
    overclock: str | None
    cards: dict[str, dict[str, int]]
    numbers: dict[str, int]
    sent: dict[str, dict[str, int]]


class RigAssignments:
    """Kept in one file for all rigs."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[dict[str, _Stored]](
            hass, _VERSION, f"{DOMAIN}.rig_assignments"
        )
        self._content: dict[str, _Stored] = {}
        self._listeners: dict[str, list[CALLBACK_TYPE]] = {}

    async def load(self) -> None:
        """Read it, once."""
        self._content = await self._store.async_load() or {}

    @callback
    def of(self, rig_id: str) -> Assignment:
        """Return what was assigned to a rig."""
        stored = self._content.get(rig_id)
        return Assignment() if stored is None else Assignment(**stored)

    @callback
    def assign(self, rig_id: str, assignment: Assignment) -> None:
        """Take down what a rig is to do from now on."""
        if assignment == self.of(rig_id):
            return
        self._content[rig_id] = {
            "flight_sheet": assignment.flight_sheet,
            "overclock": assignment.overclock,
            "cards": {key: dict(each) for key, each in assignment.cards.items()},
            "numbers": dict(assignment.numbers),
            "sent": {key: dict(each) for key, each in assignment.sent.items()},
        }
        self._save()
        self._tell(rig_id)

    @callback
    def tell_all(self) -> None:
        """Call back for all rigs, as what can be assigned to them has changed."""
        for rig_id in tuple(self._listeners):
            self._tell(rig_id)

    def _tell(self, rig_id: str) -> None:
        for listener in tuple(self._listeners.get(rig_id, ())):
            listener()

    @callback
    def listen(self, rig_id: str, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back when something else is assigned to a rig, or can be.

        Returns what ends it.
        """
        listeners = self._listeners.setdefault(rig_id, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def forget_all_but(self, rig_ids: Container[str]) -> None:
        """Forget the rigs that are not here any more."""
        gone = [rig_id for rig_id in self._content if rig_id not in rig_ids]
        for rig_id in gone:
            del self._content[rig_id]
        if gone:
            self._save()

    def _save(self) -> None:
        self._store.async_delay_save(lambda: self._content, _DELAY)
