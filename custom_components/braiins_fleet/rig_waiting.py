"""What is to be done once a rig is back."""

from collections.abc import Awaitable, Callable
from typing import Final

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .rig import Effect, NotConnected
from .rig_orders import RigOrders

# What would have a rig mine, of which the first counts more: it names a flight sheet.
# And what would have it set its cards.
MINING: Final = ("apply_flight_sheet", "start_mining")
APPLYING: Final = "apply_overclock"

type Later = Callable[[], Awaitable[Effect]]


class WaitingOrders:
    """Orders for a rig that is away, of each kind the last one."""

    def __init__(self, orders: RigOrders, now: Callable[[], float]) -> None:
        self._orders = orders
        self._now = now
        # Each with until when it is wanted.
        self._waiting: dict[str, tuple[Later, float]] = {}

    @callback
    def add(self, what: str, work: Later, seconds: float) -> None:
        """Do something once the rig is back, unless that takes too long."""
        self._waiting[what] = work, self._now() + seconds

    @callback
    def forget(self, *whats: str) -> None:
        """Do that no more, as something else is wanted."""
        for what in whats:
            self._waiting.pop(what, None)

    @callback
    def look(self, *, has_cards: bool, has_reported: bool) -> None:
        """Do what can be done by now: a rig has to tell first how it is."""
        able = (*(MINING if has_reported else ()), *((APPLYING,) if has_cards else ()))
        for what in able:
            # What is begun has others forgotten at once.
            if what in self._waiting:
                work, until = self._waiting.pop(what)
                if self._now() <= until:
                    self._orders.in_background(self._do(what, work))

    async def _do(self, what: str, work: Later) -> None:
        try:
            await work()
        except HomeAssistantError as err:
            unsent = isinstance(err.__cause__, NotConnected)
            if unsent or isinstance(err, ServiceValidationError):
                # All else was told already.
                self._orders.tell_failure(what, err)
