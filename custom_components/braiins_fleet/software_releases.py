"""The newest releases of mining software, as GitHub tells everybody.

Nobody is asked for software that no entity shows.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
import time
from typing import Any, Final, override

from aiohttp import ClientError, ClientResponse, ClientTimeout
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util.json import json_loads

from .const import LOGGER
from .rig import SOFTWARE, Release, Software, read_release

GITHUB = "https://api.github.com"
# Nobody waits for it when Home Assistant has just started, or a rig was added.
SOON = 180.0

_EVERY: Final = 12 * 3600.0
_AGAIN: Final = 3600.0
_LONGEST_WAIT: Final = 24 * 3600.0
_PATIENCE: Final = ClientTimeout(total=20)
_LARGEST: Final = 2**20
_LONGEST_TAG: Final = 200


class _NotNow(Exception):
    """There was no answer; `seconds` are to pass before the next question."""

    def __init__(self, seconds: float, reason: object) -> None:
        super().__init__(str(reason))
        self.seconds = seconds


class Releases(DataUpdateCoordinator[Mapping[str, Release]]):
    """The newest release of each program that somebody looks at, by its name."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name="Releases of mining software",
            update_interval=timedelta(seconds=SOON),
            always_update=False,
        )
        self.data = {}
        # When each is to be asked for again, and what tells whether it has changed.
        self._due: dict[str, float] = {}
        self._tags: dict[str, str] = {}
        self._silent_until = 0.0

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        remove = super().async_add_listener(update_callback, context)
        if context not in self._due:
            self._plan()
            self._schedule_refresh()
        return remove

    @override
    async def _async_update_data(self) -> Mapping[str, Release]:
        """Ask for what is due; that there is no answer is no failure of anything."""
        found = dict(self.data)
        loop = self.hass.loop
        for name in sorted({*self.async_contexts()}):
            if loop.time() < max(self._due.get(name, 0.0), self._silent_until):
                continue
            try:
                release = await self._ask(SOFTWARE[name], found.pop(name, None))
            except _NotNow as not_now:
                LOGGER.debug("GitHub did not tell of %s: %s", name, not_now)
                self._silent_until = loop.time() + not_now.seconds
                found = dict(self.data) | found
                break
            self._due[name] = loop.time() + _EVERY
            if release is not None:
                found[name] = release
        self._plan()
        return found

    def _plan(self) -> None:
        """Set when to ask again: when the first is due."""
        now = self.hass.loop.time()
        soon = now + SOON
        due = min(
            (self._due.get(each, soon) for each in self.async_contexts()), default=soon
        )
        wait = max(due, self._silent_until) - now
        self.update_interval = timedelta(seconds=max(wait, SOON))

    async def _ask(self, software: Software, known: Release | None) -> Release | None:
        """Ask for the newest release of a program; there may be none."""
        headers = {"Accept": "application/vnd.github+json"}
        if known is not None and (tag := self._tags.get(software.name)):
            headers["If-None-Match"] = tag
        session = async_get_clientsession(self.hass)
        url = f"{GITHUB}/repos/{software.repository}/releases/latest"
        try:
            async with session.get(
                url, headers=headers, timeout=_PATIENCE, max_redirects=3
            ) as response:
                match response.status:
                    case HTTPStatus.NOT_MODIFIED:
                        return known
                    case HTTPStatus.NOT_FOUND:
                        return None
                    case HTTPStatus.OK:
                        answer = json_loads(await _read(response))
                    case status:
                        raise _NotNow(_wait_after(response), status)
        except (ClientError, TimeoutError) as err:
            raise _NotNow(_AGAIN, type(err).__name__) from err
        except ValueError:
            return None
        self._tags[software.name] = response.headers.get("ETag", "")[:_LONGEST_TAG]
        return read_release(software, answer)


async def _read(response: ClientResponse) -> bytes:
    """Return what was answered, if it has a size that makes sense."""
    body = bytearray()
    async for piece in response.content.iter_chunked(2**16):
        body += piece
        if len(body) > _LARGEST:
            raise ValueError("too much for a release")
    return bytes(body)


def _wait_after(response: ClientResponse) -> float:
    """Return how many seconds are to pass, as GitHub limits how often it is asked."""
    if response.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        return _AGAIN
    seconds = _AGAIN
    if (after := response.headers.get("Retry-After", "")).isdecimal():
        seconds = float(after)
    elif (reset := response.headers.get("X-RateLimit-Reset", "")).isdecimal():
        seconds = float(reset) - time.time()
    return min(max(seconds, _AGAIN), _LONGEST_WAIT)
