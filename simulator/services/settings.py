"""Advanced settings."""

from typing import Any

from google.protobuf import json_format

from simulator.machine import Machine
from simulator.schema import message
from simulator.settings import SCHEMA

_Schema = message("GetSettingsSchemaResponse")
_Settings = message("GetSettingsResponse")
_Applied = message("SetSettingsResponse")
_Reset = message("ResetAllSettingsResponse")


def schema(_: Machine, __: Any) -> Any:
    """Answer the JSON schema of all settings."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: dict(rule) for name, rule in SCHEMA.items()},
    }
    return json_format.ParseDict({"schema": document}, _Schema())


def settings(machine: Machine, request: Any) -> Any:
    """Answer what is set, with the defaults of the rest if asked for."""
    values = machine.settings.values(defaults=request.include_default)
    return json_format.ParseDict({"settings": values}, _Settings())


def change(machine: Machine, request: Any) -> Any:
    """Set all of the given values or none; null clears one."""
    wanted = json_format.MessageToDict(request.settings)
    machine.settings.change(wanted)
    return json_format.ParseDict({"applied": wanted}, _Applied())


def reset(machine: Machine, _: Any) -> Any:
    """Go back to all defaults."""
    machine.settings.reset()
    values = machine.settings.values(defaults=True)
    return json_format.ParseDict({"settings": values}, _Reset())
