"""Actions for rigs: for as many as one likes, each with an answer of its own."""

from typing import Any, cast

from homeassistant.auth.models import User
from homeassistant.core import Context
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
import pytest
import voluptuous as vol

from custom_components.braiins_fleet.const import DOMAIN
from simulator import SimulatedMiner

from .conftest import SetUp
from .controlling import said
from .rig_orders import (
    BY,
    OFTEN,
    come_back,
    commands_end,
    keep_profile,
    keep_sheet,
    note_failures,
    told,
    while_living,
)
from .rigging import Rigged, Yard


async def ask(
    yard: Yard, action: str, target: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """Call an action and return what it answers."""
    answer = await while_living(
        yard,
        yard.hass.services.async_call(
            DOMAIN,
            action,
            target | fields,
            blocking=True,
            return_response=True,
            context=fields.pop("context", None),
        ),
    )
    await yard.hass.async_block_till_done()
    return cast("dict[str, Any]", answer)


def device_of(rigged: Rigged) -> str:
    return dr.async_get_device_id_by_identifier(
        rigged.yard.hass,
        (DOMAIN, rigged.rig_id),
        config_entry_id=rigged.yard.entry.entry_id,
    )


async def test_a_sheet_is_applied_to_all_rigs_of_an_area(yard: Yard) -> None:
    first = await yard.start("rtx3080", name="First")
    second = await yard.start("rtx3080", name="Second", mining=False)
    third = await yard.start("rtx3080", name="Third", mining=False)
    keep_sheet(yard)
    area = ar.async_get(yard.hass).async_create("Shed")
    for rigged in (first, second):
        dr.async_get(yard.hass).async_update_device(device_of(rigged), area_id=area.id)
    answer = await ask(
        yard, "apply_flight_sheet", {"area_id": [area.id]}, flight_sheet="raven"
    )
    assert answer == {
        "rigs": [
            {
                "name": rigged.coordinator.name,
                "device_id": device_of(rigged),
                "ok": True,
                "confirmed": True,
                "error": None,
            }
            for rigged in (first, second)
        ]
    }
    assert told(third) == []


async def test_one_that_fails_does_not_stop_the_others(yard: Yard) -> None:
    first = await yard.start("rtx3080", name="First", mining=False)
    second = await yard.start("rtx3080", name="Second", mining=False)
    first.machine.binaries.clear()
    keep_sheet(yard)
    everything = {"entity_id": "all"}
    answer = await ask(yard, "apply_flight_sheet", everything, flight_sheet="Raven")
    assert [rig["ok"] for rig in answer["rigs"]] == [False, True]
    assert "does not find t-rex" in answer["rigs"][0]["error"]
    # Whoever does not look at the answer is told all the same.
    second.machine.binaries.clear()
    with pytest.raises(HomeAssistantError) as failed:
        await while_living(
            yard,
            yard.hass.services.async_call(
                DOMAIN,
                "apply_flight_sheet",
                everything | {"flight_sheet": "Raven"},
                blocking=True,
            ),
        )
    assert said(failed.value)[0] == "some_failed"


async def test_starting_leaves_those_alone_that_mine(yard: Yard) -> None:
    mining = await yard.start("rtx3080", name="First")
    idle = await yard.start("rtx3080", name="Second", mining=False)
    idle.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    answer = await ask(yard, "start_mining", {"entity_id": "all"})
    assert [rig["ok"] for rig in answer["rigs"]] == [True, True]
    assert told(mining) == []
    assert told(idle) == ["start_miner"]
    card = {"entity_id": "sensor.first_rtx_3080_01_00_0_power"}
    await ask(yard, "stop_mining", card)
    assert mining.machine.processes == []
    await ask(yard, "restart_mining", card)
    assert told(mining) == ["stop_miner", "restart_miner"]
    assert len(idle.machine.processes) == 1


async def test_cards_are_set_and_left_alone_again(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", habits=OFTEN)
    keep_profile(yard)
    rig = {"device_id": [device_of(rigged)]}
    answer = await ask(yard, "apply_overclock", rig, profile="Quiet")
    assert answer["rigs"][0]["ok"]
    assert [card.power_limit for card in rigged.machine.cards] == [150]
    answer = await ask(yard, "reset_overclock", rig)
    # There is no way back that could be confirmed.
    assert answer["rigs"][0] == answer["rigs"][0] | {"ok": True, "confirmed": False}
    assert rigged.coordinator.control.cards.profile is None


async def test_software_is_installed_and_deleted(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    rig = {"device_id": [device_of(rigged)]}
    await ask(yard, "install_miner", rig, software="xmrig")
    assert "xmrig" in rigged.machine.folders
    await ask(yard, "uninstall_miner", rig, software="xmrig")
    assert "xmrig" not in rigged.machine.folders
    with pytest.raises(vol.Invalid):
        await ask(yard, "uninstall_miner", rig, software="../victim")


async def test_a_rig_can_be_switched_off(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    await ask(yard, "shutdown", {"device_id": [device_of(rigged)]})
    assert told(rigged) == ["shutdown"]


async def test_an_area_with_both_kinds_is_paused_and_goes_on(
    yard: Yard, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(miner)
    assigned = await yard.start("rtx3080", name="First")
    other = await yard.start("rtx3080", name="Second")
    assigned.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    answer = await ask(yard, "pause", {"entity_id": "all"})
    assert [each["ok"] for each in answer["miners"] + answer["rigs"]] == [True] * 3
    assert assigned.machine.processes == other.machine.processes == []
    answer = await ask(yard, "resume", {"entity_id": "all"})
    assert [each["ok"] for each in answer["miners"] + answer["rigs"]] == [True] * 3
    assert told(assigned) == ["stop_miner", "start_miner"]
    # Nobody said what this is to mine, so it goes on as it was.
    assert told(other) == ["stop_miner", "restart_miner"]
    answer = await ask(yard, "reboot", {"device_id": [device_of(other)]})
    assert answer["miners"] == []
    assert told(other)[-1] == "reboot"


async def test_a_rig_that_is_away_fails_at_once_or_is_waited_for(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard)
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    answer = await ask(yard, "apply_flight_sheet", rig, flight_sheet="Raven")
    assert not answer["rigs"][0]["ok"]
    # What could never be done is not waited for.
    answer = await ask(yard, "start_mining", rig, when_connected=True)
    assert "has no flight sheet" in answer["rigs"][0]["error"]
    answer = await ask(
        yard, "apply_flight_sheet", rig, flight_sheet="Raven", when_connected=True
    )
    assert answer["rigs"][0] == answer["rigs"][0] | {"ok": True, "confirmed": False}
    await come_back(rigged)
    await commands_end(rigged)
    assert "start_miner" in told(rigged)


async def test_a_rig_that_is_away_is_not_said_to_mine(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    for action in ("start_mining", "resume"):
        answer = await ask(yard, action, rig)
        assert not answer["rigs"][0]["ok"]
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    answer = await ask(yard, "start_mining", rig)
    assert "is not connected" in answer["rigs"][0]["error"]


async def test_a_rig_that_mines_its_sheet_as_it_comes_back_goes_on(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", habits=OFTEN)
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    # So long that nothing is known any more of what it does.
    await yard.live(90)
    await ask(yard, "start_mining", rig, when_connected=True)
    await come_back(rigged)
    await commands_end(rigged)
    assert told(rigged) == []


async def test_what_a_rig_mines_is_confirmed_only_where_it_is_its_sheet(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080")
    control = rigged.coordinator.control
    rig = {"device_id": [device_of(rigged)]}
    sheet = keep_sheet(yard)
    control.assign_sheet(sheet, by=BY)
    elsewhere = keep_sheet(yard, "Else", pools=["stratum+tcp://x.example.com:1"])
    for assigned, confirmed in ((sheet, True), (elsewhere, False)):
        control.assign_sheet(assigned, by=BY)
        answer = await ask(yard, "start_mining", rig)
        assert answer["rigs"][0]["confirmed"] is confirmed
    assert told(rigged) == []


async def test_a_process_that_is_called_like_a_miner_does_not_keep_a_rig_from_mining(
    yard: Yard,
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    rigged.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    rigged.simulated.faults.lookalike()
    await yard.live(20)
    await ask(yard, "start_mining", {"device_id": [device_of(rigged)]})
    assert told(rigged)[-1] == "start_miner"


async def test_what_waits_expires(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard)
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    await ask(
        yard,
        "apply_flight_sheet",
        rig,
        flight_sheet="Raven",
        when_connected=True,
        expires_after=1,
    )
    yard.pass_time.jump(61)
    await come_back(rigged)
    await commands_end(rigged)
    assert told(rigged) == []


async def test_what_waited_in_vain_is_told_of(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    failures = note_failures(yard.hass)
    sheet = keep_sheet(yard)
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    await ask(
        yard, "apply_flight_sheet", rig, flight_sheet="Raven", when_connected=True
    )
    yard.hass.config_entries.async_remove_subentry(yard.entry, sheet.subentry_id)
    await come_back(rigged)
    await commands_end(rigged)
    assert told(rigged) == []
    [failure] = failures
    assert failure["command"] == "apply_flight_sheet"
    assert "Raven" in failure["error"]


@pytest.mark.parametrize("last", ["start_mining", "apply_flight_sheet"])
async def test_of_starts_that_wait_the_one_that_names_a_sheet_counts(
    yard: Yard, last: str, caplog: pytest.LogCaptureFixture
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    control = rigged.coordinator.control
    control.assign_sheet(keep_sheet(yard, "Old"), by=BY)
    new = keep_sheet(yard, "New")
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    waits = {
        "start_mining": {},
        "apply_flight_sheet": {"flight_sheet": "New"},
    }
    for action in sorted(waits, key=lambda each: each == last):
        await ask(yard, action, rig, when_connected=True, **waits[action])
    await come_back(rigged)
    await commands_end(rigged)
    assert told(rigged).count("start_miner") == 1
    assert control.sheet is new
    assert "Traceback" not in caplog.text


async def test_what_waits_is_overruled_by_what_is_wanted_later(yard: Yard) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard)
    rig = {"device_id": [device_of(rigged)]}
    await rigged.leave()
    await ask(
        yard, "apply_flight_sheet", rig, flight_sheet="Raven", when_connected=True
    )
    await ask(yard, "stop_mining", rig)
    await come_back(rigged)
    await commands_end(rigged)
    assert told(rigged) == []


@pytest.mark.parametrize(
    ("action", "fields", "key"),
    [
        ("apply_flight_sheet", {"flight_sheet": "Crow"}, "no_such_flight_sheet"),
        ("apply_overclock", {"profile": "Loud"}, "no_such_profile"),
        ("start_mining", {}, "no_flight_sheet"),
    ],
)
async def test_what_is_not_there_is_refused(
    yard: Yard, action: str, fields: dict[str, Any], key: str
) -> None:
    rigged = await yard.start("rtx3080", mining=False)
    keep_sheet(yard)
    keep_profile(yard)
    with pytest.raises(ServiceValidationError) as refused:
        await yard.hass.services.async_call(
            DOMAIN, action, {"entity_id": "all"} | fields, blocking=True
        )
    assert said(refused.value)[0] == key
    assert told(rigged) == []


@pytest.mark.parametrize(
    ("action", "fields", "key"),
    [
        ("apply_flight_sheet", {"flight_sheet": "Crow"}, "no_flight_sheets"),
        ("apply_overclock", {"profile": "Loud"}, "no_profiles"),
    ],
)
async def test_where_there_are_none_that_is_said(
    yard: Yard, action: str, fields: dict[str, Any], key: str
) -> None:
    await yard.start("rtx3080", mining=False)
    with pytest.raises(ServiceValidationError) as refused:
        await yard.hass.services.async_call(
            DOMAIN, action, {"entity_id": "all"} | fields, blocking=True
        )
    assert said(refused.value)[0] == key


async def test_an_action_for_rigs_needs_one(yard: Yard) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await yard.hass.services.async_call(
            DOMAIN, "stop_mining", {"entity_id": "all"}, blocking=True
        )
    assert said(refused.value)[0] == "no_rigs"


@pytest.mark.parametrize("action", ["stop_mining", "pause", "shutdown"])
async def test_who_may_not_control_a_rig_does_not(
    yard: Yard, hass_read_only_user: User, action: str
) -> None:
    rigged = await yard.start("rtx3080")
    with pytest.raises(Unauthorized):
        await yard.hass.services.async_call(
            DOMAIN,
            action,
            {"entity_id": "all"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert told(rigged) == []


async def test_somebody_whom_nobody_knows_is_refused(yard: Yard) -> None:
    rigged = await yard.start("rtx3080")
    with pytest.raises(UnknownUser):
        await yard.hass.services.async_call(
            DOMAIN,
            "stop_mining",
            {"entity_id": "all"},
            blocking=True,
            context=Context(user_id="nobody"),
        )
    assert told(rigged) == []


async def test_who_may_control_a_rig_needs_no_right_to_another(
    yard: Yard, hass_read_only_user: User
) -> None:
    mine = await yard.start("rtx3080", name="Mine")
    other = await yard.start("rtx3080", name="Other")
    registry = er.async_get(yard.hass)
    hass_read_only_user.mock_policy(  # type: ignore[attr-defined]  # a test's user
        {
            "entities": {
                "entity_ids": {
                    entity.entity_id: True
                    for entity in er.async_entries_for_config_entry(
                        registry, yard.entry.entry_id
                    )
                    if entity.config_subentry_id == mine.rig_id
                }
            }
        }
    )
    context = Context(user_id=hass_read_only_user.id)
    for rigged in (mine, other):
        call = yard.hass.services.async_call(
            DOMAIN,
            "stop_mining",
            {"device_id": [device_of(rigged)]},
            blocking=True,
            context=context,
        )
        if rigged is mine:
            await while_living(yard, call)
        else:
            with pytest.raises(Unauthorized):
                await call
    assert told(mine) == ["stop_miner"]
    assert told(other) == []


async def test_without_the_fleet_there_are_no_rigs(yard: Yard) -> None:
    await yard.hass.config_entries.async_unload(yard.entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await yard.hass.services.async_call(
            DOMAIN, "stop_mining", {"entity_id": "all"}, blocking=True
        )
    assert said(refused.value)[0] == "no_rigs"
