"""Another miner at a miner's address is told of, until the right one answers."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from simulator import SimulatedMiner

from .conftest import MakeEntry, SetUp
from .repairing import issue, told
from .running import PassingTime, poll

TOLD = {"another_miner": "Another miner answers in place of Antminer S19k Pro"}

type Swap = Callable[[MockConfigEntry], Awaitable[None]]


@pytest.fixture
def swap(
    hass: HomeAssistant, pass_time: PassingTime, still_miner: SimulatedMiner
) -> Swap:
    """Have another miner answer, and wait until that is noticed."""

    async def put_another(entry: MockConfigEntry) -> None:
        still_miner.faults.wrong_identity()
        pass_time.jump(600)
        await poll(hass, entry)

    return put_another


async def test_it_is_told_where_nothing_can_be_set_up(
    hass: HomeAssistant, still_miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(still_miner)
    still_miner.faults.wrong_identity()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert told(hass, entry) == TOLD
    found = issue(hass, "another_miner", entry)
    assert found
    assert found.severity is ir.IssueSeverity.ERROR
    stranger = still_miner.machine.identity.mac.lower()
    assert found.translation_placeholders == {
        "miner": "Antminer S19k Pro",
        "known_as": entry.unique_id,
        "host": still_miner.host,
        "other": f"Antminer S19k Pro ({stranger})",
    }

    still_miner.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass, entry) == {}


async def test_it_is_told_of_a_miner_that_is_only_remembered(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.wrong_identity()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert told(hass, entry) == TOLD

    still_miner.faults.clear()
    await poll(hass, entry)
    assert told(hass, entry) == {}


async def test_it_is_told_while_the_miner_is_in_use(
    hass: HomeAssistant, swap: Swap, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await swap(entry)
    assert told(hass, entry) == TOLD

    still_miner.faults.clear()
    await poll(hass, entry)
    assert told(hass, entry) == {}


async def test_it_is_told_when_the_miner_was_off_before(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner, options={"tolerated_misses": 1})
    still_miner.faults.refuse()
    await still_miner.settled()
    await poll(hass, entry)
    assert not entry.runtime_data.last_update_success
    assert told(hass, entry) == {}

    still_miner.faults.wrong_identity()
    still_miner.faults.clear("refuse")
    await still_miner.settled()
    await entry.runtime_data.miner.connected()
    await poll(hass, entry)
    assert told(hass, entry) == TOLD


async def test_it_is_so_until_the_right_one_answers(
    hass: HomeAssistant, swap: Swap, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await swap(entry)
    still_miner.faults.refuse()
    await still_miner.settled()
    await poll(hass, entry)
    assert told(hass, entry) == TOLD
    await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass, entry) == TOLD

    still_miner.faults.clear()
    await still_miner.settled()
    await hass.config_entries.async_reload(entry.entry_id)
    assert told(hass, entry) == {}


async def test_a_miner_that_has_an_entry_is_called_by_its_name(
    hass: HomeAssistant, still_miner: SimulatedMiner, add_entry: MakeEntry
) -> None:
    entry = add_entry(still_miner)
    still_miner.faults.wrong_identity()
    who = still_miner.machine.identity
    other = add_entry(still_miner, unique_id=who.mac.lower(), uid=who.uid)
    hass.config_entries.async_update_entry(other, title="Garage")
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    found = issue(hass, "another_miner", entry)
    assert found
    assert found.translation_placeholders
    assert found.translation_placeholders["other"] == "Garage"
    assert told(hass, other) == {}


@pytest.mark.parametrize("known", [False, True])
async def test_a_miner_that_is_removed_takes_its_issue_along(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, *, known: bool
) -> None:
    entry = await gone_wrong(hass, still_miner, set_up, known=known)
    await hass.config_entries.async_remove(entry.entry_id)
    assert told(hass, entry) == {}
    assert not registered(hass)


@pytest.mark.parametrize("known", [False, True])
async def test_a_miner_that_is_disabled_takes_its_issue_along(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp, *, known: bool
) -> None:
    entry = await gone_wrong(hass, still_miner, set_up, known=known)
    await hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )
    assert told(hass, entry) == {}

    # Enabled again, it is still so.
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    assert told(hass, entry) == TOLD


async def test_an_issue_that_is_ignored_stays_ignored_when_the_miner_is_reloaded(
    hass: HomeAssistant, swap: Swap, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await swap(entry)
    ir.async_ignore_issue(hass, DOMAIN, f"another_miner_{entry.entry_id}", ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    found = issue(hass, "another_miner", entry)
    assert found
    assert found.dismissed_version


async def gone_wrong(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp, *, known: bool
) -> MockConfigEntry:
    """Return a miner in whose place another one answers, seen before or never."""
    entry: MockConfigEntry = await set_up(miner)
    if not known:
        await hass.config_entries.async_unload(entry.entry_id)
        hass.data[FARM].memory.forget(entry.entry_id)
    miner.faults.wrong_identity()
    await hass.config_entries.async_reload(entry.entry_id)
    state = ConfigEntryState.LOADED if known else ConfigEntryState.SETUP_RETRY
    assert entry.state is state
    assert told(hass, entry) == TOLD
    return entry


def registered(hass: HomeAssistant) -> list[str]:
    """Return the ids of our issues, those that are not shown as well."""
    issues = ir.async_get(hass).issues
    return [known_as for domain, known_as in issues if domain == DOMAIN]
