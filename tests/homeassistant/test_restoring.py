"""Whatever becomes of a measurement, the miner is put back to how it was tuned."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
import json
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.json import json_dumps
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.asic import Miner
from custom_components.braiins_fleet.kept_tuning import KeptTuning
from simulator import Machine, SimulatedMiner, Timing
from simulator.configuration import ManualSettings, TunerMode, TunerSettings

from .actions import act, lose_answer, power_of
from .conftest import MakeEntry, SetUp, StartMiner
from .controlling import be_impatient, note_changes
from .running import PassingTime, fall_silent
from .working import (
    Held,
    begin_baseline,
    cancel_job,
    measured,
    measuring,
    pass_until,
    tune,
)

STORE = "braiins_fleet.tuning"
# How a miner was tuned, and what is kept of that while it is measured.
_TUNER = TunerSettings(enabled=True, mode=TunerMode.POWER, power=2300.0, hashrate=110.5)
BY_POWER = {"tuner": _TUNER}
BY_HASHRATE = {"tuner": replace(_TUNER, mode=TunerMode.HASHRATE)}
BY_HAND = {
    "tuner": replace(_TUNER, enabled=False),
    "manual": ManualSettings(490.0, 13.1, {"2": (485.0, None), "3": (None, 13.0)}),
}
KEPT = {"inactive_power": 2300, "tried": [2000]}
KEPT_BY_POWER = {**KEPT, "power": 2300}
KEPT_BY_HASHRATE = {**KEPT, "hashrate": 110.5}
KEPT_BY_HAND = {
    **KEPT,
    "frequency": 490.0,
    "voltage": 13.1,
    "boards": [["2", 485.0, None], ["3", None, 13.0]],
}
WAYS = pytest.mark.parametrize(
    ("way", "kept"),
    [
        (BY_POWER, KEPT_BY_POWER),
        (BY_HASHRATE, KEPT_BY_HASHRATE),
        (BY_HAND, KEPT_BY_HAND),
    ],
    ids=["power", "hashrate", "manual"],
)


@pytest.fixture
async def miner(pass_time: PassingTime, start_miner: StartMiner) -> SimulatedMiner:  # noqa: ARG001 - before any miner
    """Start a miner that tunes a target within two minutes."""
    return await start_miner(timing=Timing(reconfigure_s=0, tuning_s=120))


def is_tuned(machine: Machine, **way: Any) -> bool:
    """Tell whether a miner is tuned like that, now and after a restart."""
    return all(
        getattr(machine.saved, name) == getattr(machine.running, name) == value
        for name, value in way.items()
    )


def cut_short(miner: SimulatedMiner, way: dict[str, Any]) -> None:
    """Leave a miner as it is when Home Assistant crashes while it measures."""
    tuner = replace(way["tuner"], enabled=True, mode=TunerMode.POWER, power=2000.0)
    tune(miner.machine, **way)
    tune(miner.machine, tuner=tuner)


@pytest.fixture
def remember(
    hass_storage: dict[str, Any], add_entry: MakeEntry
) -> Callable[..., MockConfigEntry]:
    """Add a miner of which it was taken down how it was tuned."""

    def add(miner: SimulatedMiner, kept: dict[str, Any]) -> MockConfigEntry:
        entry = add_entry(miner)
        data = {entry.entry_id: kept}
        hass_storage[STORE] = {"version": 1, "key": STORE, "data": data}
        return entry

    return add


@WAYS
async def test_a_miner_is_tuned_afterwards_as_it_was_before(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    way: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    tune(miner.machine, **way)
    entry = await set_up(miner)
    known: list[Any] = []
    machine, change = miner.machine, miner.machine.change

    def note(save: Any, **parts: Any) -> None:
        known.append(json.loads(json_dumps(hass_storage[STORE]["data"])))
        change(save, **parts)

    machine.change = note  # type: ignore[method-assign]  # listens in
    job = await begin_baseline(hass, entry, targets=[2000], duration=60)
    result = await measured(hass, pass_time, job.id)
    assert (job.state, result["ok"]) == ("done", True)
    assert is_tuned(machine, **way)
    # Had it been cut short at any time, it would have been known what to do.
    assert len(known) >= 2
    assert all(each == {entry.entry_id: kept} for each in known)
    assert hass_storage[STORE]["data"] == {}


@WAYS
async def test_a_miner_is_put_back_after_a_crash(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
    way: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    cut_short(miner, way)
    entry = remember(miner, kept)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_until(hass, pass_time, lambda: is_tuned(miner.machine, **way))
    await pass_until(hass, pass_time, lambda: hass_storage[STORE]["data"] == {})


@pytest.mark.parametrize(
    ("way", "kept", "method"),
    [
        (BY_POWER, KEPT_BY_POWER, "SetPowerTarget"),
        (BY_HASHRATE, KEPT_BY_HASHRATE, "SetHashrateTarget"),
        (BY_HAND, KEPT_BY_HAND, "SetPerformanceMode"),
    ],
)
async def test_a_miner_is_put_back_once_though_its_answer_got_lost(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
    way: dict[str, Any],
    kept: dict[str, Any],
    method: str,
) -> None:
    monkeypatch.setattr(
        "custom_components.braiins_fleet.Miner", partial(Miner, command_timeout=0.3)
    )
    cut_short(miner, way)
    done = lose_answer(monkeypatch, method)
    entry = remember(miner, kept)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_until(hass, pass_time, lambda: hass_storage[STORE]["data"] == {})
    assert is_tuned(miner.machine, **way)
    assert len(done) == 1


@pytest.mark.parametrize(
    ("way", "kept", "method"),
    [
        (BY_HASHRATE, KEPT_BY_HASHRATE, "SetHashrateTarget"),
        (BY_HAND, KEPT_BY_HAND, "SetPerformanceMode"),
    ],
)
async def test_putting_a_miner_back_goes_on_where_it_was_cut_short(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
    way: dict[str, Any],
    kept: dict[str, Any],
    method: str,
) -> None:
    cut_short(miner, way)
    entry = remember(miner, kept)
    miner.faults.fail(method)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_until(hass, pass_time, lambda: miner.machine.saved.tuner.power == 2300)
    await pass_time(60, step=5)
    assert not is_tuned(miner.machine, **way)
    miner.faults.clear()
    await pass_until(hass, pass_time, lambda: is_tuned(miner.machine, **way))


async def test_a_miner_that_does_not_tell_its_target_now_is_not_forgotten(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
) -> None:
    cut_short(miner, BY_POWER)
    entry = remember(miner, KEPT_BY_POWER)
    with pytest.MonkeyPatch.context() as silent:
        silent.setattr(Miner, "performance_mode", AsyncMock(return_value=None))
        assert await hass.config_entries.async_setup(entry.entry_id)
        await pass_time(60, step=5)
    assert miner.machine.saved.tuner.power == 2000
    await pass_until(hass, pass_time, lambda: is_tuned(miner.machine, **BY_POWER))


async def test_a_target_that_somebody_set_after_the_crash_stays(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
) -> None:
    changes = note_changes(miner)
    entry = remember(miner, KEPT_BY_POWER)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_until(hass, pass_time, lambda: hass_storage[STORE]["data"] == {})
    assert changes == []
    assert miner.machine.saved.tuner.power == 2760


async def test_a_miner_that_is_off_at_the_start_is_put_back_when_it_answers(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
) -> None:
    cut_short(miner, BY_POWER)
    entry = remember(miner, KEPT_BY_POWER)
    miner.faults.fail("GetActivePerformanceMode")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(100, step=5)
    fall_silent(miner)
    await pass_time(60, step=5)
    assert miner.machine.saved.tuner.power == 2000
    miner.faults.clear()
    await pass_until(hass, pass_time, lambda: is_tuned(miner.machine, **BY_POWER))


async def test_a_miner_that_goes_away_while_it_is_measured_is_put_back_later(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(miner)
    be_impatient(entry)
    job = await begin_baseline(hass, entry, targets=[2000, 2100], duration=60)
    await measuring(hass, pass_time)
    await miner.stop()
    result = await measured(hass, pass_time, job.id)
    assert (job.state, result["ok"]) == ("failed", False)
    assert job.error is not None
    assert job.error.translation_key == "not_put_back"
    assert "2760 W" in result["error"]
    assert [step["target"] for step in result["steps"]] == [2000]
    assert entry.entry_id in hass_storage[STORE]["data"]
    await miner.start()
    await pass_until(hass, pass_time, lambda: miner.machine.running.tuner.power == 2760)
    await pass_until(hass, pass_time, lambda: hass_storage[STORE]["data"] == {})


async def test_a_new_measurement_begins_with_what_the_last_one_left(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
) -> None:
    cut_short(miner, BY_POWER)
    entry = remember(miner, KEPT_BY_POWER)
    assert await hass.config_entries.async_setup(entry.entry_id)
    job = await begin_baseline(hass, entry, targets=[1500], duration=60)
    await measured(hass, pass_time, job.id)
    assert is_tuned(miner.machine, **BY_POWER)


async def test_a_target_that_is_on_its_way_when_it_begins_is_what_it_goes_back_to(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(miner)
    held = Held(monkeypatch, type(entry.runtime_data.miner.tuning), "set_power_target")
    setting = asyncio.create_task(act(hass, "set_power_target", entry, power=2500))
    await held.begun.wait()
    job = await begin_baseline(hass, entry, targets=[2000], duration=60)
    await pass_time(10)
    held.let_go.set()
    await measured(hass, pass_time, job.id)
    await setting
    assert power_of(miner) == 2500


async def test_it_is_too_late_to_cancel_it_when_the_miner_is_being_put_back(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(miner)
    job = await begin_baseline(hass, entry, targets=[2000], duration=60)
    await measuring(hass, pass_time)
    held = Held(monkeypatch, Miner, "performance_mode")
    await pass_until(hass, pass_time, held.begun.is_set)
    cancelling = asyncio.create_task(cancel_job(hass, job.id))
    await pass_time(1)
    held.let_go.set()
    await pass_until(hass, pass_time, cancelling.done)
    assert [told["state"] for told in await cancelling] == ["done"]
    assert power_of(miner) == 2760
    assert hass_storage[STORE]["data"] == {}


async def test_what_is_still_tried_does_not_end_what_a_new_measurement_keeps(
    *,
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: PassingTime,
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
) -> None:
    cut_short(miner, BY_POWER)
    entry = remember(miner, KEPT_BY_POWER)
    miner.faults.fail("GetActivePerformanceMode")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(5)
    miner.faults.clear()
    kept, let_go, keep = asyncio.Event(), asyncio.Event(), KeptTuning.keep

    async def keep_slowly(*arguments: Any) -> None:
        await keep(*arguments)
        kept.set()
        await let_go.wait()

    monkeypatch.setattr(KeptTuning, "keep", keep_slowly)
    job = await begin_baseline(hass, entry, targets=[1500], duration=60)
    await pass_until(hass, pass_time, kept.is_set)
    await pass_time(60, step=5)
    let_go.set()
    await measured(hass, pass_time, job.id)
    assert is_tuned(miner.machine, **BY_POWER)


@pytest.mark.parametrize("how", ["reload", "remove", "stop"])
async def test_a_miner_is_put_back_before_it_is_let_go(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    pass_time: PassingTime,
    miner: SimulatedMiner,
    set_up: SetUp,
    how: str,
) -> None:
    entry = await set_up(miner)
    await begin_baseline(hass, entry, targets=[2000])
    await measuring(hass, pass_time)
    assert miner.machine.saved.tuner.power == 2000
    match how:
        case "reload":
            await hass.config_entries.async_reload(entry.entry_id)
        case "remove":
            await hass.config_entries.async_remove(entry.entry_id)
        case _:
            hass.set_state(CoreState.running)
            await hass.async_stop()
    assert miner.machine.running.tuner.power == 2760
    assert hass_storage[STORE]["data"] == {}


async def test_a_miner_that_was_removed_is_forgotten(
    *,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    miner: SimulatedMiner,
    remember: Callable[..., MockConfigEntry],
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    entry = remember(miner, KEPT_BY_POWER)
    hass_storage[STORE]["data"]["gone"] = KEPT_BY_POWER
    miner.faults.fail("GetActivePerformanceMode")
    await set_up(await start_miner("s21"))
    assert hass_storage[STORE]["data"].keys() == {entry.entry_id}
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass_storage[STORE]["data"] == {}
