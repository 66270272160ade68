"""The blueprints that tell of what is too high."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant

from .rigging import Yard
from .running import until
from .test_examples import TELL, messages, use
from .test_rig import connect, miner

CARDS = [
    "sensor.garage_rtx_3080_01_00_0_temperature",
    "sensor.garage_rx_6800_xt_02_00_0_temperature",
]
HOT: dict[str, Any] = {
    "temperatures": CARDS,
    "limit": 90,
    "hot_for": 2,
    "again_after": 20,
    "then": TELL,
}
REJECTED: dict[str, Any] = {
    "rates": ["sensor.garage_reject_rate"],
    "limit": 5,
    "high_for": 2,
    "again_after": 20,
    "then": TELL,
}


async def passes(yard: Yard, seconds: float) -> None:
    """Let time pass, in which nobody waits for the end of an automation."""
    while seconds > 0:
        yard.pass_time.jump(10)
        seconds -= 10
        for rigged in yard.rigs:
            rig = rigged.coordinator.rig
            agent = rigged.agent
            await until(lambda: rig.state.stats_heard >= agent.told["stats"])  # noqa: B023 - it is over before the next
        for _ in range(50):
            await asyncio.sleep(0)


async def test_cards_that_are_too_hot_are_told_of_once_and_again_later(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rtx3080", "rx6800xt")
    told = await use(hass, "too_hot", **HOT)
    await passes(yard, 300)
    assert messages(told) == []
    rig.simulated.faults.hot(95)
    await passes(yard, 1000)
    (message,) = messages(told)
    assert message.startswith("Too hot: Garage R")
    assert message.endswith(" °C)")
    await passes(yard, 600)
    assert len(messages(told)) == 2
    assert messages(told)[1].count("Garage RTX 3080 01:00.0 (") == 1
    assert messages(told)[1].count(", Garage RX 6800 XT 02:00.0 (") == 1

    # Then it is cool, and nothing is said any more.
    rig.simulated.faults.clear()
    await passes(yard, 2600)
    assert len(messages(told)) == 2
    rig.simulated.faults.hot(95)
    await passes(yard, 600)
    assert len(messages(told)) == 3


async def test_a_card_that_is_hot_for_a_moment_is_not_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rtx3080", "rx6800xt")
    told = await use(hass, "too_hot", **HOT | {"hot_for": 60})
    rig.simulated.faults.hot(95)
    await passes(yard, 600)
    assert float(hass.states.get(CARDS[0]).state) > 90  # type: ignore[union-attr]
    rig.simulated.faults.clear()
    await passes(yard, 3600)
    assert messages(told) == []


async def test_many_rejected_shares_are_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig_id, socket = await connect(yard)
    rig = yard.coordinator(rig_id).rig
    told = await use(hass, "reject_rate", **REJECTED)

    async def mine(seconds: int, rejected: int) -> None:
        """Speak for an agent for some time, however long an automation takes."""
        shares = {"accepted": 1000 - rejected, "rejected": rejected}
        for _ in range(seconds // 10):
            number = rig.state.reports_heard
            await socket.send_json(
                {"type": "miner_status", "data": miner("kawpow", 1e6, shares=shares)}
            )
            await until(lambda: rig.state.reports_heard > number)  # noqa: B023 - it is over before the next
            await passes(yard, 10)

    await mine(300, rejected=10)
    await mine(60, rejected=100)
    await mine(60, rejected=10)
    assert messages(told) == []
    await mine(300, rejected=100)
    assert messages(told) == ["Reject rate too high: Garage (10.0 %)"]
