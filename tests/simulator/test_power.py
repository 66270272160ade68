"""Hashrate follows power, and power follows the target."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from simulator import MODELS
from simulator.boards import curve
from simulator.configuration import ManualSettings, Save, TunerMode
from simulator.journal import Kind
from simulator.mining import Reason

from .machines import aim, live, machine

models = st.sampled_from(list(MODELS))
shares = st.floats(0.0, 1.0)


@pytest.mark.parametrize("model", MODELS)
def test_a_machine_at_rest_gives_its_sticker_hashrate_at_its_default_power(
    model: str,
) -> None:
    it = machine(model)
    assert it.hashrate == pytest.approx(it.model.sticker, rel=0.03)
    assert it.consumption == pytest.approx(it.model.power.default, rel=0.03)


@given(models, shares, shares)
def test_more_power_gives_more_hashes_but_dearer_ones(
    name: str, one: float, other: float
) -> None:
    model = MODELS[name]
    boards = len(model.board_ids)
    span = model.power.max - model.power.min
    low, high = sorted((model.power.min + one * span, model.power.min + other * span))
    watts = [low / boards, high / boards]
    hashrates = [curve(model).hashrate(w) for w in watts]
    assert hashrates[0] <= hashrates[1]
    efficiencies = [w / h for w, h in zip(watts, hashrates, strict=True)]
    assert efficiencies[0] <= efficiencies[1] * (1 + 1e-9)


@given(models, shares)
def test_the_curve_reads_the_same_both_ways(name: str, share: float) -> None:
    model = MODELS[name]
    boards = len(model.board_ids)
    watts = (model.power.min + share * (model.power.max - model.power.min)) / boards
    it = curve(model)
    assert it.watts(it.hashrate(watts)) == pytest.approx(watts)


@settings(max_examples=25, deadline=None)
@given(models, shares)
def test_any_allowed_target_is_reached_and_kept(name: str, share: float) -> None:
    it = machine(name)
    bounds = it.model.power
    watts = round(bounds.min + share * (bounds.max - bounds.min))
    it.cooling.room_c = 0.0
    aim(it, watts)
    live(it, 900)
    assert it.power.watts == watts


@settings(max_examples=20, deadline=None)
@given(models, st.lists(st.floats(0.1, 600.0), min_size=1, max_size=8))
def test_energy_is_what_power_adds_up_to(name: str, spans: list[float]) -> None:
    it = machine(name)
    before = it.energy_wh
    for span in spans:
        live(it, span)
    hours = sum(spans) / 3600
    used = it.energy_wh - before
    assert used == pytest.approx(it.model.power.default * hours, rel=0.02)


def test_energy_is_used_while_ramping_and_hardly_any_while_paused() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    before = it.energy_wh
    live(it, 20)
    ramp = it.energy_wh - before
    assert ramp == pytest.approx(2760 / 2 * 20 / 3600, rel=0.1)
    before = it.energy_wh
    live(it, 3600)
    assert it.energy_wh - before == pytest.approx(it.model.paused_w, rel=0.2)


def test_a_hashrate_target_takes_the_power_it_needs() -> None:
    it = machine()
    tuner = replace(it.saved.tuner, mode=TunerMode.HASHRATE, hashrate=80.0)
    it.change(Save.APPLY, tuner=tuner)
    live(it, 3 * 3600)
    assert it.hashrate == pytest.approx(80.0, rel=0.03)
    assert it.power.watts < 2760


def test_two_boards_take_over_the_power_of_the_third() -> None:
    it = machine()
    whole = it.hashrate
    it.change(Save.APPLY, disabled_boards=frozenset({"3"}))
    live(it, 120)
    assert it.power.watts == 2760
    assert it.boards[2].hashrate == 0
    assert whole * 0.8 < it.hashrate < whole


def test_two_boards_take_no_more_than_they_can_bear() -> None:
    it = machine()
    aim(it, 6435)
    it.change(Save.APPLY, disabled_boards=frozenset({"3"}))
    it.cooling.room_c = -20.0
    live(it, 120)
    assert it.power.watts == pytest.approx(6435 * 2 / 3)


def test_manual_mode_runs_at_the_frequency_given() -> None:
    it = machine()
    model = it.model
    manual = ManualSettings(model.frequency.default / 2, model.voltage.default)
    it.change(Save.APPLY, manual=manual, tuner=replace(it.saved.tuner, enabled=False))
    live(it, 120)
    assert it.hashrate == pytest.approx(60, rel=0.03)
    assert it.boards[0].frequency == model.frequency.default / 2


def test_chips_too_fast_for_their_voltage_lose_work() -> None:
    hashrates = []
    for voltage in (13.4, 11.9):
        it = machine()
        manual = ManualSettings(650, voltage)
        it.change(
            Save.APPLY, manual=manual, tuner=replace(it.saved.tuner, enabled=False)
        )
        it.cooling.room_c = 0
        live(it, 120)
        hashrates.append(it.hashrate)
    assert hashrates[1] < hashrates[0] * 0.7


def test_short_averages_follow_quickly_and_long_ones_slowly() -> None:
    it = machine()
    it.mining.stop()
    it.mining.start()
    live(it, 120)
    averages = [sum(b.averages[n] for b in it.boards) for n in range(9)]
    for shorter, longer in pairwise(averages[2:]):
        assert longer < shorter
    assert averages[0] == pytest.approx(it.hashrate, rel=0.2)


def test_the_day_average_includes_downtime() -> None:
    it = machine()
    it.restart()
    live(it, 6 * 3600)
    day = sum(board.averages[-1] for board in it.boards)
    assert day < it.hashrate * 0.6


def test_the_same_seed_and_the_same_time_give_the_same_numbers() -> None:
    def figures(seed: int) -> list[object]:
        it = machine(seed=seed)
        for _ in range(20):
            live(it, 13.7)
        pool = it.work.groups[0].pools[0]
        return [it.consumption, it.hashrate, it.hottest_c, pool.accepted, it.energy_wh]

    assert figures(3) == figures(3)
    assert figures(3) != figures(4)


def test_a_login_changes_nothing_of_the_weather() -> None:
    one, other = machine(), machine()
    for _ in range(10):
        one.accounts.login("root", "root")
        live(one, 30)
        live(other, 30)
    assert one.consumption == other.consumption
    assert one.hottest_c == other.hottest_c


def test_a_board_that_is_down_leaves_an_error_behind() -> None:
    it = machine()
    it.boards[0].down = True
    it.note(Kind.BOARD, "hashboard 1 does not answer", "hashboard", 0)
    live(it, 60)
    assert it.boards[0].hashrate == 0
    assert it.journal.entries[-1].kind is Kind.BOARD
