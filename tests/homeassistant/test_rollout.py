"""Giving many miners another firmware, and what becomes of that on the way."""

import asyncio
from itertools import pairwise

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockUser,
    async_capture_events,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_JOB
from simulator import Quirks

from .actions import device_of
from .conftest import SetUp, StartMiner
from .controlling import look
from .fleets import (
    StartFleet,
    by_name,
    call_it,
    ended,
    install,
    note_order,
    releases,
    restarts,
)
from .images import put
from .running import PassingTime, until
from .updating import PLATFORM, install as press, to_the_end
from .working import JOB, cancel_job, jobs_of


async def test_one_miner_tries_it_and_the_others_follow_in_waves(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B", "C", "D")
    order = note_order(fleet)
    told = await install(hass, fleet, wave_size=2)
    assert told["state"] == "running"
    assert told["left_out"] == []
    job = await ended(hass, pass_time)
    assert job["state"] == "done"
    assert job["progress"] == 100
    assert [
        (each["ok"], each["before"], each["after"], each["error"])
        for each in job["miners"]
    ] == [(True, "26.04", "26.05", None)] * 4
    assert set(releases(fleet).values()) == {"26.05"}
    assert order[:2] == ["A", "A is back"]
    assert set(order[2:4]) == {"B", "C"}
    assert set(order[4:6]) == {"B is back", "C is back"}
    assert order[6:] == ["D", "D is back"]


async def test_the_action_waits_for_the_end_if_it_is_told_to(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    told = await to_the_end(install(hass, fleet, wait=True), pass_time)
    assert (told["state"], told["done"]) == ("done", 1)
    assert releases(fleet) == {"A": "26.05"}


async def test_it_ends_when_the_first_miner_fails(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B", "C")
    fleet["A"][0].machine.quirks = Quirks(upgrade_fails=True)
    await install(hass, fleet, stop_after=10)
    job = await ended(hass, pass_time)
    assert (job["state"], job["failed"]) == ("failed", 1)
    assert job["error"].startswith(
        "The firmware update failed for 1 of 3 miners, and 2 were not begun: A is back"
    )
    assert by_name(job["miners"]) == {"A": False, "B": None, "C": None}
    assert set(releases(fleet).values()) == {"26.04"}


async def test_a_wave_that_fails_is_the_last_one(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B", "C", "D")
    fleet["B"][0].machine.quirks = Quirks(upgrade_fails=True)
    await install(hass, fleet, wave_size=2)
    job = await ended(hass, pass_time)
    # C was in the same wave, and comes to its end.
    assert by_name(job["miners"]) == {"A": True, "B": False, "C": True, "D": None}
    assert releases(fleet)["D"] == "26.04"
    assert job["state"] == "failed"


async def test_some_failures_are_allowed_if_somebody_wants_that(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B", "C")
    fleet["B"][0].machine.quirks = Quirks(upgrade_fails=True)
    await install(hass, fleet, wave_size=1, stop_after=2)
    job = await ended(hass, pass_time)
    assert by_name(job["miners"]) == {"A": True, "B": False, "C": True}
    assert "1 of 3 miners, and 0 were not begun" in job["error"]


async def test_miners_for_which_it_is_not_possible_are_left_out(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_fleet: StartFleet,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    fleet = await start_fleet("A")
    for name, model, api in (
        ("New", "s19k_pro", 11),
        ("Old", "s19k_pro", 9),
        ("Other", "s19j_pro", 11),
        ("Off", "s19k_pro", 10),
    ):
        miner = await start_miner(model, api=api, seed=50 + len(fleet))
        entry = await set_up(miner)
        call_it(hass, entry, name)
        fleet[name] = miner, entry
    devices = {name: device_of(hass, entry).id for name, (_, entry) in fleet.items()}
    await hass.config_entries.async_unload(fleet["Off"][1].entry_id)
    told = await install(hass, fleet)
    assert [miner["device_id"] for miner in told["miners"]] == [devices["A"]]
    said = {each["device_id"]: each["error"] for each in told["left_out"]}
    assert said == {
        devices["New"]: None,
        devices["Old"]: "Old has Braiins OS 26.01, and can be updated from here only "
        "from 26.04 on. Update it with its own web page first",
        devices["Other"]: "The firmware library has no image for Other, which needs "
        "one for the platform am3-bbb",
        devices["Off"]: "Off is not set up at the moment. Its entry in the settings "
        "says why",
    }
    assert (await ended(hass, pass_time))["state"] == "done"


async def test_an_automation_is_told_of_those_that_are_left_out(
    hass: HomeAssistant, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B")
    device = device_of(hass, fleet["A"][1]).id
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "install_firmware",
            {"version": "26.08"},
            target={"device_id": device},
            blocking=True,
        )
    assert caught.value.translation_key == "firmware_no_image"
    told = await install(hass, fleet, version="26.04")
    assert (told["id"], by_name(told["left_out"])) == (None, {"A": None, "B": None})
    assert jobs_of(hass).running == ()


async def test_an_automation_that_waits_fails_with_what_went_wrong(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    fleet["A"][0].machine.quirks = Quirks(upgrade_fails=True)
    device = device_of(hass, fleet["A"][1]).id
    doing = hass.services.async_call(
        DOMAIN,
        "install_firmware",
        {"wait": True},
        target={"device_id": device},
        blocking=True,
    )
    with pytest.raises(HomeAssistantError) as caught:
        await to_the_end(doing, pass_time)
    assert caught.value.translation_key == "firmware_unchanged"


async def test_the_home_hears_how_far_it_is(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    told = async_capture_events(hass, EVENT_JOB)
    fleet = await start_fleet("A", "B")
    await install(hass, fleet)
    assert look(hass, JOB).state == "firmware_update"
    steps = set()
    times = []
    [job] = jobs_of(hass).running
    task = asyncio.ensure_future(job.wait())
    while not task.done():
        steps.add(look(hass, JOB).attributes.get("step"))
        before = len(told)
        pass_time.jump(1)
        await asyncio.sleep(0.005)
        if len(told) > before:
            times.append(hass.loop.time())
    assert {"uploading", "restarting"} <= steps
    progress = [event.data["progress"] or 0 for event in told]
    assert progress == sorted(progress)
    assert {0, 25, 50, 75, 100} >= {each for each in progress if each % 25 == 0}
    assert any(25 <= each < 50 for each in progress)
    # A step of a test may take a moment itself.
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert max(gaps) < 10
    assert look(hass, JOB).state == "idle"


async def test_to_cancel_lets_a_miner_that_is_under_way_come_to_its_end(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B")
    told = await install(hass, fleet)
    await restarts(hass, fleet["A"])
    asking = asyncio.ensure_future(cancel_job(hass, told["id"]))
    await until(lambda: look(hass, JOB).attributes["step"] == "cancelling")
    job = await ended(hass, pass_time)
    await asking
    assert job["state"] == "cancelled"
    assert by_name(job["miners"]) == {"A": True, "B": None}
    assert releases(fleet) == {"A": "26.05", "B": "26.04"}


async def test_an_update_that_is_cancelled_before_it_begins_says_so(
    hass: HomeAssistant, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    updating = asyncio.create_task(press(hass))
    while not jobs_of(hass).running:  # noqa: ASYNC110 - it has to be quick
        await asyncio.sleep(0)
    jobs_of(hass).running[0].cancel()
    with pytest.raises(HomeAssistantError) as caught:
        await updating
    assert caught.value.translation_key == "firmware_cancelled"
    assert fleet["A"][0].machine.present


async def test_what_ran_before_is_put_back(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    told = await install(hass, fleet, roll_back=True)
    assert told["left_out"][0]["error"].startswith("No earlier version of A is known")
    await to_the_end(install(hass, fleet, wait=True), pass_time)
    assert releases(fleet) == {"A": "26.05"}
    told = await install(hass, fleet, roll_back=True)
    assert "no image of 26.04 for A" in told["left_out"][0]["error"]
    put(hass, "26.04", PLATFORM)
    await to_the_end(install(hass, fleet, roll_back=True, wait=True), pass_time)
    assert releases(fleet) == {"A": "26.04"}
    await hass.async_block_till_done()
    history = look(hass, "update.antminer_s19k_pro_firmware").attributes["history"]
    assert [each["version"] for each in history] == ["26.04", "26.05", "26.04"]


async def test_a_version_and_the_one_before_cannot_be_meant_both(
    hass: HomeAssistant, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, fleet, version="26.05", roll_back=True)
    assert caught.value.translation_key == "firmware_back_to_what"


async def test_each_image_is_tried_by_one_miner_first(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_fleet: StartFleet,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    fleet = await start_fleet("A", "B")
    other = await start_miner("s19j_pro", api=10, seed=9)
    entry = await set_up(other)
    call_it(hass, entry, "C")
    fleet["C"] = other, entry
    put(hass, "26.05", "am3-bbb")
    order = note_order(fleet)
    await install(hass, fleet)
    job = await ended(hass, pass_time)
    assert job["state"] == "done"
    assert set(order[:2]) == {"A", "C"}
    assert order[-2:] == ["B", "B is back"]


async def test_a_miner_belongs_to_one_job_at_a_time(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A")
    await install(hass, fleet)
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, fleet)
    assert caught.value.translation_key == "owned_by_firmware_update"
    await ended(hass, pass_time)


async def test_only_administrators_update_miners(
    hass: HomeAssistant, start_fleet: StartFleet, hass_read_only_user: MockUser
) -> None:
    fleet = await start_fleet("A")
    with pytest.raises(Unauthorized):
        await install(hass, fleet, Context(user_id=hass_read_only_user.id))
    assert jobs_of(hass).running == ()


async def test_a_miner_that_is_removed_meanwhile_is_passed_over(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B", "C")
    await install(hass, fleet)
    await hass.config_entries.async_remove(fleet["B"][1].entry_id)
    job = await ended(hass, pass_time)
    assert by_name(job["miners"]) == {"A": True, "C": True}
    assert job["state"] == "done"
