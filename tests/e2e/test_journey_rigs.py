"""Somebody adds a GPU rig, and has it mine.

These steps go on where the ones before them ended.
"""

import re

from playwright.async_api import expect
import pytest

from .garage import (
    CARD,
    COMMON,
    NUMBERS,
    POWER,
    RIGS,
    SELECTS,
    SENSORS,
    SOME_TIME_MS,
    change,
    connected,
    copy_command,
    look_at,
    reads,
)
from .looking import TEXTS, eventually
from .person import Person
from .processes import COMPONENT, House, Rig
from .stage import PROFILE, RENAMED, RIG, SHEET, WALLET

SHEETS, PROFILES = (
    TEXTS["config_subentries"][kind] for kind in ("flight_sheet", "overclock")
)
NONE = TEXTS["entity"]["select"]["flight_sheet"]["state"]["none"]
SOFTWARE = TEXTS["selector"]["mining_software"]["options"]["t-rex"]
HASHRATE = SENSORS["rig_hashrate_mh"]

POOL = "stratum+tcp://rvn.example.com:3333"
START = "GeForce RTX 3080"


async def test_a_rig_is_added_and_appears_once_its_command_is_pasted(
    house: House, person: Person, rig: Rig
) -> None:
    step = RIGS["step"]["user"]
    address = step["data"]["url"]
    await person.open_integration(COMPONENT.name)
    dialog = await person.add(RIGS["initiate_flow"]["user"])
    await dialog.says(step["description"])
    await dialog.fill(step["data"]["name"], RIG)
    await dialog.fill(address, "http://my home:8123")
    await dialog.submit(step)
    await dialog.says(re.compile(RIGS["error"]["invalid_url"].partition("{")[0]))
    await person.photograph("rig-mistake")
    await dialog.fill(address, house.url)
    command = await copy_command(person, "user")
    assert command.startswith(f"bloxos-agent -server {house.url} -token ")
    await dialog.finish()

    await rig.run(command)
    card = person.page.get_by_text(f"{RIG} {CARD}")
    await expect(card).to_be_visible(timeout=SOME_TIME_MS)
    await person.photograph("rig-appears", whole=True)
    await look_at(house, person, RIG)
    await expect(connected(person)).to_contain_text(re.compile("Connected.*Connected"))
    await expect(person.page.get_by_role("link", name=f"{RIG} RTX")).to_have_count(6)
    await expect(person.row(POWER)).to_contain_text(" W")
    await reads(person, COMMON["logbook_connected"], about=RIG)
    await person.photograph("rig", whole=True)


async def test_a_slip_in_a_wallet_is_noticed_before_anything_is_mined(
    person: Person,
) -> None:
    step = SHEETS["step"]["user"]
    fields = step["data"]
    await person.open_integration(COMPONENT.name)
    dialog = await person.add(SHEETS["initiate_flow"]["user"])
    await dialog.says(step["description"])
    await dialog.fill(fields["name"], SHEET)
    await dialog.pick(fields["coin"], "Ravencoin (RVN)")
    await dialog.pick(fields["software"], SOFTWARE)
    await dialog.fill(fields["algorithm"], "kawpow")
    await dialog.fill(fields["pools"], POOL)
    await dialog.fill(fields["wallet"], WALLET.replace("f", "F", 1))
    await dialog.submit(step)
    await dialog.says(SHEETS["error"]["wallet_address"].format(coin="RVN"))
    await person.photograph("wallet-mistake", whole=True)
    await dialog.fill(fields["wallet"], WALLET)
    await dialog.submit(step)

    preview = SHEETS["step"]["confirm"]
    await dialog.says(preview["title"])
    await expect(dialog.window.get_by_role("code")).to_have_text(
        f"t-rex -a kawpow -o {POOL} -u {WALLET} -w {RIG} --api-bind-http 127.0.0.1:4067"
    )
    await person.photograph("preview")
    await dialog.choose(preview["menu_options"]["save"])
    await dialog.finish()


async def test_an_overclock_profile_begins_with_known_values(person: Person) -> None:
    start, settings = (PROFILES["step"][step] for step in ("user", "settings"))
    fields = settings["data"]
    card = TEXTS["selector"]["cards"]["fields"]
    dialog = await person.add(PROFILES["initiate_flow"]["user"])
    await dialog.says(start["description"])
    await dialog.pick(start["data"]["start_from"], START)
    await dialog.submit(start)
    await dialog.says(settings["description"])
    await dialog.fill(fields["name"], PROFILE)
    await dialog.fill(fields["power_limit"], "2000")
    await dialog.submit(settings)
    await dialog.says(
        PROFILES["error"]["power_limit_range"].format(low="50", high="600")
    )
    await dialog.fill(fields["power_limit"], "200")

    await dialog.press("Add")
    own = person.form
    await own.fill(card["number"], "0")
    await own.fill(card["power_limit"], "150")
    await own.press("Add")
    await person.photograph("profile", whole=True)
    await dialog.submit(settings)
    await dialog.finish()


async def test_a_rig_mines_what_its_flight_sheet_says(
    house: House, person: Person, rig: Rig
) -> None:
    await look_at(house, person, RIG)
    mining = person.controls.get_by_role("switch").first
    await expect(mining).not_to_be_checked()
    await person.pick(SELECTS["flight_sheet"], SHEET)
    # What one sees is drawn over the switch itself.
    await mining.check(force=True)
    await expect(person.row(SENSORS["rig_pool"])).to_contain_text(
        "rvn.example.com:3333", timeout=SOME_TIME_MS
    )
    await expect(person.row(SENSORS["rig_software"])).to_contain_text(SOFTWARE)
    await expect(mining).to_be_checked()
    assert (await rig.looks())["miners"] == ["t-rex"]
    hashrate = (await rig.looks())["hashrate"]

    async def look() -> None:
        assert await person.number(HASHRATE) == pytest.approx(hashrate, rel=0.05)
        assert await person.number(POWER) > 1500

    await eventually(look, within=30)
    await person.photograph("rig-mines", whole=True)


async def test_a_profile_sets_all_cards_and_a_box_a_single_one(
    house: House, person: Person
) -> None:
    power = await person.number(POWER)
    await person.pick(SELECTS["overclock"], PROFILE)

    async def takes_less() -> None:
        assert await person.number(POWER) < power - 400

    await eventually(takes_less, within=30)
    changed = COMMON["logbook_set"].format(what=SELECTS["overclock"], after=PROFILE)
    await reads(person, changed, about=RIG)
    await person.photograph("overclocked", whole=True)

    await look_at(house, person, f"{RIG} {CARD}")
    limit = NUMBERS["gpu_power_limit"]
    # That is what the profile has for this card alone.
    await expect(person.box(limit)).to_have_value("150")
    await person.type_in(limit, "120")

    async def takes_what_was_typed() -> None:
        assert await person.number(SENSORS["gpu_power"]) <= 121

    await eventually(takes_what_was_typed, within=30)
    await expect(person.box(limit)).to_have_value("120")
    await person.photograph("card", whole=True)
    await person.type_in(limit, "60")
    # The card says itself between what.
    await expect(person.message).to_contain_text(re.compile("100 to 370 W"))
    await person.photograph("card-refuses")


async def test_a_rig_is_renamed_with_its_cards(person: Person) -> None:
    step = RIGS["step"]["rename"]
    await person.open_integration(COMPONENT.name)
    dialog = await change(person, RIG, "rename")
    await dialog.says(step["title"])
    await dialog.fill(step["data"]["name"], RENAMED)
    await dialog.submit(step)
    await dialog.says("successful")
    await dialog.close()
    await expect(person.page.get_by_text(f"{RENAMED} {CARD}")).to_be_visible()
    await expect(person.page.get_by_text(f"{RIG} {CARD}")).to_have_count(0)
    await person.photograph("rig-renamed", whole=True)


async def test_a_profile_is_taken_back_by_choosing_none(
    house: House, person: Person, rig: Rig
) -> None:
    await look_at(house, person, RENAMED)
    profile = person.row(SELECTS["overclock"]).locator("ha-select")
    await expect(profile).to_contain_text(PROFILE)
    await person.pick(SELECTS["overclock"], NONE)
    sentence = COMMON["logbook_changed"].format(
        what=SELECTS["overclock"], before=PROFILE, after=NONE
    )
    await reads(person, sentence, about=RENAMED)
    # It is missed in a minute, for which nobody has to wait idly.
    await rig.make_trouble("gpu-lost")
