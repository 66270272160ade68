"""What the logbook says of what happens to miners and rigs."""

from datetime import datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components import braiins_fleet
from custom_components.braiins_fleet.const import (
    DOMAIN,
    EVENT_CHANGED,
    EVENT_HAPPENED,
    EVENT_JOB_STATE,
)
from custom_components.braiins_fleet.happenings import What
from custom_components.braiins_fleet.jobs import JobState, JobStep
from custom_components.braiins_fleet.rig_happenings import What as OfRig
from simulator import SimulatedMiner

from .actions import PROMPT, act, device_of
from .conftest import Lines, SetUp, StartMiner
from .running import poll
from .working import JOB, Work, begin

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
        *(f"logbook_job_{state}" for state in JobState),
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


ENDS: dict[JobState, tuple[HomeAssistantError | None, str]] = {
    JobState.DONE: (None, "is done: Baseline measurement, Antminer S19k Pro"),
    JobState.FAILED: (
        HomeAssistantError("too hot"),
        "has failed: Baseline measurement, Antminer S19k Pro: too hot",
    ),
    JobState.CANCELLED: (
        None,
        "was cancelled: Baseline measurement, Antminer S19k Pro",
    ),
}


@pytest.mark.parametrize("state", ENDS)
async def test_a_job_has_a_line_as_it_begins_and_as_it_ends(
    *,
    hass: HomeAssistant,
    lines: Lines,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    hass_admin_user: User,
    state: JobState,
) -> None:
    entry = await set_up(still_miner)
    await hass.async_block_till_done()
    work, since = Work(), dt_util.utcnow()
    job = await begin(
        hass, entry, work=work, context=Context(user_id=hass_admin_user.id)
    )
    # How far it is, is told much more often.
    job.report(step=JobStep.MEASURING)
    error, end = ENDS[state]
    if state is JobState.CANCELLED:
        job.cancel()
    elif error is None:
        work.ends.set_result(None)
    else:
        work.ends.set_exception(error)
    await job.wait()
    found = [
        (line["name"], line["message"], line["context_user_id"])
        for line in await lines(since, entity_ids=[JOB])
        if "message" in line
    ]
    user = hass_admin_user.id
    begun = "has begun: Baseline measurement, Antminer S19k Pro"
    assert found == [("Job", begun, user), ("Job", end, user)]


async def test_of_many_miners_of_a_job_some_are_named(
    hass: HomeAssistant, lines: Lines, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    since = dt_util.utcnow()
    job = {"kind": "firmware_update", "error": None, "miners": [*"ABCDEF"]}
    for state in ("done", "of_the_future"):
        hass.bus.async_fire(EVENT_JOB_STATE, job | {"state": state})
    assert [line["message"] for line in await lines(since)] == [
        "is done: Updating firmware, A, B, C, D, E, …",
        "of_the_future",
    ]
