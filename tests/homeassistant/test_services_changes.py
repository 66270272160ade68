"""The actions that set targets, and what all that change something have in common."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
import voluptuous as vol

from custom_components.braiins_fleet import services
from simulator import SimulatedMiner
from simulator.mining import Reason

from .actions import (
    PROMPT,
    act,
    ask,
    device_of,
    hashrate_of,
    power_of,
    when_called,
    without,
)
from .conftest import SetUp, StartMiner
from .running import fall_silent, listened_to, poll, until

# What an Antminer S19k Pro allows: 771 to 6435 W, 11.36 to 268.46 TH/s; it begins
# with 2760 W.


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that takes a change over at once."""
    return await start_miner(timing=PROMPT)


@pytest.mark.parametrize(
    ("fields", "watts"),
    [
        ({"power": 2500}, 2500),
        ({"power": "2500.4"}, 2500),
        ({"power": 771}, 771),
        ({"power": 6435}, 6435),
        ({"percent": 80}, 2208),
        ({"percent": 80, "of": "nominal"}, 2208),
        ({"percent": 200, "of": "min"}, 1542),
        ({"percent": 50, "of": "max"}, 3218),
        ({"percent": 100, "of": "max"}, 6435),
        ({"percent": 50, "of": "current"}, 1380),
        ({"change": 200}, 2960),
        ({"change": -200}, 2560),
        # More or less ends where the range does.
        ({"change": 10000}, 6435),
        ({"change": -10000}, 771),
    ],
)
async def test_a_power_target_is_set(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    watts: float,
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_power_target", entry, **fields)
    assert answer == {
        "name": "Antminer S19k Pro",
        "device_id": device_of(hass, entry).id,
        "ok": True,
        "before": 2760,
        "after": watts,
        "error": None,
    }
    assert power_of(miner) == watts
    state = hass.states.get("number.antminer_s19k_pro_power_target")
    assert state is not None
    assert float(state.state) == watts


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({"hashrate": 100.5}, 100.5),
        ({"percent": 50}, 60.0),
        ({"percent": 100, "of": "min"}, 11.36),
        ({"percent": 100, "of": "max"}, 268.46),
        ({"percent": 90, "of": "current"}, 108.0),
        ({"change": -20.25}, 99.75),
        ({"change": 1000}, 268.46),
        ({"change": -1000}, 11.36),
    ],
)
async def test_a_hashrate_target_is_set(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    fields: dict[str, Any],
    rate: float,
) -> None:
    entry = await set_up(miner)
    [answer] = await ask(hass, "set_hashrate_target", entry, **fields)
    # It aimed at a power before.
    assert (answer["ok"], answer["before"]) == (True, None)
    assert answer["after"] == pytest.approx(rate)
    assert hashrate_of(miner) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("set_power_target", {"power": 770}, "770 W"),
        ("set_power_target", {"power": 6436}, "6436 W"),
        ("set_power_target", {"percent": 0}, "0 W"),
        ("set_power_target", {"percent": 101, "of": "max"}, "6499 W"),
        ("set_hashrate_target", {"hashrate": 11.3}, "11.3 TH/s"),
        ("set_hashrate_target", {"percent": 300}, "360 TH/s"),
    ],
)
async def test_what_is_out_of_range_is_refused_before_anything_is_sent(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
    said: str,
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == "out_of_range"
    assert str(error.value).startswith(f"{said} is not possible for Antminer S19k Pro")
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set_power_target", {"percent": 300, "of": "current"}),
        ("set_power_target", {"change": "nan"}),
        ("set_hashrate_target", {"percent": 1, "of": "current"}),
    ],
)
async def test_what_turns_out_to_be_out_of_range_changes_nothing(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    saved = miner.machine.saved
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, action, entry, **fields)
    assert error.value.translation_key == "out_of_range"
    assert miner.machine.saved is saved


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set_power_target", {}),
        ("set_power_target", {"of": "max"}),
        ("set_power_target", {"power": 2500, "percent": 50}),
        ("set_power_target", {"power": 2500, "change": 5}),
        ("set_power_target", {"percent": 50, "change": 5}),
        ("set_power_target", {"power": -1}),
        ("set_power_target", {"power": "nan"}),
        ("set_power_target", {"percent": 50, "of": "unknown"}),
        ("set_power_target", {"hashrate": 100}),
        ("set_hashrate_target", {"power": 2500}),
        ("set_hashrate_target", {"hashrate": 100, "percent": 50}),
        ("pause", {"stagger": -1}),
        ("pause", {"stagger": 601}),
        ("pause", {"stagger": "nan"}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    action: str,
    fields: dict[str, Any],
) -> None:
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await act(hass, action, entry, **fields)
    assert miner.calls == calls


async def test_two_changes_at_once_add_up(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    both = (ask(hass, "set_power_target", entry, change=100) for _ in range(2))
    answers = await asyncio.gather(*both)
    assert [answer["after"] for [answer] in answers] == [2860, 2960]
    assert power_of(miner) == 2960


async def test_a_change_begins_with_what_somebody_set_at_the_miner(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    async with entry.runtime_data.miner as by_hand:
        await by_hand.tuning.set_power_target(2000)
        [answer] = await ask(hass, "set_power_target", entry, change=-100)
    assert answer["after"] == 1900


async def test_without_limits_nothing_is_set(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    miner.faults.fail("GetConstraints")
    entry = await set_up(miner)
    await listened_to(entry)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_power_target", entry, power=2500)
    assert error.value.translation_key == "limits_unknown"
    assert miner.calls == calls


async def test_a_miner_without_a_default_has_no_percentage_of_it(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetConstraints", "tuner_constraints.power_target.default")
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_power_target", entry, percent=80)
    assert error.value.translation_key == "limits_unknown"


async def test_a_miner_that_tells_no_target_cannot_have_more_of_it(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "GetMinerConfiguration", "tuner")
    entry = await set_up(miner)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_power_target", entry, change=100)
    assert error.value.translation_key == "target_unknown"
    # Without its tuner in the configuration, what it is set to is not known after.
    [answer] = await ask(hass, "set_power_target", entry, power=2500)
    assert (answer["ok"], answer["after"]) == (True, None)
    assert power_of(miner) == 2500


async def test_what_the_miner_refuses_is_told_in_its_words(
    hass: HomeAssistant, miner: SimulatedMiner, set_up: SetUp
) -> None:
    entry = await set_up(miner)
    miner.machine.mining.stop()
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "pause", entry)
    assert error.value.translation_key == "command_not_now"
    assert str(error.value) == (
        "Antminer S19k Pro cannot do this right now: the mining software is not running"
    )
    assert Reason.USER not in miner.machine.mining.reasons


async def test_a_miner_that_is_away_fails_alone(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    miners = [await start_miner(seed=seed, timing=PROMPT) for seed in range(3)]
    entries = [await set_up(miner) for miner in miners]
    fall_silent(miners[1])
    for _ in range(3):
        await poll(hass, entries[1])

    answers = await ask(hass, "set_power_target", entries, power=2000)
    by_device = {answer["device_id"]: answer for answer in answers}
    assert [by_device[device_of(hass, entry).id]["ok"] for entry in entries] == [
        True,
        False,
        True,
    ]
    away = by_device[device_of(hass, entries[1]).id]
    assert (away["before"], away["after"]) == (None, None)
    assert away["error"] == f"Antminer S19k Pro does not answer at {miners[1].host}"
    assert [miner.machine.saved.tuner.power for miner in miners] == [2000, 2760, 2000]

    # Where nobody looks at the answer, it is an error, after all others are done.
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, "set_power_target", entries, power=2100)
    assert error.value.translation_key == "some_failed"
    assert not isinstance(error.value, ServiceValidationError)
    assert str(error.value) == (f"This failed for 1 of 3 miners: {away['error']}")
    assert [miner.machine.saved.tuner.power for miner in miners] == [2100, 2760, 2100]


async def test_what_is_wrong_for_all_is_the_fault_of_who_asked(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entries = [await set_up(await start_miner(model)) for model in ("s21", "bmm_101")]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "set_power_target", entries, power=500)
    assert str(error.value) == (
        "This failed for 2 of 2 miners:"
        " 500 W is not possible for Antminer S21: it allows 1085 W to 6200 W;"
        " 500 W is not possible for Braiins Mini Miner BMM 101: it allows 18 W to 52 W"
    )


async def test_a_miner_whose_set_up_failed_is_not_passed_over(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entries = [
        await set_up(await start_miner(model, timing=PROMPT))
        for model in ("s19k_pro", "s21")
    ]
    hass.config_entries.async_update_entry(
        entries[1], data={**entries[1].data, "password": "another"}
    )
    await hass.config_entries.async_reload(entries[1].entry_id)
    assert entries[1].state is ConfigEntryState.SETUP_ERROR

    answers = await ask(hass, "set_power_target", entries, percent=50)
    assert [(answer["name"], answer["ok"]) for answer in answers] == [
        ("Antminer S19k Pro", True),
        ("Antminer S21", False),
    ]
    assert answers[1]["error"] == (
        "Antminer S21 is not set up at the moment. Its entry in the settings says why"
    )


async def test_answers_go_by_name_and_use_the_one_that_the_owner_gave(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp
) -> None:
    entries = [
        await set_up(await start_miner(model, timing=PROMPT))
        for model in ("s21", "s19k_pro")
    ]
    device = device_of(hass, entries[0])
    dr.async_get(hass).async_update_device(device.id, name_by_user="Zoe")
    answers = await ask(hass, "set_power_target", entries, percent=50)
    assert [answer["name"] for answer in answers] == ["Antminer S19k Pro", "Zoe"]


@pytest.mark.parametrize("action", ["set_power_target", "get_errors"])
async def test_not_all_of_a_large_fleet_is_talked_to_at_once(
    *,
    hass: HomeAssistant,
    start_miner: StartMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 2)
    miners = [await start_miner(seed=seed, timing=PROMPT) for seed in range(4)]
    entries = [await set_up(miner) for miner in miners]
    for entry in entries:
        await listened_to(entry)
    for miner in miners:
        miner.faults.hang()
    before = [miner.calls for miner in miners]

    def asked() -> int:
        return sum(
            miner.calls > calls for miner, calls in zip(miners, before, strict=True)
        )

    fields: dict[str, Any] = {"power": 2000} if action == "set_power_target" else {}
    task = hass.async_create_task(ask(hass, action, entries, **fields))
    await until(lambda: asked() == 2)
    await asyncio.sleep(0.1)
    assert asked() == 2
    for miner in miners:
        miner.faults.clear()
    assert len(await task) == 4
    assert asked() == 4


async def test_commands_for_one_miner_never_interleave(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(miner)
    order: list[str] = []
    when_called(monkeypatch, "SetPowerTarget", lambda _: order.append("target"))
    when_called(monkeypatch, "PauseMining", lambda _: order.append("pause"))
    await asyncio.gather(
        ask(hass, "set_power_target", entry, power=2000),
        ask(hass, "pause", entry),
        ask(hass, "set_power_target", entry, power=2100),
    )
    assert order == ["target", "pause", "target"]
