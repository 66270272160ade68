"""Temperatures follow power and fans."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from simulator import MODELS, Machine
from simulator.configuration import CoolingMode, Save
from simulator.journal import Kind
from simulator.mining import Reason, Status

from .machines import aim, live, machine, status

AIR = [name for name, model in MODELS.items() if model.fans]


def cool(it: Machine, **changes: object) -> None:
    settings = replace(it.saved.cooling, **changes)  # type: ignore[arg-type]  # the tests below show the names fit
    it.change(Save.APPLY, cooling=settings)


@pytest.mark.parametrize("model", AIR)
def test_fans_hold_the_target_temperature(model: str) -> None:
    it = machine(model)
    live(it, 1800)
    assert it.hottest_c == pytest.approx(it.model.target_c.default, abs=2)
    assert 0.2 < it.cooling.fan_ratio < 0.8


def test_water_holds_a_hydro_machine_without_fans() -> None:
    it = machine("s21_hydro")
    live(it, 1800)
    assert it.cooling.fans == []
    assert 35 < it.hottest_c < 55


@settings(max_examples=25, deadline=None)
@given(st.floats(-10.0, 45.0), st.sampled_from(AIR))
def test_no_chip_is_ever_cooler_than_the_room(room_c: float, model: str) -> None:
    it = machine(model, room_c=room_c)
    for _ in range(20):
        live(it, 60)
        assert it.hottest_c >= it.around_c - 0.5
        assert 0 <= it.cooling.fan_ratio <= 1


def test_more_power_means_faster_fans_at_the_same_temperature() -> None:
    it = machine()
    before = it.cooling.fan_ratio
    aim(it, 3600)
    live(it, 1800)
    assert it.cooling.fan_ratio > before + 0.1
    assert it.hottest_c == pytest.approx(60, abs=3)


def test_heat_comes_and_goes_with_inertia() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 30)
    assert it.hottest_c > 50
    live(it, 1800)
    assert it.hottest_c < 35


def test_slower_fans_by_hand_make_it_hotter() -> None:
    it = machine()
    cool(it, mode=CoolingMode.MANUAL, fan_ratio=0.3)
    live(it, 900)
    assert it.cooling.fan_ratio == pytest.approx(0.3)
    assert it.hottest_c > 65


def test_fans_stay_within_their_limits() -> None:
    it = machine()
    cool(it, min_fan=60, max_fan=70)
    live(it, 900)
    assert 0.6 <= it.cooling.fan_ratio <= 0.7


def test_immersion_needs_no_fans() -> None:
    it = machine()
    cool(it, mode=CoolingMode.IMMERSION)
    live(it, 900)
    assert it.cooling.fan_ratio == 0
    assert it.hottest_c < 60


def test_fans_slow_to_nothing_while_paused() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 900)
    assert it.cooling.fan_ratio == 0


def test_fans_keep_the_speed_chosen_for_pauses_for_a_while() -> None:
    it = machine()
    cool(it, pause_fan_ratio=0.4)
    it.mining.pause(Reason.USER)
    live(it, 300)
    assert it.cooling.fan_ratio == pytest.approx(0.4)
    live(it, 900)
    assert it.cooling.fan_ratio == 0


def test_or_for_ever() -> None:
    it = machine()
    cool(it, pause_fan_ratio=0.4, pause_fan_forever=True)
    it.mining.pause(Reason.USER)
    live(it, 7200)
    assert it.cooling.fan_ratio == pytest.approx(0.4)


def test_stopping_the_software_sends_the_fans_to_full_speed() -> None:
    it = machine()
    it.mining.stop()
    live(it, 30)
    assert it.cooling.fan_ratio == 1.0


def test_resuming_kicks_the_fans() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 900)
    it.mining.resume(Reason.USER)
    live(it, 8)
    assert it.cooling.fan_ratio == 1.0


def test_a_dangerous_temperature_suspends_until_it_is_cool() -> None:
    it = machine()
    it.cooling.room_c = 75.0
    it.cooling.moving = True
    live(it, 1200)
    assert Kind.HEAT in {entry.kind for entry in it.journal.entries}
    assert status(it) is Status.SUSPENDED
    it.cooling.room_c = 20.0
    live(it, 1800)
    assert status(it) is Status.NORMAL


def test_too_few_fans_suspend() -> None:
    it = machine()
    cool(it, required_fans=4)
    it.cooling.fans[2].broken = True
    live(it, 30)
    assert status(it) is Status.SUSPENDED
    assert it.consumption < 100
    it.cooling.fans[2].broken = False
    live(it, 60)
    assert status(it) is Status.NORMAL


def test_a_broken_fan_makes_the_others_work_harder() -> None:
    it = machine()
    before = it.cooling.fan_ratio
    it.cooling.fans[0].broken = True
    it.cooling.moving = True
    live(it, 600)
    assert it.cooling.fan_ratio > before * 1.15
    assert it.cooling.fans[0].rpm(it.cooling.fan_ratio, 6000) == 0
