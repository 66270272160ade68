"""Fixed frequency and voltage instead of the tuner, for those who know what they do."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.const import UnitOfElectricPotential, UnitOfFrequency
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import BoardSettings, ManualTuning, Miner
from .changes import ChangeAction, Fields, invalid, within
from .control import Change
from .coordinator import MinerCoordinator
from .settings_changes import known_boards
from .state import MinerState

ATTR_BOARD: Final = "board"
ATTR_BOARDS: Final = "boards"
ATTR_FREQUENCY: Final = "frequency"
ATTR_VOLTAGE: Final = "voltage"

_UNITS: Mapping[str, str] = {
    ATTR_FREQUENCY: UnitOfFrequency.MEGAHERTZ,
    ATTR_VOLTAGE: UnitOfElectricPotential.VOLT,
}
_DIGITS = 2


def _plan(coordinator: MinerCoordinator, fields: Fields) -> Change:
    """Refuse what the miner does not allow before anything is sent."""
    known = known_boards(coordinator)
    wanted = _allowed(coordinator, fields)
    boards: dict[str, dict[str, float]] | None = None
    if ATTR_BOARDS in fields:
        boards = {}
        for board in fields[ATTR_BOARDS]:
            if board[ATTR_BOARD] not in known:
                raise invalid(
                    "no_such_board",
                    coordinator,
                    board=board[ATTR_BOARD],
                    boards=", ".join(known) or "-",
                )
            boards[board[ATTR_BOARD]] = _allowed(coordinator, board)

    async def command(miner: Miner) -> None:
        own = boards
        if own is None:
            # The miner would have them follow the others if they were left out.
            own = _own_settings(await _boards(miner))
        await miner.tuning.set_mode(
            ManualTuning(
                frequency=wanted.get(ATTR_FREQUENCY),
                voltage=wanted.get(ATTR_VOLTAGE),
                boards=tuple(
                    BoardSettings(
                        id=board,
                        frequency=settings.get(ATTR_FREQUENCY),
                        voltage=settings.get(ATTR_VOLTAGE),
                    )
                    for board, settings in own.items()
                ),
            )
        )

    def done(state: MinerState) -> bool:
        now = _value(state)
        return now is not None and now == now | wanted | (
            {} if boards is None else {ATTR_BOARDS: boards}
        )

    return Change(
        what="set_manual_tuning", command=command, value=_value, done=done, again=True
    )


def _allowed(coordinator: MinerCoordinator, fields: Fields) -> dict[str, float]:
    """Return what goes over the wire, if the miner allows it."""
    limits = coordinator.data.snapshot.limits
    boards = limits.boards if limits else None
    return {
        name: within(
            coordinator,
            fields[name],
            getattr(boards, name) if boards else None,
            unit=unit,
            digits=_DIGITS,
        )
        for name, unit in _UNITS.items()
        if name in fields
    }


async def _boards(miner: Miner) -> Sequence[BoardSettings]:
    boards = (await miner.configuration()).boards
    return boards.boards if boards else ()


def _own_settings(boards: Sequence[BoardSettings]) -> dict[str, dict[str, float]]:
    """Return what is set for single boards, apart from the others."""
    own = {board.id: _given(board) for board in boards}
    return {board: settings for board, settings in own.items() if settings}


def _given(settings: Any) -> dict[str, float]:
    found = {name: getattr(settings, name) for name in _UNITS}
    return {k: round(v, _DIGITS) for k, v in found.items() if v is not None}


def _value(state: MinerState) -> dict[str, Any] | None:
    """Return what is set by hand, as long as that is what counts."""
    configuration = state.snapshot.configuration
    if configuration is None or configuration.boards is None:
        return None
    if configuration.tuner is None or configuration.tuner.enabled is not False:
        return None
    boards = configuration.boards
    return {**_given(boards), ATTR_BOARDS: _own_settings(boards.boards)}


def _no_board_twice(boards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len({board[ATTR_BOARD] for board in boards}) < len(boards):
        raise vol.Invalid("a board is given twice")
    return boards


# What a miner allows is another matter; this is only to be a number at all.
_FIGURES = {
    vol.Optional(name): vol.All(vol.Coerce(float), vol.Range(min=0, max=100_000))
    for name in _UNITS
}
_BOARD = vol.All(
    vol.Schema({vol.Required(ATTR_BOARD): cv.string, **_FIGURES}),
    cv.has_at_least_one_key(*_UNITS),
)

MANUAL_TUNING: ChangeAction = ChangeAction(
    name="set_manual_tuning",
    plan=_plan,
    fields={
        **_FIGURES,
        vol.Optional(ATTR_BOARDS): vol.All(cv.ensure_list, [_BOARD], _no_board_twice),
    },
    some_of=(*_UNITS, ATTR_BOARDS),
    admin=True,
)
