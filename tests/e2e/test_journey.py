"""From an empty Home Assistant to a fleet that is watched.

The steps follow one another, and each goes on where the one before it ended.
"""

from functools import partial
import json
import re
import time

from playwright.async_api import expect
import pytest

from scripts.house import start

from .looking import TEXTS, eventually, names
from .person import Person
from .processes import COMPONENT, Fleet, House
from .stage import (
    FOUND_FIRST,
    KILLED,
    LATECOMER,
    MINER,
    NETWORK,
    NEW_PASSWORD,
    NOBODY,
    OFF,
    PASSWORD,
    POLL_INTERVAL,
    STOCK,
    STRANGER,
    STRANGERS_PASSWORD,
    TOO_OLD,
)

CONFIG = TEXTS["config"]
STEPS = CONFIG["step"]
EVENTS = TEXTS["entity"]["event"]["event"]["state_attributes"]["event_type"]["state"]
NAMES = names("sensor")


async def all_loaded(house: House, count: int) -> None:
    async def look() -> None:
        entries = await house.api.entries(COMPONENT.name)
        told = {entry["title"]: (entry["state"], entry["reason"]) for entry in entries}
        assert len(told) == count, told
        assert set(told.values()) == {("loaded", None)}, told

    await eventually(look, within=20)


async def test_a_new_user_is_welcomed(house: House, person: Person) -> None:
    await person.onboard()
    await house.enter()
    await house.api.command("config/core/update", **start.HOME)
    await person.photograph("welcome")


@pytest.mark.usefixtures("stranger")
async def test_all_miners_are_found_and_added_in_one_dialog(
    house: House, person: Person, fleet: Fleet
) -> None:
    dialog = await person.add_integration("Braiins Fleet")
    await dialog.says(STEPS["user"]["title"])
    await person.photograph("what-to-add")
    await dialog.choose(STEPS["user"]["menu_options"]["find"])

    find = STEPS["find"]
    advanced = find["sections"]["advanced"]
    await dialog.says(find["description"])
    await person.photograph("find")
    await dialog.fill_list(find["data"]["networks"], NETWORK)
    await dialog.press(advanced["name"])
    await dialog.fill(advanced["data"]["port"], str(fleet.port))
    await person.photograph("find-filled-in")
    await dialog.submit(find)
    await dialog.says(CONFIG["progress"]["search"].format(count=14))
    await person.photograph("searching")

    select = STEPS["select"]
    await dialog.says(select["title"])
    summary = select["description"].partition("\n")[0]
    await dialog.says(summary.format(found=len(FOUND_FIRST) + 2))
    if fleet.has_decoys:
        await dialog.says(f"1 ({STOCK})")
        await dialog.says(f"1 ({TOO_OLD})")
    await person.photograph("found")
    await dialog.untick(LATECOMER)
    await dialog.fill(select["data"]["password"], PASSWORD)
    await dialog.submit(select)

    retry = STEPS["retry"]
    await dialog.says(retry["title"])
    await dialog.says(f"1 ({STRANGER})")
    await person.photograph("one-refuses")
    await dialog.fill(retry["data"]["password"], STRANGERS_PASSWORD)
    await dialog.submit(retry)

    added = CONFIG["create_entry"]["several"].format(count=len(FOUND_FIRST) + 1)
    await dialog.says(added)
    await all_loaded(house, len(FOUND_FIRST) + 2)
    await person.photograph("added")
    await dialog.finish()
    # Home Assistant goes on to whatever it knows by now: one device, or all of them.
    await person.photograph("after-adding")


async def test_a_miner_is_added_by_its_address_after_every_mistake(
    house: House, person: Person, fleet: Fleet
) -> None:
    step = STEPS["address"]
    fields = step["data"]
    dialog = await person.add_integration("Braiins Fleet")
    await dialog.choose(STEPS["user"]["menu_options"]["address"])
    await dialog.says(step["description"])

    async def submit(host: str, password: str = PASSWORD) -> None:
        await dialog.fill(fields["host"], host)
        await dialog.fill(fields["port"], str(fleet.port))
        await dialog.fill(fields["password"], password)
        await dialog.submit(step)

    mistakes = [
        ("miner.invalid", PASSWORD, "no_such_host"),
        (NOBODY, PASSWORD, "nothing_answers"),
        (LATECOMER, "wrong", "wrong_password"),
    ]
    if fleet.has_decoys:
        mistakes += [
            (STOCK, PASSWORD, "stock_firmware"),
            (TOO_OLD, PASSWORD, "firmware_too_old"),
        ]
    for host, password, error in mistakes:
        await submit(host, password)
        await dialog.says(CONFIG["error"][error])
        await person.photograph(f"mistake-{error}")
    await submit(LATECOMER)
    await dialog.finish()
    await all_loaded(house, len(FOUND_FIRST) + 3)
    await person.photograph("all-added")


async def test_the_page_of_a_miner_shows_what_it_does(
    house: House, person: Person, fleet: Fleet
) -> None:
    await person.open_device((await house.devices())[MINER].id)
    truth = (await fleet.miners())[MINER]
    for reading, scatter in ("power", 0.05), ("hashrate", 0.1):
        shown = await person.number(NAMES[reading])
        assert shown == pytest.approx(truth[reading], rel=scatter)
    await person.photograph("miner")

    await fleet.make_trouble(MINER, "block")
    found = person.row(NAMES["found_blocks"])
    await expect(found).to_contain_text(re.compile(r"\b1\b"))
    await person.photograph("miner-found-a-block", whole=True)


async def test_the_logbook_says_what_happened_to_a_miner(
    house: House, person: Person
) -> None:
    device = (await house.devices())[MINER]
    await person.open_device(device.id)
    line = person.page.locator("ha-logbook-entry").filter(
        has_text=TEXTS["common"]["logbook_block_found"]
    )
    await expect(line).to_contain_text(device.name)
    await person.photograph("activity-of-a-miner")
    await person.open(f"/logbook?device_id={device.id}")
    event = person.page.locator("ha-logbook-entry").filter(
        has_text=EVENTS["block_found"]
    )
    await expect(event).to_be_visible()
    await person.photograph("logbook")


async def test_the_page_of_the_fleet_shows_the_totals(
    house: House, person: Person, fleet: Fleet, stranger: Fleet
) -> None:
    await person.open_device((await house.devices())["fleet"].id)
    everyone = await fleet.miners() | await stranger.miners()
    power = sum(miner["power"] for miner in everyone.values())

    async def look() -> None:
        assert await person.number(NAMES["miners_mining"]) == len(everyone)
        watts = await person.number(NAMES["fleet_power"])
        assert watts == pytest.approx(power, rel=0.05)
        assert await person.number(NAMES["fleet_found_blocks"]) >= 1

    await eventually(look, within=20)
    await person.photograph("fleet", whole=True)


async def test_the_overview_shows_all_miners(
    house: House, person: Person, fleet: Fleet, stranger: Fleet
) -> None:
    await person.open("/home/overview")
    await person.page.get_by_role("button", name="Devices", exact=True).click()
    devices = await house.devices()
    for host, miner in (await fleet.miners() | await stranger.miners()).items():
        card = person.card(devices[host].name)
        watts = await person.number(NAMES["power"], on=card)
        assert watts == pytest.approx(miner["power"], rel=0.05), host
    await person.photograph("overview", whole=True)


async def test_a_restart_brings_everything_back_but_what_is_off(
    house: House, person: Person, fleet: Fleet
) -> None:
    for integration in start.UNWANTED:
        await house.api.remove(integration)
    before = {of: await house.readings(of) for of in await house.devices()}
    await fleet.make_trouble(OFF, "refuse")
    await house.restart()

    async def look() -> None:
        for of, readings in before.items():
            now = await house.readings(of)
            assert now.keys() == readings.keys()
            gone = {key for key, state in now.items() if state == "unavailable"}
            assert gone == (set(now) - {"reachable"} if of == OFF else set()), of
            assert now.get("reachable", "on") == ("off" if of == OFF else "on")

    await eventually(look, within=20)
    await person.open_device((await house.devices())[OFF].id)
    power = person.row(NAMES["power"])
    await expect(power).to_contain_text("Unavailable")
    await person.photograph("off-at-the-start")

    await fleet.heal(OFF)
    await expect(power).to_contain_text(" W")
    await person.photograph("switched-on")


async def test_a_miner_is_polled_as_often_as_one_likes(
    house: House, person: Person, notes: dict[str, float]
) -> None:
    options = TEXTS["options"]["step"]["init"]
    await person.open_integration(COMPONENT.name)
    await person.photograph("integration", whole=True)
    dialog = await person.press("Configure", of=(await house.devices())[MINER].name)
    await dialog.says(options["title"])
    await dialog.fill(options["data"]["poll_interval"], str(POLL_INTERVAL))
    await person.photograph("options")
    await dialog.submit(options)
    await dialog.finish()

    # A miner that was just set up again says at once what its meter shows.
    async def look() -> float:
        return float((await house.readings(MINER))["energy"])

    notes["energy"] = await eventually(look, within=20)
    notes["noted"] = time.monotonic()


async def test_diagnostics_tell_nothing_that_is_private(
    house: House, person: Person, fleet: Fleet
) -> None:
    name = (await house.devices())[MINER].name
    await person.open_integration(COMPONENT.name)
    text = await person.download_diagnostics(name)
    assert json.loads(text)["data"]["state"] == "loaded"
    mac = (await fleet.miners())[MINER]["mac"]
    # The last one is the name of the worker at the pool.
    for private in MINER, mac, mac.lower(), mac.replace(":", "")[-6:].lower():
        assert private not in text


async def test_the_address_of_a_miner_is_changed(house: House, person: Person) -> None:
    step = STEPS["reconfigure"]
    host = step["data"]["host"]
    await person.open_integration(COMPONENT.name)
    dialog = await person.choose(
        "Reconfigure", of=(await house.devices())[LATECOMER].name
    )
    await dialog.says(step["description"])
    await person.photograph("reconfigure")
    await dialog.fill(host, NOBODY)
    await dialog.submit(step)
    await dialog.says(CONFIG["error"]["nothing_answers"])
    await person.photograph("reconfigure-mistake")
    await dialog.fill(host, LATECOMER)
    await dialog.submit(step)
    await dialog.says("successful")
    await person.photograph("reconfigured")
    await dialog.close()
    await all_loaded(house, len(FOUND_FIRST) + 3)


async def test_a_miner_with_a_new_password_asks_for_it(
    house: House, person: Person, stranger: Fleet
) -> None:
    step = STEPS["reauth_confirm"]
    name = (await house.devices())[STRANGER].name
    await stranger.stop()
    await stranger.start(f"--password={NEW_PASSWORD}")
    await person.open_integration(COMPONENT.name)
    asks = person.page.get_by_role("button", name="Reconfigure")
    await expect(asks).to_be_visible(timeout=60_000)
    await asks.scroll_into_view_if_needed()
    await person.photograph("new-password-needed")
    await asks.click()
    dialog = person.dialog
    await dialog.says(step["description"].format(name=name))
    await dialog.fill(step["data"]["password"], "wrong")
    await dialog.submit(step)
    await dialog.says(CONFIG["error"]["wrong_password"])
    await person.photograph("new-password")
    await dialog.fill(step["data"]["password"], NEW_PASSWORD)
    await dialog.submit(step)
    await dialog.says("successful")
    await person.photograph("logged-in-again")
    await dialog.close()
    await all_loaded(house, len(FOUND_FIRST) + 3)


async def test_a_miner_that_goes_is_missed_and_seen_again_when_it_returns(
    house: House, person: Person, fleet: Fleet
) -> None:
    await person.open_device((await house.devices())[KILLED].id)
    power = person.row(NAMES["power"])
    await expect(power).to_contain_text(" W")

    async def unreachable(count: int) -> None:
        assert (await house.readings("fleet"))["miners_unreachable"] == str(count)

    await fleet.make_trouble(KILLED, "refuse")
    await expect(power).to_contain_text("Unavailable", timeout=40_000)
    await person.photograph("gone", whole=True)
    await eventually(partial(unreachable, 1), within=20)

    await fleet.heal(KILLED)
    await expect(power).to_contain_text(" W")
    await person.photograph("back-again")
    await eventually(partial(unreachable, 0), within=20)


async def test_the_energy_meter_survives_a_power_cut(
    house: House, person: Person, fleet: Fleet, notes: dict[str, float]
) -> None:
    kilowatts = (await fleet.miners())[MINER]["power"] / 1000
    await fleet.make_trouble(LATECOMER, "wrong-identity")
    await house.kill()
    hours = (time.monotonic() - notes["noted"]) / 3600
    await house.start()
    await house.enter()

    async def look() -> float:
        return float((await house.readings(MINER))["energy"])

    more = await eventually(look, within=20) - notes["energy"]
    # The last poll may have been just before the one that is lost.
    lost = 2 * POLL_INTERVAL / 3600
    # Power wavers, and what is shown is rounded.
    least, most = 0.95 * kilowatts * (hours - lost), 1.05 * kilowatts * hours
    assert least - 0.001 <= more <= most + 0.001
    await person.open_device((await house.devices())[MINER].id)
    await expect(person.row(NAMES["energy"])).to_contain_text("kWh")
    await person.photograph("after-the-power-cut")


async def test_another_miner_in_the_place_of_one_is_a_thing_to_repair(
    house: House, person: Person, fleet: Fleet
) -> None:
    issue = TEXTS["issues"]["another_miner"]
    menu = issue["fix_flow"]["step"]["init"]
    name = (await house.devices())[LATECOMER].name
    title = issue["title"].format(miner=name)
    await person.open("/config/repairs")
    await person.page.get_by_text(title).click()
    dialog = person.dialog
    await dialog.says(menu["menu_option_descriptions"]["adopt"])
    await person.photograph("repair")
    await fleet.heal(LATECOMER)
    await dialog.choose(menu["menu_options"]["find"])
    # It is found by whoever looks first: the dialog, or the next poll.
    is_back = issue["fix_flow"]["abort"]["is_back"].format(miner=name, host=LATECOMER)
    await dialog.says(re.compile(f"{re.escape(is_back)}|The issue is repaired!"))
    await person.photograph("repaired")
    await dialog.close()
    await expect(person.page.get_by_text(title)).to_have_count(0, timeout=30_000)
    await all_loaded(house, len(FOUND_FIRST) + 3)
    await person.photograph("nothing-to-repair")
