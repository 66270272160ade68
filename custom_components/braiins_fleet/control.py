"""Changes to a miner: one after the other, and each confirmed by reading it back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from homeassistant.const import CONF_HOST
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .asic import (
    AsicError,
    Denied,
    Miner,
    NoSuchHost,
    NotNow,
    Reading,
    Refused,
    TimedOut,
    Unreachable,
    Unsupported,
)
from .const import DOMAIN
from .state import MinerState

if TYPE_CHECKING:
    from .coordinator import MinerCoordinator

type Command = Callable[[Miner], Awaitable[object]]
type Check = Callable[[MinerState], bool]


class Control:
    """Has a miner do things.

    Nobody is told that something was done, or was not, before the miner has been
    asked how things stand now.
    """

    def __init__(self, coordinator: MinerCoordinator) -> None:
        self._coordinator = coordinator
        self._turn = asyncio.Lock()
        self._latest: dict[str, object] = {}

    async def do(
        self,
        command: Command,
        *,
        done: Check | None = None,
        reads: Iterable[Reading] = (),
    ) -> None:
        """Have the miner do something.

        `done` tells by what is read afterwards whether it did, should its answer get
        lost. `reads` are readings that it changes and that are not read in a review.
        """
        async with self._turn:
            await self._do(command, done, reads)

    async def set(
        self, what: str, command: Command, *, done: Check, reads: Iterable[Reading] = ()
    ) -> None:
        """Set something of which only the last value counts, as of a slider.

        A value that is overtaken while it waits for its turn is never sent.
        """
        mine = self._latest[what] = object()
        async with self._turn:
            if self._latest[what] is mine:
                await self._do(command, done, reads)

    async def _do(
        self, command: Command, done: Check | None, reads: Iterable[Reading]
    ) -> None:
        coordinator = self._coordinator
        if not coordinator.last_update_success:
            raise self._failure(Unreachable())
        try:
            await command(coordinator.miner)
        except (TimedOut, Unreachable) as err:
            await coordinator.async_read_back(reads)
            if done is None or not self._has(done):
                raise self._failure(err) from err
        except (AsicError, ValueError) as err:
            coordinator.poll()
            raise self._failure(err) from err
        else:
            await coordinator.async_read_back(reads)

    def _has(self, done: Check) -> bool:
        coordinator = self._coordinator
        return coordinator.last_update_success and done(coordinator.data)

    def _failure(self, err: AsicError | ValueError) -> HomeAssistantError:
        kind: type[HomeAssistantError] = HomeAssistantError
        match err:
            case Unsupported():
                key = "command_unsupported"
            case Denied():
                key = "wrong_password"
            case NotNow():
                key = "command_not_now"
            case Refused() | ValueError():
                key, kind = "command_refused", ServiceValidationError
            case TimedOut():
                key = "command_unanswered"
            case NoSuchHost() | Unreachable():
                key = "nothing_answers"
            case _:
                key = "command_failed"
        entry = self._coordinator.config_entry
        return kind(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={
                "miner": entry.title,
                "host": entry.data[CONF_HOST],
                "error": str(err),
            },
        )
