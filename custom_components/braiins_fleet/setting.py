"""What entities that set something have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, override

from homeassistant.exceptions import ServiceValidationError

from .asic import (
    Configuration,
    CoolingKind,
    CoolingMode,
    FanPauseMode,
    FanPauseRuntime,
    Faulty,
    Miner,
    PausedFans,
    Ramping,
    Reading,
    Unsupported,
)
from .const import DOMAIN
from .control import Change
from .coordinator import MinerCoordinator
from .entity import Description, MinerEntity, MinerEntityDescription
from .state import MinerState

AUTOMATIC: Final = "automatic"


@dataclass(frozen=True, kw_only=True)
class SettingDescription(MinerEntityDescription):
    """Something that can be set, where `value` tells what it is set to.

    `reads` are readings that it changes beyond the configuration. What takes its time
    to show, and does no harm when it is asked for twice, may be done `again`.
    """

    write: Callable[[Miner, Any], Awaitable[object]]
    reads: tuple[Reading, ...] = ()
    again: bool = False


class SettingEntity[D: Description](MinerEntity[D]):
    """An entity that is of no use while nobody knows what it is set to."""

    @property
    @override
    def available(self) -> bool:
        return self._attr_available and self._seen is not None

    async def _set(
        self,
        wanted: object,
        write: Callable[[Miner, Any], Awaitable[object]],
        is_set_to: Callable[[MinerState], object],
        *,
        reads: tuple[Reading, ...] = (),
        again: bool = False,
        halts: bool = False,
    ) -> None:
        """Set it, and return when the miner says what it is set to now."""
        change = Change(
            what=self.entity_id,
            command=lambda miner: write(miner, wanted),
            value=is_set_to,
            done=lambda state: is_set_to(state) == wanted,
            reads=reads,
            again=again,
            aim=wanted,
            halts=halts,
        )
        await self.coordinator.control.set(change, self._context)


def configured[T](
    read: Callable[[Configuration], T | None],
) -> Callable[[MinerState], T | None]:
    """Read from the configuration, where that is known."""

    def find(state: MinerState) -> T | None:
        configuration = state.snapshot.configuration
        return None if configuration is None else read(configuration)

    return find


async def change_cooling(miner: Miner, **changes: Any) -> None:
    """Change something about the cooling, and leave the rest as it is right now."""
    await miner.cooling.set_mode(replace(await cooling_now(miner), **changes))


async def cooling_now(miner: Miner) -> CoolingMode:
    """Return how the miner is set to be cooled right now."""
    now = (await miner.configuration()).cooling
    if now is None:
        # It has told before, so it is only for a moment.
        raise Faulty
    return now


async def choose_cooling(miner: Miner, wanted: str) -> None:
    """Have the miner cooled in another way, also the firmware before API 1.4."""
    kind = CoolingKind(wanted)
    try:
        await change_cooling(miner, kind=kind)
    except Unsupported:
        await miner.cooling.set_immersion(on=kind is CoolingKind.IMMERSION)


async def paused_fans(
    miner: Miner, wanted: str, speed: float | None = None
) -> PausedFans:
    """Return what fans do while paused; without a speed they keep theirs."""
    if wanted == AUTOMATIC:
        return PausedFans(mode=FanPauseMode.AUTO)
    return PausedFans(
        mode=FanPauseMode.MANUAL,
        speed=await _speed_while_paused(miner) if speed is None else speed,
        runtime=FanPauseRuntime(wanted),
    )


async def _speed_while_paused(miner: Miner) -> float | None:
    """Return the speed that is set, or the default: without any, fans stand still."""
    cooling = (await miner.configuration()).cooling
    if cooling and cooling.paused and cooling.paused.speed is not None:
        return cooling.paused.speed
    limits = (await miner.limits()).cooling
    bounds = limits.paused_fan_speed if limits else None
    return bounds.default if bounds else None


def lowest_fan_speed(coordinator: MinerCoordinator) -> int:
    """Return the lowest speed that fans may be set to, in %."""
    limits = coordinator.data.snapshot.limits
    bounds = limits.cooling.fan_speed if limits and limits.cooling else None
    return round(bounds.minimum) if bounds and bounds.minimum else 1


def fans_stay_on(coordinator: MinerCoordinator) -> ServiceValidationError:
    """Say that fans cannot be turned off."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="fans_stay_on",
        translation_placeholders={
            "miner": coordinator.config_entry.title,
            "lowest": str(lowest_fan_speed(coordinator)),
        },
    )


async def change_ramping(miner: Miner, **changes: int) -> None:
    """Change how quickly the miner resumes or pauses, and leave the other as it is."""
    boards = (await miner.configuration()).boards
    if boards is None or boards.ramp_up is None or boards.ramp_down is None:
        raise Faulty
    now = Ramping(up=boards.ramp_up, down=boards.ramp_down)
    await miner.tuning.set_ramping(replace(now, **changes))


def cooled(
    read: Callable[[CoolingMode], Any],
) -> Callable[[MinerState], Any]:
    """Read from how the miner is set to be cooled."""
    return configured(lambda it: None if it.cooling is None else read(it.cooling))
