"""What happens to a rig's mining software, and how it is told."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import EVENT_HAPPENED

from .rigging import Yard
from .test_rig import connect, kinds, miner, state, tell

AFTER_A_CRASH = {"name": "lolminer", "running": True, "version": "", "hashrate": 0}


async def shares(
    yard: Yard, rig_id: str, socket: Any, accepted: int, rejected: int, **more: Any
) -> None:
    """Tell how many shares were accepted and rejected."""
    told = {"accepted": accepted, "rejected": rejected}
    await tell(yard, rig_id, socket, **miner("kawpow", 1e6, shares=told, **more))


async def test_a_crash_is_told_once_and_shown_until_it_is_over(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt")
    happened = async_capture_events(hass, EVENT_HAPPENED)
    rig.simulated.faults.crash()
    await yard.live(60)
    assert kinds(happened) == ["miner_crashed"]
    assert happened[0].data["miner"] == "lolminer"
    problem = state(hass, "binary_sensor.problem")
    assert problem.attributes["problems"] == ["miner_crashed"]
    assert state(hass, "binary_sensor.mining").state == "off"
    assert state(hass, "event.event").attributes["miner"] == "lolminer"

    rig.machine.processes.clear()
    await yard.live(10)
    assert state(hass, "binary_sensor.problem").state == "off"


async def test_software_that_never_says_a_word_is_a_problem_and_no_crash(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    happened = async_capture_events(hass, EVENT_HAPPENED)
    for _ in range(31):
        await tell(yard, rig_id, socket, **AFTER_A_CRASH)
    problem = state(hass, "binary_sensor.problem")
    assert problem.attributes["problems"] == ["miner_silent"]
    assert happened == []


async def test_software_that_the_agent_cannot_read_is_none(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    for _ in range(31):
        await tell(yard, rig_id, socket, **AFTER_A_CRASH | {"name": "srbminer"})
    assert state(hass, "binary_sensor.problem").state == "off"
    assert state(hass, "binary_sensor.mining").state == "unknown"
    assert state(hass, "sensor.mining_software").state == "srbminer"
    assert hass.states.is_state("switch.garage", "on")


async def test_a_crash_before_home_assistant_looked_is_no_news(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    happened = async_capture_events(hass, EVENT_HAPPENED)
    for _ in range(3):
        await tell(yard, rig_id, socket, **AFTER_A_CRASH)
    assert happened == []


async def test_many_rejected_shares_are_told_once(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    happened = async_capture_events(hass, EVENT_HAPPENED)
    await shares(yard, rig_id, socket, 1000, 50)
    await shares(yard, rig_id, socket, 1020, 59)
    assert happened == []
    await shares(yard, rig_id, socket, 1021, 60)
    await shares(yard, rig_id, socket, 1022, 65)
    assert kinds(happened) == ["rejected_burst"]
    assert happened[0].data["rejected"] == 10
    assert happened[0].data["sent"] == 31

    # Later on, another one is news again.
    for _ in range(13):
        await yard.pass_time(50, step=50)
        await shares(yard, rig_id, socket, 1022, 65)
    await shares(yard, rig_id, socket, 1023, 80)
    assert kinds(happened) == ["rejected_burst", "rejected_burst"]


@pytest.mark.parametrize(
    "more", [{}, {"name": "t-rex"}], ids=["the same again", "another one"]
)
async def test_software_that_is_started_anew_counts_anew(
    hass: HomeAssistant, yard: Yard, more: dict[str, Any]
) -> None:
    rig_id, socket = await connect(yard)
    happened = async_capture_events(hass, EVENT_HAPPENED)
    await shares(yard, rig_id, socket, 100, 50)
    await shares(yard, rig_id, socket, 0 if not more else 200, 20, **more)
    await shares(yard, rig_id, socket, 1 if not more else 201, 29, **more)
    assert happened == []
