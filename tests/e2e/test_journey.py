"""From an empty Home Assistant to a fleet that is watched.

The steps follow one another, and each goes on where the one before it ended.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
import json
import re
import time
from typing import Any

from playwright.async_api import expect
import pytest

from scripts.house import start

from .person import Person
from .processes import COMPONENT, Fleet, House
from .stage import (
    FOUND_FIRST,
    KILLED,
    LATECOMER,
    LOG,
    MINER,
    NETWORK,
    NOBODY,
    OFF,
    PASSWORD,
    POLL_INTERVAL,
    STOCK,
    STRANGER,
    STRANGERS_PASSWORD,
    TOO_OLD,
)

TEXTS: dict[str, Any] = json.loads((COMPONENT / "translations/en.json").read_text())
CONFIG = TEXTS["config"]
STEPS = CONFIG["step"]
NAMES = {key: texts["name"] for key, texts in TEXTS["entity"]["sensor"].items()}


async def eventually[T](look: Callable[[], Awaitable[T]], within: float) -> T:
    """Look again and again until nothing that is asserted is wrong any more."""
    deadline = time.monotonic() + within
    while True:
        try:
            return await look()
        except AssertionError, KeyError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


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
    await person.photograph("devices-and-services")


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
    await expect(found).to_contain_text(re.compile(r"\b1\b"), timeout=15_000)
    await person.photograph("miner-found-a-block", whole=True)


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

    await eventually(look, within=15)
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
    await expect(power).to_contain_text(" W", timeout=5_000)
    await person.photograph("switched-on")


async def test_a_miner_is_polled_as_often_as_one_likes(
    house: House, person: Person, notes: dict[str, float]
) -> None:
    options = TEXTS["options"]["step"]["init"]
    await person.open(f"/config/integrations/integration/{COMPONENT.name}")
    await person.photograph("integration", whole=True)
    dialog = await person.configure((await house.devices())[MINER].name)
    await dialog.says(options["title"])
    await dialog.fill(options["data"]["poll_interval"], str(POLL_INTERVAL))
    await person.photograph("options")
    await dialog.submit(options)
    await dialog.finish()

    # A miner that was just set up again says at once what its meter shows.
    async def look() -> float:
        return float((await house.readings(MINER))["energy"])

    notes["energy"] = await eventually(look, within=10)
    notes["noted"] = time.monotonic()


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
    await eventually(partial(unreachable, 1), within=10)

    await fleet.heal(KILLED)
    await expect(power).to_contain_text(" W", timeout=5_000)
    await person.photograph("back-again")
    await eventually(partial(unreachable, 0), within=10)


async def test_the_energy_meter_survives_a_power_cut(
    house: House, person: Person, fleet: Fleet, notes: dict[str, float]
) -> None:
    kilowatts = (await fleet.miners())[MINER]["power"] / 1000
    await house.kill()
    hours = (time.monotonic() - notes["noted"]) / 3600
    await house.start()
    await house.enter()

    async def look() -> float:
        return float((await house.readings(MINER))["energy"])

    more = await eventually(look, within=20) - notes["energy"]
    # The last poll may have been just before the one that is lost.
    lost = 2 * POLL_INTERVAL / 3600
    assert kilowatts * (hours - lost) - 0.001 <= more <= kilowatts * hours + 0.001
    await person.open_device((await house.devices())[MINER].id)
    await expect(person.row(NAMES["energy"])).to_contain_text("kWh")
    await person.photograph("after-the-power-cut")


async def test_the_log_tells_of_nothing_but_the_miner_that_went(house: House) -> None:
    records = re.split(r"^(?=\d{4}-\d\d-\d\d )", LOG.read_text(), flags=re.MULTILINE)
    ours = [
        record
        for record in records
        # That nobody has tested us is said of each custom integration.
        if COMPONENT.name in record and "[homeassistant.loader]" not in record
    ]
    assert len(ours) == 1, "".join(ours)
    assert f"Error fetching {(await house.devices())[KILLED].name} data" in ours[0]
