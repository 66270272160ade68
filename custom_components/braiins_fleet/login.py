"""Log in to a miner, and say plainly what is in the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME

from .asic import (
    ApiVersion,
    AsicError,
    Denied,
    Details,
    Faulty,
    Miner,
    NoSuchHost,
    NotBraiins,
    Refused,
    StockFirmware,
    TimedOut,
    TooOld,
    Unreachable,
    probe,
)
from .identity import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a miner cannot be spoken to: the key of the text that tells it.

    `field` is what a person would change about it, `said` the miner's own words.
    """

    reason: str
    field: str = "base"
    said: str = ""

    @property
    def may_pass(self) -> bool:
        """Whether a miner that starts looks like this at first."""
        return self.reason in (
            "nothing_answers",
            "still_starting",
            "miner_failed",
            "miner_said",
        )


class StillStarting(Faulty):
    """The miner answers, but does not know yet who it is."""


async def greet(host: str, port: int) -> ApiVersion | Obstacle:
    """Ask whether there is a miner, without logging in."""
    try:
        return await probe(host, port)
    except AsicError as err:
        return obstacle(err, CONF_HOST)


async def meet(login: Mapping[str, Any]) -> Details | Obstacle:
    """Log in to the miner there and ask who it is."""
    host, port = login[CONF_HOST], login[CONF_PORT]
    answer = await greet(host, port)
    if isinstance(answer, Obstacle):
        return answer
    miner = Miner(
        host, port, username=login[CONF_USERNAME], password=login[CONF_PASSWORD]
    )
    try:
        details = await miner.details()
        if identity(details) is None:
            raise StillStarting
    except AsicError as err:
        return obstacle(err)
    finally:
        await miner.close()
    return details


def obstacle(err: AsicError, field: str = "base") -> Obstacle:
    """Say what an error means to a person, who may change it in this field."""
    match err:
        case Denied():
            return Obstacle(reason="wrong_password", field=CONF_PASSWORD)
        case NoSuchHost():
            return Obstacle(reason="no_such_host", field=field)
        case Unreachable() | TimedOut():
            return Obstacle(reason="nothing_answers", field=field)
        case StockFirmware():
            return Obstacle(reason="stock_firmware", field=field)
        case TooOld():
            return Obstacle(reason="firmware_too_old", field=field)
        case NotBraiins():
            return Obstacle(reason="not_braiins", field=field)
        case StillStarting():
            return Obstacle(reason="still_starting", field=field)
        case Faulty(detail=said) | Refused(detail=said) if said:
            return Obstacle(reason="miner_said", field=field, said=said)
        case _:
            return Obstacle(reason="miner_failed", field=field)
