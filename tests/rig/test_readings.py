"""What is made of the frames of an agent, with all their oddities."""

import json
from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    Card,
    Cpu,
    GpuReading,
    Vendor,
    digest_of,
    make_token,
)
from custom_components.braiins_fleet.rig.readings import MinerGpu

from .conftest import Gateway, Line, received
from .samples import AMD, CPU, MINER, NVIDIA, SILENT, STOPPED, card, miner_card


async def test_a_card_is_read_in_units_of_the_house(line: Line) -> None:
    state = await line.stats(gpus=[NVIDIA], cpu=CPU)
    assert state.gpus is not None
    [gpu] = state.gpus
    assert gpu.card.key == gpu.card.bus_id == "0000:01:00.0"
    assert gpu.reading == GpuReading(
        name="NVIDIA GeForce RTX 3080",
        vendor=Vendor.NVIDIA,
        ordinal=0,
        bus_id="0000:01:00.0",
        temperature=61,
        fan=55,
        power=231,
        core_clock=1530,
        memory_clock=9501,
        utilization=100,
        memory=10240,
    )
    assert state.cpu == Cpu(
        model="Intel(R) Celeron(R) G4930 CPU @ 3.20GHz",
        vendor="GenuineIntel",
        cores=2,
        threads=2,
        temperature=44,
        usage=3.61445783132530,
        frequency=3200,
    )
    assert state.power == 231


async def test_what_rocm_makes_of_a_card_is_put_right(line: Line) -> None:
    state = await line.stats(gpus=[NVIDIA, AMD, AMD | {"index": 2}])
    assert state.gpus is not None
    _, first, second = state.gpus
    assert first.card.key == "amd-0"
    assert second.card.key == "amd-1"
    assert first.card.bus_id is None
    assert first.card.name == "AMD D41206"
    assert first.reading.memory == 16368
    assert first.reading.fan is None


async def test_a_card_keeps_its_key_when_the_other_tool_fails(line: Line) -> None:
    before = await line.stats(gpus=[NVIDIA, AMD])
    after = await line.stats(gpus=[AMD | {"index": 0}])
    assert before.gpus is not None
    assert after.gpus is not None
    assert after.gpus[0].card == before.gpus[1].card
    # Nothing is told of the cards of the other vendor; that is no loss.
    assert after.lost == ()
    assert [card.key for card in after.cards] == ["0000:01:00.0", "amd-0"]


async def test_cards_that_claim_one_place_on_the_bus_go_by_their_numbers(
    line: Line,
) -> None:
    state = await line.stats(gpus=[NVIDIA, NVIDIA | {"index": 1}])
    assert state.gpus is not None
    assert [gpu.card.key for gpu in state.gpus] == ["nvidia-0", "nvidia-1"]


@pytest.mark.parametrize("bus_id", ["", "00.0", "1:2", "../../etc", "x" * 500, None])
async def test_an_odd_bus_is_none(line: Line, bus_id: str | None) -> None:
    state = await line.stats(gpus=[NVIDIA | {"busId": bus_id}])
    assert state.gpus is not None
    assert state.gpus[0].card.key == "nvidia-0"


@pytest.mark.parametrize(
    ("key", "value", "field", "read"),
    [
        ("temperature", 61.0, "temperature", 61),
        ("temperature", 65535, "temperature", None),
        ("temperature", -300, "temperature", None),
        ("powerDraw", 1e300, "power", None),
        ("fanSpeed", 0, "fan", 0),
        ("fanSpeed", 900, "fan", None),
        ("utilization", None, "utilization", None),
        ("vram", 0, "memory", None),
        ("vram", 24576.0, "memory", 24576),
        ("vram", 1 << 30, "memory", 1024),
        ("coreClock", 10**200, "core_clock", None),
        ("name", None, "name", ""),
        ("vendor", "Intel", "vendor", Vendor.OTHER),
        ("vendor", None, "vendor", Vendor.OTHER),
    ],
)
async def test_figures_are_taken_as_they_come_unless_they_make_no_sense(
    line: Line, key: str, value: Any, field: str, read: Any
) -> None:
    state = await line.stats(gpus=[NVIDIA | {key: value}])
    assert state.gpus is not None
    assert getattr(state.gpus[0].reading, field) == read


async def test_words_are_shown_on_one_line_without_tricks(line: Line) -> None:
    name = "RTX\n\x1b[31m3080\u202egnp\x00" + "!" * 5000
    state = await line.stats(gpus=[NVIDIA | {"name": name}])
    assert state.gpus is not None
    shown = state.gpus[0].card.name
    assert shown.startswith("RTX [31m3080 gnp !!!")
    assert shown.isprintable()
    assert len(shown) == 64


async def test_missing_cards_are_no_information_and_no_loss(line: Line) -> None:
    await line.stats(gpus=[NVIDIA], cpu=CPU)
    state = await line.stats(cpu=CPU)
    assert state.gpus is None
    assert state.lost == ()
    assert state.measured
    assert [card.key for card in state.cards] == ["0000:01:00.0"]
    assert state.power is None
    assert state.cpu is not None
    state = await line.stats()
    assert state.cpu is None


async def test_an_empty_list_says_that_all_cards_are_gone(line: Line) -> None:
    await line.stats(gpus=[NVIDIA])
    state = await line.stats(gpus=[])
    assert state.gpus == ()
    assert [card.key for card in state.lost] == ["0000:01:00.0"]


async def test_a_lost_card_is_known_until_it_is_back_or_taken_out(line: Line) -> None:
    await line.stats(gpus=[card(0), card(1)])
    state = await line.stats(gpus=[card(1)])
    assert [card.key for card in state.lost] == ["0000:01:00.0"]
    state = await line.stats(gpus=[card(0), card(1)])
    assert state.lost == ()
    await line.stats(gpus=[card(1)])
    line.rig.forget_card("0000:01:00.0")
    assert line.rig.state.lost == ()
    assert [card.key for card in line.rig.state.cards] == ["0000:02:00.0"]


async def test_cards_that_come_and_go_without_end_are_forgotten(line: Line) -> None:
    for start in range(0, 192, 48):
        line.gateway.clock.advance(10)
        state = await line.stats(gpus=[card(n) for n in range(start, start + 48)])
    assert state.gpus is not None
    assert len(state.gpus) + len(state.lost) == 64


async def test_a_miner_is_read_in_hashes_and_seconds(line: Line) -> None:
    state = await line.miner(**MINER)
    miner = state.miner
    assert miner is not None
    assert miner.name == "t-rex"
    assert miner.hashrate == state.hashrate == 45200000.5
    assert miner.algorithm == "kawpow"
    assert (miner.accepted, miner.rejected) == (80, 1)
    assert miner.uptime == 3600
    assert miner.version == "0.26.8"
    assert miner.gpus == (
        MinerGpu(index=0, hashrate=45200000, temperature=61, power=230, fan=55),
    )
    assert state.mining is True


async def test_no_miner_hashes_nothing(line: Line) -> None:
    state = await line.miner(**STOPPED)
    assert state.miners == ()
    assert state.miner is None
    assert state.mining is False
    assert state.hashrate == 0


async def test_a_miner_that_tells_nothing_has_no_figures(line: Line) -> None:
    state = await line.miner(**SILENT)
    assert state.miner is not None
    assert state.miner.hashrate is None
    assert state.miner.accepted is None
    assert state.hashrate is None
    assert state.mining is False


async def test_a_running_child_without_an_interface_has_no_figures(line: Line) -> None:
    state = await line.miner(name="trex", pid=4711, running=True)
    assert state.miner is not None
    assert state.miner.name == "trex"
    assert state.miner.hashrate is None


async def test_a_total_that_is_missing_is_the_sum_of_the_cards(line: Line) -> None:
    gpus = [miner_card(0, hashrate=30.5e6), miner_card(1, hashrate=31e6)]
    state = await line.miner(
        **MINER | {"name": "gminer", "hashrate": 0, "gpuStats": gpus}
    )
    assert state.hashrate == 61.5e6


async def test_fans_of_one_software_are_told_in_turns_per_minute(line: Line) -> None:
    gpus = [miner_card(0, fanSpeed=1815)]
    state = await line.miner(**MINER | {"name": "srbminer", "gpuStats": gpus})
    assert state.miner is not None
    [gpu] = state.miner.gpus
    assert gpu.fan is None
    assert gpu.fan_rpm == 1815


async def test_zero_is_unknown_where_nothing_is_zero(line: Line) -> None:
    gpus = [miner_card(0, temperature=0, power=0, fanSpeed=0, hashrate=0)]
    state = await line.miner(**MINER | {"uptime": 0, "gpuStats": gpus})
    assert state.miner is not None
    assert state.miner.uptime is None
    assert state.miner.gpus == (MinerGpu(index=0, hashrate=0.0),)


@pytest.mark.parametrize(
    ("pool", "shown"),
    [
        ("stratum+tcp://p.example:33", "stratum+tcp://p.example:33"),
        ("stratum+tcp://me:x@p.example/key", "stratum+tcp://p.example/key"),
        ("stratum+tcp://me:a/b@c@p.example", "stratum+tcp://p.example"),
        ("me.rig:x@p.example:3333", "p.example:3333"),
        ("stratum+tcp:/me://x@p.example", "p.example"),
        (f"stratum+tcp://me:{'x' * 300}@p.example", "stratum+tcp://p.example"),
        (f"{'x' * 5000}@p.example", "p.example"),
    ],
)
async def test_a_login_in_the_address_of_a_pool_is_not_shown(
    line: Line, pool: str, shown: str
) -> None:
    state = await line.miner(**MINER | {"pool": pool})
    assert state.miner is not None
    assert state.miner.pool == shown


async def test_a_pool_is_not_longer_than_a_state_may_be(line: Line) -> None:
    state = await line.miner(**MINER | {"pool": "p" * 300})
    assert state.miner is not None
    assert state.miner.pool == f"{'p' * 254}…"


@pytest.mark.parametrize(
    ("software", "algorithm", "rate"),
    [
        ("lolminer", "Equihash 144/5", 55.1),
        ("lolminer", "BeamHash III", 55.1),
        ("lolminer", "Cuckoo 29", 55.1),
        ("lolminer", "Autolykos V2", 55.1e6),
        ("gminer", "equihash144_5", 55.1e6),
    ],
)
async def test_solutions_of_one_software_are_not_millions(
    line: Line, software: str, algorithm: str, rate: float
) -> None:
    gpus = [miner_card(0, hashrate=55.1e6)]
    told = {"name": software, "algorithm": algorithm, "gpuStats": gpus}
    state = await line.miner(**MINER | told | {"hashrate": 55.1e6})
    assert state.miner is not None
    assert state.miner.hashrate == rate
    assert state.miner.gpus[0].hashrate == rate


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "it is no JSON"),
        ("{", "it is no JSON"),
        ("[]", "it is no object"),
        ("null", "it is no object"),
        ('"stats"', "it is no object"),
        ("{}", "there is no such type of frame"),
        ('{"type":["stats"]}', "there is no such type of frame"),
        ('{"type":"authenticated"}', "there is no such type of frame"),
        ('{"type":"auth"}', "token is no text"),
        ('{"type":"stats"}', "data is no object"),
        ('{"type":"stats","data":[]}', "data is no object"),
        ('{"type":"stats","data":{"gpus":{}}}', "gpus is no list of objects"),
        ('{"type":"stats","data":{"gpus":[1]}}', "gpus is no list of objects"),
        ('{"type":"stats","data":{"cpu":[]}}', "cpu is no object"),
        ('{"type":"stats","data":{"cpu":{"usage":NaN}}}', "it is no JSON"),
        ('{"type":"stats","data":{"cpu":{"usage":-Infinity}}}', "it is no JSON"),
        ('{"type":"stats","data":{"cpu":{"usage":true}}}', "usage is no number"),
        ('{"type":"stats","data":{"cpu":{"usage":"3"}}}', "usage is no number"),
        ('{"type":"stats","data":{"cpu":{"model":3}}}', "model is no text"),
        ('{"type":"stats","data":{"x":' + "9" * 5000 + "}}", "it is no JSON"),
        (
            json.dumps({"type": "stats", "data": {"gpus": [{}] * 65}}),
            "gpus has more than 64 entries",
        ),
        (
            '{"type":"miner_status","data":{"running":1}}',
            "running is neither true nor false",
        ),
        (
            '{"type":"miner_status","data":{"running":true,"gpuStats":[{}]}}',
            "index is missing",
        ),
        (
            '{"type":"command_result","commandId":7}',
            "commandId or error is no text",
        ),
        (
            '{"type":"command_result","error":{}}',
            "commandId or error is no text",
        ),
        (b'{"type":"heartbeat"}', "only text is understood"),
    ],
)
async def test_a_bad_frame_is_answered_and_changes_nothing(
    line: Line, frame: str | bytes, reason: str
) -> None:
    assert await line.complaint(frame) == f"bad message: {reason}"
    session = line.rig.session
    assert session is not None
    assert session.bad == 1
    assert (await line.miner(**STOPPED)).miners == ()


@pytest.mark.parametrize("end", ["", "]" * 30000 + "}"], ids=["cut", "whole"])
async def test_a_frame_nested_ever_deeper_is_none(line: Line, end: str) -> None:
    # How deep is too deep is Python's to say; no depth may do harm.
    frame = '{"type":"stats","data":' + "[" * 30000 + end
    assert (await line.complaint(frame)).startswith("bad message: ")
    assert (await line.miner(**STOPPED)).miners == ()


async def test_numbers_beyond_all_bounds_are_unknown(line: Line) -> None:
    state = await line.tell('{"type":"stats","data":{"cpu":{"usage":1e999}}}')
    assert state.cpu is not None
    assert state.cpu.usage is None


async def test_a_frame_may_have_more_than_is_known(line: Line) -> None:
    state = await line.stats(gpus=[NVIDIA | {"uuid": "GPU-1"}], memory={"total": 1})
    assert state.gpus is not None
    assert len(state.gpus) == 1


async def test_cards_of_before_are_missed_from_the_beginning(gateway: Gateway) -> None:
    token = make_token()
    before = (
        Card(key="0000:01:00.0", name="RTX 3080", vendor=Vendor.NVIDIA),
        Card(key="0000:09:00.0", name="RTX 4070", vendor=Vendor.NVIDIA),
    )
    rig = gateway.rigs.add("r1", "Garage", digest_of(token), cards=before)
    assert rig.state.cards == before
    assert rig.state.lost == ()
    ws = await gateway.dial(token)
    await received(ws)
    state = await Line(gateway, rig, token, ws).stats(gpus=[NVIDIA])
    assert state.lost == before[1:]
    await ws.close()
