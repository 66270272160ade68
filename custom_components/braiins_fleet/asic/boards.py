"""Hash boards: how they are, how they are set, and switching them."""

from dataclasses import dataclass
from typing import Any

from .connection import Connection
from .stats import WorkStats, read_work
from .units import (
    Bounds,
    SaveAction,
    read_bounds,
    read_celsius,
    read_default,
    read_megahertz,
    read_number,
    read_value,
    read_volts,
)
from .wire import Rpc, rpc

_ENABLE = rpc("MinerService", "EnableHashboards")
_DISABLE = rpc("MinerService", "DisableHashboards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashboard:
    """A board of chips: °C, V, MHz. Its id is a text, whatever it looks like."""

    id: str
    enabled: bool
    model: str | None
    board_name: str | None
    chip_type: str | None
    serial_number: str | None
    chips: int | None
    voltage: float | None
    frequency: float | None
    board_temperature: float | None
    chip_temperature: float | None
    inlet_temperature: float | None
    outlet_temperature: float | None
    water_inlet_temperature: float | None
    water_outlet_temperature: float | None
    work: WorkStats | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """Frequency (MHz) and voltage (V) of one board; `None` follows the global ones.

    `enabled` is read only: boards are switched by `Hashboards`.
    """

    id: str
    frequency: float | None = None
    voltage: float | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardsSettings:
    """How the boards are configured; ramping in seconds."""

    frequency: float | None
    voltage: float | None
    boards: tuple[BoardSettings, ...]
    ramp_up: int | None
    ramp_down: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardsLimits:
    """What the boards can be set to: MHz, V, seconds."""

    ids: tuple[str, ...]
    enabled_by_default: bool | None
    frequency: Bounds | None
    voltage: Bounds | None
    ramping: Bounds | None


def read_hashboards(message: Any) -> tuple[Hashboard, ...]:
    """Read the answer of `GetHashboards`; some miners list none."""
    return tuple(
        Hashboard(
            id=m.id,
            enabled=m.enabled,
            model=read_number(m, "model") or None,
            board_name=read_number(m, "board_name") or None,
            chip_type=read_number(m, "chip_type") or None,
            serial_number=read_number(m, "serial_number") or None,
            chips=read_value(m, "chips_count"),
            voltage=read_volts(m, "current_voltage"),
            frequency=read_megahertz(m, "current_frequency"),
            board_temperature=read_celsius(m, "board_temp"),
            chip_temperature=read_celsius(m.highest_chip_temp, "temperature"),
            inlet_temperature=read_celsius(m, "lowest_inlet_temp"),
            outlet_temperature=read_celsius(m, "highest_outlet_temp"),
            water_inlet_temperature=read_celsius(m, "lowest_water_inlet_temp"),
            water_outlet_temperature=read_celsius(m, "highest_water_outlet_temp"),
            work=read_work(m, "stats"),
        )
        for m in message.hashboards
    )


def read_boards_settings(m: Any) -> BoardsSettings:
    """Read a `HashboardPerformanceConfiguration`."""
    return BoardsSettings(
        frequency=read_megahertz(m, "global_frequency"),
        voltage=read_volts(m, "global_voltage"),
        boards=tuple(
            BoardSettings(
                id=board.id,
                frequency=read_megahertz(board, "frequency"),
                voltage=read_volts(board, "voltage"),
                enabled=read_number(board, "enabled"),
            )
            for board in m.hashboards
        ),
        ramp_up=read_number(m, "quick_ramping_time_up_s"),
        ramp_down=read_number(m, "quick_ramping_time_down_s"),
    )


def read_boards_limits(m: Any) -> BoardsLimits:
    """Read a `HashboardConstraints`."""
    return BoardsLimits(
        ids=tuple(m.hashboard_ids),
        enabled_by_default=read_default(m, "enabled"),
        frequency=read_bounds(m, "frequency"),
        voltage=read_bounds(m, "voltage"),
        ramping=read_bounds(m, "quick_ramping_time_s"),
    )


class Hashboards:
    """Switching boards on and off. Mining may restart to get there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def enable(
        self, *ids: str, save: SaveAction = SaveAction.APPLY
    ) -> dict[str, bool]:
        """Enable boards; returns which boards are enabled now."""
        return await self._switch(_ENABLE, ids, save)

    async def disable(
        self, *ids: str, save: SaveAction = SaveAction.APPLY
    ) -> dict[str, bool]:
        """Disable boards; returns which boards are enabled now."""
        return await self._switch(_DISABLE, ids, save)

    async def _switch(
        self, method: Rpc, ids: tuple[str, ...], save: SaveAction
    ) -> dict[str, bool]:
        answer = await self._connection.command(
            method, save_action=save.number, hashboard_ids=ids
        )
        return {board.id: board.is_enabled for board in answer.hashboards}
