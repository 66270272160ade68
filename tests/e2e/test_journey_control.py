"""A miner is told what to do, with all that a person has for that.

These steps go on where the journey ended.
"""

import re

from playwright.async_api import expect

from scripts.house import start

from .looking import TEXTS, names
from .person import Person
from .processes import Fleet, House
from .stage import MINER

NUMBERS, SELECTS, BUTTONS = map(names, ("number", "select", "button"))
SENSORS = names("sensor")
MINING = names("switch")["mining"]
STATUS = TEXTS["entity"]["sensor"]["status"]["state"]
TUNING = TEXTS["entity"]["select"]["tuning"]["state"]
# A miner takes about that long to pause, and as long to be back.
A_MINUTE_MS = 60_000


def _changed(what: str, before: str, after: str) -> str:
    sentence: str = TEXTS["common"]["logbook_changed"]
    return sentence.format(what=what, before=before, after=after)


async def test_a_target_is_typed_and_confirmed_by_the_miner(
    house: House, person: Person, fleet: Fleet
) -> None:
    device = (await house.devices())[MINER]
    await person.open_device(device.id)
    await expect(person.box(NUMBERS["power_target"])).to_have_value("2760")
    await person.type_in(NUMBERS["power_target"], "2000")
    live = person.row(SENSORS["live_power_target"])
    await expect(live).to_contain_text("2,000 W")
    assert (await fleet.miners())[MINER]["target"] == 2000

    line = person.activity(_changed(NUMBERS["power_target"], "2760", "2000"))
    await expect(line).to_contain_text(device.name)
    await person.photograph("target-set", whole=True)

    await person.open(f"/logbook?device_id={device.id}")
    who = re.compile(
        f"{NUMBERS['power_target']}→2,000 W.* By {start.USER}", re.IGNORECASE
    )
    await expect(person.page.get_by_role("button", name=who)).to_be_visible()
    await person.photograph("who-set-the-target")


async def test_a_target_that_the_miner_does_not_allow_is_refused(
    house: House, person: Person, fleet: Fleet
) -> None:
    device = (await house.devices())[MINER]
    await person.open_device(device.id)
    await person.type_in(NUMBERS["power_target"], "99999")
    await expect(person.message).to_contain_text(re.compile(r"99999.* 771 - 6435"))
    await person.photograph("target-refused")

    answer = await person.perform(
        f"""
        action: braiins_fleet.set_power_target
        target:
          device_id: {device.id}
        data:
          power: 99999
        """
    )
    refusal = TEXTS["exceptions"]["out_of_range"]["message"].format(
        miner=device.name, value="99999 W", minimum="771 W", maximum="6435 W"
    )
    await expect(answer).to_contain_text(refusal)
    await expect(answer).to_contain_text("ok: false")
    await person.photograph("action-refused")
    assert (await fleet.miners())[MINER]["target"] == 2000


async def test_mining_is_switched_off_and_on_again(
    house: House, person: Person
) -> None:
    device = (await house.devices())[MINER]
    await person.open_device(device.id)
    status = person.row(SENSORS["status"])
    await expect(status).to_contain_text(STATUS["normal"])
    mining = person.controls.get_by_role("switch").first
    # What one sees is drawn over the switch itself.
    await mining.uncheck(force=True)
    line = person.activity(_changed(MINING, "On", "Off"))
    await expect(line).to_contain_text(device.name)
    await expect(status).to_contain_text(STATUS["paused"], timeout=A_MINUTE_MS)
    await expect(mining).not_to_be_checked()
    await person.photograph("paused")
    await mining.check(force=True)
    await expect(status).to_contain_text(STATUS["normal"], timeout=A_MINUTE_MS)
    await expect(mining).to_be_checked()


async def test_another_way_of_tuning_is_chosen_and_a_button_pressed(
    house: House, person: Person, fleet: Fleet
) -> None:
    await person.open_device((await house.devices())[MINER].id)
    power, hashrate = map(
        person.box, (NUMBERS["power_target"], NUMBERS["hashrate_target"])
    )
    await person.pick(SELECTS["tuning"], TUNING["hashrate_target"])
    await expect(hashrate).to_have_value("120")
    await expect(power).to_be_disabled()
    await person.photograph("tuned-by-hashrate", whole=True)

    button = person.row(BUTTONS["default_power_target"])
    await button.get_by_role("button").click()
    await expect(power).to_have_value("2760")
    await expect(hashrate).to_be_disabled()
    assert (await fleet.miners())[MINER]["target"] == 2760
    await person.photograph("default-target", whole=True)


async def test_an_action_answers_with_what_was_asked(
    house: House, person: Person
) -> None:
    device = (await house.devices())[MINER]
    answer = await person.perform(
        f"""
        action: braiins_fleet.get_summary
        target:
          device_id: {device.id}
        """
    )
    for line in f"name: {device.name}", "status: normal", "power_target: 2760":
        await expect(answer).to_contain_text(line)
    await person.photograph("summary")
