"""What was set is what is read back, in every mode."""

from typing import Any

import grpc
import pytest

from simulator import FakeClock

from .conftest import APPLY, Caller, Start

INVALID = grpc.StatusCode.INVALID_ARGUMENT
PERFORMANCE = "PerformanceService"


async def configuration(caller: Caller) -> Any:
    return await caller.call("ConfigurationService/GetMinerConfiguration")


@pytest.mark.parametrize(
    ("wanted", "ratio", "for_ever"),
    [
        ({"auto": {}}, None, False),
        ({"manual": {"pause_cooldown_fan_speed_ratio": 0.25}}, 0.25, False),
        (
            {
                "manual": {
                    "pause_cooldown_fan_speed_ratio": 0.5,
                    "fan_pause_runtime": 2,
                }
            },
            0.5,
            True,
        ),
        ({"manual": {}}, 0.0, False),
    ],
)
async def test_fans_of_a_pause_are_set_and_read_back(
    s19k_pro: Caller,
    wanted: dict[str, Any],
    ratio: float | None,
    for_ever: bool,  # given by pytest
) -> None:
    await s19k_pro.call(
        "CoolingService/SetCoolingMode",
        save_action=APPLY,
        auto={"pause_mode": wanted, "min_fan_speed": 20, "minimum_required_fans": 2},
    )
    auto = (await configuration(s19k_pro)).temperature.auto
    assert (auto.min_fan_speed, auto.minimum_required_fans) == (20, 2)
    if ratio is None:
        assert auto.pause_mode.WhichOneof("mode") == "auto"
        return
    manual = auto.pause_mode.manual
    assert manual.pause_cooldown_fan_speed_ratio == ratio
    assert manual.fan_pause_runtime == (2 if for_ever else 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"auto": {"min_fan_speed": 80, "max_fan_speed": 20}},
        {"auto": {"max_fan_speed": 101}},
        {"auto": {"minimum_required_fans": 5}},
        {"auto": {"target_temperature": {"degree_c": 10}}},
        {"manual": {"fan_speed_ratio": 1.2}},
        {"manual": {"fan_speed_ratio": float("nan")}},
        {"manual": {"pause_mode": {"manual": {"pause_cooldown_fan_speed_ratio": 1.5}}}},
    ],
)
async def test_cooling_that_makes_no_sense_is_refused(
    s19k_pro: Caller, wrong: dict[str, Any]
) -> None:
    before = s19k_pro.machine.saved
    refusal = await s19k_pro.refusal(
        "CoolingService/SetCoolingMode", save_action=APPLY, **wrong
    )
    assert refusal.code() is INVALID
    assert s19k_pro.machine.saved == before


async def test_immersion_can_be_switched_the_old_way(start: Start) -> None:
    caller = await start(api="1.3")
    answer = await caller.call(
        "CoolingService/SetImmersionMode", save_action=APPLY, enable_immersion_mode=True
    )
    assert answer.immersion_mode
    saved = await configuration(caller)
    assert saved.temperature.WhichOneof("mode") == "disabled"
    await caller.call("CoolingService/SetImmersionMode", save_action=APPLY)
    saved = await configuration(caller)
    assert saved.temperature.WhichOneof("mode") == "auto"


async def test_ramping_is_set_within_its_bounds(s19k_pro: Caller) -> None:
    answer = await s19k_pro.call(
        f"{PERFORMANCE}/SetQuickRamping", save_action=APPLY, up_s=120, down_s=10
    )
    assert (answer.up_s, answer.down_s) == (120, 10)
    boards = (await configuration(s19k_pro)).hashboard_config
    assert boards.quick_ramping_time_up_s == 120
    refusal = await s19k_pro.refusal(
        f"{PERFORMANCE}/SetQuickRamping", save_action=APPLY, up_s=601, down_s=10
    )
    assert refusal.code() is INVALID
    answer = await s19k_pro.call(
        f"{PERFORMANCE}/SetDefaultQuickRamping", save_action=APPLY
    )
    assert (answer.up_s, answer.down_s) == (20, 20)


async def test_hashrate_targets_are_tuned_and_listed_as_such(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        f"{PERFORMANCE}/SetRelativeHashrateTarget",
        save_action=APPLY,
        percentage=75,
        reference=1,
    )
    clock.advance(3000)
    known = await s19k_pro.call(f"{PERFORMANCE}/ListTargetProfiles")
    (profile,) = known.hashrate_target_profiles
    assert profile.target.terahash_per_second == 90
    measured = profile.measured_hashrate.gigahash_per_second
    assert measured == pytest.approx(90_000, rel=0.03)
    assert len(known.power_target_profiles) == 1


async def test_hashrate_targets_step_and_go_back_to_the_default(
    s19k_pro: Caller,
) -> None:
    default = "SetDefaultHashrateTarget"
    up = {"hashrate_target_increment": {"terahash_per_second": 5.5}}
    down = {"hashrate_target_decrement": {"terahash_per_second": 2}}
    for name, fields, wanted in (
        (default, {}, 120.0),
        ("IncrementHashrateTarget", up, 125.5),
        ("DecrementHashrateTarget", down, 123.5),
        (default, {}, 120.0),
    ):
        answer = await s19k_pro.call(
            f"{PERFORMANCE}/{name}", save_action=APPLY, **fields
        )
        assert answer.hashrate_target.terahash_per_second == wanted


@pytest.mark.parametrize(
    ("target", "read_back"),
    [
        ({"power_target": {"power_target": {"watt": 2222}}}, "power_target"),
        (
            {"hashrate_target": {"hashrate_target": {"terahash_per_second": 77}}},
            "hashrate_target",
        ),
    ],
)
async def test_the_tuner_mode_comes_with_its_target(
    s19k_pro: Caller, target: dict[str, Any], read_back: str
) -> None:
    answer = await s19k_pro.call(
        f"{PERFORMANCE}/SetPerformanceMode",
        save_action=APPLY,
        mode={"tuner_mode": target},
    )
    assert answer.tuner_mode.WhichOneof("target") == read_back
    assert answer == await s19k_pro.call(f"{PERFORMANCE}/GetActivePerformanceMode")


async def test_manual_mode_switches_the_tuner_off(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    await s19k_pro.call(
        f"{PERFORMANCE}/SetPerformanceMode",
        save_action=APPLY,
        mode={"manual_mode": {"hashboards": [{"id": "1", "voltage": {"volt": 13}}]}},
    )
    clock.advance(60)
    state = await s19k_pro.call(f"{PERFORMANCE}/GetTunerState")
    assert state.overall_tuner_state == 1
    assert state.WhichOneof("mode_state") is None
    saved = await configuration(s19k_pro)
    assert not saved.tuner.enabled
    assert saved.hashboard_config.hashboards[0].voltage.volt == 13
    mode = await s19k_pro.call(f"{PERFORMANCE}/GetActivePerformanceMode")
    assert mode.manual_mode.hashboards[0].voltage.volt == 13


async def test_frequency_and_voltage_have_bounds(s19k_pro: Caller) -> None:
    for wrong in (
        {"global_frequency": {"hertz": 2e9}},
        {"global_voltage": {"volt": 20}},
        {"hashboards": [{"id": "1", "frequency": {"hertz": 1e6}}]},
    ):
        refusal = await s19k_pro.refusal(
            f"{PERFORMANCE}/SetPerformanceMode",
            save_action=APPLY,
            mode={"manual_mode": wrong},
        )
        assert refusal.code() is INVALID


async def test_all_of_dps_is_set_and_read_back(s19k_pro: Caller) -> None:
    await s19k_pro.call(
        f"{PERFORMANCE}/SetDPS",
        save_action=APPLY,
        enable=True,
        enable_shutdown=True,
        shutdown_duration={"hours": 5},
        mode=2,
        on_start_target_percent=70,
        target={
            "hashrate_target": {
                "hashrate_step": {"terahash_per_second": 7},
                "min_hashrate_target": {"terahash_per_second": 60},
            }
        },
    )
    dps = (await configuration(s19k_pro)).dps
    assert (dps.enabled, dps.shutdown_enabled, dps.shutdown_duration.hours) == (
        True,
        True,
        5,
    )
    assert (dps.mode, dps.on_start_target_percent) == (2, 70)
    assert dps.hashrate_step.terahash_per_second == 7
    assert dps.min_hashrate_target.terahash_per_second == 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"shutdown_duration": {"hours": 25}},
        {"on_start_target_percent": 101},
        {"target": {"power_target": {"power_step": {"watt": 1}}}},
        {"target": {"power_target": {"min_power_target": {"watt": 100}}}},
    ],
)
async def test_dps_out_of_bounds_is_refused(
    s19k_pro: Caller, wrong: dict[str, Any]
) -> None:
    refusal = await s19k_pro.refusal(
        f"{PERFORMANCE}/SetDPS", save_action=APPLY, **wrong
    )
    assert refusal.code() is INVALID


@pytest.mark.parametrize(
    ("schedule", "kind", "day"),
    [
        ({"daily": {"time": {"hours": 1}}}, "daily", None),
        ({"weekly": {"day_of_week": 6}}, "weekly", 6),
        ({"monthly": {"day_of_month": 28, "time": {"minutes": 5}}}, "monthly", 28),
    ],
)
async def test_upgrade_schedules_are_set_and_read_back(
    s19k_pro: Caller, schedule: dict[str, Any], kind: str, day: int | None
) -> None:
    await s19k_pro.call(
        "UpgradeService/UpdateAutoUpgradeConfig", enabled=True, schedule=schedule
    )
    status = await s19k_pro.call("UpgradeService/GetAutoUpgradeStatus")
    assert status.enabled
    assert status.HasField("next_execution")
    assert status.schedule.WhichOneof("schedule_type") == kind
    entry = getattr(status.schedule, kind)
    if kind == "weekly":
        assert entry.day_of_week == day
    elif kind == "monthly":
        assert entry.day_of_month == day
    await s19k_pro.call("UpgradeService/UpdateAutoUpgradeConfig", enabled=False)
    status = await s19k_pro.call("UpgradeService/GetAutoUpgradeStatus")
    assert not status.HasField("next_execution")


@pytest.mark.parametrize(
    "wrong",
    [{}, {"weekly": {"day_of_week": 9}}, {"daily": {"time": {"hours": 24}}}],
)
async def test_a_schedule_that_never_comes_is_refused(
    s19k_pro: Caller, wrong: dict[str, Any]
) -> None:
    refusal = await s19k_pro.refusal(
        "UpgradeService/UpdateAutoUpgradeConfig", enabled=True, schedule=wrong
    )
    assert refusal.code() is INVALID


async def test_a_fixed_ratio_is_read_back_as_one(s19k_pro: Caller) -> None:
    group = {
        "fixed_share_ratio": {"value": 0.25},
        "pools": [{"url": "stratum2+tcp://v2.example", "user": "a", "enabled": False}],
    }
    await s19k_pro.call("PoolService/CreatePoolGroup", save_action=APPLY, group=group)
    _, created = (await configuration(s19k_pro)).pool_groups
    assert created.fixed_share_ratio.value == 0.25
    assert not created.pools[0].enabled


async def test_starting_a_miner_that_runs_changes_nothing(s19k_pro: Caller) -> None:
    assert (await s19k_pro.call("ActionsService/Start")).already_running
    assert not (await s19k_pro.call("ActionsService/Stop")).already_stopped
    assert (await s19k_pro.call("ActionsService/Stop")).already_stopped
    assert not (await s19k_pro.call("ActionsService/Start")).already_running


async def test_a_stopped_miner_can_be_neither_paused_nor_resumed(
    s19k_pro: Caller,
) -> None:
    await s19k_pro.call("ActionsService/Stop")
    for name in ("PauseMining", "ResumeMining"):
        refusal = await s19k_pro.refusal(f"ActionsService/{name}")
        assert refusal.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_hydro_machines_have_water_instead_of_air(start: Start) -> None:
    caller = await start("s21_hydro")
    for board in (await caller.call("MinerService/GetHashboards")).hashboards:
        inlet = board.lowest_water_inlet_temp.degree_c
        assert 25 < inlet < board.highest_water_outlet_temp.degree_c
        assert not board.HasField("lowest_inlet_temp")
    cooling = (await configuration(caller)).temperature
    assert cooling.WhichOneof("mode") == "hydro"


async def test_air_gets_warmer_on_its_way_through(s19k_pro: Caller) -> None:
    for board in (await s19k_pro.call("MinerService/GetHashboards")).hashboards:
        chip = board.highest_chip_temp.temperature.degree_c
        inlet = board.lowest_inlet_temp.degree_c
        assert inlet < board.highest_outlet_temp.degree_c < chip
        assert inlet < board.board_temp.degree_c < chip
        assert not board.HasField("lowest_water_inlet_temp")
