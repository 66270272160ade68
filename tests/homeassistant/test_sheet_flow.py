"""A person makes flight sheets, sees what they have rigs do, and changes them."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.const import DOMAIN, FLEET
from custom_components.braiins_fleet.flight_sheets import (
    FLIGHT_SHEET,
    NEW_SHEET,
    sheet_of,
)

from .dialogs import suggested

RAVEN = "RAKhjjFyBsfCCPALmQeLWpNV1cmTRf1EVk"
POOL = "stratum+tcp://rvn.example.com:3333"

TYPED: dict[str, Any] = {
    "name": "Raven",
    "coin": "RVN",
    "software": "t-rex",
    "algorithm": "kawpow",
    "pools": [POOL],
    "wallet": RAVEN,
    "worker": "%RIG%",
}


@pytest.fixture
async def fleet(hass: HomeAssistant) -> MockConfigEntry:
    """Set up the fleet."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=FLEET, title="Mining fleet")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def begin(hass: HomeAssistant, fleet: MockConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (fleet.entry_id, FLIGHT_SHEET), context={"source": SOURCE_USER}
    )


async def send(
    hass: HomeAssistant, form: SubentryFlowResult, answers: dict[str, Any]
) -> SubentryFlowResult:
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], answers
    )
    await hass.async_block_till_done()
    return result


async def choose(
    hass: HomeAssistant, menu: SubentryFlowResult, option: str
) -> SubentryFlowResult:
    assert option in menu["menu_options"]
    return await send(hass, menu, {"next_step_id": option})


async def make(
    hass: HomeAssistant, fleet: MockConfigEntry, **other: Any
) -> SubentryFlowResult:
    menu = await send(hass, await begin(hass, fleet), TYPED | other)
    return await choose(hass, menu, "save")


async def test_the_command_line_is_shown_before_anything_is_kept(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await begin(hass, fleet)
    assert suggested(form) == NEW_SHEET
    menu = await send(hass, form, TYPED | {"wallet": f" {RAVEN} ", "coin": "rvn"})
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "confirm"
    assert menu["description_placeholders"] == {
        "rig": "rig",
        "command": (
            f"t-rex -a kawpow -o {POOL} -u {RAVEN} -w rig"
            " --api-bind-http 127.0.0.1:4067"
        ),
    }
    assert not fleet.subentries

    result = await choose(hass, menu, "save")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (subentry,) = fleet.subentries.values()
    assert (subentry.title, subentry.subentry_type) == ("Raven", FLIGHT_SHEET)
    assert sheet_of(subentry).start("Garage").worker == "Garage"
    assert fleet.state is ConfigEntryState.LOADED


async def test_what_was_typed_can_be_changed_after_the_preview(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    menu = await send(hass, await begin(hass, fleet), TYPED)
    form = await choose(hass, menu, "change")
    assert suggested(form) == TYPED
    menu = await send(hass, form, TYPED | {"pools": [POOL, "", "backup:3333"]})
    assert menu["description_placeholders"] is not None
    assert "-o stratum+tcp://backup:3333" in menu["description_placeholders"]["command"]


async def test_a_wallet_that_cannot_be_checked_is_shown_with_a_warning(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    menu = await send(
        hass, await begin(hass, fleet), TYPED | {"coin": "NEW", "wallet": "some-body"}
    )
    assert menu["step_id"] == "confirm_unchecked"
    await choose(hass, menu, "save")
    assert len(fleet.subentries) == 1


@pytest.mark.parametrize(
    ("wrong", "field", "error"),
    [
        ({"name": " "}, "name", "name_malformed"),
        ({"name": "None"}, "name", "name_reserved"),
        ({"coin": "R V N"}, "coin", "coin_malformed"),
        ({"algorithm": "a b"}, "algorithm", "algorithm_malformed"),
        ({"coin": "NEW", "algorithm": ""}, "algorithm", "algorithm_missing"),
        ({"pools": []}, "pools", "pool_missing"),
        ({"pools": ["ethproxy+tcp://x:1"]}, "pools", "pool_scheme"),
        ({"pools": [POOL, "nicehash+tcp://x:1"]}, "pools", "backups_scheme"),
        ({"pools": ["http://x"]}, "pools", "pool_malformed"),
        ({"pools": ["x:99999"]}, "pools", "pool_port"),
        ({"pools": [POOL, "x"]}, "pools", "backups_malformed"),
        ({"pools": [POOL, "x:99999"]}, "pools", "backups_port"),
        ({"pools": [POOL] * 6}, "pools", "backups_too_many"),
        ({"wallet": RAVEN[:-1] + "x"}, "wallet", "wallet_address"),
        ({"coin": "NEW", "wallet": "a b"}, "wallet", "wallet_malformed"),
        ({"worker": "a b"}, "worker", "worker_malformed"),
        ({"password": "a b"}, "password", "password_malformed"),
        (
            {"extra_arguments": "'"},
            "extra_arguments",
            "extra_arguments_quotes",
        ),
        (
            {"extra_arguments": "-i 1 " * 20},
            "extra_arguments",
            "extra_arguments_too_many",
        ),
        (
            {"extra_arguments": "--script-start reboot"},
            "extra_arguments",
            "extra_arguments_unknown_option",
        ),
        (
            {"extra_arguments": "-i /etc/passwd"},
            "extra_arguments",
            "extra_arguments_value",
        ),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_can_be_put_right(
    hass: HomeAssistant,
    fleet: MockConfigEntry,
    wrong: dict[str, Any],
    field: str,
    error: str,
) -> None:
    form = await send(hass, await begin(hass, fleet), TYPED | wrong)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {field: error}
    menu = await send(hass, form, TYPED)
    assert (await choose(hass, menu, "save"))["type"] is FlowResultType.CREATE_ENTRY


async def test_the_options_that_are_accepted_are_named(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    form = await send(
        hass, await begin(hass, fleet), TYPED | {"extra_arguments": "--config x"}
    )
    assert form["description_placeholders"] is not None
    assert "--intensity" in form["description_placeholders"]["options"]


async def test_the_usual_algorithm_is_taken_where_none_is_named(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    unnamed = {key: value for key, value in TYPED.items() if key != "algorithm"}
    menu = await send(hass, await begin(hass, fleet), unnamed)
    assert menu["step_id"] == "confirm"
    await choose(hass, menu, "save")
    (subentry,) = fleet.subentries.values()
    assert subentry.data["algorithm"] == "kawpow"


@pytest.mark.parametrize(("answer", "kept"), [("usual", "kawpow"), ("typed", "kaspa")])
async def test_an_algorithm_that_is_not_the_usual_one_is_asked_about(
    hass: HomeAssistant, fleet: MockConfigEntry, answer: str, kept: str
) -> None:
    menu = await send(hass, await begin(hass, fleet), TYPED | {"algorithm": "kaspa"})
    assert menu["step_id"] == "algorithm"
    assert menu["description_placeholders"] == {
        "software": "T-Rex",
        "coin": "Ravencoin",
        "usual": "kawpow",
        "algorithm": "kaspa",
    }
    menu = await choose(hass, menu, answer)
    assert menu["step_id"] == "confirm"
    assert menu["description_placeholders"] is not None
    assert f"-a {kept} " in menu["description_placeholders"]["command"]
    await choose(hass, menu, "save")
    (subentry,) = fleet.subentries.values()
    assert subentry.data["algorithm"] == kept


async def test_a_name_is_given_once(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    await make(hass, fleet)
    form = await send(hass, await begin(hass, fleet), TYPED | {"name": "raven"})
    assert form["errors"] == {"name": "name_taken"}


async def test_a_sheet_is_changed_without_touching_anything_else(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    await make(hass, fleet)
    (subentry,) = fleet.subentries.values()
    form = await fleet.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    assert suggested(form) == TYPED
    menu = await send(hass, form, TYPED | {"name": "Crow", "extra_arguments": "-i 21"})
    result = await choose(hass, menu, "save")
    assert result["reason"] == "reconfigure_successful"
    (subentry,) = fleet.subentries.values()
    assert subentry.title == "Crow"
    assert sheet_of(subentry).extra_arguments == ("-i", "21")
    assert fleet.state is ConfigEntryState.LOADED


async def test_only_the_fleet_has_flight_sheets(
    hass: HomeAssistant, fleet: MockConfigEntry
) -> None:
    miner = MockConfigEntry(domain=DOMAIN, title="Miner")
    miner.add_to_hass(hass)
    assert not miner.supported_subentry_types
    assert FLIGHT_SHEET in fleet.supported_subentry_types
