"""What the logbook says of what somebody had a rig do."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context
from homeassistant.util import dt as dt_util
import pytest

from .conftest import Lines
from .rig_orders import OFTEN, keep_profile, keep_sheet, while_living
from .rigging import Yard


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: Any) -> None:
    """Have a recorder, which the logbook reads."""


CARD = "number.garage_rtx_3080_01_00_0_power_limit"


@pytest.mark.parametrize(
    ("action", "fields", "entity", "sentence"),
    [
        (
            "switch.turn_off",
            {"entity_id": "switch.garage"},
            "switch.garage",
            "Garage: Mining was changed from On to Off",
        ),
        (
            "select.select_option",
            {"entity_id": "select.garage_flight_sheet", "option": "Raven"},
            "select.garage_flight_sheet",
            "Garage: Flight sheet was set to Raven",
        ),
        (
            "select.select_option",
            {"entity_id": "select.garage_overclock_profile", "option": "Quiet"},
            "select.garage_overclock_profile",
            "Garage: Overclock profile was set to Quiet",
        ),
        (
            "number.set_value",
            {"entity_id": CARD, "value": 200},
            CARD,
            "Garage RTX 3080 01:00.0: Power limit was set to 200",
        ),
        (
            "button.press",
            {"entity_id": "button.garage_restart_mining_software"},
            "button.garage_restart_mining_software",
            "Garage: was given the command: Restart mining software",
        ),
        (
            "braiins_fleet.apply_flight_sheet",
            {"entity_id": "switch.garage", "flight_sheet": "Raven"},
            "select.garage_flight_sheet",
            "Garage: Flight sheet was set to Raven",
        ),
        (
            "braiins_fleet.pause",
            {"entity_id": "switch.garage"},
            "switch.garage",
            "Garage: was given the command: Pause",
        ),
        (
            "braiins_fleet.install_miner",
            {"entity_id": "switch.garage", "software": "gminer"},
            "switch.garage",
            "Garage: was given the command: Install mining software (gminer)",
        ),
        (
            "braiins_fleet.reset_overclock",
            {"entity_id": "switch.garage"},
            "select.garage_overclock_profile",
            "Garage: was given the command: Reset overclocking",
        ),
    ],
)
@pytest.mark.usefixtures("logbook")
async def test_what_a_rig_was_told_has_a_line_with_who_told_it(
    *,
    yard: Yard,
    lines: Lines,
    hass_admin_user: User,
    action: str,
    fields: dict[str, Any],
    entity: str,
    sentence: str,
) -> None:
    await yard.start("rtx3080", habits=OFTEN)
    keep_sheet(yard)
    keep_profile(yard)
    await yard.hass.async_block_till_done()
    since = dt_util.utcnow()
    domain, _, service = action.partition(".")
    await while_living(
        yard,
        yard.hass.services.async_call(
            domain,
            service,
            fields,
            blocking=True,
            context=Context(user_id=hass_admin_user.id),
        ),
    )
    found = [
        (f"{line['name']}: {line['message']}", line.get("context_user_id"))
        for line in await lines(since, entity_ids=[entity])
        if "message" in line
    ]
    assert found == [(sentence, hass_admin_user.id)]
