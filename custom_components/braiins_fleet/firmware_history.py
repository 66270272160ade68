"""Which versions of Braiins OS each miner has had."""

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .asic import Details, Platform
from .const import DOMAIN, SIGNAL_FIRMWARE
from .firmware_names import order_of

if TYPE_CHECKING:
    from .coordinator import MinerCoordinator

_VERSION = 1
_DELAY = 10.0
# Years of releases.
_KEPT = 50


class Ran(TypedDict):
    """A version that a miner was seen to run, first at this time."""

    version: str
    build: str | None
    since: str


class _Miner(TypedDict):
    platform: str
    versions: list[Ran]


class FirmwareHistory:
    """Kept in one file for all miners; the newest version comes first."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store = Store[dict[str, _Miner]](
            hass, _VERSION, f"{DOMAIN}.firmware_history", serialize_in_event_loop=False
        )
        self._miners: dict[str, _Miner] = {}

    async def load(self) -> None:
        """Read it, once."""
        self._miners = await self._store.async_load() or self._miners

    @callback
    def follow(self, coordinator: MinerCoordinator) -> None:
        """Take down each version that a miner is seen to run."""
        entry = coordinator.config_entry

        @callback
        def review() -> None:
            details = coordinator.data.snapshot.details
            if details is not None:
                self.note(entry.entry_id, details)

        entry.async_on_unload(coordinator.async_on_review(review))
        if coordinator.last_update_success:
            review()

    @callback
    def note(self, entry_id: str, details: Details) -> None:
        """Take down what a miner runs, if that is news."""
        if details.release is None:
            return
        known = self._miners.get(entry_id)
        versions = known["versions"] if known else []
        if versions and versions[0]["build"] == details.firmware:
            return
        ran: Ran = {
            "version": details.release,
            "build": details.firmware,
            "since": dt_util.utcnow().isoformat(timespec="seconds"),
        }
        self._miners[entry_id] = {
            "platform": details.platform.value,
            "versions": [ran, *versions][:_KEPT],
        }
        self._save()
        async_dispatcher_send(self._hass, SIGNAL_FIRMWARE)

    def of(self, entry_id: str) -> list[Ran]:
        """Return what a miner has run."""
        known = self._miners.get(entry_id)
        return list(known["versions"]) if known else []

    def previous(self, entry_id: str, now: str | None) -> str | None:
        """Return what a miner ran before it got the version that it runs now."""
        others = (ran["version"] for ran in self.of(entry_id))
        return next((version for version in others if version != now), None)

    def elsewhere(self, entry_id: str, platform: Platform) -> Iterator[tuple[str, str]]:
        """Yield what other miners of a platform run, and which these are."""
        for other, miner in self._miners.items():
            same = miner["platform"] == platform.value != Platform.UNKNOWN
            if same and other != entry_id:
                yield miner["versions"][0]["version"], other

    def newest_elsewhere(
        self, entry_id: str, platform: Platform
    ) -> tuple[str, str] | None:
        """Return the newest version on another miner, and which that is."""
        return max(
            self.elsewhere(entry_id, platform),
            key=lambda it: order_of(it[0]),
            default=None,
        )

    @callback
    def forget(self, entry_id: str) -> None:
        """Forget a miner that was removed."""
        if self._miners.pop(entry_id, None) is not None:
            self._save()
            async_dispatcher_send(self._hass, SIGNAL_FIRMWARE)

    @callback
    def forget_all_but(self, entry_ids: Container[str]) -> None:
        """Forget those that are not here any more."""
        for entry_id in tuple(self._miners):
            if entry_id not in entry_ids:
                self.forget(entry_id)

    def _save(self) -> None:
        # In a thread of its own, so from a copy that nobody changes meanwhile.
        self._store.async_delay_save(lambda: dict(self._miners), _DELAY)
