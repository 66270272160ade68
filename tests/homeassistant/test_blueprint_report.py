"""The blueprint that reports once a day."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .rigging import Yard
from .test_examples import AUTOMATION, TELL, messages, use


async def test_chosen_figures_are_told_at_the_chosen_time(
    hass: HomeAssistant, yard: Yard, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(dt_util.start_of_local_day() + timedelta(days=1, hours=7.99))
    await yard.start("rtx3080")
    figures = ["sensor.garage_algorithm", "sensor.garage_power", "sensor.gone"]
    told = await use(hass, "daily_report", figures=figures, at="08:00:00", then=TELL)

    async def passes(seconds: int) -> None:
        for _ in range(seconds // 10):
            freezer.tick(10)
            await yard.live(10)

    await passes(20)
    assert messages(told) == []
    await passes(100)
    (message,) = messages(told)
    algorithm, power, gone = message.splitlines()
    assert algorithm.startswith("Garage Algorithm: ")
    assert power.startswith("Garage Power: ")
    assert power.endswith(" W")
    assert gone == "sensor.gone: unknown"
    await hass.services.async_call(
        AUTOMATION, SERVICE_TURN_OFF, {"entity_id": "all"}, blocking=True
    )
