"""Who may talk to a machine."""

from random import Random

from .clock import Clock
from .refusals import Denied

TOKEN_LIFETIME_S = 3600
FACTORY_PASSWORD = "root"  # noqa: S105  # known to everybody
_USER = "root"


class Accounts:
    """One user, a password or none, and the tokens given out."""

    __slots__ = ("_clock", "_random", "_tokens", "password", "user")

    def __init__(
        self, clock: Clock, random: Random, password: str | None, user: str = _USER
    ) -> None:
        """Let `user` in with `password`; None lets them in with any."""
        self._clock = clock
        self._random = random
        self._tokens: dict[str, float] = {}
        self.user = user
        self.password = password

    def login(self, user: str, password: str) -> str:
        """Return a new token."""
        if user != self.user or self.password not in (None, password):
            raise Denied("wrong username or password")
        now = self._clock.now()
        for token, until in tuple(self._tokens.items()):
            if until < now:
                del self._tokens[token]
        token = f"{self._random.getrandbits(128):032x}"
        self._tokens[token] = now + TOKEN_LIFETIME_S
        return token

    def admit(self, token: str | None) -> None:
        """Let a request in, which also renews its token."""
        now = self._clock.now()
        if token is None or self._tokens.get(token, -1.0) < now:
            raise Denied("the token is missing, wrong or expired")
        self._tokens[token] = now + TOKEN_LIFETIME_S

    def forget_tokens(self) -> None:
        """Send everybody out."""
        self._tokens.clear()
