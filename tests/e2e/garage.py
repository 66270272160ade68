"""A GPU rig as it is looked at: its texts, and where they are on its pages."""

from playwright.async_api import Locator, expect

from .looking import TEXTS, names
from .person import Dialog, Person
from .processes import House

RIGS = TEXTS["config_subentries"]["rig"]
COMMON = TEXTS["common"]
SENSORS, NUMBERS, SELECTS = map(names, ("sensor", "number", "select"))
POWER = SENSORS["rig_power"]

CARD = "RTX 3080 01:00.0"
# An agent tells of the miner every 10 s, and of that it is away one knows after 10 s.
SOME_TIME_MS = 60_000


async def look_at(house: House, person: Person, name: str) -> None:
    """Open the page of a rig or a card."""
    await person.open_device((await house.device_called(name)).id)


def connected(person: Person) -> Locator:
    """Return where the page of a rig says whether it is connected."""
    return person.row(names("binary_sensor")["rig_connected"], on=person.diagnostics)


async def reads(person: Person, sentence: str, *, about: str) -> None:
    """See what the activity says of a rig."""
    # Lines that are out of sight are not there at all.
    heading = person.page.get_by_role("heading", name="Device info")
    await heading.scroll_into_view_if_needed()
    line = person.activity(sentence)
    await expect(line.first).to_contain_text(about, timeout=SOME_TIME_MS)


async def copy_command(person: Person, step: str) -> str:
    """Have a command made by a form that is filled in, and copy it."""
    dialog = person.dialog
    await dialog.submit(RIGS["step"][step])
    await dialog.says(RIGS["step"]["command"]["title"])
    command = await person.copy(dialog.window.get_by_role("code"))
    await person.photograph(f"command-{step}")
    await dialog.submit(RIGS["step"]["command"])
    return command


async def change(person: Person, rig: str, what: str) -> Dialog:
    """Choose what to change about a rig, on the page of the integration."""
    button = RIGS["initiate_flow"]["reconfigure"]
    await person.part(rig).get_by_role("button", name=button).click()
    await person.dialog.choose(RIGS["step"]["reconfigure"]["menu_options"][what])
    return person.dialog
