"""What befalls a GPU rig, and how one gets rid of it.

These steps go on where the ones before them ended.
"""

import re

from playwright.async_api import expect

from .garage import (
    CARD,
    COMMON,
    POWER,
    RIGS,
    SELECTS,
    SOME_TIME_MS,
    change,
    connected,
    copy_command,
    look_at,
    reads,
)
from .looking import TEXTS, eventually, names
from .person import Person
from .processes import COMPONENT, House, Rig
from .stage import RENAMED, SHEET

EVENTS = TEXTS["entity"]["event"]["rig_event"]["state_attributes"]["event_type"]


async def test_a_card_that_fell_off_the_bus_is_a_thing_to_repair(
    person: Person, rig: Rig
) -> None:
    title = TEXTS["issues"]["cards_unreadable"]["title"].format(rig=RENAMED)
    await person.open("/config/repairs")
    issue = person.page.get_by_text(title)
    await expect(issue).to_be_visible(timeout=SOME_TIME_MS)
    await issue.click()
    told = person.page.locator("dialog-repairs-issue")
    await expect(told).to_contain_text(CARD)
    await person.photograph("card-lost")
    await told.get_by_role("button", name="Close").first.click()
    await rig.heal()
    await expect(issue).to_have_count(0, timeout=SOME_TIME_MS)


async def test_a_rig_whose_plug_is_pulled_is_missed_and_seen_again(
    house: House, person: Person, rig: Rig
) -> None:
    await look_at(house, person, RENAMED)
    command, power = rig.command, person.row(POWER)
    await expect(power).to_contain_text(" W")
    await rig.pull_plug()
    await expect(power).to_contain_text("Unavailable", timeout=SOME_TIME_MS)
    await expect(connected(person)).to_contain_text("Disconnected")
    event = person.row(names("event")["rig_event"])
    await expect(event).to_contain_text(EVENTS["state"]["lost"])
    await reads(person, COMMON["logbook_lost"], about=RENAMED)
    await person.photograph("plug-pulled", whole=True)

    await rig.run(command)
    await expect(power).to_contain_text(" W", timeout=SOME_TIME_MS)
    await expect(event).to_contain_text(EVENTS["state"]["connected"])
    # It forgot what it mined, but not here.
    await expect(person.row(SELECTS["flight_sheet"]).locator("ha-select")).to_have_text(
        re.compile(SHEET)
    )
    await person.photograph("plugged-in-again")


async def test_a_new_token_ends_the_old_one(
    house: House, person: Person, rig: Rig
) -> None:
    step = RIGS["step"]["token"]
    await person.open_integration(COMPONENT.name)
    dialog = await change(person, RENAMED, "token")
    await dialog.says(step["description"].format(rig=RENAMED))
    await dialog.fill(step["data"]["url"], house.url)
    command = await copy_command(person, "token")
    await dialog.says(RIGS["abort"]["token_changed"])
    await dialog.close()
    assert command != rig.command
    await look_at(house, person, RENAMED)
    await expect(connected(person)).to_contain_text(
        "Disconnected", timeout=SOME_TIME_MS
    )
    assert not (await rig.looks())["connected"]

    await rig.pull_plug()
    await rig.run(command)
    await expect(person.row(POWER)).to_contain_text(" W", timeout=SOME_TIME_MS)
    await expect(connected(person)).not_to_contain_text("Disconnected")


async def test_a_rig_that_is_deleted_is_gone_with_its_cards(
    house: House, person: Person, rig: Rig
) -> None:
    await person.open_integration(COMPONENT.name)
    part = person.part(RENAMED)
    await part.get_by_role("button", name="Menu").first.click()
    await part.get_by_role("menuitem", name="Delete").click()
    question = person.page.locator("dialog-box")
    await question.get_by_role("button", name="Delete").click()
    await expect(person.page.get_by_text(RENAMED)).to_have_count(0)
    left = {device.name for device in (await house.devices()).values()}
    assert not [name for name in left if RENAMED in name]

    async def turned_away() -> None:
        assert not (await rig.looks())["connected"]

    await eventually(turned_away, within=20)
    await person.photograph("rig-deleted")
