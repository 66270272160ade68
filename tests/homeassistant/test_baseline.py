"""Measuring what a miner makes of some targets."""

import asyncio
from dataclasses import replace
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)
import voluptuous as vol

from custom_components.braiins_fleet.const import EVENT_CHANGED, EVENT_JOB
from simulator import SimulatedMiner, Timing
from simulator.mining import Reason, Software

from .actions import act, ask, power_of, without
from .conftest import SetUp, StartMiner
from .controlling import be_impatient, note_changes, said
from .people import entities_of, user_with
from .running import PassingTime, fall_silent, poll, until
from .working import (
    begin_baseline,
    cancel_job,
    get_jobs,
    jobs_of,
    measured,
    measuring,
    pass_until,
    run_baseline,
    tune,
)

# What an Antminer S19k Pro allows is 771 to 6435 W; it begins with 2760 W.


@pytest.fixture
async def miner(pass_time: PassingTime, start_miner: StartMiner) -> SimulatedMiner:  # noqa: ARG001 - before any miner
    """Start a miner that tunes a target within two minutes."""
    return await start_miner(timing=Timing(reconfigure_s=0, tuning_s=120))


async def test_a_miner_is_measured_at_levels_of_its_own_range(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    changes = note_changes(miner)
    told = await run_baseline(hass, entry, duration=60)
    assert (told["kind"], told["state"]) == ("baseline", "running")
    [result] = told["miners"]
    # None is above what the miner is made for, which a fuse might not bear.
    assert result["targets"] == [771, 1766, 2760]
    result = await measured(hass, pass_time, told["id"])
    assert [step["target"] for step in result["steps"]] == result["targets"]
    for step in result["steps"]:
        assert step["problem"] is None
        assert step["power"] == pytest.approx(step["target"], rel=0.02)
        assert step["efficiency"] == pytest.approx(
            step["power"] / step["hashrate"], 1e-3
        )
        assert step["samples"] >= 6
        assert step["board_temperature"] < step["chip_temperature"] < 80
    # The first two had to be tuned for.
    assert [step["settling_time"] >= 120 for step in result["steps"]] == [1, 1, 0]
    best = min(result["steps"], key=lambda step: step["efficiency"])
    assert result["best"]["target"] == best["target"] == 771
    assert f"{best['efficiency']} J/TH is the lowest of 3" in result["best"]["why"]
    assert result["ok"]
    assert [change["tuner"].power for change in changes] == [771, 1766, 2760, 2760]
    assert power_of(miner) == 2760


@pytest.mark.parametrize(
    ("fields", "targets"),
    [
        ({"targets": [2000, "1500.4", 2000]}, [2000, 1500]),
        ({"targets": 1000}, [1000]),
        ({"levels": ["high", "low"]}, [2760, 771]),
        ({"levels": "medium"}, [1766]),
    ],
)
async def test_what_to_measure_can_be_chosen(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    targets: list[int],
) -> None:
    entry = await set_up(miner)
    told = await run_baseline(hass, entry, **fields)
    assert told["miners"][0]["targets"] == targets
    [told] = await cancel_job(hass, told["id"])
    assert told["state"] == "cancelled"


async def test_an_automation_can_wait_for_the_result(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    asking = asyncio.create_task(
        run_baseline(hass, entry, targets=[2000], duration=60, wait=True)
    )
    await pass_until(hass, pass_time, asking.done)
    told = await asking
    assert told["state"] == "done"
    assert told["miners"][0]["best"]["target"] == 2000


async def test_it_shows_how_far_it_is(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    told = async_capture_events(hass, EVENT_JOB)
    job = await begin_baseline(hass, entry, targets=[2000, 2760], duration=120)
    await measured(hass, pass_time, job.id)
    steps = list(dict.fromkeys(event.data["step"] for event in told))
    assert steps == ["starting", "settling", "measuring", "restoring"]
    progress = [event.data["progress"] or 0 for event in told]
    assert progress == sorted(progress)
    assert {0, 50, 100} <= {*progress}
    assert len({*progress}) > 20


async def test_its_changes_are_told_as_those_of_whoever_began_it(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    told = async_capture_events(hass, EVENT_CHANGED)
    context = Context()
    begun = await run_baseline(hass, entry, context, targets=[2000], duration=60)
    await measured(hass, pass_time, begun["id"])
    await hass.async_block_till_done()
    assert [
        (event.data["type"], event.data["before"], event.data["after"])
        for event in told
    ] == [("set_power_target", 2760, 2000), ("set_power_target", 2000, 2760)]
    assert {event.context.id for event in told} == {context.id}


@pytest.mark.parametrize(
    "fields",
    [
        {"targets": [2000], "levels": ["low"]},
        {"targets": []},
        {"targets": [-1]},
        {"targets": list(range(1000, 1021))},
        {"levels": ["highest"]},
        {"levels": []},
        {"duration": 59},
        {"duration": 3601},
        {"settle_within": 59},
        {"settle_within": 14401},
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, fields: dict[str, Any]
) -> None:
    entry = await set_up(miner)
    with pytest.raises(vol.Invalid):
        await run_baseline(hass, entry, **fields)
    assert jobs_of(hass).running == ()


async def test_a_target_that_the_miner_does_not_allow_is_refused_before_any_is_set(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    changes, calls = note_changes(miner), miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await run_baseline(hass, entry, targets=[2000, 7000])
    assert error.value.translation_key == "out_of_range"
    assert (changes, miner.calls) == ([], calls)
    assert jobs_of(hass).running == ()


async def test_levels_need_to_be_known(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    without(monkeypatch, "GetConstraints", "tuner_constraints.power_target.default")
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await run_baseline(hass, entry, levels=["low"])
    assert error.value.translation_key == "limits_unknown"


async def test_a_miner_that_is_paused_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    miner.machine.mining.cut(Reason.USER)
    await poll(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await run_baseline(hass, entry)
    assert error.value.translation_key == "not_mining"


async def test_a_miner_that_cannot_be_reached_is_refused(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner, options={"tolerated_misses": 1})
    fall_silent(miner)
    await poll(hass, entry)
    with pytest.raises(HomeAssistantError) as error:
        await run_baseline(hass, entry)
    assert said(error.value)[0] == "nothing_answers"


@pytest.mark.parametrize(
    ("manual", "field"), [(False, "tuner_mode"), (True, "manual_mode.global_voltage")]
)
async def test_a_miner_that_cannot_be_put_back_is_left_alone(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    manual: bool,
    field: str,
) -> None:
    without(monkeypatch, "GetActivePerformanceMode", field)
    tune(miner.machine, tuner=replace(miner.machine.saved.tuner, enabled=not manual))
    entry = await set_up(miner)
    changes = note_changes(miner)
    running = asyncio.create_task(act(hass, "run_baseline", entry, wait=True))
    await pass_until(hass, pass_time, running.done)
    with pytest.raises(ServiceValidationError) as error:
        await running
    assert error.value.translation_key == "target_unknown"
    [told] = await get_jobs(hass)
    assert (told["state"], told["miners"][0]["ok"]) == ("failed", False)
    assert changes == []


async def test_one_miner_is_measured_at_a_time(
    hass: HomeAssistant, miner: SimulatedMiner, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    other = await set_up(await start_miner("s21"))
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "run_baseline", [entry, other])
    assert error.value.translation_key == "one_at_a_time"
    job = await begin_baseline(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await run_baseline(hass, entry)
    assert error.value.translation_key == "owned_by_baseline"
    # Of another miner, another job can measure at the same time.
    assert (await begin_baseline(hass, other)).id != job.id
    await cancel_job(hass, "all")


async def test_who_may_not_control_a_miner_does_not_measure_it(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    user = user_with(hass, *entities_of(hass, entry), read=True)
    with pytest.raises(Unauthorized):
        await run_baseline(hass, entry, Context(user_id=user.id))


async def test_a_tuner_that_does_not_come_to_rest_is_not_waited_for_forever(
    hass: HomeAssistant, pass_time: PassingTime, start_miner: StartMiner, set_up: SetUp
) -> None:
    slow = await start_miner(timing=Timing(reconfigure_s=0, tuning_s=7200))
    entry = await set_up(slow)
    job = await begin_baseline(
        hass, entry, targets=[1000, 2760], duration=60, settle_within=300
    )
    result = await measured(hass, pass_time, job.id)
    unsettled, settled = result["steps"]
    assert unsettled["problem"] == "not_settled"
    assert 300 <= unsettled["settling_time"] <= 310
    # It is more efficient, but what it comes to is not known yet.
    assert unsettled["efficiency"] < settled["efficiency"]
    assert result["best"]["target"] == 2760
    assert "lowest of 1 steps" in result["best"]["why"]


async def test_a_target_that_the_miner_lowers_by_itself_is_not_compared(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2760], duration=120)
    await measuring(hass, pass_time)
    miner.machine.tuner.live = 2484.0
    result = await measured(hass, pass_time, job.id)
    [step] = result["steps"]
    assert step["problem"] == "scaled_down"
    assert result["best"] is None
    assert job.state == "done"


async def test_a_lost_poll_is_survived_and_too_many_are_told(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    be_impatient(entry)
    job = await begin_baseline(hass, entry, targets=[2760, 2000], duration=120)
    await measuring(hass, pass_time)
    fall_silent(miner)
    await pass_time(10)
    miner.faults.clear()
    await pass_until(hass, pass_time, lambda: job.step == "settling")
    await measuring(hass, pass_time)
    fall_silent(miner)
    await pass_time(90)
    miner.faults.clear()
    result = await measured(hass, pass_time, job.id)
    survived, lost = result["steps"]
    assert survived["problem"] is None
    assert survived["samples"] >= 8
    assert lost["problem"] == "too_few_samples"
    assert lost["samples"] < 6
    assert result["best"]["target"] == 2760


async def test_what_is_measured_while_it_does_not_mine_does_not_count(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2760], duration=60)
    await measuring(hass, pass_time)
    # Nobody told Home Assistant.
    miner.machine.mining.cut(Reason.USER)
    miner.machine.tell_status()
    await until(lambda: entry.runtime_data.data.status.value != "normal")
    result = await measured(hass, pass_time, job.id)
    [step] = result["steps"]
    assert 60 <= step.pop("settling_time") <= 70
    assert step == {
        "target": 2760,
        "samples": 0,
        "power": None,
        "hashrate": None,
        "efficiency": None,
        "chip_temperature": None,
        "board_temperature": None,
        "problem": "too_few_samples",
    }


@pytest.mark.parametrize(
    "field", ["power_stats", "miner_stats", "miner_stats.real_hashrate"]
)
async def test_what_the_miner_does_not_tell_is_not_made_up(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    field: str,
) -> None:
    without(monkeypatch, "GetMinerStats", field)
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2760], duration=60)
    result = await measured(hass, pass_time, job.id)
    assert result["steps"][0]["samples"] == 0
    assert result["best"] is None


async def test_a_miner_without_short_averages_is_measured_by_longer_ones(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    without(monkeypatch, "GetMinerStats", "miner_stats.real_hashrate.last_15s")
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2760], duration=60)
    result = await measured(hass, pass_time, job.id)
    assert result["best"]["efficiency"] == pytest.approx(23.3, rel=0.05)


async def test_a_miner_that_is_polled_rarely_is_polled_more_often_meanwhile(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner, options={"poll_interval": 300})
    job = await begin_baseline(hass, entry, targets=[2000], duration=60)
    result = await measured(hass, pass_time, job.id)
    assert result["steps"][0]["samples"] >= 6
    assert result["best"] is not None


async def test_it_is_given_up_when_somebody_sets_another_target_at_the_miner_itself(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2000, 2500], duration=120)
    await measuring(hass, pass_time)
    tune(miner.machine, tuner=replace(miner.machine.saved.tuner, power=1500.0))
    result = await measured(hass, pass_time, job.id)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.translation_key == "target_changed"
    assert result["ok"] is False
    # It is what somebody wants, so it stays.
    assert power_of(miner) == 1500


async def test_what_was_measured_before_it_was_cancelled_is_not_lost(
    hass: HomeAssistant, pass_time: PassingTime, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2760, 2000], duration=60)
    await measuring(hass, pass_time)
    await pass_until(hass, pass_time, lambda: job.step == "settling")
    await pass_time(10)
    assert power_of(miner) == 2000
    cancelling = asyncio.create_task(cancel_job(hass, job.id))
    await pass_until(hass, pass_time, cancelling.done)
    [told] = await cancelling
    assert told["state"] == "cancelled"
    [result] = told["miners"]
    assert [step["target"] for step in result["steps"]] == [2760]
    assert result["best"]["target"] == 2760
    assert power_of(miner) == 2760
    assert await get_jobs(hass) == [told]


@pytest.mark.parametrize("action", ["pause", "stop"])
async def test_the_old_target_is_back_when_the_miner_is_paused_or_stopped(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2000])
    await measuring(hass, pass_time)
    assert power_of(miner) == 2000
    pausing = asyncio.create_task(act(hass, action, entry))
    await pass_until(hass, pass_time, pausing.done)
    await pausing
    assert job.state == "cancelled"
    assert miner.machine.saved.tuner.power == 2760
    mining = miner.machine.mining
    assert Reason.USER in mining.reasons or mining.software is Software.STOPPED
