"""What is known of a rig, put together from what it tells over time."""

from typing import Any

import pytest

from custom_components.braiins_fleet.rig import MinerCondition, RigState

from .conftest import Line, StartRig
from .samples import AMD, MINER, SILENT, STOPPED, card, miner_card


def condition(state: RigState) -> MinerCondition:
    assert state.miner is not None
    return state.miner.condition


async def tell_miners(line: Line, *reports: dict[str, Any]) -> RigState:
    """Tell of the miner again and again, as often as the agent would."""
    state = line.rig.state
    for report in reports:
        line.gateway.clock.advance(10)
        state = await line.miner(**report)
    return state


async def test_a_miner_that_misses_a_question_keeps_its_figures(line: Line) -> None:
    state = await tell_miners(line, MINER, SILENT, SILENT)
    assert condition(state) is MinerCondition.MINING
    assert state.hashrate == MINER["hashrate"]
    assert state.mining


async def test_a_miner_that_hashed_and_fell_silent_has_crashed(line: Line) -> None:
    state = await tell_miners(line, MINER, *[SILENT] * 3)
    assert condition(state) is MinerCondition.CRASHED
    assert state.hashrate is None
    assert state.mining is False
    state = await tell_miners(line, *[SILENT] * 100)
    assert condition(state) is MinerCondition.CRASHED


async def test_a_crashed_miner_that_was_started_again_mines(line: Line) -> None:
    state = await tell_miners(line, MINER, *[SILENT] * 3, MINER)
    assert condition(state) is MinerCondition.MINING
    state = await tell_miners(line, STOPPED, SILENT)
    assert condition(state) is MinerCondition.STARTING


async def test_a_miner_may_take_its_time_to_start(line: Line) -> None:
    state = await tell_miners(line, *[SILENT] * 29)
    assert condition(state) is MinerCondition.STARTING
    state = await tell_miners(line, SILENT)
    # Some software never tells, and some processes are no miners at all.
    assert condition(state) is MinerCondition.SILENT


@pytest.mark.parametrize("name", ["nbminer", "teamredminer", "srbminer", "bzminer"])
async def test_whether_software_hashes_that_the_agent_cannot_read_is_unknown(
    line: Line, name: str
) -> None:
    for reports in (1, 100):
        state = await tell_miners(line, *[SILENT | {"name": name}] * reports)
        assert condition(state) is MinerCondition.UNREADABLE
        assert state.mining is None
        assert state.hashrate is None


async def test_software_that_was_read_once_is_no_different_from_others(
    line: Line,
) -> None:
    told, silent = MINER | {"name": "srbminer"}, SILENT | {"name": "srbminer"}
    state = await tell_miners(line, silent, told)
    assert state.mining
    state = await tell_miners(line, *[silent] * 3)
    assert condition(state) is MinerCondition.CRASHED


async def test_software_of_which_only_version_and_age_are_read_hashes_or_not(
    line: Line,
) -> None:
    little = SILENT | {"name": "lolminer", "version": "lolMiner 1.88", "uptime": 60}
    state = await tell_miners(line, little)
    # It may not have heard of its pool yet.
    assert condition(state) is MinerCondition.STARTING
    state = await tell_miners(line, little | {"uptime": 70})
    assert condition(state) is MinerCondition.UNREADABLE
    assert state.mining is None
    state = await tell_miners(line, MINER | {"name": "lolminer"})
    assert state.mining
    assert (await tell_miners(line, STOPPED)).mining is False


async def test_a_miner_that_answers_and_has_not_hashed_yet_is_starting(
    line: Line,
) -> None:
    state = await tell_miners(line, MINER | {"hashrate": 0, "gpuStats": []})
    assert condition(state) is MinerCondition.STARTING


async def test_a_miner_that_answers_and_hashes_no_more_is_idle(line: Line) -> None:
    state = await tell_miners(line, MINER, MINER | {"hashrate": 0, "gpuStats": []})
    assert condition(state) is MinerCondition.IDLE
    assert state.hashrate == 0


async def test_two_miners_that_take_turns_are_both_known(line: Line) -> None:
    xmrig = MINER | {"name": "xmrig", "hashrate": 640, "algorithm": "rx/0"}
    del xmrig["gpuStats"]
    state = await tell_miners(line, MINER, xmrig, xmrig, MINER, MINER, xmrig)
    assert state.miners is not None
    assert [miner.name for miner in state.miners] == ["t-rex", "xmrig"]
    assert state.hashrate == MINER["hashrate"]
    state = await tell_miners(line, *[xmrig] * 12)
    assert state.miners is not None
    assert [miner.name for miner in state.miners] == ["xmrig"]


async def test_a_miner_in_place_of_another_is_the_only_one(line: Line) -> None:
    state = await tell_miners(line, MINER, MINER | {"name": "gminer"})
    assert state.miners is not None
    assert [miner.name for miner in state.miners] == ["gminer"]


async def test_names_without_end_are_forgotten(line: Line) -> None:
    reports = [MINER | {"name": f"miner{number}"} for number in range(40)]
    state = await tell_miners(line, *reports, *reports[-3:], *reports[-3:])
    assert state.miners is not None
    assert len(state.miners) <= 12


async def test_what_each_card_hashes_is_found_by_its_number(line: Line) -> None:
    await line.stats(gpus=[card(0), card(1, temperature=70)])
    gpus = [miner_card(0, hashrate=1e6), miner_card(1, hashrate=2e6, temperature=70)]
    state = await line.miner(**MINER | {"gpuStats": gpus})
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [1e6, 2e6]
    state = await line.miner(**STOPPED)
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [None, None]


async def test_numbers_that_heat_and_power_contradict_are_not_believed(
    line: Line,
) -> None:
    await line.stats(gpus=[card(0, temperature=48), card(1, temperature=70)])
    gpus = [miner_card(0, temperature=70), miner_card(1, temperature=48)]
    state = await line.miner(**MINER | {"gpuStats": gpus})
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [None, None]
    assert state.hashrate == MINER["hashrate"]


async def test_a_rig_that_warms_up_is_no_contradiction(line: Line) -> None:
    await line.stats(gpus=[card(0, temperature=30), card(1, temperature=32)])
    gpus = [miner_card(0, temperature=64), miner_card(1, temperature=61)]
    state = await line.miner(**MINER | {"gpuStats": gpus})
    assert state.gpus is not None
    assert all(gpu.hashrate for gpu in state.gpus)


async def test_cards_that_tell_nothing_contradict_nothing(line: Line) -> None:
    untold = {"temperature": None, "powerDraw": None}
    await line.stats(gpus=[card(0, **untold), card(1, **untold)])
    gpus = [miner_card(0, hashrate=1e6), miner_card(1, hashrate=2e6, temperature=0)]
    state = await line.miner(**MINER | {"gpuStats": gpus})
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [1e6, 2e6]


@pytest.mark.parametrize(
    "gpus",
    [
        [miner_card(0), miner_card(0)],
        [miner_card(0), miner_card(2)],
        [miner_card(7)],
    ],
    ids=["twice", "too-high", "unknown"],
)
async def test_numbers_that_cannot_be_are_not_believed(
    line: Line, gpus: list[dict[str, Any]]
) -> None:
    await line.stats(gpus=[card(0), card(1)])
    state = await line.miner(**MINER | {"gpuStats": gpus})
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [None, None]


async def test_software_for_one_vendor_counts_its_cards_alone(line: Line) -> None:
    await line.stats(gpus=[card(0), AMD])
    gpus = [miner_card(0, hashrate=3e6, temperature=58, power=120)]
    state = await line.miner(**MINER | {"name": "teamredminer", "gpuStats": gpus})
    assert state.gpus is not None
    assert [gpu.hashrate for gpu in state.gpus] == [None, 3e6]


async def test_cards_of_unknown_software_are_not_told_apart(line: Line) -> None:
    await line.stats(gpus=[card(0)])
    state = await line.miner(**MINER | {"name": "phoenixminer"})
    assert state.gpus is not None
    assert state.gpus[0].hashrate is None


async def test_a_listener_that_fails_harms_nobody(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("not of the library")

    unlisten = line.rig.listen(fail)
    state = await line.miner(**MINER)
    assert state.mining
    assert "A listener of a rig failed" in caplog.text
    unlisten()
    caplog.clear()
    await line.miner(**MINER)
    assert not caplog.text


async def test_a_simulated_rig_is_read_as_it_is(start_rig: StartRig) -> None:
    pair = await start_rig("rtx3080", "rx6800xt", "cmp170hx")
    await pair.live(60)
    state = pair.rig.state
    assert state.gpus is not None
    cards = pair.machine.cards
    assert [gpu.card.bus_id for gpu in state.gpus] == [card.bus_id for card in cards]
    for gpu, real in zip(state.gpus, cards, strict=True):
        assert gpu.reading.temperature == pytest.approx(real.heat_c, abs=2)
        assert gpu.reading.power == pytest.approx(real.watts, abs=2)
        assert gpu.reading.core_clock == real.core_mhz
        assert gpu.hashrate == pytest.approx(real.hashrate, rel=0.02)
    assert state.power == pytest.approx(pair.machine.watts, abs=5)
    assert state.hashrate == pytest.approx(pair.machine.hashrate, rel=0.02)


@pytest.mark.parametrize("program", ["t-rex", "lolminer", "gminer", "srbminer"])
async def test_every_software_is_understood(start_rig: StartRig, program: str) -> None:
    pair = await start_rig("rtx3080", "rtx3080", mining=False)
    pair.machine.launch({"name": program, "algorithm": "kawpow", "pool": "p.io:1"})
    await pair.live(60)
    state = pair.rig.state
    assert state.miner is not None
    assert state.miner.name == program
    assert state.mining
    assert state.hashrate == pytest.approx(pair.machine.hashrate, rel=0.02)
    assert state.gpus is not None
    assert all(gpu.hashrate for gpu in state.gpus)


async def test_a_processor_mines_without_cards(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    pair.machine.launch({"name": "xmrig", "algorithm": "rx/0", "pool": "p.io:1"})
    await pair.live(20)
    assert pair.rig.state.mining
    assert pair.rig.state.hashrate == pytest.approx(640, rel=0.05)


async def test_a_crash_is_seen_though_the_agent_says_that_it_runs(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.crash()
    await pair.live(30)
    assert condition(pair.rig.state) is MinerCondition.CRASHED


async def test_a_card_that_falls_off_the_bus_is_missed_after_the_boot(
    start_rig: StartRig,
) -> None:
    pair = await start_rig("rtx3080", "rtx3080")
    lost = pair.machine.cards[0]
    pair.simulated.faults.gpu_lost(0)
    await pair.live(30)
    # The tool fails as a whole, which says nothing about which card it was.
    assert pair.rig.state.gpus is None
    assert not pair.rig.state.lost
    pair.simulated.faults.reboot()
    await pair.simulated.settled()
    pair.gateway.clock.advance(45)
    await pair.agent.connected.wait()
    await pair.live(30)
    assert [card.bus_id for card in pair.rig.state.lost] == [lost.bus_id]
