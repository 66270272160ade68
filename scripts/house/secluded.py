"""Home Assistant, as a program that asks a simulated GitHub and not the real one."""

from importlib import import_module
import os
from pathlib import Path
import sys

# Where nobody simulates one, nobody answers.
NOBODY = "http://127.0.0.1:9"
VARIABLE = "SIMULATED_GITHUB"

# Nobody wants to wait for minutes to see what newer software there is.
_SOON = 10.0


def main() -> int:
    """Run it with the arguments of Home Assistant's own command line."""
    # What lies beside this file is not to be found instead of anything else.
    sys.path[0] = str(Path.cwd() / "config")
    releases = import_module("custom_components.braiins_fleet.software_releases")
    releases.GITHUB = os.environ[VARIABLE]  # type: ignore[attr-defined]  # it has that
    releases.SOON = _SOON  # type: ignore[attr-defined]  # it has that
    from homeassistant.__main__ import main as run  # noqa: PLC0415 - not before that

    return run()


if __name__ == "__main__":
    sys.exit(main())
