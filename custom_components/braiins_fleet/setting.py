"""What entities that set something have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, override

from .asic import Configuration, CoolingMode, Faulty, Miner, Reading
from .control import Change
from .entity import Description, MinerEntity, MinerEntityDescription
from .state import MinerState


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
    ) -> None:
        """Set it, and return when the miner says what it is set to now."""
        change = Change(
            what=self.entity_id,
            command=lambda miner: write(miner, wanted),
            value=is_set_to,
            done=lambda state: is_set_to(state) == wanted,
            reads=reads,
            again=again,
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
    now = (await miner.configuration()).cooling
    if now is None:
        # It has told before, so it is only for a moment.
        raise Faulty
    await miner.cooling.set_mode(replace(now, **changes))


def cooled(
    read: Callable[[CoolingMode], Any],
) -> Callable[[MinerState], Any]:
    """Read from how the miner is set to be cooled."""
    return configured(lambda it: None if it.cooling is None else read(it.cooling))
