"""Frames as the agent reads them, strictly, and writes them, compactly.

A field of the wrong type makes the agent drop the whole frame, without an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import re
from typing import Any

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})"
)
_TEXTS = ("type", "token", "commandId", "error", "rigId", "rigName", "message")


class Dropped(Exception):
    """A frame that the agent cannot read, and ignores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it was understood."""

    id: str
    type: str
    payload: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A frame as it was understood."""

    type: str
    message: str = ""
    rig_id: str = ""
    rig_name: str = ""
    command: Command | None = None


def read(data: str | bytes) -> Message:
    """Read a frame; text or binary makes no difference."""
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise Dropped("no JSON") from err
    if not isinstance(fields, dict):
        raise Dropped("no object")
    for name in _TEXTS:
        _text(fields, name)
    success = _field(fields, "success")
    if not isinstance(success, bool | None):
        raise Dropped("success")
    timestamp = _field(fields, "timestamp")
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | None):
        raise Dropped("timestamp")
    return Message(
        type=_text(fields, "type"),
        message=_text(fields, "message"),
        rig_id=_text(fields, "rigId"),
        rig_name=_text(fields, "rigName"),
        command=_command(_field(fields, "command")),
    )


def _command(fields: object) -> Command | None:
    if fields is None:
        return None
    if not isinstance(fields, dict):
        raise Dropped("command")
    created = _field(fields, "createdAt")
    if created is not None and not (
        isinstance(created, str) and _RFC_3339.fullmatch(created)
    ):
        raise Dropped("createdAt")
    return Command(
        id=_text(fields, "id"),
        type=_text(fields, "type"),
        payload=_field(fields, "payload"),
    )


def _field(fields: Mapping[str, Any], name: str) -> Any:
    """Find a field by its name, in whatever letters."""
    if name in fields:
        return fields[name]
    return next((fields[key] for key in fields if key.lower() == name.lower()), None)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = _field(fields, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Dropped(name)
    return value


def write(message_type: str, **fields: Any) -> str:
    """Write a frame."""
    return json.dumps({"type": message_type, **fields}, separators=(",", ":"))


def result(command_id: str, error: str | None) -> str:
    """Write how a command went; what is false or empty is left out."""
    fields: dict[str, Any] = {"commandId": command_id} if command_id else {}
    if error is None:
        fields["success"] = True
    elif error:
        fields["error"] = error
    return write("command_result", **fields)


def texts(payload: object, **wanted: type) -> dict[str, Any]:
    """Read a payload as Go reads it into a struct; `TypeError` says what is amiss."""
    if not isinstance(payload, dict):
        raise TypeError(f"cannot unmarshal {_kind(payload)} into Go value")
    found = {}
    for name, kind in wanted.items():
        value = _field(payload, name)
        if kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        ):
            raise TypeError(
                f"cannot unmarshal {_kind(value)} into Go struct field .{name}"
                f" of type {kind.__name__}"
            )
        found[name] = value
    return found


def _kind(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return f"number {value}"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "null"
