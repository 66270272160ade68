"""Changing a miner over the wire: what it takes, what it refuses, what it does."""

from typing import Any

import grpc
import pytest

from simulator import FakeClock, Quirks, Timing

from .conftest import APPLY, FORCE, SAVE, Caller, Start

INVALID = grpc.StatusCode.INVALID_ARGUMENT
POWER = "PerformanceService/SetPowerTarget"


async def test_the_bounds_of_an_s19k_pro_are_those_of_the_real_one(
    s19k_pro: Caller,
) -> None:
    answer = await s19k_pro.call("ConfigurationService/GetConstraints")
    power = answer.tuner_constraints.power_target
    assert (power.min.watt, power.default.watt, power.max.watt) == (771, 2760, 6435)
    hashrate = answer.tuner_constraints.hashrate_target
    assert hashrate.min.terahash_per_second == 11.36
    assert hashrate.default.terahash_per_second == 120
    assert hashrate.max.terahash_per_second == 268.46


async def test_a_power_target_is_taken_and_reported(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    answer = await s19k_pro.call(POWER, save_action=APPLY, power_target={"watt": 2000})
    assert answer.power_target.watt == 2000
    clock.advance(60)
    state = await s19k_pro.call("PerformanceService/GetTunerState")
    assert state.power_target_mode_state.current_target.watt == 2000
    stats = await s19k_pro.call("MinerService/GetMinerStats")
    watts = stats.power_stats.approximated_consumption.watt
    assert watts == pytest.approx(2000, rel=0.02)


@pytest.mark.parametrize("watts", [770, 6436, 0])
async def test_a_power_target_out_of_bounds_is_refused_in_words(
    s19k_pro: Caller, watts: int
) -> None:
    refusal = await s19k_pro.refusal(
        POWER, save_action=APPLY, power_target={"watt": watts}
    )
    assert refusal.code() is INVALID
    assert "between 771 and 6435 W" in str(refusal.details())


async def test_a_change_without_a_save_action_is_refused(s19k_pro: Caller) -> None:
    refusal = await s19k_pro.refusal(POWER, power_target={"watt": 2000})
    assert refusal.code() is INVALID


async def test_saving_alone_shows_in_the_configuration_only(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(POWER, save_action=SAVE, power_target={"watt": 2000})
    clock.advance(60)
    saved = await s19k_pro.call("ConfigurationService/GetMinerConfiguration")
    assert saved.tuner.power_target.watt == 2000
    state = await s19k_pro.call("PerformanceService/GetTunerState")
    assert state.power_target_mode_state.current_target.watt == 2760


async def test_figures_are_internal_errors_while_it_re_configures_itself(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(POWER, save_action=APPLY, power_target={"watt": 2000})
    refusal = await s19k_pro.refusal("MinerService/GetMinerStats")
    assert refusal.code() is grpc.StatusCode.INTERNAL
    clock.advance(3)
    await s19k_pro.call("MinerService/GetMinerStats")


async def test_forcing_a_change_restarts_mining(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(POWER, save_action=FORCE, power_target={"watt": 2000})
    refusal = await s19k_pro.refusal("MinerService/GetMinerStats")
    assert refusal.code() is grpc.StatusCode.FAILED_PRECONDITION
    clock.advance(30)
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.bosminer_uptime_s <= 10
    assert details.system_uptime_s > 86400


@pytest.mark.parametrize(
    ("reference", "percentage", "watts"),
    [(1, 50, 1380), (2, 200, 1542), (3, 50, 3218), (4, 90, 2484)],
)
async def test_targets_can_be_percentages(
    s19k_pro: Caller, reference: int, percentage: float, watts: int
) -> None:
    answer = await s19k_pro.call(
        "PerformanceService/SetRelativePowerTarget",
        save_action=APPLY,
        percentage=percentage,
        reference=reference,
    )
    assert answer.power_target.watt == watts


async def test_increments_add_up(s19k_pro: Caller) -> None:
    steps: list[tuple[str, dict[str, Any], int]] = [
        ("Increment", {"power_target_increment": {"watt": 200}}, 2960),
        ("Decrement", {"power_target_decrement": {"watt": 200}}, 2760),
    ]
    for name, step, watts in steps:
        answer = await s19k_pro.call(
            f"PerformanceService/{name}PowerTarget", save_action=APPLY, **step
        )
        assert answer.power_target.watt == watts
        assert s19k_pro.machine.tuner.configured == watts


async def test_some_firmware_reports_an_increment_and_does_nothing(
    start: Start,
) -> None:
    caller = await start(quirks=Quirks(increments_ramp=False))
    answer = await caller.call(
        "PerformanceService/IncrementPowerTarget",
        save_action=APPLY,
        power_target_increment={"watt": 200},
    )
    assert answer.power_target.watt == 2960
    assert caller.machine.tuner.configured == 2760


async def test_a_hashrate_target_shows_as_one(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        "PerformanceService/SetHashrateTarget",
        save_action=APPLY,
        hashrate_target={"terahash_per_second": 90.5},
    )
    clock.advance(5)
    state = await s19k_pro.call("PerformanceService/GetTunerState")
    assert state.WhichOneof("mode_state") == "hashrate_target_mode_state"
    target = state.hashrate_target_mode_state.current_target
    assert target.terahash_per_second == 90.5
    mode = await s19k_pro.call("PerformanceService/GetActivePerformanceMode")
    assert mode.tuner_mode.WhichOneof("target") == "hashrate_target"


async def test_manual_mode_keeps_frequencies_per_board(s19k_pro: Caller) -> None:
    mode = {
        "manual_mode": {
            "global_frequency": {"hertz": 500e6},
            "global_voltage": {"volt": 13.0},
            "hashboards": [{"id": "2", "frequency": {"hertz": 450e6}}],
        }
    }
    answer = await s19k_pro.call(
        "PerformanceService/SetPerformanceMode", save_action=APPLY, mode=mode
    )
    assert answer.manual_mode.global_frequency.hertz == 500e6
    board = answer.manual_mode.hashboards[0]
    assert (board.id, board.frequency.hertz) == ("2", 450e6)
    assert not board.HasField("voltage")


async def test_manual_mode_refuses_a_board_that_is_not_there(
    s19k_pro: Caller,
) -> None:
    refusal = await s19k_pro.refusal(
        "PerformanceService/SetPerformanceMode",
        save_action=APPLY,
        mode={"manual_mode": {"hashboards": [{"id": "9"}]}},
    )
    assert refusal.code() is INVALID
    assert "1, 2, 3" in str(refusal.details())


async def test_dps_keeps_what_a_request_leaves_out(s19k_pro: Caller) -> None:
    await s19k_pro.call(
        "PerformanceService/SetDPS",
        save_action=APPLY,
        enable=True,
        target={"power_target": {"power_step": {"watt": 150}}},
    )
    answer = await s19k_pro.call(
        "PerformanceService/SetDPS", save_action=APPLY, enable_shutdown=True
    )
    assert answer.enabled
    assert answer.power_target.power_step.watt == 150
    assert answer.shutdown_duration.hours == 3


async def test_dps_in_the_middle_of_a_step_refuses_a_target(
    start: Start, clock: FakeClock
) -> None:
    caller = await start(timing=Timing(reconfigure_s=0))
    await caller.call("PerformanceService/SetDPS", save_action=APPLY, enable=True)
    caller.miner.faults.overheat(64)
    while not caller.machine.dps.stepping:
        clock.advance(1)
    refusal = await caller.refusal(
        POWER, save_action=APPLY, power_target={"watt": 2500}
    )
    assert refusal.code() is grpc.StatusCode.FAILED_PRECONDITION
    clock.advance(25)
    await caller.call(POWER, save_action=APPLY, power_target={"watt": 2500})


async def test_cooling_keeps_what_a_request_leaves_out(s19k_pro: Caller) -> None:
    await s19k_pro.call(
        "CoolingService/SetCoolingMode",
        save_action=APPLY,
        auto={"target_temperature": {"degree_c": 55}, "max_fan_speed": 80},
    )
    answer = await s19k_pro.call(
        "CoolingService/SetCoolingMode",
        save_action=APPLY,
        manual={"fan_speed_ratio": 0.6},
    )
    assert answer.manual.fan_speed_ratio == 0.6
    assert answer.manual.target_temperature.degree_c == 55
    saved = await s19k_pro.call("ConfigurationService/GetMinerConfiguration")
    assert saved.temperature.WhichOneof("mode") == "manual"


async def test_temperatures_must_rise_from_target_to_dangerous(
    s19k_pro: Caller,
) -> None:
    refusal = await s19k_pro.refusal(
        "CoolingService/SetCoolingMode",
        save_action=APPLY,
        auto={
            "target_temperature": {"degree_c": 75},
            "hot_temperature": {"degree_c": 70},
        },
    )
    assert refusal.code() is INVALID


async def test_a_hydro_machine_has_no_fans_to_set(start: Start) -> None:
    caller = await start("s21_hydro")
    state = await caller.call("CoolingService/GetCoolingState")
    assert len(state.fans) == 0
    refusal = await caller.refusal(
        "CoolingService/SetCoolingMode", save_action=APPLY, auto={}
    )
    assert refusal.code() is INVALID


async def test_the_fans_of_an_s19_have_no_position(start: Start) -> None:
    caller = await start("s19", api="1.11")
    state = await caller.call("CoolingService/GetCoolingState")
    assert len(state.fans) == 4
    assert not any(fan.HasField("position") for fan in state.fans)


async def test_boards_are_switched_by_their_names(
    start: Start, clock: FakeClock
) -> None:
    caller = await start("s21_hydro")
    answer = await caller.call(
        "MinerService/DisableHashboards", save_action=APPLY, hashboard_ids=["1"]
    )
    assert {board.id: board.is_enabled for board in answer.hashboards} == {
        "0": True,
        "1": False,
        "2": True,
    }
    clock.advance(10)
    boards = (await caller.call("MinerService/GetHashboards")).hashboards
    assert [board.enabled for board in boards] == [True, False, True]
    assert not boards[1].HasField("highest_chip_temp")


async def test_a_stopped_miner_has_no_boards_no_temperatures_and_loud_fans(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call("ActionsService/Stop")
    clock.advance(30)
    assert len((await s19k_pro.call("MinerService/GetHashboards")).hashboards) == 0
    cooling = await s19k_pro.call("CoolingService/GetCoolingState")
    assert not cooling.HasField("highest_temperature")
    assert {fan.target_speed_ratio for fan in cooling.fans} == {1.0}


async def test_pause_and_resume_say_whether_there_was_anything_to_do(
    s19k_pro: Caller,
) -> None:
    pause, resume = "ActionsService/PauseMining", "ActionsService/ResumeMining"
    assert not (await s19k_pro.call(pause)).already_paused
    assert (await s19k_pro.call(pause)).already_paused
    assert not (await s19k_pro.call(resume)).already_mining
    assert (await s19k_pro.call(resume)).already_mining


async def test_a_paused_miner_still_tells_its_figures(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call("ActionsService/PauseMining")
    clock.advance(120)
    stats = await s19k_pro.call("MinerService/GetMinerStats")
    assert 0 < stats.power_stats.approximated_consumption.watt < 20
    assert stats.miner_stats.real_hashrate.last_5s.gigahash_per_second < 1
    assert len((await s19k_pro.call("MinerService/GetHashboards")).hashboards) == 3


async def test_the_light_stays_on_until_a_reboot(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call("ActionsService/SetLocateDeviceStatus", enable=True)
    answer = await s19k_pro.call("ActionsService/GetLocateDeviceStatus")
    assert answer.enabled
    s19k_pro.miner.faults.reboot(5)
    clock.advance(10)
    assert not s19k_pro.machine.locating


async def test_the_efficiency_profile_climbs_from_the_least_to_the_most(
    s19k_pro: Caller,
) -> None:
    answer = await s19k_pro.call("PerformanceService/GetMinerEfficiencyProfile")
    points = [
        (p.power_target.watt, p.hashrate.terahash_per_second) for p in answer.points
    ]
    assert 6 <= len(points) <= 20
    assert points == sorted(points)
    assert (points[0][0], points[-1][0]) == (771, 6435)


async def test_removing_profiles_really_loses_them(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    known = await s19k_pro.call("PerformanceService/ListTargetProfiles")
    assert [p.target.watt for p in known.power_target_profiles] == [2760]
    await s19k_pro.call("PerformanceService/RemoveTunedProfiles")
    clock.advance(10)
    known = await s19k_pro.call("PerformanceService/ListTargetProfiles")
    assert len(known.power_target_profiles) == 0
    state = await s19k_pro.call("PerformanceService/GetTunerState")
    assert state.overall_tuner_state == 3


async def test_a_bmm_has_one_fan_no_boards_and_draws_two_watts_paused(
    start: Start, clock: FakeClock
) -> None:
    caller = await start("bmm_101")
    assert len((await caller.call("MinerService/GetHashboards")).hashboards) == 0
    assert len((await caller.call("CoolingService/GetCoolingState")).fans) == 1
    details = await caller.call("MinerService/GetMinerDetails")
    assert details.mac_address.startswith("88:A6:EF:")
    assert not details.HasField("psu_info")
    await caller.call("ActionsService/PauseMining")
    clock.advance(600)
    stats = await caller.call("MinerService/GetMinerStats")
    assert stats.power_stats.approximated_consumption.watt == 2


async def test_models_newer_than_the_enum_are_numbered_zero(start: Start) -> None:
    for model, number in (("s19", 11), ("s19k_pro", 0), ("s21", 0)):
        caller = await start(model)
        details = await caller.call("MinerService/GetMinerDetails")
        assert details.miner_identity.model == number
        assert details.miner_identity.miner_model.startswith("Antminer S")


async def test_a_locally_administered_mac_is_as_steady_as_any(start: Start) -> None:
    macs = set()
    for _ in range(2):
        details = await (await start(seed=42)).call("MinerService/GetMinerDetails")
        macs.add(details.mac_address)
    assert len(macs) == 1
    assert macs.pop().startswith("02:")
