"""A miner that has moved is looked for on the network, and used where it is found."""

import asyncio
from collections.abc import AsyncIterator

from homeassistant.components import network
from homeassistant.components.network.models import Adapter
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import (  # type: ignore[import-untyped]  # has no types
    ClientSessionGenerator,
)

from custom_components.braiins_fleet import progress, whereabouts
from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.search import Finds
from simulator import Fleet, SimulatedMiner

from .conftest import MakeEntry
from .repairing import (
    Browser,
    Dialog,
    after,
    choose,
    close,
    open_fix,
    start_repairs,
    told,
)
from .running import hang_up_on_all

OLD, NEW = "127.0.6.1", "127.0.6.2"
NEIGHBOURHOOD = whereabouts._NEIGHBOURHOOD


@pytest.fixture(autouse=True)
def no_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the networks of this computer alone, and search few addresses."""

    async def none(_: HomeAssistant) -> list[Adapter]:
        return []

    monkeypatch.setattr(network, "async_get_adapters", none)
    # A computer that is busy with other tests would be long about more.
    monkeypatch.setattr(whereabouts, "_NEIGHBOURHOOD", 29)


@pytest.fixture
async def fleet(hass: HomeAssistant, unused_tcp_port: int) -> AsyncIterator[Fleet]:
    """Start two miners of a model, at the old and at the new address."""
    models = ("s19k_pro", "s19k_pro")
    async with Fleet(models, first=OLD, port=unused_tcp_port) as started:
        yield started
        await hang_up_on_all(hass)


@pytest.fixture
def moved(fleet: Fleet) -> SimulatedMiner:
    """Return the miner that lives at the new address now."""
    return fleet.miners[1]


@pytest.fixture
async def entry(
    hass: HomeAssistant, moved: SimulatedMiner, add_entry: MakeEntry
) -> MockConfigEntry:
    """Know the miner by the address that it used to have, and another has now."""
    entry = add_entry(moved, host=OLD)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    return entry


@pytest.fixture
async def browser(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Browser:
    """Open Home Assistant in a browser."""
    await start_repairs(hass)
    client: Browser = await hass_client()
    return client


async def begin(hass: HomeAssistant, browser: Browser, entry: ConfigEntry) -> Dialog:
    """Have the miner looked for."""
    menu = await open_fix(hass, browser, "another_miner", entry)
    return await choose(hass, browser, menu, "find")


async def test_a_miner_that_has_moved_is_used_where_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, browser: Browser
) -> None:
    dialog = await begin(hass, browser, entry)
    assert dialog["progress_action"] == "find"
    assert dialog["description_placeholders"]["count"] == "6"
    done = await after(hass, browser, dialog)
    assert done["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.data[CONF_HOST] == NEW
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass, entry) == {}


async def test_the_dialog_shows_how_much_is_searched(
    hass: HomeAssistant, entry: MockConfigEntry, browser: Browser
) -> None:
    shown: list[float] = []

    @callback
    def note(event: Event) -> None:
        shown.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)
    await after(hass, browser, await begin(hass, browser, entry))
    assert shown == sorted(set(shown))
    assert len(shown) == 6
    assert shown[-1] == 1.0


async def test_a_browser_has_time_to_listen_before_it_is_told_of_the_end(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[float] = []
    hass.bus.async_listen(
        EVENT_DATA_ENTRY_FLOW_PROGRESSED,
        callback(lambda _: ended.append(hass.loop.time())),
    )
    monkeypatch.setattr(progress, "_SHOWN_FOR_S", 0.5)
    menu = await open_fix(hass, browser, "another_miner", entry)
    started = hass.loop.time()
    await choose(hass, browser, menu, "find")
    assert ended
    assert ended[0] - started >= 0.5


async def test_the_whole_neighbourhood_of_the_old_address_is_searched(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def find_nothing(*_: object) -> Finds:
        return Finds(miners=(), known=(), stock=(), too_old=(), names={})

    monkeypatch.setattr(whereabouts, "_NEIGHBOURHOOD", NEIGHBOURHOOD)
    monkeypatch.setattr(whereabouts, "search", find_nothing)
    menu = await after(hass, browser, await begin(hass, browser, entry))
    assert menu["step_id"] == "not_found"
    assert menu["description_placeholders"]["networks"] == "127.0.6.0/24"
    assert menu["description_placeholders"]["count"] == "254"


async def test_a_miner_that_is_nowhere_can_be_looked_for_again(
    hass: HomeAssistant,
    moved: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    moved.faults.refuse()
    await moved.settled()
    menu = await after(hass, browser, await begin(hass, browser, entry))
    assert menu["step_id"] == "not_found"
    assert menu["description_placeholders"]["networks"] == "127.0.6.0/29"
    assert entry.data[CONF_HOST] == OLD
    assert "another_miner" in told(hass, entry)

    moved.faults.clear()
    await moved.settled()
    dialog = await choose(hass, browser, menu, "find")
    done = await after(hass, browser, dialog)
    assert done["type"] == "create_entry"
    assert entry.data[CONF_HOST] == NEW


async def test_a_miner_that_was_not_found_can_be_given_up(
    hass: HomeAssistant,
    moved: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    moved.machine.accounts.password = "changed"
    menu = await after(hass, browser, await begin(hass, browser, entry))
    assert menu["step_id"] == "not_found"
    form = await choose(hass, browser, menu, "adopt")
    assert form["step_id"] == "adopt"


async def test_miners_that_have_swapped_their_addresses_are_both_found(
    hass: HomeAssistant,
    fleet: Fleet,
    entry: MockConfigEntry,
    add_entry: MakeEntry,
    browser: Browser,
) -> None:
    other = add_entry(fleet.miners[0], host=NEW)
    await hass.config_entries.async_setup(other.entry_id)
    await hass.async_block_till_done()
    for each in (entry, other):
        assert "another_miner" in told(hass, each)
        done = await after(hass, browser, await begin(hass, browser, each))
        assert done["type"] == "create_entry"
    await hass.async_block_till_done()
    assert (entry.data[CONF_HOST], other.data[CONF_HOST]) == (NEW, OLD)
    for each in (entry, other):
        assert each.state is ConfigEntryState.LOADED
        assert told(hass, each) == {}


async def test_a_miner_that_is_back_is_found_where_it_always_was(
    hass: HomeAssistant, fleet: Fleet, entry: MockConfigEntry, browser: Browser
) -> None:
    here, there = fleet.miners
    here.machine.identity, there.machine.identity = (
        there.machine.identity,
        here.machine.identity,
    )
    done = await after(hass, browser, await begin(hass, browser, entry))
    assert done["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.data[CONF_HOST] == OLD
    assert entry.state is ConfigEntryState.LOADED


async def test_a_miner_known_by_name_is_looked_for_in_the_networks_of_the_home(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def suggest(_: HomeAssistant) -> list[str]:
        return [f"{NEW}/32"]

    monkeypatch.setattr(whereabouts, "suggested_networks", suggest)
    data = {**entry.data, CONF_HOST: "localhost"}
    hass.config_entries.async_update_entry(entry, data=data)
    dialog = await begin(hass, browser, entry)
    assert dialog["description_placeholders"]["networks"] == f"{NEW}/32"
    done = await after(hass, browser, dialog)
    assert done["type"] == "create_entry"
    assert entry.data[CONF_HOST] == NEW


async def test_a_miner_known_by_name_in_a_home_without_networks_is_not_found(
    hass: HomeAssistant, entry: MockConfigEntry, browser: Browser
) -> None:
    data = {**entry.data, CONF_HOST: "localhost"}
    hass.config_entries.async_update_entry(entry, data=data)
    menu = await after(hass, browser, await begin(hass, browser, entry))
    assert menu["step_id"] == "not_found"
    assert menu["description_placeholders"]["networks"] == "-"
    assert menu["description_placeholders"]["count"] == "0"


async def test_closing_the_dialog_ends_the_search(
    moved: SimulatedMiner, entry: MockConfigEntry, browser: Browser
) -> None:
    moved.faults.hang()
    answer = await browser.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": f"another_miner_{entry.entry_id}"},
    )
    menu = await answer.json()
    url = f"/api/repairs/issues/fix/{menu['flow_id']}"
    await browser.post(url, json={"next_step_id": "find"})
    assert searches()
    await close(browser, menu)
    await asyncio.sleep(0)
    assert not searches()


def searches() -> list[asyncio.Task[object]]:
    """Return the searches that are under way."""
    return [
        task
        for task in asyncio.all_tasks()
        if task.get_name() == "search for a miner" and not task.cancelling()
    ]


async def test_a_miner_that_is_removed_before_it_is_found_is_left_alone(
    hass: HomeAssistant, entry: MockConfigEntry, browser: Browser
) -> None:
    dialog = await begin(hass, browser, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    end = await after(hass, browser, dialog)
    assert (end["type"], end["reason"]) == ("abort", "miner_removed")
