"""The actions that tell something of miners."""

from typing import Any

import grpc
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.braiins_fleet.const import DOMAIN
from simulator import FakeClock, SimulatedMiner

from .actions import PROMPT, act, ask, device_of, without
from .conftest import SetUp, StartMiner
from .running import fall_silent, listened_to, poll, until

FIGURES = {
    "name",
    "device_id",
    "status",
    "model",
    "firmware",
    "host",
    "hashrate",
    "nominal_hashrate",
    "power",
    "efficiency",
    "energy",
    "tuning",
    "power_target",
    "hashrate_target",
    "tuner",
    "cooling_mode",
    "min_fan_speed",
    "max_fan_speed",
    "hottest_chip",
    "errors",
    "found_blocks",
    "active_pool",
}


async def told(
    hass: HomeAssistant, action: str, entry: ConfigEntry[Any]
) -> dict[str, Any]:
    """Return what an action says of a miner, but for which one that is."""
    [answer] = await ask(hass, action, entry)
    assert answer.pop("name") == "Antminer S19k Pro"
    assert answer.pop("device_id") == device_of(hass, entry).id
    return answer


async def test_a_summary_has_the_main_figures_and_asks_the_miner_nothing(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    calls = still_miner.calls
    [answer] = await ask(hass, "get_summary", entry)
    assert still_miner.calls == calls
    assert set(answer) == FIGURES
    assert answer["status"] == "normal"
    assert answer["model"] == "Antminer S19k Pro"
    assert answer["host"] == still_miner.host
    assert answer["hashrate"] == pytest.approx(120, rel=0.1)
    assert answer["power"] == pytest.approx(2760, rel=0.1)
    assert answer["efficiency"] == pytest.approx(23, rel=0.1)
    assert (answer["power_target"], answer["errors"]) == (2760, 0)
    assert (answer["tuning"], answer["tuner"]) == ("power_target", "continuous")
    assert (answer["cooling_mode"], answer["max_fan_speed"]) == ("auto", 100)
    assert answer["active_pool"].startswith("stratum")


async def test_of_a_miner_that_is_away_no_figures_are_told(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    fall_silent(still_miner)
    for _ in range(3):
        await poll(hass, entry)
    answer = await told(hass, "get_summary", entry)
    assert answer.pop("status") == "unreachable"
    assert answer.pop("host") == still_miner.host
    assert set(answer.values()) == {None}


async def test_what_a_miner_does_not_tell_is_unknown_and_not_zero(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    still_miner.faults.fail(
        "GetErrors",
        "GetMinerStats",
        "GetMinerConfiguration",
        "GetTunerState",
        "GetPoolGroups",
        "GetHashboards",
        "GetCoolingState",
    )
    entry = await set_up(still_miner)
    answer = await told(hass, "get_summary", entry)
    assert answer["status"] == "normal"
    known = {key for key, value in answer.items() if value is not None}
    assert known == {"status", "model", "firmware", "host", "energy"}


async def four_miners(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, clock: FakeClock
) -> list[ConfigEntry[Any]]:
    """Set up miners that mine, are paused, stopped, and away."""
    miners = [
        await start_miner(model, timing=PROMPT)
        for model in ("s19", "s19k_pro", "s21", "bmm_101")
    ]
    entries = [await set_up(miner) for miner in miners]
    for entry in entries:
        await listened_to(entry)
    await act(hass, "pause", entries[1])
    await act(hass, "stop", entries[2])
    clock.advance(30)
    for entry in entries:
        await poll(hass, entry)
    fall_silent(miners[3])
    for _ in range(3):
        await poll(hass, entries[3])
    await until(lambda: entries[1].runtime_data.data.status == "paused")
    return entries


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["S19", "S19k Pro", "S21", "BMM 101"]),
        ({"status": "normal"}, ["S19"]),
        ({"status": ["paused", "unreachable"]}, ["S19k Pro", "BMM 101"]),
        ({"status": ["suspended"]}, []),
        ({"status": []}, ["S19", "S19k Pro", "S21", "BMM 101"]),
        ({"descending": True}, ["BMM 101", "S21", "S19k Pro", "S19"]),
        # Of the one that is stopped nobody knows the hashrate, nor of the one away.
        ({"sort_by": "hashrate"}, ["S19k Pro", "S19", "S21", "BMM 101"]),
        (
            {"sort_by": "hashrate", "descending": True},
            ["S19", "S19k Pro", "S21", "BMM 101"],
        ),
        ({"sort_by": "status"}, ["S19", "S21", "S19k Pro", "BMM 101"]),
        ({"sort_by": "power", "descending": True, "status": "normal"}, ["S19"]),
    ],
)
async def test_a_summary_is_filtered_and_sorted(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    clock: FakeClock,
    fields: dict[str, Any],
    names: list[str],
) -> None:
    entries = await four_miners(hass, start_miner, set_up, clock)
    answers = await ask(hass, "get_summary", entries, **fields)
    short = [
        answer["name"].removeprefix("Antminer ").removeprefix("Braiins Mini Miner ")
        for answer in answers
    ]
    assert short == names


@pytest.mark.parametrize(
    "fields",
    [{"status": "dreaming"}, {"sort_by": "colour"}, {"descending": "perhaps"}],
)
async def test_a_summary_knows_its_own_words_only(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(still_miner)
    with pytest.raises(vol.Invalid):
        await ask(hass, "get_summary", entry, **fields)


async def test_a_miner_whose_set_up_failed_is_in_every_summary(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "password": "another"}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    [answer] = await ask(hass, "get_summary", entry)
    assert answer["error"].startswith("Antminer S19k Pro is not set up")
    assert await ask(hass, "get_summary", entry, status="normal") == [answer]


async def test_errors_come_with_their_hints(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    assert await told(hass, "get_errors", entry) == {"errors": []}
    still_miner.faults.broken_fan(2)
    [error] = (await told(hass, "get_errors", entry))["errors"]
    assert error["message"] == "fan 2 does not turn"
    assert error["components"] == ["fan 2"]
    assert len(error["codes"]) == len(error["hints"]) == 1
    assert error["time"].endswith("+00:00")


async def test_an_error_from_before_the_clock_was_set_has_no_time(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.faults.unset_clock()
    still_miner.faults.broken_fan(2)
    [error] = (await told(hass, "get_errors", entry))["errors"]
    assert error["time"] is None


async def test_pools_come_with_their_shares_and_without_passwords(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    [group] = (await told(hass, "get_pools", entry))["groups"]
    first, second = group["pools"]
    assert first["url"] == "stratum+tcp://stratum.pool.example:3333"
    assert (first["enabled"], first["alive"], first["active"]) == (True, True, True)
    assert first["accepted_shares"] > 0
    assert second["active"] is False
    assert set(first) == {
        "url",
        "user",
        "enabled",
        "alive",
        "active",
        "accepted_shares",
        "rejected_shares",
    }


async def test_a_pool_without_figures_has_none(
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetPoolGroups", "pool_groups.0.pools.0.stats")
    entry = await set_up(still_miner)
    [group] = (await told(hass, "get_pools", entry))["groups"]
    assert group["pools"][0]["accepted_shares"] is None


async def test_tuned_profiles_say_what_they_are_of(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, clock: FakeClock
) -> None:
    miner = await start_miner(timing=PROMPT)
    entry = await set_up(miner)
    await act(hass, "set_hashrate_target", entry, hashrate=100)
    clock.advance(3 * 3600)
    found = (await told(hass, "get_profiles", entry))["profiles"]
    assert [(each["power_target"], each["hashrate_target"]) for each in found] == [
        (2760, None),
        (None, 100.0),
    ]
    for each in found:
        assert each["power"] / each["hashrate"] == pytest.approx(23, rel=0.2)
        assert each["created"].endswith("+00:00")


async def test_the_efficiency_curve_is_that_of_the_miner(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    points = (await told(hass, "get_efficiency", entry))["points"]
    assert len(points) >= 6
    powers = [point["power"] for point in points]
    assert powers == sorted(powers)
    assert (powers[0], powers[-1]) == (771, 6435)
    for point in points:
        assert point["efficiency"] == pytest.approx(
            point["power"] / point["hashrate"], abs=0.01
        )


async def test_on_older_firmware_the_curve_is_of_what_was_tuned_for(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, clock: FakeClock
) -> None:
    miner = await start_miner(timing=PROMPT, api="1.10")
    entry = await set_up(miner)
    await act(hass, "set_power_target", entry, power=2000)
    clock.advance(3 * 3600)
    await act(hass, "set_hashrate_target", entry, hashrate=100)
    clock.advance(3 * 3600)
    points = (await told(hass, "get_efficiency", entry))["points"]
    assert [point["power_target"] for point in points] == [2000, None, 2760]
    powers = [point["power"] for point in points]
    assert powers == sorted(powers)
    assert all(15 < point["efficiency"] < 30 for point in points)


async def test_limits_are_those_of_the_model(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    limits = (await told(hass, "get_limits", entry))["limits"]
    assert limits["tuner"]["power_target"] == {
        "default": 2760,
        "minimum": 771,
        "maximum": 6435,
    }
    assert limits["tuner"]["default_mode"] == "power_target"
    assert set(limits) == {"tuner", "cooling", "dps", "boards"}


async def test_a_ping_needs_no_login(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    still_miner.machine.accounts.forget_tokens()
    answer = await told(hass, "ping", entry)
    assert 0 < answer["milliseconds"] < 2000
    assert answer["api"] == "1.11.0"


@pytest.mark.parametrize(
    ("action", "method"),
    [
        ("get_errors", "GetErrors"),
        ("get_pools", "GetPoolGroups"),
        ("get_profiles", "ListTargetProfiles"),
        ("get_efficiency", "GetMinerEfficiencyProfile"),
        ("get_limits", "GetConstraints"),
        ("ping", "GetApiVersion"),
    ],
)
async def test_a_miner_that_does_not_answer_takes_nobody_along(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    action: str,
    method: str,
) -> None:
    miners = [await start_miner(model) for model in ("s19k_pro", "s21_hydro")]
    entries = [await set_up(miner) for miner in miners]
    miners[1].faults.fail(method, code=grpc.StatusCode.DEADLINE_EXCEEDED)
    one, other = await ask(hass, action, entries)
    assert "error" not in one
    assert other["name"] == "Antminer S21 Hyd."
    assert set(other) == {"name", "device_id", "error"}
    assert other["error"] == (f"Antminer S21 Hyd. does not answer at {miners[1].host}")


async def test_what_the_firmware_is_too_old_for_is_said(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entry = await set_up(await start_miner(api="1.0"))
    answer = await told(hass, "get_errors", entry)
    assert answer == {
        "error": "The Braiins OS of Antminer S19k Pro is too old for this"
    }


async def test_what_tells_something_cannot_be_called_for_nothing(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(still_miner)
    assert hass.services.has_service(DOMAIN, "get_limits")
    with pytest.raises(ServiceValidationError):
        await act(hass, "get_limits", entry)
