"""What a person is told that they can put right, and how it goes away by itself."""

from collections.abc import Awaitable, Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)

from simulator import SimulatedMiner
from simulator.firmware import Firmware, firmware_for
from simulator.journal import Entry, Kind
from simulator.license import LicenseState

from .conftest import SetUp, StartMiner
from .repairing import issue, told
from .running import PassingTime, poll

type Review = Callable[[MockConfigEntry], Awaitable[None]]

YEARS = 365 * 86400.0


@pytest.fixture
def review(hass: HomeAssistant, pass_time: PassingTime) -> Review:
    """Poll a miner when all that it can tell is due."""

    async def look(entry: MockConfigEntry) -> None:
        pass_time.jump(600)
        await poll(hass, entry)

    return look


async def test_a_healthy_miner_needs_no_repair(
    hass: HomeAssistant, review: Review, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await review(entry)
    assert told(hass, entry) == {}


async def test_a_clock_that_was_never_set_is_told_until_it_is(
    hass: HomeAssistant, review: Review, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    still_miner.faults.broken_fan()
    still_miner.faults.unset_clock()
    entry = await set_up(still_miner)
    await review(entry)
    assert told(hass, entry) == {
        "clock_unset": (
            "Antminer S19k Pro does not know the time\n\n"
            "The clock of Antminer S19k Pro has not been set since it was started. "
            "The times of its errors and shares are wrong, so they are not shown.\n\n"
            "A miner gets the time from the internet when it starts. Open the network "
            "settings on its own web page and check these:\n\n"
            "- Gateway: the address of your router.\n"
            "- DNS server: that of your router, or any other one that works.\n\n"
            "Also check that no firewall keeps the miner from the internet "
            "(NTP, UDP port 123). Then restart the miner."
        )
    }
    found = issue(hass, "clock_unset", entry)
    assert found
    assert found.severity is ir.IssueSeverity.WARNING

    still_miner.faults.clear("unset-clock")
    await review(entry)
    assert told(hass, entry) == {}


async def test_an_error_from_before_the_clock_was_set_is_no_sign_of_an_unset_clock(
    hass: HomeAssistant, review: Review, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    machine = still_miner.machine
    machine.journal.note(Entry(machine.moment - 11 * YEARS, Kind.FAN, "fan 0 stopped"))
    entry = await set_up(still_miner)
    await review(entry)
    [error] = entry.runtime_data.data.snapshot.errors
    assert not error.clock_was_set
    assert told(hass, entry) == {}


async def test_a_miner_that_has_not_worked_yet_may_still_get_the_time(
    hass: HomeAssistant, review: Review, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner(warm=False)
    miner.faults.dead_pool()
    miner.faults.unset_clock()
    entry = await set_up(miner)
    await review(entry)
    assert entry.runtime_data.data.snapshot.errors
    assert told(hass, entry) == {}


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (LicenseState.LIMITED, "The license of Antminer S19k Pro is limited"),
        (LicenseState.EXPIRED, "The license of Antminer S19k Pro has expired"),
    ],
)
async def test_a_license_that_restricts_the_miner_is_told_until_it_is_valid(
    *,
    hass: HomeAssistant,
    review: Review,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    state: LicenseState,
    title: str,
) -> None:
    entry = await set_up(still_miner)
    still_miner.machine.license.become(state)
    await review(entry)
    [(about, text)] = told(hass, entry).items()
    assert about == f"license_{state.value}"
    assert text.startswith(f"{title}\n\n")
    found = issue(hass, about, entry)
    assert found
    assert found.severity is ir.IssueSeverity.ERROR

    still_miner.machine.license.become(LicenseState.VALID)
    await review(entry)
    assert told(hass, entry) == {}


async def test_a_miner_that_has_no_license_yet_is_left_alone(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    still_miner.machine.license.become(LicenseState.NONE)
    entry = await set_up(still_miner)
    assert told(hass, entry) == {}


async def test_entities_that_an_older_firmware_cannot_fill_are_named(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    review: Review,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner(api=8)
    miner.machine.upgrades.configure(None, enabled=True)
    entry = await set_up(miner)
    assert told(hass, entry) == {}

    # Nobody who did not enable it misses the next automatic upgrade.
    miner.machine.install(firmware_for(7))
    await review(entry)
    assert told(hass, entry) == {}

    upgrade = named(entity_registry, entry, "_next_auto_upgrade")
    entity_registry.async_update_entity(upgrade.entity_id, disabled_by=None)
    await review(entry)
    assert told(hass, entry) == {
        "firmware_too_old": (
            "The Braiins OS of Antminer S19k Pro is too old for some entities\n\n"
            "Antminer S19k Pro runs Braiins OS 25.07, which does not have the "
            "readings for these entities: Next automatic upgrade.\n\n"
            "They stay unknown until the miner runs Braiins OS 25.11 or newer. "
            "Upgrade it, or disable the entities if you can do without them."
        )
    }

    miner.machine.install(firmware_for(8))
    await review(entry)
    assert told(hass, entry) == {}


async def test_entities_of_several_releases_need_the_newest_of_them(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    review: Review,
    start_miner: StartMiner,
    set_up: SetUp,
) -> None:
    miner = await start_miner(api=2)
    entry = await set_up(miner)
    entity_registry.async_update_entity(
        named(entity_registry, entry, "_errors").entity_id, name="Trouble"
    )
    miner.machine.install(firmware_for(0))
    await review(entry)
    found = issue(hass, "firmware_too_old", entry)
    assert found
    assert found.severity is ir.IssueSeverity.WARNING
    assert found.translation_placeholders == {
        "miner": "Antminer S19k Pro",
        "firmware": "24.03",
        "release": "24.06",
        "entities": "Problem, Trouble",
    }

    for key in ("_errors", "_problem"):
        known_as = named(entity_registry, entry, key).entity_id
        entity_registry.async_update_entity(
            known_as, disabled_by=er.RegistryEntryDisabler.USER
        )
    await review(entry)
    assert told(hass, entry) == {}


@pytest.mark.parametrize(
    ("build", "shown"),
    [("2024-03-18-nightly", "2024-03-18-nightly"), ("", "(API 1.0.0)")],
)
async def test_a_firmware_without_a_release_is_named_by_what_is_known_of_it(
    *,
    hass: HomeAssistant,
    review: Review,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    build: str,
    shown: str,
) -> None:
    miner = await start_miner(api=2)
    entry = await set_up(miner)
    monkeypatch.setattr(Firmware, "build", build)
    miner.machine.install(firmware_for(0))
    await review(entry)
    assert (
        f"Antminer S19k Pro runs Braiins OS {shown}, which"
        in told(hass, entry)["firmware_too_old"]
    )


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize(
    ("model", "release"), [("s19k_pro", "25.11"), ("s21_hydro", "26.05")]
)
async def test_whatever_an_older_firmware_leaves_empty_is_named(
    *,
    hass: HomeAssistant,
    review: Review,
    start_miner: StartMiner,
    set_up: SetUp,
    model: str,
    release: str,
) -> None:
    miner = await start_miner(model, api=11)
    miner.machine.upgrades.configure(None, enabled=True)
    entry = await set_up(miner)
    before = unknown(hass, entry)
    miner.machine.install(firmware_for(0))
    await review(entry)
    await review(entry)

    found = issue(hass, "firmware_too_old", entry)
    assert found
    assert found.translation_placeholders
    empty = unknown(hass, entry) - before
    assert set(found.translation_placeholders["entities"].split(", ")) == empty
    assert found.translation_placeholders["release"] == release


def named(
    registry: er.EntityRegistry, entry: MockConfigEntry, end: str
) -> er.RegistryEntry:
    """Return the entity of a miner whose unique id ends like this."""
    [found] = [
        entity
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
        if entity.unique_id == f"{entry.unique_id}{end}"
    ]
    return found


def unknown(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the names of the entities that show nothing."""
    registry = er.async_get(hass)
    names = set()
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        state = hass.states.get(entity.entity_id)
        if state and state.state == "unknown":
            names.add(str(entity.original_name))
    return names
