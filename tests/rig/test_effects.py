"""Whether a command did what its success claims."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    Effect,
    InstallMiner,
    Miner,
    MinerCondition,
    Reboot,
    RestartMiner,
    RigState,
    Shutdown,
    StartMiner,
    StopMiner,
    compare,
    judge,
    overclock,
)
from simulator.rigs import Habits

from .conftest import Pair, StartRig

START = StartMiner(
    software="t-rex",
    algorithm="kawpow",
    pool="stratum+tcp://rvn.example.com:3333",
    wallet="RXaWallet",
)
MINER = Miner(
    name="t-rex",
    condition=MinerCondition.MINING,
    algorithm="kawpow",
    pool="rvn.example.com:3333",
    version="1",
    hashrate=1.0,
    uptime=12,
    told_in=3,
)
UNREADABLE = Miner(name="t-rex", condition=MinerCondition.UNREADABLE)
BEFORE = RigState(connected=True, connections=1, miners=(), reports_heard=1)


def after(*miners: Miner) -> RigState:
    return replace(BEFORE, miners=miners, reports_heard=3)


async def do(pair: Pair, command: StartMiner | StopMiner | RestartMiner) -> Effect:
    return await pair.while_living(pair.rig.carry_out(command))


async def test_a_miner_that_starts_and_hashes_was_started(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    assert await do(pair, START) is Effect.APPLIED
    assert pair.rig.state.mining


async def test_a_miner_that_died_at_once_was_not_started(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    pair.simulated.faults.dies_at_once()
    assert await do(pair, START) is Effect.NOT_APPLIED


async def test_a_miner_in_place_of_another_is_the_new_one(start_rig: StartRig) -> None:
    pair = await start_rig()
    command = replace(START, algorithm="ethash", pool="etc.example.com:4444")
    assert await do(pair, command) is Effect.APPLIED
    assert pair.rig.state.miner is not None
    assert pair.rig.state.miner.algorithm == "ethash"


async def test_a_second_instance_behind_the_first_one_is_no_start(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.restart_agent()
    await pair.simulated.settled()
    await pair.agent.connected.wait()
    # The agent does not own the miner any more, and starts another beside it.
    command = replace(START, algorithm="ethash")
    assert await do(pair, command) is Effect.NOT_APPLIED
    assert len(pair.machine.processes) == 2


def test_a_miner_that_hashes_beside_another_one_was_not_started_well() -> None:
    other = replace(MINER, name="gminer")
    assert judge(START, BEFORE, after(MINER), 20) is Effect.APPLIED
    assert judge(START, BEFORE, after(MINER, other), 20) is Effect.NOT_APPLIED


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ({}, Effect.APPLIED),
        ({"pool": "elsewhere.example.com:1"}, Effect.UNKNOWN),
        ({"pool": None}, Effect.UNKNOWN),
        ({"algorithm": "octopus"}, Effect.UNKNOWN),
        ({"name": "gminer"}, Effect.UNKNOWN),
        ({"condition": MinerCondition.IDLE}, Effect.UNKNOWN),
        ({"condition": MinerCondition.STARTING}, Effect.UNKNOWN),
        ({"condition": MinerCondition.CRASHED}, Effect.NOT_APPLIED),
    ],
)
def test_only_what_hashes_as_wanted_is_what_is_wanted(
    change: dict[str, Any], effect: Effect
) -> None:
    assert compare([replace(MINER, **change)], START) is effect


def test_what_only_has_the_name_of_a_miner_does_not_mine() -> None:
    silent = Miner(name="xmrig", condition=MinerCondition.STARTING)
    assert compare([silent], START) is Effect.NOT_APPLIED
    assert compare([silent], None) is Effect.NOT_APPLIED
    assert compare([MINER], None) is Effect.APPLIED
    assert compare([MINER, replace(MINER, name="gminer")], START) is Effect.UNKNOWN


def test_what_no_stop_reaches_was_not_stopped_while_it_runs() -> None:
    running = Miner(name="bzminer", condition=MinerCondition.UNREADABLE)
    assert judge(StopMiner(), BEFORE, after(running), 20) is Effect.NOT_APPLIED


async def test_a_stop_ends_mining(start_rig: StartRig) -> None:
    pair = await start_rig()
    assert await do(pair, StopMiner()) is Effect.APPLIED
    assert pair.rig.state.mining is False


async def test_a_stop_that_does_not_reach_the_miner_says_yes_and_does_nothing(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(mining=False)
    pair.machine.launch({"name": "gminer", "algorithm": "kawpow"}, own=False)
    await pair.live(20)
    assert await do(pair, StopMiner()) is Effect.NOT_APPLIED
    assert pair.rig.state.mining


async def test_a_stop_cannot_be_told_where_something_looks_like_a_miner(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.lookalike()
    assert await do(pair, StopMiner()) is Effect.UNKNOWN


async def test_of_software_that_cannot_be_read_only_its_end_can_be_seen(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(mining=False)
    command = replace(START, software="nbminer")
    assert await do(pair, command) is Effect.UNKNOWN
    assert await do(pair, RestartMiner()) is Effect.UNKNOWN
    assert await do(pair, StopMiner()) is Effect.APPLIED


async def test_a_restart_has_the_miner_begin_anew(start_rig: StartRig) -> None:
    pair = await start_rig()
    await pair.live(60)
    assert await do(pair, RestartMiner()) is Effect.APPLIED
    assert pair.rig.state.miner is not None
    assert (pair.rig.state.miner.uptime or 0) < 30


async def test_what_a_miner_told_before_does_not_stand_for_one_that_died_at_once(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(mining=False)
    assert await do(pair, START) is Effect.APPLIED
    pair.simulated.faults.dies_at_once()
    # Its last figures are shown until it has been silent for a while.
    assert await do(pair, RestartMiner()) is Effect.NOT_APPLIED
    assert pair.rig.state.miner is not None
    assert pair.rig.state.miner.condition is MinerCondition.CRASHED


async def test_what_is_told_while_the_agent_works_is_of_the_time_before(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(mining=False)
    assert await do(pair, START) is Effect.APPLIED
    pair.simulated.faults.dies_at_once()
    # So long does the agent take that it tells of what runs before it ends that.
    pair.simulated.faults.slow(11)
    assert await do(pair, RestartMiner()) is Effect.NOT_APPLIED


async def test_a_reboot_is_seen_by_its_absence(start_rig: StartRig) -> None:
    pair = await start_rig()
    effect = await pair.while_living(pair.rig.carry_out(Reboot()))
    assert effect is Effect.APPLIED
    await pair.simulated.settled()


async def test_a_reboot_that_nothing_came_of_is_none(start_rig: StartRig) -> None:
    pair = await start_rig()
    pair.simulated.faults.no_sudo()
    effect = await pair.while_living(pair.rig.carry_out(Reboot()), step=5)
    assert effect is Effect.NOT_APPLIED


async def test_a_shutdown_lasts(start_rig: StartRig) -> None:
    pair = await start_rig()
    effect = await pair.while_living(pair.rig.carry_out(Shutdown()))
    assert effect is Effect.APPLIED
    await pair.simulated.settled()
    pair.gateway.clock.advance(600)
    assert not pair.agent.running


async def test_what_cannot_be_seen_is_unknown_at_once(start_rig: StartRig) -> None:
    pair = await start_rig(habits=Habits(install_s=0))
    assert await pair.rig.carry_out(InstallMiner("xmrig")) is Effect.UNKNOWN


@pytest.mark.parametrize(
    ("settings", "effect"),
    [
        ({"power_limit": 200}, Effect.APPLIED),
        ({"core_lock": 1200}, Effect.APPLIED),
        ({"memory_lock": 9001}, Effect.APPLIED),
        ({"core_lock": 1200, "memory_lock": 9001}, Effect.APPLIED),
        # Nothing is told of limits, and it never drew so much.
        ({"power_limit": 350}, Effect.UNKNOWN),
        ({"core_lock": 2800}, Effect.UNKNOWN),
        ({"core_lock": 1200, "power_limit": 350}, Effect.UNKNOWN),
    ],
    ids=str,
)
async def test_clocks_and_limits_show_in_what_the_card_does(
    start_rig: StartRig, settings: dict[str, int], effect: Effect
) -> None:
    pair = await start_rig("rtx3080", "rtx3080")
    assert pair.rig.state.gpus is not None
    command = overclock(pair.rig.state.gpus, **settings)
    assert await pair.while_living(pair.rig.carry_out(command)) is effect


async def test_a_setting_that_the_tool_merely_warned_about_is_found_out(
    start_rig: StartRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await start_rig("rtx3080")
    monkeypatch.setattr(pair.machine, "overclock", lambda _: None)
    assert pair.rig.state.gpus is not None
    for settings in ({"power_limit": 150}, {"core_lock": 900}, {"memory_lock": 5001}):
        command = overclock(pair.rig.state.gpus, **settings)
        effect = await pair.while_living(pair.rig.carry_out(command))
        assert effect is Effect.NOT_APPLIED


async def test_fans_of_amd_cards_show_their_speed(start_rig: StartRig) -> None:
    pair = await start_rig("rx6800xt", "rx6800xt")
    assert pair.rig.state.gpus is not None
    gpus = pair.rig.state.gpus
    effect = await pair.while_living(pair.rig.carry_out(overclock(gpus, fan=95)))
    assert effect is Effect.APPLIED
    effect = await pair.while_living(pair.rig.carry_out(overclock(gpus, fan=0)))
    assert effect is Effect.UNKNOWN
    pair.machine.rocm = True
    effect = await pair.while_living(pair.rig.carry_out(overclock(gpus, fan=40)))
    assert effect is Effect.UNKNOWN


async def test_an_overclock_of_cards_that_are_not_told_of_is_unknown(
    start_rig: StartRig,
) -> None:
    pair = await start_rig("rtx3080")
    assert pair.rig.state.gpus is not None
    command = overclock(pair.rig.state.gpus, power_limit=200)
    task = asyncio.create_task(pair.while_living(pair.rig.carry_out(command)))
    await pair.agent.until(lambda: any(frame.command for frame in pair.agent.frames))
    pair.agent.habits.gpu = False
    assert await task is Effect.UNKNOWN


@pytest.mark.parametrize(
    ("state", "effect"),
    [
        (after(MINER), Effect.APPLIED),
        (after(replace(MINER, algorithm="KawPow", pool=None)), Effect.APPLIED),
        # It may be what this software calls the same.
        (after(replace(MINER, algorithm="brand-new")), Effect.UNKNOWN),
        (after(replace(MINER, uptime=None)), Effect.APPLIED),
        (after(replace(MINER, uptime=3600)), Effect.NOT_APPLIED),
        (after(replace(MINER, told_in=1)), Effect.NOT_APPLIED),
        (after(replace(MINER, algorithm="ethash")), Effect.NOT_APPLIED),
        (after(replace(MINER, pool="other.example.com:1")), Effect.NOT_APPLIED),
        (after(replace(MINER, name="gminer")), Effect.NOT_APPLIED),
        (after(replace(MINER, condition=MinerCondition.IDLE)), Effect.UNKNOWN),
        (after(replace(MINER, condition=MinerCondition.STARTING)), Effect.UNKNOWN),
        (after(UNREADABLE), Effect.UNKNOWN),
        (
            after(Miner(name="t-rex", condition=MinerCondition.STARTING)),
            Effect.NOT_APPLIED,
        ),
        (after(), Effect.NOT_APPLIED),
        (replace(BEFORE, miners=(MINER,)), Effect.UNKNOWN),
        (replace(BEFORE, miners=None, reports_heard=9), Effect.UNKNOWN),
    ],
)
def test_a_start_is_judged_by_what_runs(state: RigState, effect: Effect) -> None:
    assert judge(START, BEFORE, state, elapsed=20) is effect


@pytest.mark.parametrize(
    ("state", "effect"),
    [
        (after(MINER), Effect.APPLIED),
        (after(replace(MINER, uptime=3600)), Effect.NOT_APPLIED),
        (after(replace(MINER, uptime=None)), Effect.UNKNOWN),
        (after(replace(MINER, condition=MinerCondition.CRASHED)), Effect.NOT_APPLIED),
        (after(UNREADABLE), Effect.UNKNOWN),
        (after(), Effect.NOT_APPLIED),
    ],
)
def test_a_restart_is_judged_by_the_age_of_what_runs(
    state: RigState, effect: Effect
) -> None:
    assert judge(RestartMiner(), after(MINER), state, elapsed=20) is Effect.UNKNOWN
    assert judge(RestartMiner(), BEFORE, state, elapsed=20) is effect
