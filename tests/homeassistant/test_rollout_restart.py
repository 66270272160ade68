"""A firmware update of many miners that a restart of Home Assistant breaks off."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockUser,
)

from custom_components.braiins_fleet import async_setup
from custom_components.braiins_fleet.asic.connection import Connection
from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.jobs import JobState
from simulator import Quirks, SimulatedMiner

from .controlling import look
from .fleets import (
    Fleet,
    StartFleet,
    by_name,
    ended,
    install,
    note_order,
    releases,
    restarts,
)
from .running import PassingTime, until
from .updating import slow_disk
from .working import JOB, jobs_of


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
    # Nobody else is to give these miners anything before it goes on.
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, fleet)
    assert caught.value.translation_key == "owned_by_firmware_update"
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)


async def test_it_goes_on_after_a_restart_and_does_nothing_twice(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_fleet: StartFleet,
    hass_admin_user: MockUser,
) -> None:
    fleet = await start_fleet("A", "B", "C")
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
    start_fleet: StartFleet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = await start_fleet("A")
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


async def test_an_image_whose_answer_a_restart_lost_is_not_sent_again(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_fleet: StartFleet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = await start_fleet("A")
    order = note_order(fleet)
    taken = asyncio.Event()
    upload = Connection.upload

    async def lose(*arguments: Any, **named: Any) -> None:
        await upload(*arguments, **named)
        taken.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Connection, "upload", lose)
    await install(hass, fleet)
    await taken.wait()
    await restart(hass, fleet)
    job = await ended(hass, pass_time)
    assert job["state"] == "done"
    assert order == ["A", "A is back"]


async def written(hass: HomeAssistant) -> Any:
    """Return what is on the disk of the one that is under way."""
    plans = await Store[Any](hass, 1, f"{DOMAIN}.rollouts").async_load() or {}
    [plan] = plans.values()
    return plan


async def test_what_was_cancelled_stays_so_after_a_restart(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B")
    await install(hass, fleet)
    await restarts(hass, fleet["A"])
    [job] = jobs_of(hass).running
    job.cancel()
    await until(lambda: look(hass, JOB).attributes["step"] == "cancelling")
    while len((plan := await written(hass))["waves"]) > 1:  # noqa: ASYNC110 - a file
        await asyncio.sleep(0.005)
    # Should the power fail now, that is all there is to go on with.
    assert plan["waves"] == [[fleet["A"][1].entry_id]]
    await ended(hass, pass_time)
    assert releases(fleet) == {"A": "26.05", "B": "26.04"}


async def test_a_miner_that_came_back_with_the_old_version_while_nobody_looked(
    hass: HomeAssistant, pass_time: PassingTime, start_fleet: StartFleet
) -> None:
    fleet = await start_fleet("A", "B")
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
