"""How the house's Home Assistant is started, and who moves in."""

import asyncio
from contextlib import suppress
from pathlib import Path
import sys

import aiohttp

from . import secluded
from .home_assistant import HomeAssistant, HouseError
from .programs import Program

USER = PASSWORD = "demo"  # noqa: S105 - everybody is to know it
HOME = {
    "location_name": "Home",
    "latitude": 50.0755,
    "longitude": 14.4378,
    "elevation": 235,
    "country": "CZ",
    "currency": "EUR",
    "language": "en",
    "time_zone": "Europe/Prague",
    "unit_system": "metric",
}
# Onboarding sets them up, and without the internet they slow every start down.
UNWANTED = ("met", "radio_browser")

# The exit code by which Home Assistant asks to be started again.
_RESTART = 100


def program(
    folder: Path, port: int, hurry: asyncio.Event, github: str = secluded.NOBODY
) -> Program:
    """Return what runs the Home Assistant whose configuration is in this folder.

    It asks for releases of software at `github`.
    """
    return Program(
        name="Home Assistant",
        command=(
            *(sys.executable, secluded.__file__, "--config", "config"),
            *("--skip-pip", "--ignore-os-check", "--log-no-color"),
        ),
        folder=folder,
        log=folder / "home-assistant.log",
        environment={"SETUP_PORT": str(port), secluded.VARIABLE: github},
        grace=30.0,
        hurry=hurry,
        again_on=_RESTART,
    )


async def move_in(house: HomeAssistant) -> None:
    """Wait for Home Assistant, and be at home there: onboarded and logged in."""
    await house.wait_until_it_answers()
    await house.enter(USER, PASSWORD)
    await house.wait_until_it_runs()
    await house.settle_in(HOME)


async def tidy_away(house: HomeAssistant, integration: str) -> None:
    """Remove what onboarding leaves behind, which comes and goes in its own time."""
    # A restart in the meantime is no harm: the next start tidies away too.
    with suppress(HouseError, aiohttp.ClientError):
        for _ in range(20):
            if await house.remove(integration):
                break
            await asyncio.sleep(1)
