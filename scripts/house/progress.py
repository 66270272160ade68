"""Say what is being done, and for how long already."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import sys
import time

_REMINDER = 10.0


def say(text: str = "") -> None:
    """Write a line for the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@asynccontextmanager
async def step(doing: str) -> AsyncIterator[None]:
    """Show that something is under way, and at its end how long it took.

    A terminal sees the seconds count up; a log file gets a line now and then.
    """
    started = time.monotonic()
    showing = asyncio.create_task(_show(doing, started))
    try:
        yield
    except BaseException:
        _end_of_line(f"  {doing} - not done")
        raise
    else:
        _end_of_line(f"  {doing} - {time.monotonic() - started:.1f} s")
    finally:
        showing.cancel()


async def _show(doing: str, started: float) -> None:
    terminal = sys.stdout.isatty()
    while True:
        if terminal:
            sys.stdout.write(f"\r  {doing} - {time.monotonic() - started:.0f} s ")
            sys.stdout.flush()
        await asyncio.sleep(1.0 if terminal else _REMINDER)
        if not terminal:
            say(f"  {doing} - {time.monotonic() - started:.0f} s so far")


def _end_of_line(text: str) -> None:
    clear = "\r\x1b[K" if sys.stdout.isatty() else ""
    say(f"{clear}{text}")
