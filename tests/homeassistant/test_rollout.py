"""Giving many miners another firmware, and what becomes of that on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockUser,
    async_capture_events,
)

from custom_components.braiins_fleet import async_setup
from custom_components.braiins_fleet.const import DOMAIN, EVENT_JOB
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.firmware_install import Step
from custom_components.braiins_fleet.jobs import JobState
from simulator import Quirks, SimulatedMiner

from .actions import device_of
from .conftest import SetUp, StartMiner
from .controlling import look
from .images import list_firmware, put
from .running import PassingTime, until
from .updating import PLATFORM, install as press, slow_disk, to_the_end
from .working import JOB, cancel_job, get_jobs, jobs_of

type Fleet = dict[str, tuple[SimulatedMiner, ConfigEntry[Any]]]
type Start = Callable[..., Awaitable[Fleet]]


@pytest.fixture
def start(
    hass: HomeAssistant,
    pass_time: PassingTime,  # noqa: ARG001 - it has to be there before
    start_miner: StartMiner,
    set_up: SetUp,
) -> Start:
    """Start some miners that all are of one kind, and have an image for them."""

    async def begin(*names: str, api: int = 10, image: str = "26.05") -> Fleet:
        fleet: Fleet = {}
        for place, name in enumerate(names):
            miner = await start_miner(api=api, seed=place + 1)
            entry = await set_up(miner)
            call_it(hass, entry, name)
            fleet[name] = miner, entry
        put(hass, image, PLATFORM)
        await list_firmware(hass)
        return fleet

    return begin


def call_it(hass: HomeAssistant, entry: ConfigEntry[Any], name: str) -> None:
    """Give a miner a name, as a person does."""
    hass.config_entries.async_update_entry(entry, title=name)
    device = device_of(hass, entry)
    dr.async_get(hass).async_update_device(device.id, name_by_user=name)


async def install(
    hass: HomeAssistant,
    fleet: Fleet,
    context: Context | None = None,
    **fields: object,
) -> dict[str, Any]:
    """Update miners by the action, and return what it says."""
    devices = [device_of(hass, entry).id for _, entry in fleet.values()]
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "install_firmware",
        fields,
        target={"device_id": devices},
        blocking=True,
        return_response=True,
        context=context,
    )
    return dict(answer)


def releases(fleet: Fleet) -> dict[str, str]:
    """Return what each miner runs."""
    return {name: miner.machine.firmware.release for name, (miner, _) in fleet.items()}


def note_order(fleet: Fleet) -> list[str]:
    """Return a list to which the name of each miner is added as it restarts."""
    order: list[str] = []

    def watch(name: str, miner: SimulatedMiner) -> None:
        machine = miner.machine

        def look_at() -> None:
            order.append(f"{name} is back" if machine.present else name)

        machine.presence_watchers.add(look_at)

    for name, (miner, _) in fleet.items():
        watch(name, miner)
    return order


async def ended(hass: HomeAssistant, pass_time: PassingTime) -> dict[str, Any]:
    """Let time pass until the job is over; returns what became of it."""
    [job] = jobs_of(hass).running
    await to_the_end(job.wait(), pass_time)
    [told] = await get_jobs(hass, id=job.id)
    return told


def by_name(miners: list[dict[str, Any]]) -> dict[str, Any]:
    """Return whether it went well with each miner, or what was said of it."""
    return {each["name"]: each.get("ok", each.get("error")) for each in miners}


async def test_one_miner_tries_it_and_the_others_follow_in_waves(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B", "C", "D")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A")
    told = await to_the_end(install(hass, fleet, wait=True), pass_time)
    assert (told["state"], told["done"]) == ("done", 1)
    assert releases(fleet) == {"A": "26.05"}


async def test_it_ends_when_the_first_miner_fails(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B", "C")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B", "C", "D")
    fleet["B"][0].machine.quirks = Quirks(upgrade_fails=True)
    await install(hass, fleet, wave_size=2)
    job = await ended(hass, pass_time)
    # C was in the same wave, and comes to its end.
    assert by_name(job["miners"]) == {"A": True, "B": False, "C": True, "D": None}
    assert releases(fleet)["D"] == "26.04"
    assert job["state"] == "failed"


async def test_some_failures_are_allowed_if_somebody_wants_that(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B", "C")
    fleet["B"][0].machine.quirks = Quirks(upgrade_fails=True)
    await install(hass, fleet, wave_size=1, stop_after=2)
    job = await ended(hass, pass_time)
    assert by_name(job["miners"]) == {"A": True, "B": False, "C": True}
    assert "1 of 3 miners, and 0 were not begun" in job["error"]


async def test_miners_for_which_it_is_not_possible_are_left_out(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start: Start,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    fleet = await start("A")
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
    hass: HomeAssistant, start: Start
) -> None:
    fleet = await start("A", "B")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    told = async_capture_events(hass, EVENT_JOB)
    fleet = await start("A", "B")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B")
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
    hass: HomeAssistant, start: Start
) -> None:
    fleet = await start("A")
    updating = asyncio.create_task(press(hass))
    while not jobs_of(hass).running:  # noqa: ASYNC110 - it has to be quick
        await asyncio.sleep(0)
    jobs_of(hass).running[0].cancel()
    with pytest.raises(HomeAssistantError) as caught:
        await updating
    assert caught.value.translation_key == "firmware_cancelled"
    assert fleet["A"][0].machine.present


async def restarts(hass: HomeAssistant, of: tuple[SimulatedMiner, Any]) -> None:
    """Wait until a miner has its image, and was told to install it."""
    entry = of[1]
    installing = hass.data[FARM].installing
    await until(
        lambda: (
            entry.entry_id in installing
            and installing[entry.entry_id].step is Step.RESTARTING
        )
    )


async def restart(
    hass: HomeAssistant, fleet: Fleet, *, meanwhile: Callable[[], object] | None = None
) -> None:
    """Stop Home Assistant, and start it again."""
    [job] = jobs_of(hass).running
    await jobs_of(hass).stop()
    assert job.state is JobState.CANCELLED
    for _, entry in fleet.values():
        await hass.config_entries.async_unload(entry.entry_id)
    if meanwhile is not None:
        meanwhile()
    hass.set_state(CoreState.starting)
    await async_setup(hass, {})
    for _, entry in fleet.values():
        await hass.config_entries.async_setup(entry.entry_id)
    assert jobs_of(hass).running == ()
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await until(lambda: bool(jobs_of(hass).running))


async def test_it_goes_on_after_a_restart_and_does_nothing_twice(
    hass: HomeAssistant, pass_time: PassingTime, start: Start, hass_admin_user: MockUser
) -> None:
    fleet = await start("A", "B", "C")
    order = note_order(fleet)
    await install(hass, fleet, Context(user_id=hass_admin_user.id), wave_size=1)
    while "A is back" not in order:
        pass_time.jump(1)
        await asyncio.sleep(0.005)
    await until_under_way(hass, pass_time, fleet["B"])
    await restarts(hass, fleet["B"])
    # That one is sent its image, and nobody knows yet what becomes of it.
    await restart(hass, fleet)
    job = await ended(hass, pass_time)
    assert job["state"] == "done"
    assert by_name(job["miners"]) == {"A": True, "B": True, "C": True}
    assert set(releases(fleet).values()) == {"26.05"}
    assert order == ["A", "A is back", "B", "B is back", "C", "C is back"]
    # And it is over for good.
    assert await Store[Any](hass, 1, f"{DOMAIN}.rollouts").async_load() == {}


async def until_under_way(
    hass: HomeAssistant, pass_time: PassingTime, of: tuple[SimulatedMiner, Any]
) -> None:
    """Let time pass until something is done to a miner."""
    while of[1].entry_id not in hass.data[FARM].installing:
        pass_time.jump(1)
        await asyncio.sleep(0.005)


async def test_an_upload_that_a_restart_broke_off_is_done_again(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = await start("A")
    order = note_order(fleet)
    with monkeypatch.context() as held:
        disk = slow_disk(held)
        await install(hass, fleet)
        await disk.reading.wait()
        await restart(hass, fleet)
        disk.goes_on.set()
    job = await ended(hass, pass_time)
    assert job["state"] == "done"
    assert order == ["A", "A is back"]


async def test_a_miner_that_came_back_with_the_old_version_while_nobody_looked(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B")
    miner = fleet["A"][0]
    miner.machine.quirks = Quirks(upgrade_fails=True)
    order = note_order(fleet)
    await install(hass, fleet)
    await restarts(hass, fleet["A"])
    while "A is back" not in order:
        pass_time.jump(1)
        miner.machine.catch_up(miner.clock.now())
        if len(order) == 1:
            break
    await restart(hass, fleet)
    job = await ended(hass, pass_time)
    assert by_name(job["miners"]) == {"A": False, "B": None}
    assert job["miners"][0]["error"].endswith(
        "runs 26.04. It may have found the image unfit"
    )
    assert order == ["A", "A is back"]


async def test_what_ran_before_is_put_back(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A")
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
    hass: HomeAssistant, start: Start
) -> None:
    fleet = await start("A")
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, fleet, version="26.05", roll_back=True)
    assert caught.value.translation_key == "firmware_back_to_what"


async def test_each_image_is_tried_by_one_miner_first(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start: Start,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    fleet = await start("A", "B")
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
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A")
    await install(hass, fleet)
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, fleet)
    assert caught.value.translation_key == "owned_by_firmware_update"
    await ended(hass, pass_time)


async def test_only_administrators_update_miners(
    hass: HomeAssistant, start: Start, hass_read_only_user: MockUser
) -> None:
    fleet = await start("A")
    with pytest.raises(Unauthorized):
        await install(hass, fleet, Context(user_id=hass_read_only_user.id))
    assert jobs_of(hass).running == ()


async def test_a_miner_that_is_removed_meanwhile_is_passed_over(
    hass: HomeAssistant, pass_time: PassingTime, start: Start
) -> None:
    fleet = await start("A", "B", "C")
    await install(hass, fleet)
    await hass.config_entries.async_remove(fleet["B"][1].entry_id)
    job = await ended(hass, pass_time)
    assert by_name(job["miners"]) == {"A": True, "C": True}
    assert job["state"] == "done"
