"""The tools of language models for rigs, called as those call them."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.helpers import llm
import probatio
import pytest

from simulator import SimulatedMiner
from simulator.mining import Reason

from .conftest import SetUp
from .rig_orders import (
    BY,
    OFTEN,
    commands_end,
    keep_profile,
    keep_sheet,
    told,
    while_living,
)
from .rigging import Rigged, Yard
from .speaking import call, hidden, learn
from .test_llm import assist, ours

ATTIC, SHED = "Attic rig", "Shed rig"
FOR_RIGS = {"apply_flight_sheet", "apply_overclock", "get_rigs", "pause", "resume"}

pytestmark = pytest.mark.usefixtures("_learned")


@pytest.fixture
async def _learned(hass: HomeAssistant) -> None:
    await learn(hass, sentences=False)


@pytest.fixture
async def attic(yard: Yard) -> Rigged:
    """Have a rig that mines."""
    return await yard.start("rtx3080", name=ATTIC, habits=OFTEN)


async def use(yard: Yard, tool: str, user: User | None = None, **given: Any) -> Any:
    """Call a tool, and return what the model is told."""
    api = await assist(yard.hass, user)
    called = llm.ToolInput(tool_name=f"braiins_fleet__{tool}", tool_args=given)
    result = await while_living(yard, api.async_call_tool(called))
    for rig in yard.rigs:
        await commands_end(rig)
    assert result.error is ("error" in result.data)
    return result.data["error"] if result.error else result.data


@pytest.mark.usefixtures("_learned", "attic")
async def test_where_there_are_only_rigs_there_are_only_tools_for_them(
    yard: Yard,
) -> None:
    api = await assist(yard.hass)
    tools = ours(api)
    assert set(tools) == FOR_RIGS
    assert "Call get_rigs before" in api.api_prompt
    assert "get_miners" not in api.api_prompt
    for name, tool in tools.items():
        assert tool.title
        assert tool.description
        parameters = probatio.to_openapi(
            tool.parameters, custom_serializer=api.custom_serializer
        )["properties"]
        assert {"name", "area", "floor"} <= parameters.keys()
        assert ("kind" in parameters) is (name in ("pause", "resume"))
        assert all(each["description"] for each in parameters.values())
        assert tool.annotations.read_only is (name == "get_rigs")
    with hidden(yard.hass, "switch.attic_rig"):
        assert not ours(await assist(yard.hass))


async def test_a_model_learns_how_rigs_are(yard: Yard, attic: Rigged) -> None:
    keep_profile(yard, "Quiet")
    keep_profile(yard, "Loud")
    attic.coordinator.control.assign_sheet(keep_sheet(yard), by=BY)
    answer = await use(yard, "get_rigs")
    [rig] = answer["rigs"]
    [rate] = rig.pop("hashrates")
    assert rate.pop("rate") == pytest.approx(45, rel=0.02)
    assert rate == {"algorithm": "kawpow", "unit": "MH/s"}
    assert rig.pop("power_watts") == pytest.approx(320, abs=2)
    assert 50 < rig.pop("hottest_card_celsius") < 80
    assert rig.pop("rejected_shares_percent", 0) < 5
    assert rig == {
        "name": ATTIC,
        "status": "mining",
        "graphics_cards": 1,
        "flight_sheet": "Raven",
    }
    assert answer["flight_sheets"] == ["Raven"]
    assert answer["overclock_profiles"] == ["Loud", "Quiet"]
    await attic.leave()
    await yard.live(20)
    answer = await use(yard, "get_rigs", name=ATTIC)
    assert answer["rigs"] == [
        {"name": ATTIC, "status": "not_connected", "flight_sheet": "Raven"}
    ]
    [told_of] = (await use(yard, "pause", name=ATTIC))["rigs"]
    assert not told_of["ok"]
    assert told_of["error"].startswith("Attic rig is not connected.")


async def test_a_model_pauses_rigs_and_miners_or_only_some(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await call(yard.hass, await set_up(miner), "Garage miner")
    tools = set(ours(await assist(yard.hass)))
    assert tools == FOR_RIGS | {"get_miners", "set_power_target"}
    answer = await use(yard, "pause", name="all", kind="rigs")
    assert list(answer) == ["rigs"]
    # Whether that has shown by now is told as well.
    assert answer["rigs"][0].keys() == {"name", "ok", "confirmed"}
    assert attic.machine.processes == []
    assert Reason.USER not in miner.machine.mining.reasons
    answer = await use(yard, "resume", name="all")
    assert [each["ok"] for each in answer["miners"] + answer["rigs"]] == [True, True]
    assert len(attic.machine.processes) == 1
    [only] = (await use(yard, "get_miners"))["miners"]
    assert only["name"] == "Garage miner"
    assert (await use(yard, "get_rigs"))["rigs"][0]["name"] == ATTIC


async def test_a_model_gives_rigs_flight_sheets_and_profiles(
    yard: Yard, attic: Rigged
) -> None:
    keep_sheet(yard)
    keep_profile(yard)
    control = attic.coordinator.control
    [answer] = (
        await use(yard, "apply_flight_sheet", name="all", flight_sheet="raven")
    )["rigs"]
    assert answer["ok"]
    assert control.sheet is not None
    [answer] = (await use(yard, "apply_overclock", name=ATTIC, profile="Quiet"))["rigs"]
    assert answer["ok"]
    assert control.cards.profile is not None


async def test_a_model_is_told_what_cannot_be(
    yard: Yard, attic: Rigged, miner: SimulatedMiner, set_up: SetUp
) -> None:
    await call(yard.hass, await set_up(miner), "Garage miner")
    keep_sheet(yard)
    told_so = await use(yard, "apply_flight_sheet", name=ATTIC, flight_sheet="gold")
    assert told_so == "There is no flight sheet called gold. There are: Raven"
    assert "required" in await use(yard, "apply_overclock", name=ATTIC)
    [answer] = (await use(yard, "set_power_target", name=ATTIC, power=200))["rigs"]
    assert answer["error"].startswith("Attic rig is a GPU rig and has no power target.")
    [answer] = (
        await use(yard, "apply_flight_sheet", name="Garage miner", flight_sheet="x")
    )["miners"]
    assert answer["error"].startswith("Garage miner is not a GPU rig.")
    # Who says all does not mean what it is not for.
    answer = await use(yard, "set_power_target", name="all", percent=90)
    assert list(answer) == ["miners"]
    assert told(attic) == []


async def test_a_model_may_do_no_more_to_rigs_than_who_talks_to_it(
    yard: Yard, attic: Rigged, hass_read_only_user: User
) -> None:
    keep_sheet(yard)
    for tool, given in (
        ("pause", {}),
        ("apply_flight_sheet", {"flight_sheet": "gold"}),
    ):
        answer = await use(yard, tool, hass_read_only_user, name="all", **given)
        assert answer == "The user may not do that to these devices"
    assert told(attic) == []
    assert len((await use(yard, "get_rigs", hass_read_only_user))["rigs"]) == 1
