"""What a rig shows, and when it shows nothing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from homeassistant.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
    mock_restore_cache_with_extra_data,
)

from custom_components.braiins_fleet.const import EVENT_HAPPENED
from simulator.rigs import Habits

from .rigging import Rigged, Yard, received
from .running import until


def state(hass: HomeAssistant, entity: str) -> State:
    """Return what an entity of the garage shows."""
    platform, _, name = entity.partition(".")
    found = hass.states.get(f"{platform}.garage_{name}")
    assert found is not None, entity
    return found


def value(hass: HomeAssistant, name: str) -> str:
    """Return what a sensor of the garage shows."""
    return state(hass, f"sensor.{name}").state


def number(hass: HomeAssistant, name: str) -> float:
    return float(value(hass, name))


def kinds(events: Sequence[Event[Any]]) -> list[str]:
    """Return what happened, in its order."""
    return [event.data["type"] for event in events]


async def tell(yard: Yard, rig_id: str, socket: Any, **data: Any) -> None:
    """Speak for an agent about its mining software, and wait until that is heard."""
    rig = yard.coordinator(rig_id).rig
    heard = rig.state.reports_heard
    await socket.send_json({"type": "miner_status", "data": data})
    await until(lambda: rig.state.reports_heard > heard)
    await yard.hass.async_block_till_done()


async def measure(yard: Yard, rig_id: str, socket: Any, **data: Any) -> None:
    """Speak for an agent about its parts, and wait until that is heard."""
    rig = yard.coordinator(rig_id).rig
    heard = rig.state.stats_heard
    await socket.send_json({"type": "stats", "data": data})
    await until(lambda: rig.state.stats_heard > heard)
    await yard.hass.async_block_till_done()


def miner(algorithm: str, hashrate: float, **more: Any) -> dict[str, Any]:
    """Return what an agent tells of mining software."""
    return {
        "name": "lolminer",
        "version": "1.88",
        "running": True,
        "algorithm": algorithm,
        "pool": "pool.example.com:3333",
        "hashrate": hashrate,
        "uptime": 60,
        "shares": {"accepted": 9, "rejected": 1},
    } | more


async def connect(yard: Yard) -> tuple[str, Any]:
    """Add a rig for which the test speaks."""
    rig_id, token = await yard.add()
    socket = await yard.dial(token)
    await received(socket)
    return rig_id, socket


async def test_a_rig_shows_what_its_agent_tells(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    assert number(hass, "hashrate_mh_s") == pytest.approx(
        rig.machine.hashrate / 1e6, rel=0.02
    )
    power = number(hass, "power")
    assert power == pytest.approx(rig.machine.watts, abs=2)
    assert number(hass, "efficiency_j_mh") == pytest.approx(
        power / number(hass, "hashrate_mh_s"), rel=0.01
    )
    assert value(hass, "algorithm") == "kawpow"
    assert value(hass, "pool") == "rvn.example.com:3333"
    assert value(hass, "mining_software") == "lolminer"
    assert value(hass, "mining_software_version") == "lolMiner 1.88"
    accepted, rejected = (
        number(hass, "accepted_shares"),
        number(hass, "rejected_shares"),
    )
    assert accepted > rejected > 0
    assert number(hass, "reject_rate") == pytest.approx(
        100 * rejected / (accepted + rejected), abs=0.01
    )
    assert value(hass, "cpu_temperature") == "44"
    assert value(hass, "cpu_frequency") == "3200"
    assert 0 <= number(hass, "cpu_usage") <= 100
    since = dt_util.parse_datetime(value(hass, "mining_since"))
    assert since is not None
    age = dt_util.utcnow() - since
    assert abs(age - timedelta(hours=1)) < timedelta(seconds=30)
    for name, shown in (("connected", "on"), ("mining", "on"), ("problem", "off")):
        assert state(hass, f"binary_sensor.{name}").state == shown


async def test_what_an_agent_does_not_tell_is_unknown_or_not_there(
    hass: HomeAssistant, yard: Yard
) -> None:
    await yard.start(habits=Habits(gpu=False, cpu=False), mining=False)
    for name in ("power", "algorithm", "pool", "mining_software", "accepted_shares"):
        assert value(hass, name) == STATE_UNKNOWN
    assert state(hass, "binary_sensor.mining").state == "off"
    for name in ("cpu_temperature", "cpu_power", "hashrate_mh_s"):
        assert hass.states.get(f"sensor.garage_{name}") is None


async def test_what_was_told_too_long_ago_is_unknown(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    rig.simulated.faults.hang()
    await yard.live(130)
    assert state(hass, "binary_sensor.connected").state == "on"
    for name in ("power", "hashrate_mh_s", "cpu_temperature", "mining_since"):
        assert value(hass, name) == STATE_UNKNOWN
    assert state(hass, "binary_sensor.mining").state == STATE_UNKNOWN


@pytest.mark.parametrize(
    ("algorithm", "rate", "entity", "unit", "shown"),
    [
        ("cn/r", 1234.5, "hashrate_h_s", "H/s", "1234"),
        ("rx/0", 6540.0, "hashrate_kh_s", "kH/s", "6.54"),
        ("KAWPOW", 45.678e6, "hashrate_mh_s", "MH/s", "45.7"),
        ("kheavyhash", 1.5e9, "hashrate_gh_s", "GH/s", "1.5"),
        ("EQUI144_5", 123.4e6, "hashrate_sol_s", "Sol/s", "123"),
        ("brand-new", 5e6, "hashrate_mh_s", "MH/s", "5"),
    ],
)
async def test_hashes_are_counted_as_is_usual_for_their_algorithm(
    *,
    hass: HomeAssistant,
    yard: Yard,
    algorithm: str,
    rate: float,
    entity: str,
    unit: str,
    shown: str,
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner(algorithm, rate))
    found = state(hass, f"sensor.{entity}")
    assert float(found.state) == float(shown)
    assert found.attributes["unit_of_measurement"] == unit


async def test_another_algorithm_has_a_hashrate_of_its_own(
    hass: HomeAssistant, yard: Yard, entity_registry: er.EntityRegistry
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("kawpow", 45e6))
    assert number(hass, "hashrate_mh_s") == 45
    await tell(yard, rig_id, socket, **miner("beamhash", 30e6))
    assert number(hass, "hashrate_mh_s") == 0
    assert number(hass, "hashrate_sol_s") == 30
    units = {
        entity.entity_id: entity.unit_of_measurement
        for entity in er.async_entries_for_config_entry(
            entity_registry, yard.entry.entry_id
        )
        if entity.entity_id.startswith("sensor.garage_hashrate")
    }
    assert units == {
        "sensor.garage_hashrate_mh_s": "MH/s",
        "sensor.garage_hashrate_sol_s": "Sol/s",
    }


async def test_a_processor_that_mines_besides_the_cards_counts_apart(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    cpu = miner("rx/0", 5000.0, name="xmrig")
    for _ in range(2):
        await tell(yard, rig_id, socket, **miner("kawpow", 45e6))
        await tell(yard, rig_id, socket, **cpu)
    assert number(hass, "hashrate_mh_s") == 45
    assert number(hass, "hashrate_kh_s") == 5
    assert value(hass, "algorithm") == "kawpow"


async def test_software_that_tells_nothing_yet_hashes_nothing_known(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("kawpow", 45e6))
    silent = {"name": "lolminer", "running": True, "version": "", "hashrate": 0}
    for _ in range(3):
        await tell(yard, rig_id, socket, **silent)
    assert value(hass, "mining_software") == "lolminer"
    assert value(hass, "hashrate_mh_s") == STATE_UNKNOWN
    assert value(hass, "algorithm") == STATE_UNKNOWN
    assert value(hass, "reject_rate") == STATE_UNKNOWN


@pytest.mark.parametrize(
    "pool",
    [
        "pool.example.com:3333",
        "stratum+tcp://pool.example.com:3333",
        "stratum+ssl://RWallet.rig:x@pool.example.com:3333/RWallet",
    ],
)
async def test_no_more_of_the_pool_is_shown_than_where_it_is(
    hass: HomeAssistant, yard: Yard, pool: str
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("kawpow", 45e6, pool=pool))
    assert value(hass, "pool") == "pool.example.com:3333"


async def test_a_short_break_of_the_connection_is_not_shown(
    hass: HomeAssistant, yard: Yard
) -> None:
    happened = async_capture_events(hass, EVENT_HAPPENED)
    rig = await yard.start()
    await rig.leave()
    await yard.pass_time(5, step=5)
    assert state(hass, "binary_sensor.connected").state == "on"
    assert value(hass, "power") != STATE_UNAVAILABLE
    rig.agent.start()
    await rig.caught_up()
    await yard.live(20)
    assert state(hass, "binary_sensor.connected").state == "on"
    assert kinds(happened) == ["connected"]


async def test_a_rig_that_is_off_is_unavailable_and_comes_back_by_itself(
    hass: HomeAssistant, yard: Yard
) -> None:
    happened = async_capture_events(hass, EVENT_HAPPENED)
    rig = await yard.start()
    await rig.leave()
    await yard.pass_time(11, step=11)
    assert state(hass, "binary_sensor.connected").state == "off"
    assert state(hass, "binary_sensor.mining").state == STATE_UNAVAILABLE
    assert value(hass, "power") == STATE_UNAVAILABLE
    assert value(hass, "rtx_3080_01_00_0_temperature") == STATE_UNAVAILABLE
    assert state(hass, "event.event").attributes["event_type"] == "lost"
    rig.agent.start()
    await rig.caught_up()
    assert number(hass, "power") > 0
    assert kinds(happened) == ["connected", "lost", "connected"]


async def reload(yard: Yard, rig: Rigged) -> None:
    """Set the fleet up anew, as after a start of Home Assistant."""
    assert await yard.hass.config_entries.async_reload(yard.entry.entry_id)
    await yard.hass.async_block_till_done()
    assert rig.coordinator.data.connected is False
    # What it told before, nobody knows of any more.
    rig.agent.told.clear()


async def test_a_rig_that_is_off_at_a_start_has_its_devices_and_comes_alive(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    await rig.leave()
    happened = async_capture_events(hass, EVENT_HAPPENED)
    await reload(yard, rig)
    for name in ("power", "hashrate_mh_s", "rtx_3080_01_00_0_temperature"):
        assert value(hass, name) == STATE_UNAVAILABLE
    assert set(rig.coordinator.data.cards) == {"0000:01:00.0", "0000:02:00.0"}
    await yard.pass_time(200, step=100)
    rig.agent.start()
    await rig.caught_up()
    assert number(hass, "rtx_3080_01_00_0_temperature") > 0
    assert kinds(happened) == ["connected"]


async def test_that_home_assistant_was_away_is_nothing_that_happened_to_a_rig(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    happened = async_capture_events(hass, EVENT_HAPPENED)
    await rig.leave()
    await reload(yard, rig)
    rig.agent.start()
    await rig.caught_up()
    assert value(hass, "power") != STATE_UNAVAILABLE
    assert happened == []


async def test_nothing_is_written_that_has_not_changed(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    report, cpu = miner("kawpow", 45e6), {"temperature": 44, "usage": 3.1}
    await tell(yard, rig_id, socket, **report)
    await measure(yard, rig_id, socket, cpu=cpu)
    written: list[str] = []

    @callback
    def wanted(event: Mapping[str, Any]) -> bool:
        written.append(event["entity_id"])
        return False

    hass.bus.async_listen(EVENT_STATE_REPORTED, lambda _: None, event_filter=wanted)
    hass.bus.async_listen(EVENT_STATE_CHANGED, lambda _: None, event_filter=wanted)
    await tell(yard, rig_id, socket, **report)
    await measure(yard, rig_id, socket, cpu=cpu | {"usage": 3.2})
    assert written == []


async def test_energy_counts_what_was_measured_and_nothing_over_a_gap(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    await yard.live(1800, step=30)
    kilowatts = rig.machine.watts / 1000
    assert number(hass, "energy") == pytest.approx(kilowatts / 2, abs=0.02)
    await rig.leave()
    await yard.pass_time(3600, step=600)
    rig.agent.start()
    await rig.caught_up()
    assert number(hass, "energy") == pytest.approx(kilowatts / 2, abs=0.02)
    await yard.live(1800, step=30)
    assert number(hass, "energy") == pytest.approx(kilowatts, abs=0.04)


async def test_energy_is_kept_over_a_restart(hass: HomeAssistant, yard: Yard) -> None:
    rig = await yard.start()
    await yard.live(1800, step=30)
    before = rig.coordinator.data.energy
    assert before > 0
    await rig.leave()
    await reload(yard, rig)
    rig.agent.start()
    await rig.caught_up()
    assert number(hass, "energy") == before


async def test_energy_goes_on_from_what_home_assistant_remembers(
    hass: HomeAssistant, yard: Yard
) -> None:
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State("sensor.garage_energy", "12.5"),
                {"native_value": 12.5, "native_unit_of_measurement": "kWh"},
            )
        ],
    )
    await yard.start()
    assert number(hass, "energy") == 12.5


async def test_the_start_of_mining_is_the_same_until_there_is_another(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, uptime=600))
    before = value(hass, "mining_since")
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, uptime=660))
    assert value(hass, "mining_since") == before
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, uptime=5))
    assert value(hass, "mining_since") > before
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, uptime=0))
    assert value(hass, "mining_since") == STATE_UNKNOWN
