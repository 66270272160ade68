"""What a miner's event entity tells, and what is told on the bus."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_HAPPENED
from custom_components.braiins_fleet.happenings import What
from simulator import FakeClock, SimulatedMiner
from simulator.mining import Reason

from .conftest import SetUp
from .running import PassingTime, listened_to, poll, shown, until

type Told = Callable[[], list[dict[str, Any]]]

ENTITY = "event.antminer_s19k_pro_event"
FIRST_POOL = "stratum+tcp://stratum.pool.example:3333"
NOT_ABOUT = {"event_types", "friendly_name", "device_class"}


@pytest.fixture
def told(hass: HomeAssistant) -> Told:
    """Return what the event entity has told so far, in order."""
    changes: list[Event[EventStateChangedData]] = async_capture_events(
        hass, EVENT_STATE_CHANGED
    )

    def look() -> list[dict[str, Any]]:
        return [
            {k: v for k, v in new.attributes.items() if k not in NOT_ABOUT}
            for change in changes
            if change.data["entity_id"] == ENTITY
            and (new := change.data["new_state"]) is not None
            and new.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        ]

    return look


async def review(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Poll as it is done once a minute."""
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)


async def test_nothing_is_told_of_what_was_so_from_the_start(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    still_miner.faults.block()
    still_miner.faults.broken_fan()
    entry = await set_up(still_miner)
    for _ in range(3):
        await review(hass, entry)
    state = hass.states.get(ENTITY)
    assert state is not None
    assert state.state == STATE_UNKNOWN
    assert state.attributes["event_types"] == [what.value for what in What]
    assert told() == []


async def test_a_block_is_told_once(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.block()
    for _ in range(3):
        await poll(hass, entry)
    assert told() == [{"event_type": "block_found", "found_blocks": 1}]

    still_miner.faults.block()
    await poll(hass, entry)
    assert told()[1:] == [{"event_type": "block_found", "found_blocks": 2}]


async def test_an_error_is_told_when_it_comes_and_when_it_goes(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.broken_fan(1)
    for _ in range(2):
        await review(hass, entry)
    about = {
        "message": "fan 1 does not turn",
        "codes": "F0101",
        "hint": "Check the cable of the fan, or replace it.",
    }
    assert told() == [{"event_type": "error_raised", **about}]

    still_miner.machine.journal.entries.clear()
    await review(hass, entry)
    assert told()[1:] == [{"event_type": "error_cleared", **about}]


async def test_two_errors_at_once_are_two_events(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.broken_fan(0)
    still_miner.faults.board_down("1")
    await review(hass, entry)
    assert {event["message"] for event in told()} == {
        "fan 0 does not turn",
        "hashboard 1 does not answer",
    }


async def test_another_pool_is_told(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.dead_pool(FIRST_POOL)
    for _ in range(2):
        await review(hass, entry)
    assert told() == [
        {
            "event_type": "pool_switched",
            "from": "stratum.pool.example",
            "to": "backup.pool.example",
        }
    ]


async def test_a_pause_is_told_as_it_is_heard_of(
    clock: FakeClock, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    coordinator = (await set_up(still_miner)).runtime_data
    await until(lambda: coordinator._is_listened_to)
    await coordinator.miner.mining.pause()
    clock.advance(30)
    await until(lambda: bool(told()))
    assert told() == [
        {"event_type": "status_changed", "from": "normal", "to": "paused"}
    ]


async def test_a_restart_of_the_mining_software_is_told(
    pass_time: PassingTime, still_miner: SimulatedMiner, set_up: SetUp, told: Told
) -> None:
    coordinator = (await set_up(still_miner)).runtime_data
    await coordinator.miner.mining.restart()
    await pass_time(60, step=10)
    kinds = [event["event_type"] for event in told()]
    assert kinds.count("mining_restarted") == 1
    assert "rebooted" not in kinds


async def test_too_much_heat_is_told_once(
    hass: HomeAssistant,
    clock: FakeClock,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    told: Told,
) -> None:
    def heat() -> list[Any]:
        return [each for each in told() if each["event_type"] == "overheated"]

    entry = await set_up(still_miner)
    await listened_to(entry)
    still_miner.faults.overheat(75)
    machine = still_miner.machine
    while machine.hottest_c < machine.running.cooling.dangerous_c:
        clock.advance(5)
    await poll(hass, entry)
    # The boards are read when it tells that it stopped mining.
    await until(lambda: bool(heat()))
    for _ in range(3):
        await poll(hass, entry)
    [event] = heat()
    assert event["limit"] == 90
    assert event["temperature"] >= 90


async def test_a_reboot_is_told_after_the_return(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    """A trigger overlooks what comes right after being unavailable."""
    coordinator = (await set_up(still_miner)).runtime_data
    changes: list[Event[EventStateChangedData]] = async_capture_events(
        hass, EVENT_STATE_CHANGED
    )
    still_miner.faults.reboot(90)
    await still_miner.settled()
    await pass_time(80, step=10)
    assert not coordinator.last_update_success
    pass_time.jump(20)
    await still_miner.settled()
    await until(lambda: coordinator.last_update_success)
    await pass_time(60, step=10)

    states = [
        (new.state, new.attributes.get("event_type"))
        for change in changes
        if change.data["entity_id"] == ENTITY
        and (new := change.data["new_state"]) is not None
    ]
    kinds = [kind for _, kind in states]
    assert kinds.count("rebooted") == 1
    assert "mining_restarted" not in kinds
    assert states[:2] == [(STATE_UNAVAILABLE, None), (STATE_UNKNOWN, None)]


async def test_it_is_told_on_the_bus_by_which_device(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    happened: list[Event] = async_capture_events(hass, EVENT_HAPPENED)
    still_miner.faults.block()
    for _ in range(2):
        await poll(hass, entry)
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, entry.unique_id), entry.entry_id
    )
    assert device is not None
    assert [event.data for event in happened] == [
        {"device_id": device.id, "type": "block_found", "found_blocks": 1}
    ]


async def test_it_is_told_on_the_bus_though_the_entity_is_switched_off(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    told: Told,
) -> None:
    entry = await set_up(still_miner)
    entity_registry.async_update_entity(
        ENTITY, disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.config_entries.async_reload(entry.entry_id)
    happened: list[Event] = async_capture_events(hass, EVENT_HAPPENED)
    still_miner.faults.block()
    await poll(hass, entry)
    assert hass.states.get(ENTITY) is None
    assert len(happened) == 1
    assert told() == []


async def test_nothing_is_told_any_more_once_the_miner_is_unloaded(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    coordinator = entry.runtime_data
    await hass.config_entries.async_unload(entry.entry_id)
    assert coordinator._on_happening == []


async def test_the_event_is_one_to_automate_on(
    entity_registry: er.EntityRegistry, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    entity = entity_registry.async_get(ENTITY)
    assert entity is not None
    assert entity.domain == Platform.EVENT
    assert entity.entity_category is None
    assert entity.disabled_by is None


async def test_what_is_told_is_also_shown_by_then(
    hass: HomeAssistant, clock: FakeClock, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    coordinator = (await set_up(still_miner)).runtime_data
    await until(lambda: coordinator._is_listened_to)
    # Automations look at other entities as soon as they are told.
    then: list[str | None] = []
    hass.bus.async_listen(
        EVENT_HAPPENED, callback(lambda _: then.append(shown(hass, "status")))
    )
    still_miner.machine.mining.pause(Reason.USER)
    clock.advance(30)
    await until(lambda: bool(then))
    assert then == ["paused"]
