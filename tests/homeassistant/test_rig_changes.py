"""The home is told what was changed about a rig, and by whom."""

import asyncio
from typing import Any

from homeassistant.core import Context, Event
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED

from .rig_orders import BY, OFTEN, commands_end, keep_profile, keep_sheet, while_living
from .rigging import Rigged, Yard
from .running import until

MINING = "switch.garage"
SHEET = "select.garage_flight_sheet"


async def call(yard: Yard, action: str, context: Context, **fields: Any) -> None:
    """Call an action on somebody's behalf, and wait for the end of it."""
    domain, _, service = action.partition(".")
    await while_living(
        yard,
        yard.hass.services.async_call(
            domain, service, fields, blocking=True, context=context
        ),
    )


def device_of(rigged: Rigged) -> str:
    return dr.async_get_device_id_by_identifier(
        rigged.yard.hass,
        (DOMAIN, rigged.rig_id),
        config_entry_id=rigged.yard.entry.entry_id,
    )


def changes(told: list[Event[Any]]) -> list[tuple[Any, ...]]:
    names = ("type", "entity_id", "before", "after", "confirmed")
    return [tuple(event.data[name] for name in names) for event in told]


async def test_whoever_switches_a_rig_off_is_known(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    somebody = Context()
    await call(yard, "switch.turn_off", somebody, entity_id=MINING)
    [event] = told
    assert event.context is somebody
    assert event.data == {
        "device_id": device_of(rigged),
        "entity_id": MINING,
        "type": MINING,
        "before": True,
        "after": False,
        "confirmed": True,
    }


async def test_a_sheet_is_told_of_by_its_name(yard: Yard) -> None:
    await yard.start("rtx3080", mining=False)
    keep_sheet(yard, "First")
    keep_sheet(yard, "Second")
    await yard.hass.async_block_till_done()
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    somebody = Context()
    # One that does not mine begins with it later, and is told nothing now.
    await call(yard, "select.select_option", somebody, entity_id=SHEET, option="First")
    apply = "braiins_fleet.apply_flight_sheet"
    await call(yard, apply, somebody, entity_id=MINING, flight_sheet="Second")
    assert changes(told) == [
        (SHEET, SHEET, None, "First", True),
        ("apply_flight_sheet", SHEET, "First", "Second", True),
    ]
    assert [event.context for event in told] == [somebody, somebody]


async def test_what_one_card_is_set_to_is_told_of(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", habits=OFTEN)
    keep_profile(yard)
    await yard.hass.async_block_till_done()
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    limit = "number.garage_rtx_3080_01_00_0_power_limit"
    profile = "select.garage_overclock_profile"
    anybody = Context()
    await call(yard, "select.select_option", anybody, entity_id=profile, option="Quiet")
    await call(yard, "number.set_value", anybody, entity_id=limit, value=120)
    assert [each[:4] for each in changes(told)] == [
        (profile, profile, None, "Quiet"),
        (limit, limit, 150, 120),
    ]
    assert {event.data["device_id"] for event in told} == {device_of(rigged)}


async def test_what_cannot_be_seen_is_told_of_as_not_confirmed(yard: Yard) -> None:
    await yard.start("rtx3080")
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    install = "braiins_fleet.install_miner"
    await call(yard, install, Context(), entity_id=MINING, software="gminer")
    assert changes(told) == [("install_miner", MINING, None, "gminer", False)]


async def test_what_was_not_done_is_no_change(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    rigged.simulated.faults.no_sudo()
    with pytest.raises(HomeAssistantError):
        await call(
            yard, "braiins_fleet.reboot", Context(), entity_id="button.garage_reboot"
        )
    assert told == []


async def test_a_change_is_told_of_though_nobody_waits_for_it(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    stops = asyncio.create_task(rigged.coordinator.control.stop_mining(by=BY))
    await until(lambda: rigged.coordinator.rig.session is not None)
    await asyncio.sleep(0)
    stops.cancel()
    await commands_end(rigged)
    assert changes(told) == [("somebody", MINING, True, False, True)]


async def test_what_waited_for_a_rig_is_told_of_with_who_wanted_it(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    await rigged.leave()
    await yard.live(30)
    told = async_capture_events(yard.hass, EVENT_CHANGED)
    somebody = Context()
    start = "braiins_fleet.start_mining"
    await call(yard, start, somebody, entity_id=MINING, when_connected=True)
    assert told == []
    rigged.agent.start()
    await while_living(yard, until(lambda: bool(told)))
    await commands_end(rigged)
    assert changes(told) == [("start_mining", MINING, False, True, True)]
    assert told[0].context is somebody
