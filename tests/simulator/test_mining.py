"""Pausing, resuming, stopping and starting."""

from dataclasses import replace

from simulator.configuration import Save
from simulator.mining import Reason, Status
from simulator.tuner import TunerState

from .machines import aim, live, machine, status, tuner_state


def test_a_pause_takes_twenty_seconds_and_leaves_a_few_watts() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 18)
    assert status(it) is Status.NORMAL
    live(it, 3)
    assert status(it) is Status.PAUSED
    live(it, 300)
    assert it.consumption < 15
    assert it.hashrate == 0


def test_a_resume_begins_to_ramp_after_ten_seconds() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 300)
    it.mining.resume(Reason.USER)
    live(it, 9)
    assert it.power.watts == 0
    assert status(it) is Status.NORMAL
    live(it, 6)
    assert 0 < it.power.watts < 2760
    live(it, 20)
    assert it.power.watts == 2760


def test_a_pause_taken_back_at_once_goes_on_mining() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    live(it, 5)
    it.mining.resume(Reason.USER)
    live(it, 20)
    assert it.power.watts == 2760


def test_quick_ramping_sets_how_long_up_and_down_take() -> None:
    it = machine()
    it.change(Save.APPLY, ramp_up_s=100, ramp_down_s=5)
    it.mining.pause(Reason.USER)
    live(it, 6)
    assert status(it) is Status.PAUSED
    it.mining.resume(Reason.USER)
    live(it, 60)
    assert it.power.watts < 2000
    live(it, 60)
    assert it.power.watts == 2760


def test_two_reasons_to_pause_must_both_go() -> None:
    it = machine()
    it.mining.pause(Reason.USER)
    it.mining.pause(Reason.POOLS)
    live(it, 30)
    it.mining.resume(Reason.USER)
    live(it, 60)
    assert status(it) is Status.PAUSED
    it.mining.resume(Reason.POOLS)
    live(it, 60)
    assert status(it) is Status.NORMAL


def test_stopped_is_not_started_and_starting_takes_its_time() -> None:
    it = machine()
    it.mining.stop()
    assert status(it) is Status.NOT_STARTED
    assert tuner_state(it) is TunerState.DISABLED
    live(it, 60)
    it.mining.start()
    live(it, 15)
    assert status(it) is Status.NOT_STARTED
    live(it, 60)
    assert status(it) is Status.NORMAL
    assert it.power.watts == 2760


def test_starting_counts_from_nothing() -> None:
    it = machine()
    it.restart()
    live(it, 25)
    assert it.work.groups[0].pools[0].accepted == 0
    assert sum(board.hashes for board in it.boards) == 0
    assert it.moment - it.mining.since < 10


def test_a_cold_machine_starts_by_itself() -> None:
    it = machine(warm=False)
    assert status(it) is Status.NOT_STARTED
    live(it, 60)
    assert status(it) is Status.NORMAL
    assert it.power.watts == 2760


def test_saving_alone_changes_nothing_until_the_next_start() -> None:
    it = machine()
    aim(it, 2000, Save.ONLY)
    live(it, 120)
    assert it.power.watts == 2760
    it.restart()
    live(it, 120)
    assert it.power.watts == 2000


def test_applying_changes_without_a_restart() -> None:
    it = machine()
    aim(it, 2000)
    live(it, 30)
    assert it.power.watts == 2000
    assert status(it) is Status.NORMAL
    assert it.work.groups[0].pools[0].accepted > 0


def test_forcing_restarts_the_mining_software() -> None:
    it = machine()
    aim(it, 2000, Save.FORCE)
    live(it, 1)
    assert status(it) is Status.NOT_STARTED
    live(it, 120)
    assert it.power.watts == 2000
    assert it.mining.since > 0


def test_a_reboot_takes_the_machine_away_and_resets_its_uptime() -> None:
    it = machine()
    it.reboot()
    present = []
    for seconds in (1, 85, 10):
        live(it, seconds)
        present.append(it.present)
    assert present == [False, False, True]
    assert it.moment - it.booted < 10
    live(it, 60)
    assert status(it) is Status.NORMAL


def test_a_limited_license_restricts_until_a_key_is_applied() -> None:
    it = machine()
    it.license.become(type(it.license.state).NONE)
    live(it, 31 * 86400)
    assert status(it) is Status.RESTRICTED
    assert not it.license.apply("short")
    assert it.license.apply("ABCD-1234-EFGH")
    live(it, 60)
    assert status(it) is Status.NORMAL


def test_what_is_saved_while_stopped_counts_at_the_start() -> None:
    it = machine()
    it.mining.stop()
    it.change(Save.APPLY, tuner=replace(it.saved.tuner, power=1500.0))
    live(it, 10)
    it.mining.start()
    live(it, 120)
    assert it.power.watts == 1500
