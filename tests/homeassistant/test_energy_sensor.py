"""The energy that a miner has used, as Home Assistant shows it."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, UnitOfEnergy
from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
    mock_restore_cache_with_extra_data,
)

from simulator import SimulatedMiner

from .conftest import SetUp
from .running import PassingTime, listened_to, poll

ENERGY = "sensor.antminer_s19k_pro_energy"


def figure(hass: HomeAssistant) -> float:
    """Return what the meter shows."""
    state = hass.states.get(ENERGY)
    assert state is not None
    return float(state.state)


async def test_a_meter_that_was_lost_goes_on_from_what_home_assistant_remembers(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(ENERGY, "500.0"),
                {
                    "native_value": 500.0,
                    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
                },
            )
        ],
    )
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await set_up(still_miner)
    # A smaller figure, even for a moment, would be taken for that of another meter.
    assert [
        change.data["new_state"].state
        for change in changes
        if change.data["entity_id"] == ENERGY
    ] == ["500.0"]


async def test_energy_is_counted_while_a_miner_is_polled(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    assert figure(hass) == 0
    await pass_time(3600, step=10)
    # A miner of 2,760 W, for an hour but for the last minute, which is not shown yet.
    assert figure(hass) == pytest.approx(2.76, abs=0.06)


async def test_what_a_miner_took_while_nobody_looked_is_not_made_up(
    *,
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(120, step=10)
    before = figure(hass)
    pass_time.jump(86_400)
    await poll(hass, entry)
    await pass_time(60, step=10)
    assert figure(hass) - before < 0.1


async def test_a_clock_that_jumps_changes_no_meter(
    *,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await pass_time(120, step=10)
    before = figure(hass)
    # The deadlines of calls are by the calendar: it never falls behind the real one.
    for hours in (24 * 365, 1, -2):
        freezer.tick(hours * 3600)
        await pass_time(60, step=10)
    assert figure(hass) - before == pytest.approx(2.76 * 180 / 3600, abs=0.06)
