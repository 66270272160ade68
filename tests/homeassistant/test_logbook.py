"""What the logbook says of what happens to miners and rigs."""

from collections.abc import Awaitable, Callable
from datetime import datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (  # type: ignore[import-untyped]  # has no types
    async_wait_recording_done,
)

from custom_components import braiins_fleet
from custom_components.braiins_fleet.const import (
    DOMAIN,
    EVENT_CHANGED,
    EVENT_HAPPENED,
)
from custom_components.braiins_fleet.happenings import What
from custom_components.braiins_fleet.rig_happenings import What as OfRig
from simulator import SimulatedMiner

from .actions import PROMPT, act, device_of
from .conftest import SetUp, StartMiner
from .rig_orders import OFTEN, keep_profile, keep_sheet, while_living
from .rigging import Yard
from .running import poll

type Lines = Callable[..., Awaitable[list[dict[str, Any]]]]

ENTITY = "event.antminer_s19k_pro_event"

SENTENCES: dict[What | OfRig, tuple[dict[str, Any], str]] = {
    What.BLOCK_FOUND: ({"found_blocks": 2}, "found a block"),
    What.ERROR_RAISED: (
        {"message": "fan 0 does not turn", "codes": "F0101", "hint": ""},
        "reports an error: fan 0 does not turn",
    ),
    What.ERROR_CLEARED: (
        {"message": "fan 0 does not turn", "codes": "F0101", "hint": ""},
        "no longer reports an error: fan 0 does not turn",
    ),
    What.REBOOTED: ({}, "has rebooted"),
    What.MINING_RESTARTED: ({}, "restarted its mining software"),
    What.POOL_SWITCHED: (
        {"from": "one.example", "to": "two.example"},
        "switched from the pool one.example to two.example",
    ),
    What.STATUS_CHANGED: (
        {"from": "normal", "to": "not_started"},
        "status changed from Mining to Not started",
    ),
    What.OVERHEATED: ({"temperature": 91.5, "limit": 90.0}, "has become too hot"),
    OfRig.CONNECTED: ({}, "has connected"),
    OfRig.LOST: ({}, "has lost its connection"),
    OfRig.MINER_CRASHED: ({"miner": "t-rex"}, "reports that t-rex has crashed"),
    OfRig.GPU_LOST: ({"card": "RTX 3080"}, "has lost the card RTX 3080"),
    OfRig.CARDS_UNREADABLE: ({}, "can no longer read its cards"),
    OfRig.REJECTED_BURST: (
        {"rejected": 12, "sent": 30},
        "had 12 of its last 30 shares rejected",
    ),
    OfRig.COMMAND_FAILED: (
        {"command": "stop_miner", "error": "no answer"},
        "could not do what it was told (stop_miner): no answer",
    ),
}


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: Any) -> None:
    """Have a recorder, which the logbook reads."""


@pytest.fixture
async def logbook(
    recorder_mock: Any,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
) -> None:
    """Have a logbook; to be asked for before anybody connects."""
    for component in ("logbook", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


@pytest.fixture
async def lines(
    logbook: None,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
    hass_ws_client: Any,
) -> Lines:
    """Open the logbook; what it returns reads what was written since."""
    client = await hass_ws_client(hass)

    async def read(since: datetime, **of: Any) -> list[dict[str, Any]]:
        await async_wait_recording_done(hass)
        await client.send_json_auto_id(
            {"type": "logbook/get_events", "start_time": since.isoformat(), **of}
        )
        answer = await client.receive_json()
        result: list[dict[str, Any]] = answer["result"]
        for line in result:
            del line["when"]
        return result

    return read


async def test_what_happens_has_a_sentence_beside_the_line_of_the_entity(
    hass: HomeAssistant, lines: Lines, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    device = device_of(hass, entry)
    dr.async_get(hass).async_update_device(device.id, name_by_user="The old one")
    await hass.async_block_till_done()
    since = dt_util.utcnow()
    still_miner.faults.block()
    await poll(hass, entry)

    [of_entity, sentence] = await lines(
        since, device_ids=[device.id], entity_ids=[ENTITY]
    )
    assert of_entity["entity_id"] == ENTITY
    assert of_entity["attributes"] == {"event_type": "block_found"}
    assert sentence == {
        "name": "The old one",
        "message": "found a block",
        "domain": DOMAIN,
    }
    # Where only the entity is looked at, its own line is enough.
    assert len(await lines(since, entity_ids=[ENTITY])) == 1


@pytest.mark.parametrize("what", [*What, *OfRig])
async def test_each_kind_has_a_plain_sentence(
    hass: HomeAssistant,
    lines: Lines,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    what: What | OfRig,
) -> None:
    device = device_of(hass, await set_up(still_miner))
    since = dt_util.utcnow()
    about, sentence = SENTENCES[what]
    told = {"device_id": device.id, "type": what.value, **about}
    hass.bus.async_fire(EVENT_HAPPENED, told)
    [line] = await lines(since, device_ids=[device.id])
    assert line["name"] == "Antminer S19k Pro"
    assert line["message"] == sentence


async def test_what_cannot_be_put_into_words_is_told_all_the_same(
    hass: HomeAssistant, lines: Lines, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    since = dt_util.utcnow()
    for told in (
        {"type": "status_changed", "from": "normal", "to": "dreaming"},
        {"type": "of_the_future"},
    ):
        hass.bus.async_fire(EVENT_HAPPENED, {"device_id": "gone", **told})
    assert [(line["name"], line["message"]) for line in await lines(since)] == [
        ("", "status changed from Mining to dreaming"),
        ("", "of_the_future"),
    ]


def test_there_are_no_other_sentences() -> None:
    folder = Path(braiins_fleet.__file__).parent
    texts = json.loads((folder / "translations/en.json").read_text())["common"]
    sentences = {key for key in texts if key.startswith("logbook_")}
    assert sentences == {
        *(f"logbook_{what}" for what in (*What, *OfRig)),
        "logbook_changed",
        "logbook_done",
        "logbook_done_with",
        "logbook_set",
    }


async def said_of(
    lines: Lines, since: datetime, device: dr.DeviceEntry
) -> list[tuple[str, str | None]]:
    """Return what was done to a miner, and by whom."""
    found = await lines(since, device_ids=[device.id])
    assert {(line["name"], line["domain"]) for line in found} == {
        (device.name_by_user or device.name, DOMAIN)
    }
    return [(line["message"], line.get("context_user_id")) for line in found]


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        (
            "set_power_target",
            {"power": 2000},
            "Power target was changed from 2760 to 2000",
        ),
        ("set_power_target", {"power": 2760}, "Power target was set to 2760"),
        (
            "set_hashrate_target",
            {"hashrate": 99.5},
            "Hashrate target was set to 99.5",
        ),
        ("pause", {}, "was given the command: Pause"),
        ("resume", {}, "was given the command: Resume"),
        (
            "set_cooling",
            {"max_fan_speed": 40},
            "was given the command: Set cooling",
        ),
        ("restart", {}, "was given the command: Restart mining software"),
    ],
)
async def test_an_action_has_a_line_with_who_called_it(
    *,
    hass: HomeAssistant,
    lines: Lines,
    start_miner: StartMiner,
    set_up: SetUp,
    hass_admin_user: User,
    action: str,
    fields: dict[str, Any],
    sentence: str,
) -> None:
    entry = await set_up(await start_miner(timing=PROMPT))
    device = device_of(hass, entry)
    since = dt_util.utcnow()
    context = Context(user_id=hass_admin_user.id)
    await act(hass, action, entry, context, **fields)
    # The miner may say what follows from it before it says that it is done.
    assert (sentence, hass_admin_user.id) in await said_of(lines, since, device)


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        (
            "number.set_value",
            {"entity_id": "number.antminer_s19k_pro_power_target", "value": 2000},
            "Power target was changed from 2760 to 2000",
        ),
        (
            "switch.turn_off",
            {"entity_id": "switch.antminer_s19k_pro"},
            "Mining was changed from On to Off",
        ),
        (
            "switch.turn_on",
            {"entity_id": "switch.antminer_s19k_pro_locate_light"},
            "Locate light was changed from Off to On",
        ),
        (
            "select.select_option",
            {
                "entity_id": "select.antminer_s19k_pro_tuning_mode",
                "option": "hashrate_target",
            },
            "Tuning mode was changed from Power target to Hashrate target",
        ),
        (
            "button.press",
            {"entity_id": "button.antminer_s19k_pro_restart_mining_software"},
            "was given the command: Restart mining software",
        ),
    ],
)
@pytest.mark.usefixtures("all_enabled")
async def test_what_was_done_by_an_entity_has_a_line_as_well(
    *,
    hass: HomeAssistant,
    lines: Lines,
    start_miner: StartMiner,
    set_up: SetUp,
    hass_admin_user: User,
    action: str,
    data: dict[str, Any],
    sentence: str,
) -> None:
    entry = await set_up(await start_miner(timing=PROMPT))
    device = device_of(hass, entry)
    since = dt_util.utcnow()
    domain, _, service = action.partition(".")
    await hass.services.async_call(
        domain,
        service,
        data,
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    # The miner may say what follows from it before it says that it is done.
    assert (sentence, hass_admin_user.id) in await said_of(lines, since, device)


async def test_an_entity_is_called_as_its_owner_calls_it(
    hass: HomeAssistant, lines: Lines, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(timing=PROMPT))
    number = "number.antminer_s19k_pro_power_target"
    er.async_get(hass).async_update_entity(number, name="Throttle")
    await hass.async_block_till_done()
    since = dt_util.utcnow()
    await hass.services.async_call(
        "number", "set_value", {"entity_id": number, "value": 2000}, blocking=True
    )
    assert await said_of(lines, since, device_of(hass, entry)) == [
        ("Throttle was changed from 2760 to 2000", None)
    ]


async def test_a_change_of_the_past_or_the_future_is_told_as_far_as_it_is_known(
    hass: HomeAssistant, lines: Lines, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    since = dt_util.utcnow()
    for told in (
        {"type": "number.gone", "before": 1, "after": 2},
        {"type": "of_the_future", "before": None, "after": None},
        {"type": "set_power_target", "before": 2000, "after": None},
        {"type": "uninstall_miner", "before": "gminer", "after": None},
    ):
        hass.bus.async_fire(EVENT_CHANGED, {"device_id": "gone", **told})
    assert [(line["name"], line["message"]) for line in await lines(since)] == [
        ("", "was given the command: number.gone"),
        ("", "was given the command: of_the_future"),
        ("", "was given the command: Set power target"),
        ("", "was given the command: Uninstall mining software (gminer)"),
    ]


@pytest.mark.parametrize(
    ("action", "fields", "entity"),
    [
        ("set_power_target", {"power": 2000}, "number.antminer_s19k_pro_power_target"),
        ("set_cooling", {"max_fan_speed": 40}, "switch.antminer_s19k_pro"),
    ],
)
async def test_what_an_action_did_is_told_where_only_entities_are_looked_at(
    *,
    hass: HomeAssistant,
    lines: Lines,
    start_miner: StartMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
    entity: str,
) -> None:
    entry = await set_up(await start_miner(timing=PROMPT))
    since = dt_util.utcnow()
    await act(hass, action, entry, **fields)
    [line] = [
        line for line in await lines(since, entity_ids=[entity]) if "message" in line
    ]
    assert line["name"] == "Antminer S19k Pro"
    assert line["domain"] == DOMAIN


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
