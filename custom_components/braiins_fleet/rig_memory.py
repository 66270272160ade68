"""What is remembered of rigs: cards, software, and which tokens were ever theirs."""

from collections.abc import Container, Iterable
from typing import NotRequired, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .rig import Card, Vendor

_VERSION = 1
_DELAY = 10.0
_MOST_TOKENS = 1000


class _Remembered(TypedDict):
    key: str
    name: str
    vendor: str
    bus_id: str | None


class KnownSoftware(TypedDict):
    """Mining software of a rig, and the version that it told last.

    While a new one `waits`, what runs is the former. One that `is_gone` was
    uninstalled, and runs until it is stopped.
    """

    version: str | None
    waits: bool
    is_gone: bool


class _Content(TypedDict):
    cards: dict[str, list[_Remembered]]
    issued: list[str]
    # Files of earlier versions do not have it.
    software: NotRequired[dict[str, dict[str, KnownSoftware]]]


class RigMemory:
    """Kept in one file for all rigs."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[_Content](hass, _VERSION, f"{DOMAIN}.rigs")
        self._content: _Content = {"cards": {}, "issued": []}

    async def load(self) -> None:
        """Read it, once."""
        self._content = await self._store.async_load() or self._content

    @callback
    def knows(self, rig_id: str) -> bool:
        """Tell whether a rig was ever connected."""
        return rig_id in self._content["cards"]

    @callback
    def cards(self, rig_id: str) -> list[Card]:
        """Return the cards that a rig had when it was last heard."""
        return [
            Card(
                key=card["key"],
                name=card["name"],
                vendor=Vendor(card["vendor"]),
                bus_id=card["bus_id"],
            )
            for card in self._content["cards"].get(rig_id, ())
        ]

    @callback
    def remember(self, rig_id: str, cards: Iterable[Card]) -> None:
        """Take down which cards a rig has."""
        self._content["cards"][rig_id] = [
            {
                "key": card.key,
                "name": card.name,
                "vendor": card.vendor.value,
                "bus_id": card.bus_id,
            }
            for card in cards
        ]
        self._save()

    @callback
    def software(self, rig_id: str) -> dict[str, KnownSoftware]:
        """Return the mining software that a rig was known to have."""
        return dict(self._content.get("software", {}).get(rig_id, {}))

    @callback
    def remember_software(
        self, rig_id: str, software: dict[str, KnownSoftware]
    ) -> None:
        """Take down which mining software a rig has."""
        self._content.setdefault("software", {})[rig_id] = software
        self._save()

    @callback
    def forget_all_but(self, rig_ids: Container[str]) -> None:
        """Forget the rigs that are not here any more."""
        for kept in (self._content["cards"], self._content.get("software", {})):
            for rig_id in tuple(kept):
                if rig_id not in rig_ids:
                    kept.pop(rig_id)
                    self._save()

    @callback
    def note_issued(self, digest: str) -> None:
        """Remember that a token was given to a person, be it in use or not."""
        self._content["issued"] = [*self._content["issued"], digest][-_MOST_TOKENS:]
        self._save()

    @callback
    def was_issued(self, digest: str) -> bool:
        """Tell whether a token was ever one of ours."""
        return digest in self._content["issued"]

    def _save(self) -> None:
        self._store.async_delay_save(lambda: self._content, _DELAY)
