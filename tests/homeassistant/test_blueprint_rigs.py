"""The blueprints that look after GPU rigs, and tell of them."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, SupportsResponse
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_mock_service,
)

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.rig_happenings import Happening, What

from .rig_orders import commands_end, told as commands, while_living
from .rigging import Rigged, Yard
from .running import until
from .test_examples import TELL, messages, use
from .test_rig import state

EVENT = "event.garage_event"
CONNECTED = "binary_sensor.garage_connected"
AWAY: dict[str, Any] = {"miners": [CONNECTED], "when_away": TELL, "when_back": TELL}
CRASHED: dict[str, Any] = {"rigs": [EVENT], "then": TELL}


async def leave(rig: Rigged, freezer: FrozenDateTimeFactory, seconds: int) -> None:
    """Switch a rig off for some time, and on again."""
    await rig.leave()
    for _ in range(seconds // 10):
        freezer.tick(10)
        await rig.yard.live(10)
    rig.agent.start()
    await rig.caught_up()


async def test_a_rig_that_is_away_is_told_of_and_so_is_its_return(
    hass: HomeAssistant, yard: Yard, freezer: FrozenDateTimeFactory
) -> None:
    rig = await yard.start()
    told = await use(hass, "miner_away", **AWAY)
    await leave(rig, freezer, 400)
    assert messages(told) == ["Garage does not answer", "Garage is back"]


async def test_a_rig_that_is_back_soon_was_never_away(
    hass: HomeAssistant, yard: Yard, freezer: FrozenDateTimeFactory
) -> None:
    rig = await yard.start()
    told = await use(hass, "miner_away", **AWAY)
    await leave(rig, freezer, 120)
    assert state(hass, "binary_sensor.connected").state == "on"
    assert messages(told) == []


async def test_a_rig_that_was_away_before_home_assistant_is_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start()
    await rig.leave()
    await yard.live(20)
    told = await use(hass, "miner_away", **AWAY)
    await hass.config_entries.async_reload(yard.entry.entry_id)
    await hass.async_block_till_done()
    await yard.live(280)
    assert messages(told) == []
    await yard.live(40)
    assert messages(told) == ["Garage does not answer"]


async def crash(rig: Rigged, told: list[Any]) -> None:
    """Have the mining software crash, and wait until that is told of."""
    number = len(told)
    rig.simulated.faults.crash()
    await while_living(rig.yard, until(lambda: len(told) > number))
    await commands_end(rig)


async def test_software_that_crashed_is_restarted_and_then_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt")
    told = await use(hass, "rig_crashed", **CRASHED)
    await crash(rig, told)
    assert messages(told) == ["Garage: lolminer has crashed and was restarted"]
    assert commands(rig) == ["restart_miner"]
    assert rig.machine.hashrate > 0

    # What crashes again and again is not restarted again and again, whatever else
    # happens meanwhile.
    rig.coordinator.tell(Happening(What.REJECTED_BURST, {"rejected": 10, "sent": 20}))
    await hass.async_block_till_done()
    await crash(rig, told)
    assert messages(told)[1:] == [
        "Garage: lolminer has crashed again, and is left alone"
    ]
    assert commands(rig) == ["restart_miner"]


async def test_software_that_crashes_after_a_long_time_is_restarted_again(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt")
    told = await use(hass, "rig_crashed", **CRASHED)
    await crash(rig, told)
    await yard.live(900)
    await crash(rig, told)
    assert messages(told) == ["Garage: lolminer has crashed and was restarted"] * 2
    assert commands(rig) == ["restart_miner"] * 2


async def test_software_that_does_not_show_that_it_mines_again_is_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt")
    told = await use(hass, "rig_crashed", **CRASHED)
    answer = {"rigs": [{"ok": True, "confirmed": False}]}
    async_mock_service(
        hass,
        DOMAIN,
        "restart_mining",
        response=answer,
        supports_response=SupportsResponse.OPTIONAL,
    )
    await crash(rig, told)
    assert messages(told) == [
        "Garage: lolminer has crashed and was restarted, but shows no hashes"
    ]


async def test_software_that_cannot_be_restarted_is_told_of(
    hass: HomeAssistant, yard: Yard
) -> None:
    rig = await yard.start("rx6800xt")
    told = await use(hass, "rig_crashed", **CRASHED)
    rig.simulated.faults.dies_at_once()
    await crash(rig, told)
    (message,) = messages(told)
    assert message.startswith(
        "Garage: lolminer has crashed and could not be restarted: "
    )
