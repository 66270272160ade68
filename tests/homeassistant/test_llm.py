"""The tools of assistants that are language models, called as those call them."""

import json
from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
from homeassistant.helpers.json import json_dumps
import probatio
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    async_capture_events,
)

from custom_components.braiins_fleet.const import EVENT_CHANGED
from simulator import SimulatedMiner
from simulator.mining import Reason

from .actions import PROMPT, power_of
from .conftest import SetUp, StartMiner
from .speaking import call, hidden, learn

GARAGE, SHED = "Garage miner", "Shed miner"
SWITCHES = {GARAGE: "switch.antminer_s19k_pro", SHED: "switch.antminer_s19"}

type Miners = dict[str, SimulatedMiner]
type Entries = dict[str, ConfigEntry[Any]]


@pytest.fixture
async def miners(start_miner: StartMiner) -> Miners:
    """Start two miners, which take changes over at once."""
    return {
        GARAGE: await start_miner("s19k_pro", timing=PROMPT),
        SHED: await start_miner("s19", timing=PROMPT),
    }


@pytest.fixture
async def entries(hass: HomeAssistant, miners: Miners, set_up: SetUp) -> Entries:
    """Set them up in two places."""
    found: Entries = {}
    for name, miner in miners.items():
        found[name] = await set_up(miner)
        await call(hass, found[name], name, name.removesuffix(" miner"))
    await learn(hass, sentences=False)
    return found


async def assist(hass: HomeAssistant, user: User | None = None) -> llm.APIInstance:
    """Return what a model is given that somebody talks to."""
    context = llm.LLMContext(
        platform="some_model",
        context=Context(user_id=user.id if user else None),
        language="en",
        assistant="conversation",
        device_id=None,
    )
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)


def ours(api: llm.APIInstance) -> dict[str, llm.Tool]:
    """Return our tools, by what follows our name."""
    return {
        tool.name.removeprefix("braiins_fleet__"): tool
        for tool in api.tools
        if tool.integration == "braiins_fleet"
    }


async def use(
    hass: HomeAssistant, tool: str, user: User | None = None, **given: Any
) -> Any:
    """Call a tool, and return what the model is told."""
    api = await assist(hass, user)
    call = llm.ToolInput(tool_name=f"braiins_fleet__{tool}", tool_args=given)
    result = await api.async_call_tool(call)
    assert json.loads(json_dumps(result.data)) == result.data
    assert result.error is ("error" in result.data)
    return result.data["error"] if result.error else result.data["miners"]


def paused(miners: Miners) -> list[str]:
    """Return which miners a person has paused."""
    return [
        name
        for name, miner in miners.items()
        if Reason.USER in miner.machine.mining.reasons
    ]


@pytest.mark.usefixtures("entries")
async def test_a_model_is_given_tools_that_it_can_understand(
    hass: HomeAssistant,
) -> None:
    api = await assist(hass)
    tools = ours(api)
    assert set(tools) == {
        "get_miners",
        "pause",
        "resume",
        "set_power_target",
    }
    assert "Call get_miners before" in api.api_prompt
    for name, tool in tools.items():
        assert tool.title
        assert tool.description
        parameters = probatio.to_openapi(
            tool.parameters, custom_serializer=api.custom_serializer
        )["properties"]
        assert {"name", "area", "floor"} <= parameters.keys()
        assert all(each["description"] for each in parameters.values())
        assert tool.annotations.read_only is (name == "get_miners")
        assert not tool.annotations.destructive


@pytest.mark.usefixtures("entries")
async def test_there_are_no_tools_without_a_miner_that_is_exposed(
    hass: HomeAssistant,
) -> None:
    with hidden(hass, SWITCHES[GARAGE]):
        assert ours(await assist(hass))
        with hidden(hass, SWITCHES[SHED]):
            api = await assist(hass)
            assert not ours(api)
            assert "get_miners" not in api.api_prompt
    assert ours(await assist(hass))


@pytest.mark.usefixtures("entries")
async def test_a_model_learns_how_miners_are(hass: HomeAssistant) -> None:
    [garage, shed] = await use(hass, "get_miners")
    assert shed["name"] == SHED
    power = garage.pop("power_watts")
    assert power == pytest.approx(2760, rel=0.02)
    efficiency = garage.pop("efficiency_joules_per_terahash")
    assert efficiency == pytest.approx(power / 118, rel=0.01)
    assert garage == {
        "name": GARAGE,
        "area": "Garage",
        "status": "normal",
        "hashrate_terahash_per_second": 118,
        "power_target_watts": 2760,
        "lowest_power_target_watts": 771,
        "highest_power_target_watts": 6435,
        "hottest_chip_celsius": 61,
    }
    shed_only: list[dict[str, Any]] = [
        {"name": SHED},
        {"area": "shed"},
        {"name": SHED, "area": " "},
    ]
    for which in shed_only:
        [only] = await use(hass, "get_miners", **which)
        assert only["name"] == SHED


async def test_of_a_miner_that_is_away_a_model_learns_only_that(
    hass: HomeAssistant, entries: Entries
) -> None:
    await hass.config_entries.async_unload(entries[SHED].entry_id)
    assert await use(hass, "get_miners", name=SHED) == [
        {"name": SHED, "area": "Shed", "status": "unreachable"}
    ]
    [answer] = await use(hass, "pause", name=SHED)
    assert not answer["ok"]
    assert "is not set up at the moment" in answer["error"]


@pytest.mark.usefixtures("entries")
async def test_a_model_pauses_and_resumes_miners(
    hass: HomeAssistant, miners: Miners
) -> None:
    answers = await use(hass, "pause", name="all")
    assert [(each["name"], each["ok"]) for each in answers] == [
        (GARAGE, True),
        (SHED, True),
    ]
    assert paused(miners) == [GARAGE, SHED]
    await use(hass, "resume", area="Garage")
    assert paused(miners) == [SHED]


@pytest.mark.usefixtures("entries")
async def test_a_model_sets_power_targets(hass: HomeAssistant, miners: Miners) -> None:
    for given, watts in (
        ({"power": 2000}, 2000),
        ({"percent": 50}, 1380),
        ({"percent": 110, "of": "current"}, 1518),
        ({"change": -118}, 1400),
        ({"power": "1500", "percent": None, "of": ""}, 1500),
    ):
        [answer] = await use(hass, "set_power_target", name=GARAGE, **given)
        assert (answer["ok"], answer["after"]) == (True, watts)
        assert power_of(miners[GARAGE]) == watts


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "at least one of"),
        ({"power": 2000, "change": 5}, "at most one of"),
        ({"power": "much"}, "float"),
        ({"percent": 50, "of": "the moon"}, "one of"),
        ({"hashrate": 100}, "hashrate"),
        ({"power": 2000, "name": "Toaster"}, "Toaster"),
        ({"power": 2000, "name": None}, "a single target is required"),
    ],
)
async def test_a_model_is_told_what_it_has_got_wrong(
    hass: HomeAssistant, miners: Miners, given: dict[str, Any], why: str
) -> None:
    before = power_of(miners[GARAGE])
    told = await use(hass, "set_power_target", **{"name": GARAGE, **given})
    assert why in told
    assert power_of(miners[GARAGE]) == before


@pytest.mark.usefixtures("entries")
async def test_a_model_is_told_what_a_miner_does_not_allow(hass: HomeAssistant) -> None:
    [answer] = await use(hass, "set_power_target", name=GARAGE, power=100)
    assert answer == {
        "name": GARAGE,
        "ok": False,
        "error": (
            "100 watts is not possible for Garage miner: it allows 771 watts to 6,435 "
            "watts."
        ),
    }


@pytest.mark.usefixtures("entries")
async def test_a_model_may_do_no_more_than_who_talks_to_it(
    hass: HomeAssistant,
    miners: Miners,
    hass_read_only_user: User,
    hass_admin_user: User,
) -> None:
    told = await use(hass, "pause", hass_read_only_user, name="all")
    assert told == "The user may not do that to these devices"
    assert paused(miners) == []
    assert len(await use(hass, "get_miners", hass_read_only_user)) == 2

    changes = async_capture_events(hass, EVENT_CHANGED)
    await use(hass, "pause", hass_admin_user, name=GARAGE)
    [change] = changes
    assert change.context.user_id == hass_admin_user.id
    assert paused(miners) == [GARAGE]


@pytest.mark.usefixtures("entries")
async def test_a_model_does_not_reach_what_is_not_exposed(
    hass: HomeAssistant, miners: Miners
) -> None:
    with hidden(hass, SWITCHES[GARAGE]):
        assert [each["name"] for each in await use(hass, "get_miners")] == [SHED]
        assert "exposed" in await use(hass, "pause", name=GARAGE)
        await use(hass, "pause", name="all")
    assert paused(miners) == [SHED]
