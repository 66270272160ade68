"""Advanced settings: whatever the firmware lets an expert turn (API 1.11)."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from .connection import Connection
from .errors import Garbled
from .wire import rpc

_SERVICE = "AdvancedSettingsService"
_SCHEMA = rpc(_SERVICE, "GetSettingsSchema", since=11)
_GET = rpc(_SERVICE, "GetSettings", since=11)
_SET = rpc(_SERVICE, "SetSettings", since=11)
_RESET = rpc(_SERVICE, "ResetAllSettings", since=11)

# Beyond it a floating number is whole only because it cannot be anything else.
_EXACT = 2.0**53

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class AdvancedSettings:
    """The settings, which differ from firmware to firmware and explain themselves."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def schema(self) -> dict[str, Json]:
        """Return the JSON schema of the settings."""
        answer = await self._connection.ask(_SCHEMA)
        return _read(answer.schema)

    async def get(self, *, include_defaults: bool = False) -> dict[str, Json]:
        """Return the settings that were set, or all of them."""
        answer = await self._connection.ask(_GET, include_default=include_defaults)
        return _read(answer.settings)

    async def set(self, settings: Mapping[str, Json]) -> dict[str, Json]:
        """Change settings, all or none; `None` puts one back to its default."""
        answer = await self._connection.command(_SET, settings=dict(settings))
        return _read(answer.applied)

    async def reset(self) -> dict[str, Json]:
        """Put all settings back to their defaults."""
        answer = await self._connection.command(_RESET)
        return _read(answer.settings)


def _read(struct: Any) -> dict[str, Json]:
    try:
        settings = json_format.MessageToDict(struct)
    except (json_format.Error, ValueError) as err:
        raise Garbled(str(err)) from err
    return {key: _plain(value) for key, value in settings.items()}


def _plain(value: Json) -> Json:
    """Make whole numbers whole again: the wire has only floating ones."""
    match value:
        case float() if value.is_integer() and abs(value) < _EXACT:
            return int(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value
