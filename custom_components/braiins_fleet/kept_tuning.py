"""How miners were tuned before a job changed that, kept until it is put back."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import TypedDict, override

from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .asic import (
    BoardSettings,
    HashrateTarget,
    ManualTuning,
    PerformanceMode,
    PowerTarget,
)
from .const import DOMAIN, HASHRATE_UNIT

_VERSION = 1


class _Stored(TypedDict, total=False):
    power: int | None
    hashrate: float | None
    frequency: float | None
    voltage: float | None
    boards: list[tuple[str, float | None, float | None]]
    inactive_power: int | None
    tried: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What a miner aimed at, and the power targets, in W, that it was given since.

    `inactive_power` is the power target that counts once somebody chooses that mode.
    """

    mode: PerformanceMode
    inactive_power: int | None
    tried: tuple[int, ...] = field(default=())

    @override
    def __str__(self) -> str:
        match self.mode:
            case PowerTarget(watts):
                return f"{watts} {UnitOfPower.WATT}"
            case HashrateTarget(rate):
                return f"{rate:g} {HASHRATE_UNIT}"
            case _:
                return "manual"


class KeptTuning:
    """Kept on the disk, so that it survives a crash of Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[dict[str, _Stored]](hass, _VERSION, f"{DOMAIN}.tuning")
        self._content: dict[str, _Stored] = {}

    async def load(self) -> None:
        """Read it, once."""
        self._content = await self._store.async_load() or {}

    def recall(self, entry_id: str) -> Tuning | None:
        """Return what a miner has to be put back to, if it has to."""
        stored = self._content.get(entry_id)
        return None if stored is None else _read(stored)

    async def keep(self, entry_id: str, tuning: Tuning) -> None:
        """Take down what a miner has to be put back to; returns once it is safe."""
        self._content[entry_id] = _write(tuning)
        await self._store.async_save(self._content)

    async def drop(self, entry_id: str) -> None:
        """Forget it: the miner was put back, or is gone."""
        if self._content.pop(entry_id, None) is not None:
            await self._store.async_save(self._content)

    async def drop_all_but(self, entry_ids: Container[str]) -> None:
        """Forget those that are not here any more."""
        for entry_id in tuple(self._content):
            if entry_id not in entry_ids:
                await self.drop(entry_id)


def _write(tuning: Tuning) -> _Stored:
    stored = _Stored(inactive_power=tuning.inactive_power, tried=[*tuning.tried])
    match tuning.mode:
        case PowerTarget(watts):
            stored["power"] = watts
        case HashrateTarget(rate):
            stored["hashrate"] = rate
        case manual:
            stored["frequency"] = manual.frequency
            stored["voltage"] = manual.voltage
            stored["boards"] = [
                (board.id, board.frequency, board.voltage) for board in manual.boards
            ]
    return stored


def _read(stored: _Stored) -> Tuning:
    mode: PerformanceMode
    if "power" in stored:
        mode = PowerTarget(stored["power"])
    elif "hashrate" in stored:
        mode = HashrateTarget(stored["hashrate"])
    else:
        mode = ManualTuning(
            frequency=stored["frequency"],
            voltage=stored["voltage"],
            boards=tuple(
                BoardSettings(id=board, frequency=frequency, voltage=voltage)
                for board, frequency, voltage in stored["boards"]
            ),
        )
    return Tuning(
        mode=mode,
        inactive_power=stored["inactive_power"],
        tried=tuple(stored["tried"]),
    )
