"""What is looked for: texts as they are shown, and what shows after a while."""

import asyncio
from collections.abc import Awaitable, Callable
import json
import time
from typing import Any

from .processes import COMPONENT

TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations/en.json").read_text())


def names(platform: str) -> dict[str, str]:
    """Return what the entities of a platform are called, by their keys."""
    texts = TEXTS["entity"][platform].items()
    return {key: text["name"] for key, text in texts if "name" in text}


async def eventually[T](look: Callable[[], Awaitable[T]], within: float) -> T:
    """Look again and again until nothing that is asserted is wrong any more."""
    deadline = time.monotonic() + within
    while True:
        try:
            return await look()
        except AssertionError, KeyError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)
