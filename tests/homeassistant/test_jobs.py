"""Long work on miners: who sees it, who ends it, and what it keeps from happening."""

import asyncio
import logging
from typing import Any

from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_JOB
from custom_components.braiins_fleet.jobs import Job, JobKind, JobStep
from simulator import SimulatedMiner
from simulator.mining import Reason, Software

from .actions import PROMPT, act as call
from .conftest import SetUp, StartMiner
from .controlling import MINER, act, look
from .people import entities_of, user_with
from .running import PassingTime, listened_to, until
from .working import JOB, Held, Work, begin, cancel_job, get_jobs, jobs_of

POWER = f"number.{MINER}_power_target"
MINING = f"switch.{MINER}"


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


@pytest.fixture
async def work(hass: HomeAssistant) -> Work:  # noqa: ARG001 - it needs a running loop
    """Have work that lasts until it is ended."""
    return Work()


async def refused(doing: Any) -> tuple[str | None, dict[str, str] | None]:
    """Return what is said of something that a job is in the way of."""
    with pytest.raises(ServiceValidationError) as error:
        await doing
    assert error.value.translation_domain == "braiins_fleet"
    return error.value.translation_key, error.value.translation_placeholders


async def test_the_fleet_shows_what_runs(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    assert look(hass, JOB).state == "idle"
    assert "id" not in look(hass, JOB).attributes
    job = await begin(hass, entry, work=work)
    job.report(progress=41.7)
    state = look(hass, JOB)
    assert state.state == "baseline"
    shown = {
        name: state.attributes[name] for name in job.as_dict().keys() & state.attributes
    }
    assert shown == {
        "id": job.id,
        "step": "starting",
        "progress": 42,
        "miners": ["Antminer S19k Pro"],
        "done": 0,
        "failed": 0,
    }
    job.note(entry, ok=True)
    assert look(hass, JOB).attributes["done"] == 1
    work.ends.set_result(None)
    await job.wait()
    assert look(hass, JOB).state == "idle"
    assert "id" not in look(hass, JOB).attributes


async def test_the_fleet_shows_of_several_what_began_last(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    first, second = (
        await set_up(await start_miner()),
        await set_up(await start_miner("s21")),
    )
    works = Work(), Work()
    await begin(hass, first, work=works[0])
    await begin(hass, second, work=works[1], kind=JobKind.FIRMWARE_UPDATE)
    assert look(hass, JOB).state == "firmware_update"
    works[1].ends.set_result(None)
    await until(lambda: look(hass, JOB).state == "baseline")
    works[0].ends.set_result(None)
    await until(lambda: look(hass, JOB).state == "idle")


async def test_each_step_has_a_text(hass: HomeAssistant) -> None:
    texts = await async_get_translations(hass, "en", "entity", [DOMAIN])
    attribute = f"component.{DOMAIN}.entity.sensor.job.state_attributes.step.state."
    found = {key.removeprefix(attribute) for key in texts if key.startswith(attribute)}
    assert found == {*JobStep}


async def test_the_home_is_told_at_each_step_and_every_five_seconds(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
) -> None:
    entry = await set_up(miner)
    told = async_capture_events(hass, EVENT_JOB)
    context = Context()
    job = await begin(hass, entry, work=work, context=context)
    assert [event.data["state"] for event in told] == ["running"]
    job.report(progress=10)
    assert len(told) == 1
    await pass_time(16)
    assert [event.data["progress"] for event in told] == [None, 10, 10, 10]
    job.cancel()
    await job.wait()
    await hass.async_block_till_done()
    assert [(event.data["step"], event.data["state"]) for event in told[-2:]] == [
        ("cancelling", "running"),
        ("cancelling", "cancelled"),
    ]
    assert {event.context.id for event in told} == {context.id}
    ended = len(told)
    await pass_time(20)
    assert len(told) == ended


async def test_a_miner_belongs_to_one_job_at_a_time(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    for kind in JobKind:
        with pytest.raises(ServiceValidationError) as error:
            jobs_of(hass).start(hass, kind, [entry], work, None)
        assert error.value.translation_key == "owned_by_baseline"
        assert error.value.translation_placeholders == {
            "miner": "Antminer S19k Pro",
            "job": job.id,
        }
    work.ends.set_result(None)
    await job.wait()
    again = await begin(hass, entry, work=Work())
    assert again.id != job.id
    again.cancel()
    await again.wait()


@pytest.mark.parametrize("kind", JobKind)
async def test_nobody_changes_a_miner_that_belongs_to_a_job(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
    kind: JobKind,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    job = await begin(hass, entry, work=work, kind=kind)
    saved, calls = miner.machine.saved, miner.calls
    because = f"owned_by_{kind}", {"miner": "Antminer S19k Pro", "job": job.id}
    for doing in (
        act(hass, "number.set_value", POWER, value=2000),
        act(hass, "switch.turn_on", MINING),
        act(hass, "button.press", f"button.{MINER}_restart_mining_software"),
        call(hass, "set_power_target", entry, percent=80),
        call(hass, "reboot", entry),
    ):
        assert await refused(doing) == because
    assert (miner.machine.saved, miner.calls) == (saved, calls)
    work.ends.set_result(None)
    await job.wait()
    await act(hass, "number.set_value", POWER, value=2000)
    assert miner.machine.saved.tuner.power == 2000


async def test_what_is_refused_overtakes_nothing_that_waits_for_its_turn(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
) -> None:
    entry = await set_up(miner)
    held = Held(monkeypatch, type(entry.runtime_data.miner.tuning), "set_power_target")
    under_way = asyncio.create_task(call(hass, "set_power_target", entry, power=2500))
    await held.begun.wait()
    waits = asyncio.create_task(act(hass, "number.set_value", POWER, value=2400))
    await until(lambda: POWER in entry.runtime_data.control._latest)
    await begin(hass, entry, work=work)
    overtakes = act(hass, "number.set_value", POWER, value=2300)
    assert (await refused(overtakes))[0] == "owned_by_baseline"
    held.let_go.set()
    await under_way
    # It would have been taken for done.
    assert (await refused(waits))[0] == "owned_by_baseline"
    await cancel_job(hass, "all")


async def test_the_others_of_the_fleet_can_be_changed_as_ever(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    start_miner: StartMiner,
    set_up: SetUp,
    work: Work,
) -> None:
    entry = await set_up(miner)
    other = await start_miner("s21", timing=PROMPT)
    free = await set_up(other)
    await begin(hass, entry, work=work)
    await call(hass, "set_power_target", free, power=3000)
    assert other.machine.saved.tuner.power == 3000


@pytest.mark.parametrize("way", ["action", "switch"])
async def test_pausing_a_miner_that_is_measured_cancels_that_and_happens(
    *, hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work, way: str
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    work.be_untidy()
    if way == "action":
        pausing = asyncio.create_task(call(hass, "pause", entry))
    else:
        pausing = asyncio.create_task(act(hass, "switch.turn_off", MINING))
    await until(lambda: work.was_cancelled)
    # What was begun is put in order first.
    assert Reason.USER not in miner.machine.mining.reasons
    work.tidied.set_result(None)
    await pausing
    assert Reason.USER in miner.machine.mining.reasons
    assert job.state == "cancelled"


@pytest.mark.parametrize("way", ["action", "button"])
async def test_stopping_a_miner_that_is_measured_cancels_that_and_happens(
    *,
    hass: HomeAssistant,
    all_enabled: None,  # noqa: ARG001 - the button is off as a rule
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
    way: str,
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    if way == "action":
        await call(hass, "stop", entry)
    else:
        await act(hass, "button.press", f"button.{MINER}_stop_mining_software")
    assert miner.machine.mining.software is Software.STOPPED
    assert job.state == "cancelled"


async def test_a_pause_does_not_wait_for_a_job_that_will_not_end(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
) -> None:
    entry = await set_up(miner)
    await begin(hass, entry, work=work)
    work.be_untidy()
    pausing = asyncio.create_task(call(hass, "pause", entry))
    await until(lambda: work.was_cancelled)
    pass_time.jump(10)
    await pausing
    assert Reason.USER in miner.machine.mining.reasons
    work.tidied.set_result(None)


async def test_a_miner_can_be_paused_while_it_waits_for_its_firmware(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work, kind=JobKind.FIRMWARE_UPDATE)
    with job.alone_with(entry):
        assert (await refused(call(hass, "pause", entry)))[0] == (
            "owned_by_firmware_update"
        )
    assert Reason.USER not in miner.machine.mining.reasons
    await call(hass, "pause", entry)
    assert Reason.USER in miner.machine.mining.reasons
    assert job.state == "running"
    assert not job.is_cancelled


async def test_what_waited_for_its_turn_when_a_job_began_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    miner.faults.hang()
    doing = [
        asyncio.create_task(call(hass, "set_power_target", entry, power=power))
        for power in (2000, 2100)
    ]
    doing.append(asyncio.create_task(call(hass, "pause", entry)))
    await until(entry.runtime_data.control._turn.locked)
    job = await begin(hass, entry, work=work)
    miner.faults.clear()
    await doing[0]
    assert (await refused(doing[1]))[0] == "owned_by_baseline"
    await doing[2]
    await job.wait()
    assert job.state == "cancelled"
    assert miner.machine.saved.tuner.power == 2000


async def test_a_job_is_cancelled_by_its_id(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    assert await refused(cancel_job(hass, "other")) == ("no_such_job", {"job": "other"})
    assert not job.is_cancelled
    [told] = await cancel_job(hass, job.id)
    assert (told["id"], told["state"]) == (job.id, "cancelled")
    assert (await refused(cancel_job(hass, job.id)))[0] == "no_such_job"


async def test_all_jobs_are_cancelled_at_once(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    assert await set_up(await start_miner())
    assert await cancel_job(hass, "all") == []
    works = [Work(), Work()]
    for model, work in zip(("s19", "s21"), works, strict=True):
        await begin(hass, await set_up(await start_miner(model)), work=work)
    told = await cancel_job(hass, "all")
    assert [job["state"] for job in told] == ["cancelled", "cancelled"]
    assert all(work.was_cancelled for work in works)
    assert look(hass, JOB).state == "idle"


async def test_jobs_are_told_with_their_results_after_they_ended(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    job.note(entry, ok=True, steps=[1, 2])
    [told] = await get_jobs(hass)
    assert (told["state"], told["ended"]) == ("running", None)
    work.ends.set_result(None)
    await job.wait()
    [told] = await get_jobs(hass, id=job.id)
    assert (told["state"], told["progress"], told["done"]) == ("done", 100, 1)
    assert told["started"] <= told["ended"]
    [result] = told["miners"]
    assert result.pop("device_id")
    assert result == {"name": "Antminer S19k Pro", "ok": True, "steps": [1, 2]}
    assert await get_jobs(hass, id="other") == []
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await get_jobs(hass))[0]["miners"] == []


async def test_only_the_last_ten_jobs_are_remembered(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    ids = []
    for _ in range(11):
        work = Work()
        work.ends.set_result(None)
        job = await begin(hass, entry, work=work)
        await job.wait()
        ids.append(job.id)
    assert [job["id"] for job in await get_jobs(hass)] == ids[1:]


@pytest.mark.parametrize(
    ("error", "said", "level"),
    [
        (HomeAssistantError("no power"), "no power", logging.WARNING),
        (ZeroDivisionError("oh"), "job_failed", logging.ERROR),
    ],
)
async def test_a_job_that_fails_says_why_and_sets_its_miners_free(
    *,
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    miner: SimulatedMiner,
    set_up: SetUp,
    work: Work,
    error: Exception,
    said: str,
    level: int,
) -> None:
    entry = await set_up(miner)
    job = await begin(hass, entry, work=work)
    work.ends.set_exception(error)
    await job.wait()
    [told] = await get_jobs(hass)
    assert told["state"] == "failed"
    assert said in (told["error"], getattr(job.error, "translation_key", None))
    assert (f"Job {job.id} (baseline) failed", level) in [
        (record.message.partition(":")[0], record.levelno) for record in caplog.records
    ]
    await call(hass, "set_power_target", entry, power=2000)


async def test_a_job_that_was_cancelled_before_it_began_is_over(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, work: Work
) -> None:
    entry = await set_up(miner)
    job = jobs_of(hass).start(hass, JobKind.BASELINE, [entry], work, None)
    job.cancel()
    await job.wait()
    assert job.state == "cancelled"
    assert work.job is None
    assert jobs_of(hass).running == ()


@pytest.mark.parametrize("how", ["reload", "remove", "stop"])
async def test_a_job_puts_things_in_order_before_its_miner_is_let_go(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    how: str,
) -> None:
    entry = await set_up(miner)
    miner_of_entry = entry.runtime_data.miner
    done: list[bool] = []

    async def measure(_: Job) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            # It can still be reached.
            await miner_of_entry.details()
            done.append(True)

    job = jobs_of(hass).start(hass, JobKind.BASELINE, [entry], measure, None)
    await asyncio.sleep(0)
    match how:
        case "reload":
            assert await hass.config_entries.async_reload(entry.entry_id)
        case "remove":
            await hass.config_entries.async_remove(entry.entry_id)
        case _:
            hass.set_state(CoreState.running)
            await hass.async_stop()
    assert done == [True]
    assert job.state == "cancelled"


async def test_who_may_not_control_a_miner_does_not_cancel_its_job(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    work: Work,
) -> None:
    mine, theirs = (
        await set_up(await start_miner()),
        await set_up(await start_miner("s21")),
    )
    job = await begin(hass, theirs, work=work)
    user = user_with(hass, *entities_of(hass, mine), control=True, read=True)
    context = Context(user_id=user.id)
    for wanted in (job.id, "all"):
        with pytest.raises(Unauthorized):
            await cancel_job(hass, wanted, context)
    assert not job.is_cancelled
    assert await get_jobs(hass, context) == []
    own = Work()
    await begin(hass, mine, work=own)
    assert len(await get_jobs(hass, context)) == 1
