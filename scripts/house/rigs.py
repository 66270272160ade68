"""Two simulated GPU rigs, and how they get into the house."""

from pathlib import Path

from .home_assistant import HomeAssistant

NAMES = ("Garage rig", "Attic rig")

_DOMAIN = "braiins_fleet"


async def move_into(house: HomeAssistant, configuration: Path) -> Path:
    """Add the rigs if they never were; return the file that has their tokens.

    A token is shown once, so it has to be kept for the next start.
    """
    tokens = configuration / "rig-tokens"
    if not tokens.exists():
        if not (fleets := await _fleets(house)):
            await house.add(_DOMAIN, "fleet", {})
            fleets = await _fleets(house)
        found = [await house.add_rig(fleets[0], name) for name in NAMES]
        tokens.write_text("\n".join(found))
    return tokens


async def _fleets(house: HomeAssistant) -> list[str]:
    """Return the id of the entry that rigs can be added to, if there is one."""
    return [
        entry["entry_id"]
        for entry in await house.entries(_DOMAIN)
        if "rig" in entry["supported_subentry_types"]
    ]
