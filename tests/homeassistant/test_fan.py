"""The fans of a miner, as one fan."""

from dataclasses import replace

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceNotSupported,
    ServiceValidationError,
)
from homeassistant.setup import async_setup_component
import pytest

from simulator import SimulatedMiner
from simulator.configuration import FAN_RATIO, CoolingMode

from .conftest import SetUp, StartMiner
from .controlling import (
    MINER,
    act,
    is_available,
    keys,
    look,
    lose_next_answer,
    said,
)

FANS = f"fan.{MINER}_cooling_fans"


async def set_speed(hass: HomeAssistant, percentage: int) -> None:
    """Set a speed."""
    await act(hass, "fan.set_percentage", FANS, percentage=percentage)


async def let_it_decide(hass: HomeAssistant) -> None:
    """Leave the speed to the miner."""
    await act(hass, "fan.set_preset_mode", FANS, preset_mode="automatic")


def speed(hass: HomeAssistant) -> tuple[int | None, str | None]:
    """Return the speed that is shown, and what decides on it."""
    attributes = look(hass, FANS).attributes
    return attributes["percentage"], attributes["preset_mode"]


async def test_a_speed_is_set_and_left_to_the_miner_again(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    machine = still_miner.machine
    await set_up(still_miner)
    before = machine.saved
    now = round(machine.cooling.fan_ratio * 100)
    assert speed(hass) == (now, "automatic")
    await set_speed(hass, 70)
    manual = replace(before.cooling, mode=CoolingMode.MANUAL, fan_ratio=0.7)
    assert machine.saved == machine.running == replace(before, cooling=manual)
    assert speed(hass) == (70, None)
    await let_it_decide(hass)
    again = replace(manual, mode=CoolingMode.AUTO)
    assert machine.saved == machine.running == replace(before, cooling=again)
    assert speed(hass)[1] == "automatic"
    assert look(hass, FANS).state == STATE_ON


async def test_a_speed_is_set_also_by_turning_them_on(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    await act(hass, "fan.turn_on", FANS, percentage=70)
    assert speed(hass) == (70, None)
    before = still_miner.machine.saved
    await act(hass, "fan.turn_on", FANS)
    assert still_miner.machine.saved == before
    await act(hass, "fan.turn_on", FANS, preset_mode="automatic")
    assert speed(hass)[1] == "automatic"


async def test_the_fans_stay_on(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    before = still_miner.machine.saved
    with pytest.raises(ServiceValidationError) as refusal:
        await set_speed(hass, 0)
    assert refusal.value.translation_key == "fans_stay_on"
    assert "overheat" in str(refusal.value)
    assert await async_setup_component(hass, "homeassistant", {})
    with pytest.raises(ServiceNotSupported):
        await act(hass, "fan.turn_off", FANS)
    with pytest.raises(ServiceValidationError) as refusal:
        await act(hass, "fan.toggle", FANS)
    assert refusal.value.translation_key == "fans_stay_on"
    assert still_miner.machine.saved == before


async def test_a_speed_is_never_below_what_the_miner_allows(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    monkeypatch.setattr(
        "simulator.services.configuration.FAN_RATIO",
        replace(FAN_RATIO, min=0.25),
    )
    await set_up(still_miner)
    await set_speed(hass, 5)
    assert still_miner.machine.saved.cooling.fan_ratio == 0.25
    with pytest.raises(ServiceValidationError) as refusal:
        await set_speed(hass, 0)
    assert "The lowest speed is 25 %" in str(refusal.value)


async def test_fans_that_do_not_cool_are_unavailable(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    cooling = f"select.{MINER}_cooling_mode"
    await act(hass, "select.select_option", cooling, option="immersion")
    assert not is_available(hass, FANS)
    await act(hass, "select.select_option", cooling, option="auto")
    assert is_available(hass, FANS)


@pytest.mark.parametrize(
    ("model", "minor", "there"),
    [
        ("s19k_pro", 3, False),
        ("s19k_pro", 4, True),
        ("bmm_101", 9, True),
        ("s21_hydro", 11, False),
    ],
)
async def test_who_has_fans_to_set(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    model: str,
    minor: int,
    there: bool,
) -> None:
    entry = await set_up(await start_miner(model, api=minor))
    assert keys(hass, entry, "fan") == ({"cooling_fans"} if there else set())


@pytest.mark.parametrize("manual", [False, True])
async def test_fans_of_which_the_answer_was_lost_are_read_back(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, *, manual: bool
) -> None:
    await set_up(still_miner)
    if not manual:
        await set_speed(hass, 50)
    lose_next_answer(still_miner)
    await (set_speed(hass, 60) if manual else let_it_decide(hass))
    assert (speed(hass)[1] is None) is manual


async def test_what_the_miner_refuses_stays_as_it_was(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    # It allows less than it says.
    monkeypatch.setattr(
        "simulator.services.cooling.FAN_RATIO", replace(FAN_RATIO, min=0.5)
    )
    await set_up(still_miner)
    before = speed(hass)
    with pytest.raises(HomeAssistantError) as refusal:
        await set_speed(hass, 40)
    assert said(refusal.value) == (
        "command_refused",
        "fan_speed_ratio must be between 0.5 and 1, not 0.4",
    )
    assert speed(hass) == before
