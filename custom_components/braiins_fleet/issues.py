"""What a person has to put right about a miner, told for as long as it is so."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .asic import ApiVersion, LicenseState, MinerStatus
from .const import DOMAIN
from .coordinator import MinerCoordinator
from .entity import part_id
from .identity import identity, who_is
from .state import BOARD, MinerState

DATA_ENTRY_ID: Final = "entry_id"
DATA_OTHER: Final = "other"

# A miner that starts lists its boards one after the other, and some of them late.
_BOARD_MISSING_AFTER = 600.0


class Matter(StrEnum):
    """What an issue is about: the key of its texts, and the beginning of its id."""

    ANOTHER_MINER = "another_miner"
    BOARD_MISSING = "board_missing"
    CLOCK_UNSET = "clock_unset"
    FAILING = "failing"
    FIRMWARE_TOO_OLD = "firmware_too_old"
    LICENSE_EXPIRED = "license_expired"
    LICENSE_LIMITED = "license_limited"
    STOCK_FIRMWARE = "stock_firmware"


FIXABLE: Final = (Matter.ANOTHER_MINER, Matter.BOARD_MISSING)

# What costs hashes or readings now is an error; what is merely not shown is not.
_SEVERITY: Mapping[Matter, ir.IssueSeverity] = {
    Matter.ANOTHER_MINER: ir.IssueSeverity.ERROR,
    Matter.BOARD_MISSING: ir.IssueSeverity.ERROR,
    Matter.CLOCK_UNSET: ir.IssueSeverity.WARNING,
    Matter.FAILING: ir.IssueSeverity.ERROR,
    Matter.FIRMWARE_TOO_OLD: ir.IssueSeverity.WARNING,
    Matter.LICENSE_EXPIRED: ir.IssueSeverity.ERROR,
    Matter.LICENSE_LIMITED: ir.IssueSeverity.ERROR,
    Matter.STOCK_FIRMWARE: ir.IssueSeverity.WARNING,
}

# A miner that has none yet is one that has just started: that is no fault of anybody,
# and if it finds none in time it is limited.
_LICENSES: Mapping[Matter, LicenseState] = {
    Matter.LICENSE_EXPIRED: LicenseState.EXPIRED,
    Matter.LICENSE_LIMITED: LicenseState.LIMITED,
}


@dataclass(frozen=True, slots=True)
class _Release:
    """A release of Braiins OS, and the ends of the ids of entities that need it."""

    name: str
    api: ApiVersion
    entities: tuple[str, ...]


_RELEASES = (
    _Release(
        "24.04",
        ApiVersion(1, 1),
        ("_ip_address", "_network_protocol", "_last_share"),
    ),
    _Release("24.06", ApiVersion(1, 2), ("_errors", "_problem")),
    _Release(
        "25.03",
        ApiVersion(1, 5),
        ("_board_inlet_temperature", "_board_outlet_temperature"),
    ),
    _Release("25.11", ApiVersion(1, 8), ("_next_auto_upgrade", "_last_auto_upgrade")),
    _Release(
        "26.05",
        ApiVersion(1, 11),
        ("_board_water_inlet_temperature", "_board_water_outlet_temperature"),
    ),
)


def issue_id(matter: Matter, entry_id: str) -> str:
    """Return what the issue of a miner is known by."""
    return f"{matter}_{entry_id}"


@callback
def withdraw_with_entries(hass: HomeAssistant) -> None:
    """Withdraw the issues of every miner that is removed or disabled from now on.

    A reload withdraws nothing: an issue that somebody chose to ignore would be back.
    """

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        gone = change is ConfigEntryChange.REMOVED or entry.disabled_by is not None
        if gone and entry.domain == DOMAIN:
            for matter in Matter:
                ir.async_delete_issue(hass, DOMAIN, issue_id(matter, entry.entry_id))

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


@callback
def keep_issues(coordinator: MinerCoordinator) -> None:
    """Raise what a person can put right, and withdraw it when that is done."""
    boards = _Boards(coordinator)

    @callback
    def trouble() -> None:
        tell_of_another(coordinator)
        host = coordinator.config_entry.data[CONF_HOST]
        failing = {"host": host} if coordinator.is_failing else None
        _tell(coordinator, Matter.FAILING, failing)

    @callback
    def review() -> None:
        state = coordinator.data
        _tell(coordinator, Matter.CLOCK_UNSET, {} if _clock_is_unset(state) else None)
        for matter, wrong in _LICENSES.items():
            found = state.snapshot.license
            bad = found is not None and found.state is wrong
            _tell(coordinator, matter, {} if bad else None)
        _tell(coordinator, Matter.FIRMWARE_TOO_OLD, _what_is_too_old(coordinator))
        _tell(coordinator, Matter.STOCK_FIRMWARE, None)
        boards.review()

    entry = coordinator.config_entry
    entry.async_on_unload(coordinator.async_on_trouble(trouble))
    entry.async_on_unload(coordinator.async_on_review(review))
    # What is merely remembered of a miner says nothing about how it is now.
    if coordinator.last_update_success:
        trouble()
        review()
    elif coordinator.another is not None:
        trouble()


@callback
def tell_of_another(coordinator: MinerCoordinator) -> None:
    """Tell who answers in the miner's place, or no more; also where set-up fails."""
    other = coordinator.another
    if other is None:
        _tell(coordinator, Matter.ANOTHER_MINER, None)
        return
    _tell(
        coordinator,
        Matter.ANOTHER_MINER,
        {
            "host": coordinator.config_entry.data[CONF_HOST],
            "known_as": coordinator.identity,
            "other": who_is(coordinator.hass, other),
        },
        **{DATA_OTHER: identity(other)},
    )


@callback
def tell_of_stock_firmware(coordinator: MinerCoordinator) -> None:
    """Tell that the miner went back to the firmware of its manufacturer."""
    _tell(coordinator, Matter.STOCK_FIRMWARE, {})


def _missing_boards(coordinator: MinerCoordinator) -> dict[str, list[er.RegistryEntry]]:
    """Return the entities of boards that used to be there, by the boards' ids."""
    gone: dict[str, list[er.RegistryEntry]] = {}
    prefix = part_id(coordinator, BOARD)
    present = tuple(part_id(coordinator, BOARD, key) for key in coordinator.data.boards)
    for entity in _entities(coordinator):
        known_as = entity.unique_id
        if known_as.startswith(prefix) and not known_as.startswith(present):
            board, _, _ = known_as.removeprefix(prefix).partition("_")
            gone.setdefault(board, []).append(entity)
    return gone


def tells_its_boards(state: MinerState) -> bool:
    """Tell whether a board that is not listed is not there.

    A miner that lists none because it is stopped has not lost them.
    """
    if state.snapshot.hashboards is None:
        return False
    return bool(state.boards) or state.status is MinerStatus.NORMAL


@callback
def forget_missing_boards(coordinator: MinerCoordinator) -> None:
    """Delete the entities of boards that are not there any more."""
    registry = er.async_get(coordinator.hass)
    for entities in _missing_boards(coordinator).values():
        for entity in entities:
            # Should the board come back, they are made again.
            coordinator.entities.discard((entity.domain, entity.unique_id))
            registry.async_remove(entity.entity_id)


def _tell(
    coordinator: MinerCoordinator,
    matter: Matter,
    words: Mapping[str, str] | None,
    **data: str | None,
) -> None:
    """Raise an issue, with the words for its text, or withdraw it without any."""
    entry = coordinator.config_entry
    known_as = issue_id(matter, entry.entry_id)
    if words is None:
        ir.async_delete_issue(coordinator.hass, DOMAIN, known_as)
        return
    ir.async_create_issue(
        coordinator.hass,
        DOMAIN,
        known_as,
        data={DATA_ENTRY_ID: entry.entry_id, **data},
        is_fixable=matter in FIXABLE,
        # One that is gone for good cannot be seen to be so after a restart.
        is_persistent=matter is Matter.STOCK_FIRMWARE,
        severity=_SEVERITY[matter],
        translation_key=matter,
        translation_placeholders={"miner": entry.title, **words},
    )


def _clock_is_unset(state: MinerState) -> bool:
    """Tell whether the clock is not set now: an error may be older than that."""
    stats = state.snapshot.stats
    shares = stats.pools if stats else None
    if shares is None or not shares.accepted_shares or shares.last_share_at:
        return False
    return any(not error.clock_was_set for error in state.snapshot.errors or ())


def _what_is_too_old(coordinator: MinerCoordinator) -> dict[str, str] | None:
    """Return which entities, of those that are enabled, need a newer Braiins OS."""
    state = coordinator.data
    newer = [release for release in _RELEASES if state.api < release.api]
    needed: set[_Release] = set()
    names: list[str] = []
    for entity in _entities(coordinator) if newer else ():
        for release in newer:
            if not entity.disabled and entity.unique_id.endswith(release.entities):
                needed.add(release)
                names.append(entity.name or entity.original_name or entity.entity_id)
    if not needed:
        return None
    details = state.snapshot.details
    firmware = details and (details.release or details.firmware)
    return {
        "entities": ", ".join(sorted(names)),
        "firmware": firmware or f"(API {state.api})",
        "release": max(needed, key=lambda release: release.api).name,
    }


def _entities(coordinator: MinerCoordinator) -> list[er.RegistryEntry]:
    registry = er.async_get(coordinator.hass)
    return er.async_entries_for_config_entry(
        registry, coordinator.config_entry.entry_id
    )


class _Boards:
    """Waits before it believes that a board is gone."""

    def __init__(self, coordinator: MinerCoordinator) -> None:
        self._coordinator = coordinator
        self._listed: set[str] | None = None
        self._complete = False
        # The boards that are missing, and since when while the miner was mining.
        self._since: dict[str, float] = {}

    def review(self) -> None:
        coordinator, state = self._coordinator, self._coordinator.data
        listed = set(state.boards)
        # A look into the registry is not free, and boards change rarely.
        if not tells_its_boards(state) or (self._complete and listed == self._listed):
            self._since.clear()
            return
        self._listed = listed
        missing = _missing_boards(coordinator)
        self._complete = not missing
        if self._complete:
            _tell(coordinator, Matter.BOARD_MISSING, None)
        if state.status is not MinerStatus.NORMAL:
            self._since.clear()
            return
        now = coordinator.hass.loop.time()
        self._since = {board: self._since.get(board, now) for board in missing}
        gone = [
            board
            for board, since in self._since.items()
            if now - since >= _BOARD_MISSING_AFTER
        ]
        if gone:
            words = {"boards": ", ".join(sorted(gone))}
            _tell(coordinator, Matter.BOARD_MISSING, words)
