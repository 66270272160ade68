"""How a rig is given an order, and how whoever gave it learns what came of that.

The agent says yes to what it did not do, and works on one command at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .const import LOGGER
from .rig import Command, Effect, NotConnected, RigError, Unacceptable
from .rig_failures import not_shown, unacceptable, undone_by_rig
from .rig_happenings import Happening, What
from .telling import By

if TYPE_CHECKING:
    from .rig_coordinator import RigCoordinator

# What tells the home that something was done, once it was.
type Note = Callable[[Effect], None]


class RigOrders:
    """Has a rig do things, and puts into words what it did not do."""

    def __init__(self, coordinator: RigCoordinator) -> None:
        self._coordinator = coordinator

    async def carry_out(self, command: Command) -> Effect:
        """Have the rig do something, or raise a `RigError`."""
        return await self._coordinator.carry_out(command)

    def checked[T](self, make: Callable[[], T]) -> T:
        """Refuse what cannot be done with this rig before anything is sent."""
        try:
            return make()
        except Unacceptable as err:
            raise unacceptable(self._coordinator.name, err) from err

    async def see_through(self, work: Awaitable[Effect], note: Note) -> Effect:
        """Do it to the end, even if whoever wanted it does not wait for that."""

        async def do() -> Effect:
            effect = await work
            note(effect)
            return effect

        task = self.in_background(do())
        await asyncio.wait([task])
        if task.cancelled():
            # The fleet was unloaded meanwhile.
            raise undone_by_rig(self._coordinator.name, NotConnected())
        return task.result()

    def note(self, by: By, before: Any = None, after: Any = None) -> Note:
        """Return what tells the home that this was changed, and by whom."""
        return partial(self._coordinator.tell_change, by, before, after)

    def in_background[T](self, work: Awaitable[T]) -> asyncio.Task[T]:
        """Do something that nobody need wait for."""

        async def do() -> T:
            return await work

        coordinator = self._coordinator
        task: asyncio.Task[T] = coordinator.config_entry.async_create_background_task(
            coordinator.hass, do(), f"{coordinator.name} command"
        )
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, done: asyncio.Task[Any]) -> None:
        """See how something ended, as nobody else may be there any more to do so."""
        err = None if done.cancelled() else done.exception()
        # What a person can be told of was told.
        if err is not None and not isinstance(err, HomeAssistantError):
            LOGGER.error("An order to %s failed", self._coordinator.name, exc_info=err)

    async def told(self, what: str, work: Awaitable[Effect]) -> Effect:
        """Put into words what went wrong, and tell the home of it."""
        name = self._coordinator.name
        try:
            effect = await work
        except NotConnected as err:
            raise undone_by_rig(name, err) from err
        except RigError as err:
            failure = undone_by_rig(name, err)
            self.tell_failure(what, failure)
            raise failure from err
        if effect is Effect.NOT_APPLIED:
            failure = not_shown(name)
            self.tell_failure(what, failure)
            raise failure
        return effect

    @callback
    def tell_failure(self, what: str, failure: HomeAssistantError) -> None:
        """Tell the home of what came of an order for which perhaps nobody waits."""
        about = {"command": what, "error": str(failure)}
        self._coordinator.tell(Happening(What.COMMAND_FAILED, about))
