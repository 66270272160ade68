"""Heat: chips warmed by power, cooled by fans, water or oil, with inertia."""

import math
from random import Random

from .boards import Board
from .configuration import CoolingMode, CoolingSettings
from .models import Model

WATER_C = 32.0
_DESIGN_FAN = 0.5
_DESIGN_ROOM_C = 26.0
_DESIGN_RISE_C = 14.0
_CALM_FLOW = 0.1
_INERTIA_S = 40.0
_FAN_RATE = 0.05
_KICK_RATE = 0.2
_FAN_GAIN = 0.02
_SWING_C = 1.0
_DAY_S = 86400.0


def _flow(ratio: float) -> float:
    return _CALM_FLOW + (1 - _CALM_FLOW) * math.pow(ratio, 0.8)


def _ratio(flow: float) -> float:
    if flow <= _CALM_FLOW:
        return 0.0
    return math.pow((flow - _CALM_FLOW) / (1 - _CALM_FLOW), 1.25)


class Fan:
    """One fan; `broken` ones stand still."""

    __slots__ = ("broken", "position", "spread")

    def __init__(self, position: int, random: Random) -> None:
        """Make a fan of slightly its own speed."""
        self.position = position
        self.broken = False
        self.spread = random.uniform(0.98, 1.02)

    def rpm(self, ratio: float, full: float) -> int:
        """Return its speed when driven at `ratio`."""
        if self.broken or ratio <= 0:
            return 0
        return round(full * self.spread * math.pow(ratio, 0.85) / 30) * 30


class Cooling:
    """The temperatures of a machine and its fan control."""

    __slots__ = (
        "_conductance",
        "_phase",
        "_water_conductance",
        "fan_ratio",
        "fans",
        "moving",
        "room_c",
        "watts",
    )

    def __init__(self, model: Model, room_c: float, random: Random) -> None:
        """Build the cooling of a model in a room of `room_c`."""
        self.room_c = room_c
        self.fans = [Fan(position, random) for position in range(model.fans)]
        self.fan_ratio = 0.0
        self.watts = 0.0
        self.moving = True
        """Whether temperatures or fans are still on their way."""
        self._phase = random.uniform(0.0, 2 * math.pi)
        rise = model.target_c.default - _DESIGN_ROOM_C
        watts = model.power.default / len(model.board_ids)
        self._conductance = watts / rise / _flow(_DESIGN_FAN)
        self._water_conductance = watts / _DESIGN_RISE_C

    def surroundings(self, moment: float, settings: CoolingSettings) -> float:
        """Return the temperature of what cools the boards: room air or loop water."""
        swing = _SWING_C * math.sin(2 * math.pi * moment / _DAY_S + self._phase)
        if settings.mode is CoolingMode.HYDRO:
            return WATER_C + (self.room_c - _DESIGN_ROOM_C) + swing
        return self.room_c + swing

    def wanted_ratio(
        self, boards: list[Board], settings: CoolingSettings, around_c: float
    ) -> float:
        """Return the fan speed the automatic control would like."""
        hottest = max((board.chip_c for board in boards), default=around_c)
        watts = max((board.watts for board in boards), default=0.0)
        room_to_cool = settings.target_c - around_c
        needed = watts / self._conductance / room_to_cool if room_to_cool > 1 else 9.0
        ratio = _ratio(needed / max(0.1, self._working_share()))
        ratio += _FAN_GAIN * (hottest - settings.target_c)
        return min(max(ratio, settings.min_fan / 100), settings.max_fan / 100)

    def step(
        self,
        boards: list[Board],
        settings: CoolingSettings,
        seconds: float,
        around_c: float,
        forced_ratio: float | None,
    ) -> None:
        """Let `seconds` pass; `forced_ratio` overrides the automatic control."""
        ratio = (
            self.wanted_ratio(boards, settings, around_c)
            if forced_ratio is None
            else forced_ratio
        )
        reach = (_FAN_RATE if forced_ratio is None else _KICK_RATE) * seconds
        change = min(max(ratio - self.fan_ratio, -reach), reach)
        self.fan_ratio += change
        self.moving = abs(ratio - self.fan_ratio) > 0.005
        conductance = self.conductance(settings)
        for board in boards:
            end = around_c + board.watts / (conductance * board.contact)
            # Still air carries heat away slowly, so what is hot stays hot longer.
            inertia = _INERTIA_S * self._conductance / conductance
            gap = end - board.chip_c
            board.chip_c += gap * (1 - math.exp(-seconds / inertia))
            if abs(gap) > 0.5:
                self.moving = True

    def settle(
        self,
        boards: list[Board],
        settings: CoolingSettings,
        around_c: float,
        forced_ratio: float | None,
    ) -> None:
        """Put everything where it would come to rest."""
        for _ in range(200):
            self.step(boards, settings, 30.0, around_c, forced_ratio)
        self.moving = False

    def conductance(self, settings: CoolingSettings) -> float:
        """Return how many watts a board gives off per degree above its coolant."""
        if settings.mode in (CoolingMode.HYDRO, CoolingMode.IMMERSION):
            return self._water_conductance
        if not self.fans:
            return self._conductance * _CALM_FLOW
        return self._conductance * _flow(self.fan_ratio * self._working_share())

    def outlet_c(self, around_c: float, settings: CoolingSettings) -> float:
        """Return how warm the coolant leaves the machine."""
        if settings.mode in (CoolingMode.HYDRO, CoolingMode.IMMERSION):
            return around_c + self.watts / 900.0
        flow = _flow(self.fan_ratio * self._working_share())
        return around_c + min(45.0, self.watts / (self._conductance * 3 * flow) * 0.45)

    def working_fans(self) -> int:
        """Return how many fans turn when they are told to."""
        return sum(not fan.broken for fan in self.fans)

    def _working_share(self) -> float:
        return self.working_fans() / len(self.fans) if self.fans else 1.0
