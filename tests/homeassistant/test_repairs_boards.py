"""A hashboard that is gone is told of, until it is back or given up."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.typing import (  # type: ignore[import-untyped]  # has no types
    ClientSessionGenerator,
)

from simulator import SimulatedMiner
from simulator.mining import Reason

from .conftest import SetUp, StartMiner
from .repairing import Browser, confirm, issue, open_fix, start_repairs, told
from .running import PassingTime, poll

type Minutes = Callable[[MockConfigEntry, float], Awaitable[None]]


@pytest.fixture
def minutes(hass: HomeAssistant, pass_time: PassingTime) -> Minutes:
    """Let minutes pass, with a poll at the end of each."""

    async def go_by(entry: MockConfigEntry, count: float) -> None:
        while count > 0:
            pass_time.jump(60 * min(1, count))
            count -= 1
            await poll(hass, entry)

    return go_by


@pytest.fixture
async def browser(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Browser:
    """Open Home Assistant in a browser."""
    await start_repairs(hass)
    client: Browser = await hass_client()
    return client


@pytest.fixture
async def entry(
    minutes: Minutes, still_miner: SimulatedMiner, set_up: SetUp
) -> MockConfigEntry:
    """Set up a miner with the boards 1, 2 and 3."""
    entry = await set_up(still_miner)
    await minutes(entry, 1)
    return entry


def remove(miner: SimulatedMiner, *ids: str) -> None:
    """Pull boards out of a miner."""
    miner.machine.boards = [
        board for board in miner.machine.boards if board.id not in ids
    ]


def boards(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the boards that have entities."""
    return {
        entity.unique_id.partition("_board:")[2].partition("_")[0]
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if "_board:" in entity.unique_id
    }


async def test_a_board_that_is_gone_is_told_of_after_ten_minutes(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    healthy = still_miner.machine.boards
    remove(still_miner, "2")
    await minutes(entry, 10)
    assert told(hass, entry) == {}

    await minutes(entry, 1)
    assert told(hass, entry) == {
        "board_missing": "Antminer S19k Pro is missing hashboard 2"
    }
    found = issue(hass, "board_missing", entry)
    assert found
    assert found.severity is ir.IssueSeverity.ERROR
    assert found.translation_placeholders == {
        "miner": "Antminer S19k Pro",
        "boards": "2",
    }

    still_miner.machine.boards = healthy
    await minutes(entry, 1)
    assert told(hass, entry) == {}


async def test_each_board_is_waited_for_by_itself(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    remove(still_miner, "3")
    await minutes(entry, 5)
    remove(still_miner, "1")
    await minutes(entry, 6)
    assert missing(hass, entry) == "3"
    await minutes(entry, 5)
    assert missing(hass, entry) == "1, 3"


def missing(hass: HomeAssistant, entry: MockConfigEntry) -> str | None:
    """Return which boards a person is told are missing."""
    found = issue(hass, "board_missing", entry)
    return ((found and found.translation_placeholders) or {}).get("boards")


async def test_a_board_that_is_silent_or_switched_off_is_not_missing(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    still_miner.faults.board_down("1")
    still_miner.machine.board_named("2").enabled = False
    await minutes(entry, 15)
    assert told(hass, entry) == {}


async def test_a_stopped_miner_that_lists_no_boards_has_not_lost_them(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    still_miner.machine.mining.stop()
    await minutes(entry, 15)
    assert entry.runtime_data.data.snapshot.hashboards == ()
    assert told(hass, entry) == {}


async def test_only_time_in_which_the_miner_mines_counts(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    remove(still_miner, "2")
    await minutes(entry, 8)
    still_miner.machine.mining.pause(Reason.USER)
    await minutes(entry, 15)
    still_miner.machine.mining.resume(Reason.USER)
    await minutes(entry, 8)
    assert told(hass, entry) == {}
    await minutes(entry, 5)
    assert missing(hass, entry) == "2"

    # What is missing is so until it is seen again, mining or not.
    still_miner.machine.mining.pause(Reason.USER)
    await minutes(entry, 2)
    assert missing(hass, entry) == "2"


async def test_a_reading_that_fails_is_no_missing_board(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
) -> None:
    still_miner.faults.fail("GetHashboards")
    await minutes(entry, 15)
    assert entry.runtime_data.data.boards == {}
    assert told(hass, entry) == {}


async def test_a_miner_that_mines_without_any_board_it_had_is_told_of(
    hass: HomeAssistant,
    minutes: Minutes,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner()
    entry = await set_up(miner)
    assert boards(hass, entry) == {"1", "2", "3"}
    answers = miner.machine.model
    miner.machine.model = replace(answers, lists_boards=False)
    await minutes(entry, 12)
    assert missing(hass, entry) == "1, 2, 3"


async def test_who_took_a_board_out_is_rid_of_its_entities(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    healthy = still_miner.machine.boards
    remove(still_miner, "2")
    await minutes(entry, 12)

    form = await open_fix(hass, browser, "board_missing", entry)
    assert form["type"] == "form"
    assert form["description_placeholders"]["boards"] == "2"
    assert boards(hass, entry) == {"1", "2", "3"}
    done = await confirm(hass, browser, form)
    assert done["type"] == "create_entry"
    assert boards(hass, entry) == {"1", "3"}
    assert told(hass, entry) == {}
    await minutes(entry, 12)
    assert told(hass, entry) == {}

    # A board that is put in again is welcome.
    still_miner.machine.boards = healthy
    await minutes(entry, 1)
    assert boards(hass, entry) == {"1", "2", "3"}
    [hashrate] = [
        entity.entity_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.unique_id.endswith("_board:2_board_hashrate")
    ]
    state = hass.states.get(hashrate)
    assert state
    assert float(state.state) > 0


async def test_a_board_that_came_back_keeps_its_entities_whatever_is_confirmed(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    healthy = still_miner.machine.boards
    remove(still_miner, "2")
    await minutes(entry, 12)
    form = await open_fix(hass, browser, "board_missing", entry)
    still_miner.machine.boards = healthy
    await minutes(entry, 1)
    await confirm(hass, browser, form)
    assert boards(hass, entry) == {"1", "2", "3"}


@pytest.mark.parametrize("loaded", [False, True])
async def test_nothing_is_forgotten_while_the_miner_does_not_tell_its_boards(
    *,
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
    loaded: bool,
) -> None:
    remove(still_miner, "2")
    await minutes(entry, 12)
    form = await open_fix(hass, browser, "board_missing", entry)
    if loaded:
        still_miner.machine.mining.stop()
        await minutes(entry, 2)
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    end = await confirm(hass, browser, form)
    assert (end["type"], end["reason"]) == ("abort", "not_now")
    assert boards(hass, entry) == {"1", "2", "3"}
    assert missing(hass, entry) == "2"


async def test_a_miner_that_was_removed_meanwhile_needs_no_repair(
    hass: HomeAssistant,
    minutes: Minutes,
    still_miner: SimulatedMiner,
    entry: MockConfigEntry,
    browser: Browser,
) -> None:
    remove(still_miner, "2")
    await minutes(entry, 12)
    form = await open_fix(hass, browser, "board_missing", entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert told(hass, entry) == {}
    end = await confirm(hass, browser, form)
    assert (end["type"], end["reason"]) == ("abort", "miner_removed")
