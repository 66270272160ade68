"""The frames that go between an agent and us: JSON objects in text messages."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any, Final, NoReturn

from .errors import BadFrame
from .readings import MinerReport, Stats, read_miner, read_stats
from .text import clean, without_home

# 64 cards with all that is told of them take a quarter of it.
LARGEST_FRAME: Final = 64 * 1024

_LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing but a sign of life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command went. The agent leaves out `success` where there was none."""

    id: str
    success: bool
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """The token of an agent that did not send it along with its request."""

    token: str


type Frame = Stats | MinerReport | Heartbeat | Result | Introduction


def read_frame(text: str) -> Frame:
    """Read what an agent sent; `BadFrame` says what is wrong with it."""
    message = _load(text)
    match message.get("type"):
        case "heartbeat":
            return Heartbeat()
        case "stats":
            return read_stats(_data(message))
        case "miner_status":
            return read_miner(_data(message))
        case "command_result":
            return _read_result(message)
        case "auth":
            token = message.get("token")
            if isinstance(token, str):
                return Introduction(token=token)
            raise BadFrame("token is no text")
        case _:
            raise BadFrame("there is no such type of frame")


def _load(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        # Not chained: its traceback is as deep as what was sent.
        raise BadFrame("it is nested too deeply") from None
    except ValueError:
        raise BadFrame("it is no JSON") from None
    if not isinstance(message, dict):
        raise BadFrame("it is no object")
    return message


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and the infinities, which Python would take for numbers."""
    raise ValueError(constant)


def _data(message: Mapping[str, Any]) -> dict[str, Any]:
    data = message.get("data")
    if not isinstance(data, dict):
        raise BadFrame("data is no object")
    return data


def _read_result(message: Mapping[str, Any]) -> Result:
    command = message.get("commandId", "")
    error = message.get("error", "")
    if not isinstance(command, str) or not isinstance(error, str):
        raise BadFrame("commandId or error is no text")
    return Result(
        id=command,
        success=message.get("success") is True,
        error=without_home(clean(error, _LONGEST_ERROR)),
    )


def authenticated(rig_id: str, name: str) -> str:
    """Tell an agent that it is welcome; until then it sends nothing."""
    return _dump(type="authenticated", rigId=rig_id, rigName=name)


def error(text: str) -> str:
    """Tell an agent what is wrong; before `authenticated`, it backs off after this."""
    return _dump(type="error", message=text)


def heartbeat_ack(milliseconds: int) -> str:
    """Answer a heartbeat; a fraction of a millisecond would have it ignored."""
    return _dump(type="heartbeat_ack", timestamp=milliseconds)


def command(command_id: str, kind: str, payload: Mapping[str, Any] | None) -> str:
    """Ask an agent to do something.

    The time of it is left out: the agent does nothing with it but to ignore the whole
    command where it does not like how it is written.
    """
    fields: dict[str, Any] = {"id": command_id, "type": kind}
    if payload is not None:
        fields["payload"] = payload
    return _dump(type="command", command=fields)


def _dump(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))
