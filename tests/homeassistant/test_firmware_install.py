"""Giving a miner another firmware by its update entity, and what may go wrong."""

import asyncio
from datetime import timedelta
import logging
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.asic import TimedOut
from custom_components.braiins_fleet.asic.connection import Connection
from custom_components.braiins_fleet.const import EVENT_CHANGED
from simulator import Quirks, SimulatedMiner, Timing
from simulator.refusals import InvalidValue, Reconfiguring
from simulator.schema import message
from simulator.services.upgrade import Reception
from simulator.upgrades import Upgrades

from .actions import act as call
from .conftest import SetUp, StartMiner
from .controlling import MINER, look
from .images import list_firmware, put
from .running import PassingTime, listened_to, until
from .updating import (
    PLATFORM,
    UPDATE,
    answer_image_with,
    begin,
    install,
    is_restarting,
    is_uploading,
    slow_disk,
    to_the_end,
)

POWER = f"sensor.{MINER}_power"


@pytest.fixture
async def miner(pass_time: PassingTime, start_miner: StartMiner) -> SimulatedMiner:  # noqa: ARG001 - it has to be there before
    """Start a miner for which there is something newer."""
    return await start_miner(api=10)


@pytest.fixture
async def entry(hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp) -> Any:
    """Set it up, with a newer image in the library."""
    entry = await set_up(miner)
    put(hass, "26.05", PLATFORM)
    await list_firmware(hass)
    await listened_to(entry)
    return entry


async def failure(
    doing: Any, pass_time: PassingTime, step: float = 1.0
) -> tuple[str | None, dict[str, str]]:
    """Return what is said of an update that fails."""
    with pytest.raises(HomeAssistantError) as caught:
        await to_the_end(doing, pass_time, step)
    assert caught.value.translation_domain == "braiins_fleet"
    assert "{" not in str(caught.value)
    return caught.value.translation_key, dict(
        caught.value.translation_placeholders or {}
    )


@pytest.mark.usefixtures("entry")
async def test_an_image_of_the_library_is_installed_and_verified(
    hass: HomeAssistant, miner: SimulatedMiner, pass_time: PassingTime
) -> None:
    assert look(hass, UPDATE).state == STATE_ON
    await to_the_end(install(hass), pass_time)
    assert miner.machine.firmware.release == "26.05"
    state = look(hass, UPDATE)
    assert state.state == STATE_OFF
    assert state.attributes["installed_version"] == "26.05"
    assert state.attributes["api_version"] == "1.11.0"
    assert not state.attributes["in_progress"]
    assert look(hass, POWER).state != STATE_UNAVAILABLE


async def test_that_the_miner_is_gone_meanwhile_is_logged_but_not_as_an_error(
    hass: HomeAssistant,
    entry: Any,
    pass_time: PassingTime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = await begin(hass)
    await until(lambda: is_restarting(hass))
    pass_time.jump(65)
    await entry.runtime_data.async_refresh()
    assert look(hass, POWER).state == STATE_UNAVAILABLE
    assert "Antminer S19k Pro is being given another firmware" in caplog.text
    await to_the_end(task, pass_time)
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_the_upload_is_shown_in_percent_and_the_restart_is_not(
    hass: HomeAssistant, entry: Any, pass_time: PassingTime
) -> None:
    put(hass, "26.05", PLATFORM, size=8_000_000)
    await list_firmware(hass)
    shown: list[int | None] = []

    @callback
    def note(event: Event[Any]) -> None:
        state = event.data["new_state"]
        assert state.state != STATE_UNAVAILABLE
        if state.attributes["in_progress"]:
            shown.append(state.attributes["update_percentage"])

    async_track_state_change_event(hass, UPDATE, note)
    await to_the_end(install(hass), pass_time)
    await hass.async_block_till_done()
    percents = [each for each in shown if each is not None]
    assert percents == sorted(set(percents))
    assert percents[0] == 0
    assert percents[-1] == 100
    assert len(percents) > 20
    assert shown[-1] is None
    assert entry.state.value == "loaded"


async def test_nobody_else_speaks_to_the_miner_meanwhile(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: Any,
    pass_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = slow_disk(monkeypatch)
    task = await begin(hass)
    await slow.reading.wait()
    calls = miner.calls
    before = look(hass, POWER)
    for _ in range(5):
        pass_time.jump(10)
        await entry.runtime_data.async_refresh()
    assert miner.calls == calls
    # What was read a moment ago still counts; after a minute nobody knows.
    assert look(hass, POWER).state == before.state
    pass_time.jump(15)
    await entry.runtime_data.async_refresh()
    assert look(hass, POWER).state == STATE_UNAVAILABLE
    assert is_uploading(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "pause", entry)
    assert caught.value.translation_key == "owned_by_firmware_update"
    assert miner.calls == calls
    slow.goes_on.set()
    await to_the_end(task, pass_time)
    assert look(hass, POWER).state != STATE_UNAVAILABLE


@pytest.mark.usefixtures("entry")
async def test_the_logbook_tells_who_updated_what_from_which_version(
    hass: HomeAssistant, pass_time: PassingTime, hass_admin_user: Any
) -> None:
    changes = async_capture_events(hass, EVENT_CHANGED)
    context = Context(user_id=hass_admin_user.id)
    doing = hass.services.async_call(
        "update", "install", {"entity_id": UPDATE}, blocking=True, context=context
    )
    await to_the_end(doing, pass_time)
    await hass.async_block_till_done()
    [change] = changes
    assert change.context.user_id == hass_admin_user.id
    assert {name: change.data[name] for name in ("type", "before", "after")} == {
        "type": UPDATE,
        "before": "26.04",
        "after": "26.05",
    }


async def test_any_version_in_the_library_can_be_installed(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    put(hass, "26.01", PLATFORM)
    await list_firmware(hass)
    await to_the_end(install(hass, version="26.01"), pass_time)
    assert miner.machine.firmware.release == "26.01"
    # That one cannot be given an image any more.
    await until(lambda: look(hass, UPDATE).attributes["supported_features"] == 4)
    assert entry.state.value == "loaded"


@pytest.mark.usefixtures("entry")
async def test_a_version_that_is_in_no_image_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner
) -> None:
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as caught:
        await install(hass, version="26.08")
    assert caught.value.translation_key == "firmware_no_image"
    assert caught.value.translation_placeholders == {
        "miner": "Antminer S19k Pro",
        "version": "26.08",
        "platform": PLATFORM,
    }
    assert miner.calls == calls


@pytest.mark.usefixtures("entry")
async def test_a_miner_that_comes_back_with_the_old_version_is_a_failure(
    hass: HomeAssistant, miner: SimulatedMiner, pass_time: PassingTime
) -> None:
    miner.machine.quirks = Quirks(upgrade_fails=True)
    key, words = await failure(install(hass), pass_time)
    assert key == "firmware_unchanged"
    assert (words["version"], words["now"]) == ("26.05", "26.04")
    state = look(hass, UPDATE)
    assert state.state == STATE_ON
    assert not state.attributes["in_progress"]


async def test_a_miner_refuses_an_image_with_another_hash(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    path = put(hass, "26.05", PLATFORM)
    whole = path.read_bytes()
    path.write_bytes(whole[:600] + b"x" + whole[601:])
    key, words = await failure(install(hass), pass_time)
    assert key == "firmware_upload_failed"
    assert "SHA-256 of the image is not the announced one" in words["error"]
    assert miner.machine.firmware.release == "26.04"
    assert look(hass, POWER).state != STATE_UNAVAILABLE
    assert entry.state.value == "loaded"


async def test_an_image_that_shrank_meanwhile_is_not_sent_to_the_end(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    path = put(hass, "26.05", PLATFORM)
    path.write_bytes(path.read_bytes()[:-1])
    key, words = await failure(install(hass), pass_time)
    assert key == "firmware_upload_failed"
    assert "the image was to have" in words["error"]
    assert miner.machine.present
    assert entry.state.value == "loaded"


@pytest.mark.usefixtures("entry")
async def test_an_image_that_was_deleted_meanwhile_is_told_of(
    hass: HomeAssistant, miner: SimulatedMiner, pass_time: PassingTime
) -> None:
    put(hass, "26.05", PLATFORM).unlink()
    key, _ = await failure(install(hass), pass_time)
    assert key == "firmware_disk"
    assert miner.machine.firmware.release == "26.04"


async def test_a_connection_that_breaks_during_the_upload_is_a_failure(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    put(hass, "26.05", PLATFORM, size=30_000_000)
    await list_firmware(hass)

    @callback
    def hang_up(event: Event[Any]) -> None:
        if event.data["new_state"].attributes["update_percentage"] == 10:
            miner.faults.refuse()

    async_track_state_change_event(hass, UPDATE, hang_up)
    key, words = await failure(install(hass), pass_time, step=0.1)
    assert key == "firmware_upload_failed"
    assert words["miner"] == "Antminer S19k Pro"
    assert not look(hass, UPDATE).attributes["in_progress"]
    miner.faults.clear()
    await until(lambda: look(hass, POWER).state != STATE_UNAVAILABLE)
    assert miner.machine.firmware.release == "26.04"
    assert entry.state.value == "loaded"


@pytest.mark.usefixtures("entry")
async def test_an_answer_that_gets_lost_is_no_failure_if_the_miner_installs(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    pass_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_image_with(monkeypatch, Reconfiguring("busy"), begins=True)
    await to_the_end(install(hass), pass_time)
    assert miner.machine.firmware.release == "26.05"


@pytest.mark.usefixtures("entry")
async def test_an_answer_that_gets_lost_is_a_failure_if_nothing_comes_of_it(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    pass_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_image_with(monkeypatch, Reconfiguring("busy"), begins=False)
    begun = hass.loop.time()
    key, _ = await failure(install(hass), pass_time)
    assert key == "firmware_upload_failed"
    assert hass.loop.time() - begun < 300
    assert miner.machine.firmware.release == "26.04"


@pytest.mark.usefixtures("entry")
async def test_a_miner_that_may_write_its_image_is_not_given_up_after_some_minutes(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    pass_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lose(_: Connection, rpc: Any, messages: Any, **__: Any) -> None:
        async for _message in messages:
            pass
        raise TimedOut(rpc.path)

    monkeypatch.setattr(Connection, "upload", lose)
    task = await begin(hass)
    begun = hass.loop.time()
    while hass.loop.time() - begun < 600:
        pass_time.jump(5)
        await asyncio.sleep(0.005)
    assert is_restarting(hass)
    async with SimulatedMiner(api=11) as newer:
        miner.machine.install(newer.machine.firmware)
    await to_the_end(task, pass_time)
    assert look(hass, UPDATE).attributes["installed_version"] == "26.05"


@pytest.mark.usefixtures("entry")
async def test_what_the_miner_refuses_is_said_in_its_own_words(
    hass: HomeAssistant, pass_time: PassingTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_image_with(monkeypatch, InvalidValue("not signed"), begins=False)
    key, words = await failure(install(hass), pass_time)
    assert key == "firmware_upload_failed"
    assert words["error"] == "Antminer S19k Pro refused: not signed"


@pytest.mark.usefixtures("entry")
async def test_a_miner_that_does_not_begin_is_a_failure(
    hass: HomeAssistant, pass_time: PassingTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = message("SystemUpgradeResponse")
    monkeypatch.setattr(Reception, "install", lambda *_: response(successful=False))
    key, _ = await failure(install(hass), pass_time)
    assert key == "firmware_not_begun"


@pytest.mark.usefixtures("entry")
async def test_a_miner_that_never_restarts_is_given_up_after_a_quarter_of_an_hour(
    hass: HomeAssistant, pass_time: PassingTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It says that it begins.
    monkeypatch.setattr(Upgrades, "install", lambda *_, **__: None)
    begun = hass.loop.time()
    key, _ = await failure(install(hass), pass_time, step=10)
    assert key == "firmware_not_gone"
    assert (
        timedelta(minutes=15)
        <= timedelta(seconds=hass.loop.time() - begun)
        < timedelta(minutes=20)
    )


async def test_a_miner_that_never_comes_back_is_given_up_after_45_minutes(
    hass: HomeAssistant, pass_time: PassingTime, start_miner: StartMiner, set_up: SetUp
) -> None:
    await set_up(await start_miner(api=10, timing=Timing(upgrade_s=1e6)))
    put(hass, "26.05", PLATFORM)
    await list_firmware(hass)
    begun = hass.loop.time()
    key, words = await failure(install(hass), pass_time, step=10)
    assert key == "firmware_not_back"
    assert "does not answer" in words["error"]
    assert (
        timedelta(minutes=45)
        <= timedelta(seconds=hass.loop.time() - begun)
        < timedelta(minutes=60)
    )
    assert look(hass, UPDATE).state == STATE_UNAVAILABLE


async def test_another_miner_that_comes_back_in_its_place_is_told_of(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    task = await begin(hass)
    await until(lambda: is_restarting(hass))
    miner.faults.wrong_identity()
    key, words = await failure(task, pass_time)
    assert key == "firmware_another"
    assert words["host"] == miner.host
    assert words["other"].startswith("Antminer S19k Pro (")
    await until(lambda: entry.runtime_data.another is not None)


async def test_a_login_that_was_changed_by_the_update_is_told_of(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    task = await begin(hass)
    await until(lambda: is_restarting(hass))
    miner.machine.accounts.password = "another"
    key, words = await failure(task, pass_time, step=5)
    assert key == "firmware_not_back"
    assert "does not accept its username and password" in words["error"]
    assert entry.state.value == "loaded"


async def test_an_update_survives_that_the_entry_is_loaded_anew(
    hass: HomeAssistant, miner: SimulatedMiner, entry: Any, pass_time: PassingTime
) -> None:
    task = await begin(hass)
    await until(lambda: is_restarting(hass))
    # As when the miner gets another address.
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert is_restarting(hass)
    await to_the_end(task, pass_time)
    assert miner.machine.firmware.release == "26.05"
    await until(lambda: look(hass, UPDATE).state == STATE_OFF)


async def test_an_update_ends_with_the_entry_of_the_miner(
    hass: HomeAssistant, entry: Any, pass_time: PassingTime
) -> None:
    task = await begin(hass)
    await until(lambda: is_restarting(hass))
    await hass.config_entries.async_remove(entry.entry_id)
    key, _ = await failure(task, pass_time)
    assert key == "not_set_up"


@pytest.mark.usefixtures("entry")
async def test_a_miner_that_is_away_gets_nothing(
    hass: HomeAssistant, miner: SimulatedMiner, pass_time: PassingTime
) -> None:
    miner.faults.refuse()
    await miner.settled()
    key, _ = await failure(install(hass), pass_time)
    assert key == "nothing_answers"


@pytest.mark.usefixtures("entry")
async def test_another_miner_at_the_address_gets_nothing(
    hass: HomeAssistant, miner: SimulatedMiner, pass_time: PassingTime
) -> None:
    miner.faults.wrong_identity()
    key, _ = await failure(install(hass), pass_time)
    assert key == "another_miner"
    assert miner.machine.firmware.release == "26.04"
