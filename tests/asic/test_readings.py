"""What comes of the answers that real miners give, the odd ones too."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis.strategies import (
    DataObject,
    SearchStrategy,
    binary,
    booleans,
    data,
    fixed_dictionaries,
    floats,
    integers,
    lists,
    text,
)
import pytest

from custom_components.braiins_fleet.asic import (
    Brand,
    CoolingKind,
    FanPauseMode,
    FanPauseRuntime,
    Garbled,
    Hashrates,
    Json,
    LicenseState,
    ManualTuning,
    MinerStatus,
    Platform,
    Reading,
    TunerMode,
    TunerPhase,
    Weekday,
    Weekly,
)
from custom_components.braiins_fleet.asic.connection import parse
from custom_components.braiins_fleet.asic.snapshot import (
    AUTO_UPGRADE,
    CONFIGURATION,
    COOLING,
    DETAILS,
    EFFICIENCY,
    ERRORS,
    HASHBOARDS,
    LICENSE,
    LIMITS,
    NETWORK,
    PERFORMANCE_MODE,
    POOLS,
    PROFILES,
    SOURCES,
    STATS,
    TUNER,
    Source,
)
from custom_components.braiins_fleet.asic.wire import rpc

from .scripted import ScriptedMiner, client

GET_SETTINGS = rpc("AdvancedSettingsService", "GetSettings")


def read[T](source: Source[T], **fields: Any) -> T:
    """Send an answer through the wire format and read it."""
    response = source.rpc.response
    return source.read(response.FromString(response(**fields).SerializeToString()))


@pytest.mark.parametrize("reading", Reading)
def test_an_empty_answer_is_no_reason_to_fail(reading: Reading) -> None:
    # Every field of every message may be absent.
    assert read(SOURCES[reading]) == read(SOURCES[reading])


def test_absent_is_unknown_and_not_zero() -> None:
    stats = read(STATS)
    assert stats.power is None
    assert stats.efficiency is None
    assert stats.work is None
    assert stats.pools is None
    stats = read(STATS, miner_stats={"real_hashrate": {}}, power_stats={})
    assert stats.work is not None
    assert stats.work.hashrates is not None
    assert stats.work.hashrates.minute_1 is None
    assert stats.power is None


@pytest.mark.parametrize("quotient", [float("inf"), float("nan")])
def test_watts_for_no_hashes_at_all_are_no_efficiency(quotient: float) -> None:
    stats = read(STATS, power_stats={"efficiency": {"joule_per_terahash": quotient}})
    assert stats.efficiency is None


def test_a_paused_miner_shows_its_real_watts_and_no_efficiency() -> None:
    stats = read(
        STATS,
        miner_stats={"real_hashrate": {"last_1m": {"gigahash_per_second": 0}}},
        power_stats={
            "approximated_consumption": {"watt": 2},
            "efficiency": {"joule_per_terahash": 0},
        },
    )
    assert stats.power == 2
    assert stats.efficiency is None
    assert stats.work is not None
    assert stats.work.hashrates is not None
    assert stats.work.hashrates.minute_1 == 0


def test_hashrates_are_in_terahash() -> None:
    stats = read(
        STATS,
        miner_stats={
            "real_hashrate": {"last_5s": {"gigahash_per_second": 120_500}},
            "nominal_hashrate": {"gigahash_per_second": 120_000},
            "error_hashrate": {"megahash_per_second": 2_500_000},
        },
    )
    assert stats.work is not None
    assert stats.work.hashrates is not None
    assert stats.work.hashrates.seconds_5 == 120.5
    assert stats.work.nominal_hashrate == 120
    assert stats.work.error_hashrate == 2.5


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({"best_share": 5}, 5),
        ({"best_share": 0}, None),
        (
            {"best_share": 1, "best_share_str": "123456789012345678901234"},
            123456789012345678901234,
        ),
        ({"best_share_str": "1.5T"}, 1_500_000_000_000),
        ({"best_share_str": "12.25 k"}, 12_250),
        ({"best_share": 7, "best_share_str": "lots"}, 7),
        ({"best_share": 7, "best_share_str": "Infinity"}, 7),
        ({"best_share": 7, "best_share_str": "NaN"}, 7),
        ({"best_share": 7, "best_share_str": "1E999999999"}, 7),
    ],
)
def test_the_best_share_is_read_from_the_text_that_cannot_overflow(
    fields: dict[str, Any], share: int | None
) -> None:
    stats = read(STATS, pool_stats=fields)
    assert stats.pools is not None
    assert stats.pools.best_share == share


def test_a_miner_without_boards_and_with_one_fan() -> None:
    assert read(HASHBOARDS) == ()
    state = read(COOLING, fans=[{"rpm": 1200}])
    [fan] = state.fans
    assert fan.position is None
    assert fan.rpm == 1200
    assert fan.target_speed is None
    assert state.hottest is None


def test_a_board_id_is_a_text() -> None:
    [board] = read(
        HASHBOARDS, hashboards=[{"id": "a1-left", "chips_count": {"value": 0}}]
    )
    assert board.id == "a1-left"
    assert board.chips == 0
    assert board.chip_temperature is None
    assert board.work is None


def test_board_figures_are_in_the_units_of_a_home() -> None:
    [board] = read(
        HASHBOARDS,
        hashboards=[
            {
                "id": "1",
                "enabled": True,
                "current_frequency": {"hertz": 525_000_000},
                "current_voltage": {"volt": 13.2},
                "highest_chip_temp": {"temperature": {"degree_c": 71.5}},
                "board_temp": {"degree_c": 60},
                "model": "",
            }
        ],
    )
    assert board.frequency == 525
    assert board.voltage == 13.2
    assert board.chip_temperature == 71.5
    assert board.board_temperature == 60
    assert board.model is None


def test_values_newer_than_the_library_are_unknown() -> None:
    details = read(
        DETAILS, status=42, platform=99, miner_identity={"brand": 7, "model": 70}
    )
    assert details.status is MinerStatus.UNKNOWN
    assert details.platform is Platform.UNKNOWN
    assert details.brand is Brand.UNKNOWN
    assert read(TUNER, overall_tuner_state=17).phase is TunerPhase.UNKNOWN
    assert read(PERFORMANCE_MODE) is None
    assert read(LICENSE).state is LicenseState.UNKNOWN


def test_the_name_counts_and_not_the_number_of_the_model() -> None:
    details = read(
        DETAILS,
        miner_identity={
            "brand": 1,
            "model": 0,
            "name": "Antminer S21",
            "miner_model": "x",
        },
    )
    assert details.model == "Antminer S21"
    assert details.brand is Brand.ANTMINER
    assert read(DETAILS, miner_identity={"miner_model": "S19"}).model == "S19"


@pytest.mark.parametrize(
    ("sent", "mac"),
    [
        ("02:EE:DA:01:02:03", "02:ee:da:01:02:03"),
        ("88-A6-EF-D0-05-34", "88:a6:ef:d0:05:34"),
        ("", None),
        ("00:00:00:00:00:00", None),
    ],
)
def test_a_mac_may_be_local_or_not_there_yet(sent: str, mac: str | None) -> None:
    assert read(DETAILS, mac_address=sent).mac == mac


def test_the_older_name_of_uptime_is_read_too() -> None:
    assert read(DETAILS, system_uptime=77).uptime == 77
    assert read(DETAILS, system_uptime=77, system_uptime_s=78).uptime == 78


def test_an_error_from_before_the_clock_was_set_has_no_time() -> None:
    unset, plain, nonsense = read(
        ERRORS,
        errors=[
            {"timestamp": "2015-01-01T00:00:12Z", "message": "fan lost"},
            {
                "timestamp": "2026-11-21T08:00:00",
                "message": "hot",
                "error_codes": [{"code": "T1", "reason": "too hot", "hint": "cool it"}],
                "components": [{"name": "fan", "index": 2}],
            },
            {"timestamp": "yesterday"},
        ],
    )
    assert unset.time is None
    assert not unset.clock_was_set
    assert plain.time == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert plain.codes[0].hint == "cool it"
    assert plain.components[0].index == 2
    assert nonsense.time is None
    assert nonsense.clock_was_set


def test_times_from_before_the_clock_was_set_or_beyond_it_say_nothing() -> None:
    def last_share(seconds: int) -> datetime | None:
        pools = read(STATS, pool_stats={"last_share_time": {"seconds": seconds}}).pools
        assert pools is not None
        return pools.last_share_at

    assert last_share(1_420_070_400) is None
    assert last_share(10**15) is None
    assert last_share(1_790_000_000) == datetime.fromtimestamp(1_790_000_000, UTC)


def test_the_live_target_is_not_the_configured_one() -> None:
    state = read(
        TUNER,
        overall_tuner_state=5,
        power_target_mode_state={
            "profile": {
                "target": {"watt": 3031},
                "measured_hashrate": {"gigahash_per_second": 131_000},
                "estimated_power_consumption": {"watt": 3010},
            },
            "current_target": {"watt": 2431},
        },
    )
    assert state.phase is TunerPhase.CONTINUOUS
    assert state.mode is TunerMode.POWER_TARGET
    assert state.live_target == 2431
    assert state.profile is not None
    assert state.profile.target == 3031
    assert state.profile.measured_hashrate == 131
    assert state.profile.created is None


def test_a_hashrate_target_is_in_terahash() -> None:
    state = read(
        TUNER,
        hashrate_target_mode_state={
            "profile": {"target": {"terahash_per_second": 100}},
            "current_target": {"terahash_per_second": 90.5},
        },
    )
    assert state.mode is TunerMode.HASHRATE_TARGET
    assert state.live_target == 90.5
    assert state.profile is not None
    assert state.profile.target == 100


def test_profiles_of_both_kinds_are_one_list() -> None:
    power, hashrate = read(
        PROFILES,
        power_target_profiles=[{"target": {"watt": 2000}}],
        hashrate_target_profiles=[{"target": {"terahash_per_second": 80}}],
    )
    assert (power.mode, power.target) == (TunerMode.POWER_TARGET, 2000)
    assert (hashrate.mode, hashrate.target) == (TunerMode.HASHRATE_TARGET, 80)


def test_the_efficiency_curve() -> None:
    [point] = read(
        EFFICIENCY,
        points=[
            {
                "quality": 3,
                "power_target": {"watt": 2000},
                "consumption": {"watt": 1990},
                "hashrate": {"terahash_per_second": 90},
                "fan_speed": 40,
                "frequency": {"hertz": 4.5e8},
            }
        ],
    )
    assert (point.power, point.hashrate, point.fan_speed) == (1990, 90, 40)
    assert point.frequency == 450
    assert point.ambient_temperature is None


def test_a_manual_mode_with_boards_of_their_own() -> None:
    mode = read(
        PERFORMANCE_MODE,
        manual_mode={
            "global_frequency": {"hertz": 5e8},
            "hashboards": [{"id": "2", "voltage": {"volt": 13}}],
        },
    )
    assert isinstance(mode, ManualTuning)
    assert mode.frequency == 500
    assert mode.voltage is None
    assert mode.boards[0].id == "2"
    assert mode.boards[0].voltage == 13


def test_required_fans_are_read_from_where_the_version_has_them() -> None:
    old = read(
        CONFIGURATION, temperature={"minimum_required_fans": 2, "auto": {}}
    ).cooling
    new = read(
        CONFIGURATION, temperature={"auto": {"minimum_required_fans": 0}}
    ).cooling
    assert old is not None
    assert old.required_fans == 2
    assert new is not None
    assert new.required_fans == 0
    gone = read(CONFIGURATION, temperature={"disabled": {"fan_speed_ratio": 0.57}})
    assert gone.cooling is not None
    assert gone.cooling.kind is CoolingKind.DISABLED
    assert gone.cooling.fan_speed == 57


def test_fans_while_paused() -> None:
    def paused(**pause_mode: Any) -> Any:
        configuration = read(
            CONFIGURATION, temperature={"manual": {"pause_mode": pause_mode}}
        )
        assert configuration.cooling is not None
        return configuration.cooling.paused

    assert paused() is None
    assert paused(auto={}).mode is FanPauseMode.AUTO
    manual = paused(
        manual={"pause_cooldown_fan_speed_ratio": 0.3, "fan_pause_runtime": 2}
    )
    assert manual.mode is FanPauseMode.MANUAL
    assert manual.speed == 30
    assert manual.runtime is FanPauseRuntime.INDEFINITE
    assert paused(manual={}).runtime is None


def test_a_configuration_may_list_no_pools_and_nothing_else() -> None:
    configuration = read(CONFIGURATION)
    assert configuration.pool_groups == ()
    assert configuration.cooling is None
    assert configuration.tuner is None
    assert configuration.dps is None
    assert configuration.boards is None


def test_limits_are_the_miners_own() -> None:
    limits = read(
        LIMITS,
        tuner_constraints={
            "power_target": {
                "default": {"watt": 2760},
                "min": {"watt": 771},
                "max": {"watt": 6435},
            }
        },
        cooling_constraints={"fan_speed_ratio": {"default": 0.7, "min": 0.1, "max": 1}},
        hashboards_constraints={
            "hashboard_ids": ["1", "2"],
            "quick_ramping_time_s": {"default": 20, "min": 5, "max": 600},
        },
    )
    assert limits.tuner is not None
    power = limits.tuner.power_target
    assert power is not None
    assert (power.minimum, power.default, power.maximum) == (771, 2760, 6435)
    assert limits.tuner.hashrate_target is None
    assert limits.cooling is not None
    assert limits.cooling.fan_speed is not None
    assert limits.cooling.fan_speed.default == 70
    assert limits.cooling.default_pause_mode is None
    assert limits.boards is not None
    assert limits.boards.ids == ("1", "2")
    assert limits.boards.ramping is not None
    assert limits.boards.ramping.maximum == 600
    assert limits.dps is None


def test_a_pool_group_of_old_firmware_has_no_uid() -> None:
    [group] = read(
        POOLS,
        pool_groups=[
            {
                "name": "main",
                "quota": {"value": 1},
                "pools": [{"url": "stratum+tcp://a"}],
            }
        ],
    )
    assert group.uid is None
    assert group.quota == 1
    assert group.fixed_share is None
    assert group.pools[0].stats is None


def test_the_licence_fee_is_in_per_cent() -> None:
    valid = read(LICENSE, valid={"type": 1, "dev_fee": {"bsp": 250}})
    assert valid.state is LicenseState.VALID
    assert valid.dev_fee == 2.5
    assert valid.contract is None
    assert read(LICENSE, none={"time_to_restricted": 60}).seconds_to_restricted == 60
    assert read(LICENSE, limited={}).state is LicenseState.LIMITED
    assert read(LICENSE, expired={}).dev_fee is None


def test_a_schedule_with_an_impossible_time_has_none() -> None:
    upgrade = read(
        AUTO_UPGRADE,
        enabled=True,
        schedule={"weekly": {"day_of_week": 1, "time": {"hours": 25}}},
    )
    assert upgrade.schedule == Weekly(day=Weekday.MONDAY, at=None)


def test_the_network_need_not_tell_everything() -> None:
    info = read(
        NETWORK, name="eth0", networks=[{"address": "10.0.0.2", "netmask": "255.0.0.0"}]
    )
    assert info.mac is None
    assert info.gateway is None
    assert info.subnets[0].address == "10.0.0.2"


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("2026-05-04-0-0ce150e9-26.05-plus", "26.05"),
        ("26.05", "26.05"),
        ("nightly", None),
        ("", None),
    ],
)
def test_the_release_is_found_in_the_version(version: str, release: str | None) -> None:
    details = read(DETAILS, bos_version={"current": version})
    assert details.firmware == (version or None)
    assert details.release == release


@pytest.mark.parametrize("reading", Reading)
@given(answer=binary(max_size=200))
def test_no_answer_can_do_worse_than_be_garbled(
    reading: Reading, answer: bytes
) -> None:
    source = SOURCES[reading]
    with suppress(Garbled):
        assert_frozen(source.read(parse(source.rpc, answer)))


@given(data=data())
@pytest.mark.parametrize("reading", Reading)
def test_no_values_can_do_any_harm(reading: Reading, data: DataObject) -> None:
    source = SOURCES[reading]
    assert_frozen(source.read(data.draw(messages(source.rpc.response))))


def assert_frozen(value: object) -> None:
    """Only what can never change can be hashed."""
    assert isinstance(hash(value), int)


def messages(kind: type[Any], depth: int = 3) -> SearchStrategy[Any]:
    """Make messages of a kind with any values in any of their fields."""
    fields = {
        field.name: values(field, depth)
        for field in kind.DESCRIPTOR.fields
        if depth or field.message_type is None
    }
    return fixed_dictionaries({}, optional=fields).map(lambda given: kind(**given))


def values(field: FieldDescriptor, depth: int) -> SearchStrategy[Any]:
    """Make values for a field."""
    if field.message_type is not None:
        value = messages(GetMessageClass(field.message_type), depth - 1)
        return lists(value, max_size=2) if field.is_repeated else value
    match field.cpp_type:
        case field.CPPTYPE_STRING:
            value = text(max_size=20)
        case field.CPPTYPE_BOOL:
            value = booleans()
        case field.CPPTYPE_DOUBLE:
            value = floats()
        case field.CPPTYPE_ENUM | field.CPPTYPE_INT32:
            value = integers(-(2**31), 2**31 - 1)
        case field.CPPTYPE_UINT32:
            value = integers(0, 2**32 - 1)
        case field.CPPTYPE_INT64:
            value = integers(-(2**63), 2**63 - 1)
        case _:
            value = integers(0, 2**64 - 1)
    return lists(value, max_size=2) if field.is_repeated else value


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_settings_that_are_no_numbers_are_garbled(
    scripted: ScriptedMiner, number: str
) -> None:
    scripted.says(GET_SETTINGS, settings={"min_fan_pwm": float(number)})
    async with client(scripted) as miner:
        with pytest.raises(Garbled):
            await miner.advanced.get()


async def test_settings_keep_their_shape(scripted: ScriptedMiner) -> None:
    settings: dict[str, Json] = {
        "steps": [1, 2.5, {"deep": 3}],
        "on": True,
        "name": "7",
        "none": None,
    }
    scripted.says(GET_SETTINGS, settings=settings)
    async with client(scripted) as miner:
        found = await miner.advanced.get()
    assert repr(dict(sorted(found.items()))) == repr(dict(sorted(settings.items())))


def test_each_average_is_the_one_it_is_called() -> None:
    wire = "5s 15s 30s 1m 5m 15m 30m 1h 24h".split()
    rates = {f"last_{n}": {"gigahash_per_second": i * 1e3} for i, n in enumerate(wire)}
    rates["since_restart"] = {"gigahash_per_second": 9e3}
    work = read(STATS, miner_stats={"real_hashrate": rates}).work
    assert work is not None
    assert work.hashrates == Hashrates(
        seconds_5=0,
        seconds_15=1,
        seconds_30=2,
        minute_1=3,
        minutes_5=4,
        minutes_15=5,
        minutes_30=6,
        hour_1=7,
        hours_24=8,
        since_restart=9,
    )


def test_each_temperature_of_a_board_is_the_one_it_is_called() -> None:
    [board] = read(
        HASHBOARDS,
        hashboards=[
            {
                "lowest_inlet_temp": {"degree_c": 1},
                "highest_outlet_temp": {"degree_c": 2},
                "lowest_water_inlet_temp": {"degree_c": 3},
                "highest_water_outlet_temp": {"degree_c": 4},
            }
        ],
    )
    assert (board.inlet_temperature, board.outlet_temperature) == (1, 2)
    assert (board.water_inlet_temperature, board.water_outlet_temperature) == (3, 4)


def test_each_kind_of_share_is_the_one_it_is_called() -> None:
    pools = read(
        STATS,
        pool_stats={"accepted_shares": 1, "rejected_shares": 2, "stale_shares": 3},
    ).pools
    assert pools is not None
    assert pools.accepted_shares == 1
    assert pools.rejected_shares == 2
    assert pools.stale_shares == 3


def test_a_power_supply_tells_of_itself() -> None:
    supply = read(
        DETAILS,
        psu_info={
            "version": {"value": 1},
            "fw_version": {"value": 2},
            "model_name": "APW17",
            "min_voltage": {"volt": 12},
            "max_voltage": {"volt": 15},
        },
    ).power_supply
    assert supply is not None
    assert (supply.version, supply.firmware_version, supply.model) == (1, 2, "APW17")
    assert (supply.min_voltage, supply.max_voltage) == (12, 15)
