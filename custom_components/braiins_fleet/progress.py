"""What takes a while, and has a dialog that shows how far it is."""

import asyncio
from collections.abc import Awaitable, Callable

# A browser begins to listen once it shows that something is under way. Told of the
# end before, it would show that for ever.
_SHOWN_FOR_S = 1.0


async def unhurried[T](work: Awaitable[T]) -> T:
    """Do what a dialog shows the progress of, and give the dialog time to show it."""
    result, _ = await asyncio.gather(work, asyncio.sleep(_SHOWN_FOR_S))
    return result


def by_percent(show: Callable[[float], None]) -> Callable[[float], None]:
    """Return what shows how much is done, a hundred times at most."""
    shown = 0

    def show_more(done: float) -> None:
        nonlocal shown
        percent = int(done * 100)
        if percent != shown:
            shown = percent
            show(percent / 100)

    return show_more
