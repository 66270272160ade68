"""Tuning takes its time, once per target; DPS trades power for heat."""

from dataclasses import replace

import pytest

from simulator import Machine
from simulator.configuration import Save, TunerMode
from simulator.mining import Reason, Status
from simulator.refusals import Busy
from simulator.tuner import TunerState

from .machines import aim, live, machine, status, tuner_state


def test_a_new_target_is_tuned_for_half_an_hour() -> None:
    it = machine()
    aim(it, 2000)
    live(it, 60)
    assert tuner_state(it) is TunerState.TUNING
    early = it.hashrate
    live(it, 1700)
    assert tuner_state(it) is TunerState.TUNING
    live(it, 120)
    assert tuner_state(it) is TunerState.STABLE
    assert it.hashrate > early * 1.03


def test_a_tuned_target_is_quick_to_come_back_to() -> None:
    it = machine()
    aim(it, 2000)
    live(it, 3600)
    aim(it, 2760)
    live(it, 30)
    assert tuner_state(it) is TunerState.STABLE
    aim(it, 2000)
    live(it, 30)
    assert tuner_state(it) is TunerState.STABLE
    assert set(it.tuner.profiles[TunerMode.POWER]) == {2760.0, 2000.0}


def test_a_profile_tells_what_its_target_gave() -> None:
    it = machine()
    aim(it, 2000)
    live(it, 3600)
    profile = it.tuner.profiles[TunerMode.POWER][2000.0]
    assert profile.hashrate == pytest.approx(it.hashrate)
    assert profile.consumption == 2000


def test_removed_profiles_are_lost() -> None:
    it = machine()
    it.tuner.forget()
    live(it, 30)
    assert tuner_state(it) is TunerState.TUNING
    assert it.tuner.profiles[TunerMode.POWER] == {}


def test_tuning_waits_while_mining_is_paused() -> None:
    it = machine()
    aim(it, 2000)
    it.mining.pause(Reason.USER)
    live(it, 7200)
    assert tuner_state(it) is TunerState.TUNING


def test_tuning_goes_on_where_a_pause_broke_it_off() -> None:
    it = machine()
    aim(it, 2000)
    live(it, 1700)
    it.mining.pause(Reason.USER)
    live(it, 600)
    it.mining.resume(Reason.USER)
    live(it, 200)
    assert tuner_state(it) is TunerState.STABLE


def test_a_cold_machine_preheats_at_less_power() -> None:
    it = machine(warm=False, room_c=-5.0)
    live(it, 45)
    assert tuner_state(it) is TunerState.PREHEAT
    assert it.power.watts < 2760
    live(it, 900)
    assert tuner_state(it) is not TunerState.PREHEAT
    assert it.power.watts == 2760


def with_dps(**changes: object) -> Machine:
    it = machine()
    dps = replace(it.saved.dps, enabled=True, power_step=300.0, min_power=1800.0)
    it.change(Save.APPLY, dps=replace(dps, **changes))  # type: ignore[arg-type]  # the tests below show the names fit
    return it


def heat(it: Machine, room_c: float) -> None:
    it.cooling.room_c = room_c
    it.cooling.moving = True


def test_dps_lowers_the_live_target_by_its_step_when_hot() -> None:
    it = with_dps()
    heat(it, 63.0)
    lives = set()
    for _ in range(60):
        live(it, 30)
        lives.add(it.tuner.live)
    assert 2460.0 in lives
    assert min(lives) >= 1800.0
    assert it.tuner.configured == 2760


def test_dps_never_goes_below_its_minimum() -> None:
    it = with_dps(min_power=2400.0)
    heat(it, 62.0)
    for _ in range(60):
        live(it, 30)
        assert it.tuner.live >= 2400.0


def test_dps_raises_it_again_when_it_is_cool() -> None:
    it = with_dps()
    heat(it, 63.0)
    live(it, 1800)
    assert it.tuner.live < 2760
    heat(it, 20.0)
    live(it, 1800)
    assert it.tuner.live == 2760


def test_dps_refuses_others_in_the_middle_of_a_step() -> None:
    it = with_dps()
    heat(it, 60.0)
    while not it.dps.stepping:
        live(it, 1)
    with pytest.raises(Busy):
        it.dps.refuse_while_stepping()
    live(it, 25)
    it.dps.refuse_while_stepping()


def test_dps_shuts_down_for_hours_and_restarts_at_its_percentage() -> None:
    it = with_dps(min_power=2700.0, shutdown=True, shutdown_h=2, start_percent=80)
    heat(it, 60.0)
    for _ in range(120):
        live(it, 30)
        if Reason.DPS in it.mining.reasons:
            break
    live(it, 60)
    assert status(it) is Status.SUSPENDED
    heat(it, 10.0)
    live(it, 3600)
    assert status(it) is Status.SUSPENDED
    while status(it) is Status.SUSPENDED:
        live(it, 30)
    live(it, 15)
    assert it.tuner.live == 2700
    assert it.tuner.configured == 2760


def test_dps_starts_at_its_percentage_of_the_target() -> None:
    it = with_dps(start_percent=70)
    it.restart()
    live(it, 35)
    assert it.tuner.live == pytest.approx(2760 * 0.7, abs=1)


def test_dps_boost_goes_above_the_target_when_cool() -> None:
    it = with_dps(boost=True)
    heat(it, 5.0)
    live(it, 1800)
    assert it.tuner.live > 2760


def test_switching_dps_off_gives_the_target_back() -> None:
    it = with_dps()
    heat(it, 63.0)
    live(it, 1800)
    it.change(Save.APPLY, dps=replace(it.saved.dps, enabled=False))
    assert it.tuner.live == 2760
