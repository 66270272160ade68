"""What is read of a miner with each poll, and who looks at it."""

from collections import Counter
from dataclasses import replace

from homeassistant.core import Event, HomeAssistant, callback
import pytest

from custom_components.braiins_fleet.binary_sensor import BINARY_SENSORS, PROBLEM
from custom_components.braiins_fleet.entity import MinerEntityDescription
from custom_components.braiins_fleet.number import NUMBERS
from custom_components.braiins_fleet.select import SELECTS
from custom_components.braiins_fleet.sensor import ENERGY, MINER_SENSORS
from custom_components.braiins_fleet.state import boards_of, fans_of
from custom_components.braiins_fleet.switch import SWITCHES
from simulator import SimulatedMiner
from simulator.models import MODELS

from .conftest import SetUp, StartMiner
from .running import PassingTime, listened_to, poll

MINUTE = 60
COUNTED = {"GetMinerStats", "GetHashboards", "GetCoolingState", "GetPoolGroups"}


async def test_what_changes_slowly_is_read_more_rarely(
    pass_time: PassingTime, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(2 * MINUTE)
    asked: Counter[str] = Counter()
    read = entry.runtime_data.miner._connection._round

    async def counted(requests: object, *arguments: object) -> None:
        for rpc, _ in requests:  # type: ignore[attr-defined]  # it is what is passed on
            asked[rpc.path.rpartition("/")[2]] += 1
        await read(requests, *arguments)

    entry.runtime_data.miner._connection._round = counted
    await pass_time(2 * MINUTE)
    assert {name: asked[name] for name in COUNTED} == {
        "GetMinerStats": 12,
        "GetHashboards": 6,
        "GetCoolingState": 4,
        "GetPoolGroups": 2,
    }


@pytest.mark.parametrize("model", MODELS)
async def test_whatever_is_looked_at_rarely_does_not_change_with_live_figures(
    hass: HomeAssistant,
    pass_time: PassingTime,
    start_miner: StartMiner,
    set_up: SetUp,
    model: str,
) -> None:
    entry = await set_up(await start_miner(model))
    before = entry.runtime_data.data
    pass_time.jump(3 * MINUTE)
    await poll(hass, entry)
    later = entry.runtime_data.data.snapshot
    assert later.stats != before.snapshot.stats
    snapshot = replace(
        before.snapshot,
        stats=later.stats,
        hashboards=later.hashboards,
        cooling=later.cooling,
    )
    live = replace(
        before, snapshot=snapshot, boards=boards_of(snapshot), fans=fans_of(snapshot)
    )
    for description in (
        *MINER_SENSORS,
        ENERGY,
        *BINARY_SENSORS,
        PROBLEM,
        *NUMBERS,
        *SELECTS,
        *SWITCHES,
    ):
        if isinstance(description, MinerEntityDescription) and not description.live:
            assert description.value(live) == description.value(before), description


@pytest.mark.usefixtures("all_enabled")
async def test_what_changes_with_every_poll_is_shown_with_every_poll(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(2 * MINUTE)
    changed: set[str] = set()

    @callback
    def note(event: Event) -> None:
        changed.add(event.data["entity_id"])

    hass.bus.async_listen("state_changed", note)
    # A review is as far off as can be, so these come from polls between.
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    changed.clear()
    await pass_time(40)
    sensor = "sensor.antminer_s19k_pro"
    live = {"hashrate", "power", "board_1_hashrate"}
    assert {f"{sensor}_{name}" for name in live} <= changed
    assert f"{sensor}_accepted_shares" not in changed
