"""All rigs that there are, and the door by which their agents come in."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
import time
from typing import Final

from .rig import Rig
from .session import (
    GOING_AWAY,
    INVALID_TOKEN,
    MISBEHAVED,
    NO_INTRODUCTION,
    REPLACED,
    REVOKED,
    SILENT,
    Session,
    Socket,
)
from .state import Card
from .tokens import digest_of, is_same

_LOOK_EVERY: Final = 5.0
_INTRODUCTION_WITHIN: Final = 10.0
# Strangers that may take their time at once; agents bring their token along.
_STRANGERS: Final = 32
_MISBEHAVIOUR_LASTS: Final = 60.0


class Rigs:
    """The rigs by their ids, and their connections."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        introduction_within: float = _INTRODUCTION_WITHIN,
    ) -> None:
        """Begin with none; `now` tells the time in seconds."""
        self._now = now
        self._introduction_within = introduction_within
        self._rigs: dict[str, Rig] = {}
        self._strangers = 0
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    def add(
        self, rig_id: str, name: str, digest: str, *, cards: Iterable[Card] = ()
    ) -> Rig:
        """Know a rig by the digest of its token."""
        rig = Rig(rig_id, name, digest, cards=cards, now=self._now)
        self._rigs[rig_id] = rig
        return rig

    def __getitem__(self, rig_id: str) -> Rig:
        """Return a rig by its id."""
        return self._rigs[rig_id]

    def __iter__(self) -> Iterator[Rig]:
        """Go through all rigs."""
        return iter(tuple(self._rigs.values()))

    async def renew_token(self, rig_id: str, digest: str) -> None:
        """Exchange a token; who came with the old one is out at once."""
        rig = self._rigs[rig_id]
        rig.digest = digest
        rig.refused_until = 0.0
        await self._send_away(rig, REVOKED, "The token is not valid any more")

    async def remove(self, rig_id: str) -> None:
        """Know a rig no longer; its agent is out at once."""
        rig = self._rigs.pop(rig_id)
        await self._send_away(rig, REVOKED, "The token is not valid any more")

    async def _send_away(self, rig: Rig, code: int, reason: str) -> None:
        session = rig.session
        if session is not None:
            rig.detach(session)
            await session.close(code, reason)

    async def serve(
        self,
        socket: Socket,
        token: str | None = None,
        *,
        on_wrong_token: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """Serve a connection until it has ended.

        An agent without a token in its request may send one as its first message.
        `on_wrong_token` is awaited with it before somebody is sent away for a wrong
        one; who has none at all is not trying to get in.
        """
        session = Session(socket, self._now)
        code, reason = INVALID_TOKEN, "Invalid token"
        if token is None and not self._closed:
            code, reason = NO_INTRODUCTION, "A token was expected"
            token = await self._ask(session)
        # It may have been closed while somebody was asked.
        if self._closed:
            await session.close(GOING_AWAY, "Not now")
            return
        rig = None if token is None else self._find(token)
        if rig is not None:
            await self._entertain(rig, session)
            return
        if token is not None and on_wrong_token is not None:
            await on_wrong_token(token)
        await session.refuse(code, reason)

    async def _ask(self, session: Session) -> str | None:
        if self._strangers >= _STRANGERS:
            return None
        self._strangers += 1
        try:
            async with asyncio.timeout(self._introduction_within):
                return await session.introduction()
        except TimeoutError:
            return None
        finally:
            self._strangers -= 1

    def _find(self, token: str) -> Rig | None:
        # All are compared, so that how long it takes tells nothing.
        digest = digest_of(token)
        found = [rig for rig in self._rigs.values() if is_same(rig.digest, digest)]
        return found[0] if found else None

    async def _entertain(self, rig: Rig, session: Session) -> None:
        if self._now() < rig.refused_until:
            await session.refuse(MISBEHAVED, "Too many bad messages")
            return
        if rig.is_live():
            # Taking the newer one would have two agents with one token take turns,
            # five times a second, for ever.
            rig.refuse_another()
            await session.refuse(REPLACED, "A rig with this token is connected already")
            return
        old = rig.session
        if old is not None:
            self._close(rig, old, REPLACED, "Replaced by a newer connection")
        try:
            await session.welcome(rig.id, rig.name, lambda: rig.attach(session))
            await session.listen(rig.hear)
        finally:
            rig.detach(session)
            if session.misbehaved:
                rig.refused_until = self._now() + _MISBEHAVIOUR_LASTS

    def _close(self, rig: Rig, session: Session, code: int, reason: str) -> None:
        """End a connection whose other end may be gone, without waiting for it."""
        rig.detach(session)
        task = asyncio.create_task(session.close(code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def look(self) -> None:
        """End connections that fell silent, and forget what is too old."""
        for rig in self:
            if rig.session is not None and not rig.is_live():
                silence = self._now() - rig.session.heard
                reason = f"Nothing was heard for {silence:.0f} s"
                self._close(rig, rig.session, SILENT, reason)
            rig.look()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.look()

    async def close(self) -> None:
        """End all connections, and take no more. Agents try again by themselves."""
        self._closed = True
        leaving = (
            self._send_away(rig, GOING_AWAY, "Going away for a while") for rig in self
        )
        await asyncio.gather(*leaving, *self._closing)
