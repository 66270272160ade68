"""What can be attached to a report, and what must not be in it."""

from dataclasses import replace
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (  # type: ignore[import-untyped]  # has no types
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)

from custom_components.braiins_fleet import diagnostics
from custom_components.braiins_fleet.asic import Reading
from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.identity import is_fleet
from simulator import SimulatedMiner
from simulator.configuration import Save
from simulator.journal import Kind

from .conftest import MakeEntry, SetUp, StartMiner
from .running import poll, until
from .working import Work, begin

REDACTED = "**REDACTED**"
WALLET = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
LOGIN = {"username": "overseer", "password": "correct horse"}


@pytest.fixture
async def secretive(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that has a secret wherever there can be one."""
    miner = await start_miner(**LOGIN)
    machine = miner.machine
    machine.network.hostname = "attic-heater"
    [group] = machine.saved.groups
    first, second = group.pools
    pools = (
        replace(first, url=f"stratum+tcp://{WALLET}:pw@pool.example:3333/u95GEReVMjK6"),
        replace(second, user=f"{WALLET}.attic", url="stratum+tcp://10.11.12.13:3333"),
    )
    machine.change(Save.APPLY, groups=(replace(group, pools=pools),))
    machine.note(Kind.POOLS, f"attic-heater.lan lost fe80::aa:bb as {WALLET}")
    miner.clock.advance(5)  # type: ignore[attr-defined]  # it is moved by hand
    return miner


def secrets(miner: SimulatedMiner) -> set[str]:
    """Return what nobody else is to know, in lower case."""
    machine = miner.machine
    mac = machine.identity.mac
    found = {
        *LOGIN.values(),
        *(token for token in machine.accounts._tokens),
        *(board.serial for board in machine.boards),
        machine.identity.uid,
        machine.identity.serial,
        machine.identity.psu_serial,
        mac,
        mac.replace(":", ""),
        mac.replace(":", "")[-6:],
        machine.network.hostname,
        machine.network.address,
        "10.11.12.13",
        "fe80::aa:bb",
        WALLET,
        "u95GEReVMjK6",
        "garage",
    }
    return {secret.lower() for secret in found}


def told_secrets(told: Any, miner: SimulatedMiner) -> set[str]:
    text = json.dumps(told).lower()
    return {secret for secret in secrets(miner) if secret in text}


def device_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dr.AnyDeviceEntry:
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device


async def test_a_miner_tells_what_it_is_like(
    hass: HomeAssistant, hass_client: Any, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)

    assert told["entry"]["domain"] == DOMAIN
    assert told["state"] == "loaded"
    assert told["reachable"] is True
    assert told["last_error"] is None
    assert told["status"] == "normal"
    assert told["api"] == "1.11.0"
    assert told["model"] == "Antminer S19k Pro"
    assert told["firmware"] == still_miner.machine.firmware.build
    assert told["missing"] == {}
    polling = told["polling"]
    assert polling["interval"] == 10
    assert polling["missed_polls"] == 0
    assert polling["poll_time"] > 0
    assert polling["seconds_since_answer"] >= 0
    snapshot = told["snapshot"]
    assert snapshot["stats"]["power"] == pytest.approx(2760, rel=0.05)
    assert [board["id"] for board in snapshot["hashboards"]] == ["1", "2", "3"]
    assert snapshot["pools"][0]["pools"][0]["url"] == (
        "stratum+tcp://stratum.pool.example:3333"
    )
    assert snapshot["details"]["brand"] == "antminer"
    assert snapshot["tuner"]["profile"]["created"].startswith("2026-")
    assert "raw" not in snapshot
    assert told["supported"] == dict.fromkeys(Reading, True)
    assert told["milliseconds"].keys() == set(Reading)
    assert all(0 < took < 5000 for took in told["milliseconds"].values())


async def test_nobody_learns_whose_miner_it_is(
    hass: HomeAssistant, hass_client: Any, secretive: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(secretive, **LOGIN)
    assert secretive.machine.accounts._tokens
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told_secrets(told, secretive) == set()
    told = await get_diagnostics_for_device(
        hass, hass_client, entry, device_of(hass, entry)
    )
    assert told_secrets(told, secretive) == set()
    assert told["device"]["model"] == "Antminer S19k Pro"
    assert told["device"]["serial_number"] == REDACTED
    [pools] = told["snapshot"]["pools"]
    assert [pool["url"] for pool in pools["pools"]] == [
        f"stratum+tcp://pool.example:3333/{REDACTED}",
        f"stratum+tcp://{REDACTED}:3333",
    ]
    [error] = told["snapshot"]["errors"]
    assert error["message"] == f"{REDACTED}.lan lost {REDACTED} as {REDACTED}"


async def test_a_miner_that_went_away_is_told_of_without_its_secrets(
    hass: HomeAssistant, hass_client: Any, secretive: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(secretive, **LOGIN)
    secretive.faults.refuse()
    await secretive.settled()
    for _ in range(3):
        await poll(hass, entry)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told_secrets(told, secretive) == set()
    assert told["reachable"] is False
    assert told["last_error"] == (
        f"UpdateFailed: Antminer S19k Pro does not answer at {REDACTED}"
    )
    assert told["polling"]["missed_polls"] == 3
    [(reading, error)] = told["milliseconds"].items()
    assert reading == "details"
    assert error.startswith("Unreachable: ")
    secretive.faults.clear()
    await secretive.settled()
    await until(lambda: entry.runtime_data.last_update_success)


async def test_a_miner_that_was_never_seen_is_told_of_as_far_as_it_is_known(
    hass: HomeAssistant,
    hass_client: Any,
    secretive: SimulatedMiner,
    add_entry: MakeEntry,
) -> None:
    entry = add_entry(secretive, **LOGIN)
    secretive.faults.refuse()
    await secretive.settled()
    await hass.config_entries.async_setup(entry.entry_id)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told_secrets(told, secretive) == set()
    assert told.keys() == {"entry", "state", "reason"}
    assert told["state"] == "setup_retry"
    assert told["reason"] == f"Antminer S19k Pro does not answer at {REDACTED}"


async def test_a_reading_that_fails_says_why(
    hass: HomeAssistant, hass_client: Any, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.fail("GetHashboards")
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["missing"].keys() == {"hashboards"}
    assert told["missing"]["hashboards"].startswith("Faulty: ")
    assert told["milliseconds"]["hashboards"].startswith("Faulty: ")
    assert told["milliseconds"]["cooling"] > 0
    assert told["polling"]["seconds_of_failing"].keys() == {"hashboards"}


async def test_what_the_firmware_lacks_is_named(
    hass: HomeAssistant, hass_client: Any, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(api=0))
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    lacking = {reading for reading, there in told["supported"].items() if not there}
    assert lacking == {"auto_upgrade", "efficiency", "errors", "network"}
    assert told["milliseconds"]["efficiency"].startswith("Unsupported: ")


async def test_a_miner_that_hangs_is_not_waited_for_in_vain(
    hass: HomeAssistant,
    hass_client: Any,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    monkeypatch.setattr(diagnostics, "_PATIENCE", 0.1)
    entry = await set_up(still_miner)
    still_miner.faults.hang()
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["milliseconds"] == {"details": None}


async def test_a_miner_that_refuses_its_login_is_not_tried_once_more(
    hass: HomeAssistant, hass_client: Any, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.machine.accounts.password = "another"
    still_miner.faults.lose_tokens()
    await poll(hass, entry)
    calls = still_miner.calls
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["last_error"].startswith("ConfigEntryAuthFailed: ")
    assert told["milliseconds"] == {}
    assert still_miner.calls == calls


async def test_a_name_that_all_miners_have_gives_nothing_away(
    hass: HomeAssistant, hass_client: Any, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner("s19j_pro"))
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["snapshot"]["details"]["hostname"] == REDACTED
    assert told["model"] == "Antminer S19j Pro"


async def test_the_fleet_tells_of_all_its_miners(
    hass: HomeAssistant,
    hass_client: Any,
    area_registry: ar.AreaRegistry,
    secretive: SimulatedMiner,
    set_up: SetUp,
) -> None:
    miner = await set_up(secretive, **LOGIN)
    area = area_registry.async_create("Attic")
    dr.async_get(hass).async_update_device(device_of(hass, miner).id, area_id=area.id)
    [fleet] = filter(is_fleet, hass.config_entries.async_entries(DOMAIN))
    fleet.runtime_data._stop()
    fleet.runtime_data._renew()
    told = await get_diagnostics_for_device(
        hass, hass_client, fleet, device_of(hass, fleet)
    )
    assert told_secrets(told, secretive) == set()
    assert told["entry"]["domain"] == DOMAIN
    assert told["is_complete"] is True
    assert told["fleet"]["miners"] == 1
    assert told["fleet"]["areas"]["Attic"]["reachable"] == 1
    [one] = told["miners"]
    assert one["model"] == "Antminer S19k Pro"
    assert one["reachable"] is True
    assert one["polling"]["missed_polls"] == 0


async def test_the_fleet_tells_of_its_jobs_without_the_names_of_miners(
    hass: HomeAssistant, hass_client: Any, secretive: SimulatedMiner, set_up: SetUp
) -> None:
    miner = await set_up(secretive, **LOGIN)
    hass.config_entries.async_update_entry(miner, title="Garage")
    work = Work()
    job = await begin(hass, miner, work=work)
    error = HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="command_unanswered",
        translation_placeholders={"miner": "Garage"},
    )
    work.ends.set_exception(error)
    await job.wait()
    await begin(hass, miner, work=Work())
    [fleet] = filter(is_fleet, hass.config_entries.async_entries(DOMAIN))
    told = await get_diagnostics_for_config_entry(hass, hass_client, fleet)
    failed, running = told["jobs"]
    assert (failed["state"], failed["error"]) == ("failed", "command_unanswered")
    assert failed["ended"] >= failed["started"]
    assert (running["state"], running["ended"]) == ("running", None)
    assert running["miners"] == 1
    assert told_secrets(told, secretive) == set()
