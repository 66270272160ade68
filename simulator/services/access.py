"""Version, login and password."""

from typing import Any

from simulator.machine import Machine
from simulator.schema import message

_Version = message("braiins.bos.ApiVersion")
_Password = message("SetPasswordResponse")


def version(machine: Machine, _: Any) -> Any:
    """Answer which API this is."""
    return _Version(major=1, minor=machine.firmware.minor, patch=0)


def set_password(machine: Machine, request: Any) -> Any:
    """Change the password; none given removes it."""
    chosen = request.password if request.HasField("password") else ""
    machine.accounts.password = chosen or None
    return _Password()
