"""What is told of a miner from the difference between two looks at it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.braiins_fleet.asic import (
    ApiVersion,
    Configuration,
    CoolingKind,
    CoolingMode,
    CoolingState,
    ErrorCode,
    HottestSensor,
    MinerError,
    MinerStats,
    MinerStatus,
    Pool,
    SensorLocation,
    Snapshot,
    WorkStats,
)
from custom_components.braiins_fleet.happenings import Happening, Watch, What
from custom_components.braiins_fleet.state import MinerState

FAN = MinerError(
    time=None,
    clock_was_set=True,
    message="fan 0 does not turn",
    codes=(
        ErrorCode(code="F01", reason="blocked", hint="Clean it."),
        ErrorCode(code="F02", reason="broken", hint="Clean it."),
        ErrorCode(code="F03", reason="", hint=""),
    ),
    components=(),
)


def state(**changes: Any) -> MinerState:
    """Return a miner that has been mining for a day."""
    calm = MinerState(
        api=ApiVersion(1, 11, 0),
        status=MinerStatus.NORMAL,
        boot_moment=-86_400.0,
        mining_moment=-86_340.0,
    )
    return replace(calm, **changes)


def read(**readings: Any) -> MinerState:
    """Return a miner of which these readings are known."""
    return state(snapshot=Snapshot(**readings))


def blocks(found: int) -> MinerState:
    work = WorkStats(
        hashrates=None,
        nominal_hashrate=None,
        error_hashrate=None,
        found_blocks=found,
        best_share=None,
    )
    return read(stats=MinerStats(work=work, pools=None, power=None, efficiency=None))


def heat(degrees: float | None, limit: float | None = 90.0) -> MinerState:
    return read(
        cooling=CoolingState(
            fans=(),
            hottest=HottestSensor(
                id=0, location=SensorLocation.CHIP, temperature=degrees
            ),
        ),
        configuration=Configuration(
            pool_groups=(),
            cooling=CoolingMode(kind=CoolingKind.AUTO, dangerous_temperature=limit),
            tuner=None,
            dps=None,
            boards=None,
        ),
    )


def pools(active: str | None) -> MinerState:
    return state(
        pools={
            uid: Pool(
                uid=uid,
                url=url,
                user="me",
                enabled=True,
                alive=True,
                active=uid == active,
                stats=None,
            )
            for uid, url in (
                ("1", "stratum+tcp://one.example:3333"),
                ("2", "stratum+tcp://two.example:3333"),
                ("3", "stratum+tcp://two.example:443"),
            )
        }
    )


def watch(*states: MinerState) -> list[list[Happening]]:
    """Return what is told of each state in turn."""
    watch = Watch()
    return [watch.look(state) for state in states]


def kinds(*states: MinerState) -> list[list[What]]:
    """Return the kinds of what is told of each state in turn."""
    return [[it.what for it in happened] for happened in watch(*states)]


@pytest.mark.parametrize(
    "start",
    [
        state(status=MinerStatus.PAUSED),
        blocks(3),
        heat(99.0),
        pools("2"),
        read(errors=(FAN,)),
        state(boot_moment=5.0, mining_moment=5.0),
    ],
)
def test_nothing_is_told_at_the_start_or_of_what_stays(start: MinerState) -> None:
    assert kinds(start, start, replace(start)) == [[], [], []]


def test_a_change_of_the_status_is_told_once() -> None:
    paused = state(status=MinerStatus.PAUSED)
    told = watch(state(), paused, replace(paused))
    assert told == [
        [],
        [Happening(What.STATUS_CHANGED, {"from": "normal", "to": "paused"})],
        [],
    ]


def test_a_status_that_becomes_known_has_not_changed() -> None:
    assert kinds(state(status=MinerStatus.UNKNOWN), state()) == [[], []]


def test_a_found_block_is_told_once() -> None:
    told = watch(blocks(0), blocks(1), blocks(1))
    assert told == [[], [Happening(What.BLOCK_FOUND, {"found_blocks": 1})], []]


def test_a_counter_that_fell_tells_of_no_block() -> None:
    assert kinds(blocks(2), blocks(0), blocks(1)) == [[], [], [What.BLOCK_FOUND]]


def test_a_block_is_told_also_when_the_counter_was_unknown_meanwhile() -> None:
    assert kinds(blocks(1), read(), blocks(2)) == [[], [], [What.BLOCK_FOUND]]


def test_an_error_is_told_when_it_comes_and_when_it_goes() -> None:
    about = {
        "message": "fan 0 does not turn",
        "codes": "F01, F02, F03",
        "hint": "Clean it.",
    }
    told = watch(read(errors=()), read(errors=(FAN,)), read(errors=()))
    assert told == [
        [],
        [Happening(What.ERROR_RAISED, about)],
        [Happening(What.ERROR_CLEARED, about)],
    ]


def test_an_error_whose_time_is_written_anew_is_still_the_same() -> None:
    again = replace(FAN, time=datetime(2026, 1, 1, tzinfo=UTC))
    assert kinds(read(errors=(FAN,)), read(errors=(again,))) == [[], []]


def test_errors_that_are_unknown_for_a_while_have_not_been_cleared() -> None:
    known = read(errors=(FAN,))
    assert kinds(known, read(), known) == [[], [], []]


def test_another_pool_is_told_by_the_names_of_both() -> None:
    told = watch(pools("1"), pools("3"), pools("3"))
    assert told == [
        [],
        [Happening(What.POOL_SWITCHED, {"from": "one.example", "to": "two.example 2"})],
        [],
    ]


def test_a_pool_that_stops_for_a_while_was_not_switched() -> None:
    assert kinds(pools("1"), pools(None), pools("1")) == [[], [], []]


def test_a_switch_of_pools_is_told_also_over_a_time_without_any() -> None:
    told = kinds(pools("1"), pools(None), pools("2"))
    assert told == [[], [], [What.POOL_SWITCHED]]


def test_a_miner_at_its_limit_overheats_once() -> None:
    told = watch(heat(70), heat(90), heat(89), heat(91), heat(86), heat(90))
    assert told == [
        [],
        [Happening(What.OVERHEATED, {"temperature": 90, "limit": 90.0})],
        *([[]] * 4),
    ]


def test_a_miner_that_cooled_down_can_overheat_again() -> None:
    told = kinds(heat(70), heat(90), heat(84), heat(90))
    assert told == [[], [What.OVERHEATED], [], [What.OVERHEATED]]


def test_an_unknown_temperature_or_limit_is_no_heat() -> None:
    assert kinds(heat(70), heat(None), heat(95, limit=None), read()) == [[]] * 4


def test_a_reboot_is_told_once() -> None:
    off = state(boot_moment=100.0, mining_moment=None)
    on = state(boot_moment=100.0, mining_moment=130.0)
    assert kinds(state(), off, on, on) == [[], [What.REBOOTED], [], []]


def test_a_reboot_is_not_told_as_a_restart_as_well() -> None:
    both = state(boot_moment=100.0, mining_moment=130.0)
    assert kinds(state(), both) == [[], [What.REBOOTED]]


def test_a_restart_of_the_mining_software_is_told_once() -> None:
    again = state(mining_moment=10.0)
    assert kinds(state(), again, again) == [[], [What.MINING_RESTARTED], []]


def test_a_restart_is_told_also_when_the_software_was_seen_to_be_down() -> None:
    down = state(mining_moment=None)
    again = state(mining_moment=10.0)
    assert kinds(state(), down, again) == [[], [], [What.MINING_RESTARTED]]


def test_a_reboot_is_told_also_when_the_uptime_was_unknown_meanwhile() -> None:
    unknown = state(boot_moment=None, mining_moment=None)
    again = state(boot_moment=100.0, mining_moment=130.0)
    assert kinds(state(), unknown, again) == [[], [], [What.REBOOTED]]


def test_a_moment_that_is_told_a_little_differently_each_time_is_no_start() -> None:
    told = kinds(
        *(state(boot_moment=-86_400.0 + t, mining_moment=-t) for t in (0, 50, 0, 50))
    )
    assert told == [[], [], [], []]
