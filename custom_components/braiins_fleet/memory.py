"""What is remembered of each miner, so that one that is off still has its entities."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Container
from typing import Any, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .asic import ApiVersion, Reading, Snapshot, recall
from .const import DOMAIN
from .state import MinerState

_VERSION = 1
_DELAY = 10.0


class _Remembered(TypedDict):
    api: list[Any]
    answers: dict[str, str]


class _Content(TypedDict):
    fleet_was_made: bool
    miners: dict[str, _Remembered]


class Memory:
    """Kept in one file for all miners: what they answered, as it came."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[_Content](
            hass, _VERSION, f"{DOMAIN}.miners", serialize_in_event_loop=False
        )
        self._content: _Content = {"fleet_was_made": False, "miners": {}}
        self._likenesses: dict[str, object] = {}

    async def load(self) -> None:
        """Read it, once."""
        self._content = await self._store.async_load() or self._content

    @property
    def fleet_was_made(self) -> bool:
        """Whether there is, or was, an entry for the fleet."""
        return self._content["fleet_was_made"]

    @callback
    def note_fleet(self) -> None:
        """Remember for good that the fleet had its entry."""
        if not self.fleet_was_made:
            self._content["fleet_was_made"] = True
            self._save()

    @callback
    def recall(self, entry_id: str) -> tuple[Snapshot, ApiVersion] | None:
        """Return what a miner was like when it was last seen."""
        remembered = self._content["miners"].get(entry_id)
        if remembered is None:
            return None
        known = {reading.value: reading for reading in Reading}
        try:
            answers = {
                known[name]: b64decode(answer)
                for name, answer in remembered["answers"].items()
                if name in known
            }
            return recall(answers), ApiVersion(*remembered["api"])
        except NotBase64, TypeError:
            return None

    @callback
    def remember(self, entry_id: str, state: MinerState) -> None:
        """Take down what a miner is like, where that has changed.

        What it does not say now is kept.
        """
        likeness = _likeness(state)
        if likeness == self._likenesses.get(entry_id):
            return
        self._likenesses[entry_id] = likeness
        known, api = self._content["miners"].get(entry_id), state.api
        told = {
            reading.value: b64encode(answer).decode()
            for reading, answer in state.snapshot.raw.items()
        }
        self._content["miners"][entry_id] = {
            "api": [api.major, api.minor, api.patch, api.prerelease],
            "answers": (known["answers"] if known else {}) | told,
        }
        self._save()

    @callback
    def forget(self, entry_id: str) -> None:
        """Forget a miner that was removed."""
        self._likenesses.pop(entry_id, None)
        if self._content["miners"].pop(entry_id, None) is not None:
            self._save()

    @callback
    def forget_all_but(self, entry_ids: Container[str]) -> None:
        """Forget those that are not here any more."""
        for entry_id in tuple(self._content["miners"]):
            if entry_id not in entry_ids:
                self.forget(entry_id)

    def _save(self) -> None:
        # In a thread of its own, so from a copy that nobody changes meanwhile.
        self._store.async_delay_save(self._copy, _DELAY)

    def _copy(self) -> _Content:
        return {**self._content, "miners": dict(self._content["miners"])}


def _likeness(state: MinerState) -> object:
    """Return what of a miner is worth to be written down anew once it changes."""
    details, raw = state.snapshot.details, state.snapshot.raw
    return (
        details and (details.model, details.mac, details.firmware),
        tuple(state.boards),
        tuple(state.fans),
        tuple((key, pool.url) for key, pool in state.pools.items()),
        *(raw.get(reading) for reading in (Reading.CONFIGURATION, Reading.LIMITS)),
    )
