"""Overclock profiles: checked when made, and told to each rig as it needs it."""

from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    ALL_CARDS,
    STARTING_POINTS,
    Gpu,
    Overclock,
    Profile,
    Settings,
    Unacceptable,
    Vendor,
    overclocks,
)

from .conftest import StartRig

NVIDIA = frozenset({Vendor.NVIDIA})


async def gpus_of(start_rig: StartRig, *cards: str) -> tuple[Gpu, ...]:
    gpus = (await start_rig(*cards)).rig.state.gpus
    assert gpus is not None
    return gpus


def commands(made: Profile, gpus: tuple[Gpu, ...]) -> list[Overclock]:
    numbers = {gpu.card.key: gpu.reading.ordinal for gpu in gpus}
    return overclocks(gpus, made.meant(gpus, numbers))


def profile(**other: Any) -> Profile:
    fields: dict[str, Any] = {"name": "Quiet", "vendors": NVIDIA}
    return Profile(**fields | other)


async def test_what_is_the_same_for_all_cards_is_told_once(
    start_rig: StartRig,
) -> None:
    gpus = await gpus_of(start_rig, "rtx3080", "rtx3080", "rtx4070")
    quiet = profile(settings=Settings(power_limit=200, core_lock=1400))
    (command,) = commands(quiet, gpus)
    assert command.payload() == {
        "gpuIndex": ALL_CARDS,
        "powerLimit": 200,
        "coreLock": 1400,
    }


async def test_a_card_can_have_settings_of_its_own(start_rig: StartRig) -> None:
    gpus = await gpus_of(start_rig, "rtx3080", "rtx3080", "rtx4070")
    quiet = profile(
        settings=Settings(power_limit=200, core_lock=1400),
        cards={2: Settings(power_limit=150), 7: Settings(power_limit=100)},
    )
    assert [command.payload() for command in commands(quiet, gpus)] == [
        {"gpuIndex": 0, "powerLimit": 200, "coreLock": 1400},
        {"gpuIndex": 1, "powerLimit": 200, "coreLock": 1400},
        {"gpuIndex": 2, "powerLimit": 150, "coreLock": 1400},
    ]
    only = profile(cards={1: Settings(core_lock=1500)})
    assert [command.payload() for command in commands(only, gpus)] == [
        {"gpuIndex": 1, "coreLock": 1500}
    ]


async def test_a_profile_reaches_no_cards_that_it_is_not_for(
    start_rig: StartRig,
) -> None:
    settings = Settings(power_limit=200)
    mixed = await gpus_of(start_rig, "rtx3080", "rx6800xt")
    with pytest.raises(Unacceptable) as refused:
        commands(profile(settings=settings), mixed)
    assert (refused.value.field, refused.value.reason) == ("vendors", "other")
    both = profile(vendors=frozenset({Vendor.NVIDIA, Vendor.AMD}), settings=settings)
    assert len(commands(both, mixed)) == 1
    with pytest.raises(Unacceptable) as refused:
        commands(both, ())
    assert (refused.value.field, refused.value.reason) == ("gpu", "missing")


@pytest.mark.parametrize(
    ("other", "field", "reason"),
    [
        ({"name": ""}, "name", "malformed"),
        ({"vendors": frozenset()}, "vendors", "missing"),
        ({}, "power_limit", "missing"),
        ({"settings": Settings(power_limit=10)}, "power_limit", "range"),
        ({"settings": Settings(core_lock=9000)}, "core_lock", "range"),
        ({"settings": Settings(memory_lock=1)}, "memory_lock", "range"),
        ({"settings": Settings(fan=50)}, "fan", "not_offered"),
        ({"cards": {0: Settings(fan=50)}}, "cards", "not_offered"),
        ({"cards": {0: Settings(power_limit=10)}}, "cards", "range"),
        ({"cards": {-1: Settings(power_limit=100)}}, "cards", "range"),
        ({"cards": {0: Settings()}}, "cards", "missing"),
        (
            {
                "vendors": frozenset({Vendor.AMD}),
                "cards": {0: Settings(power_limit=100)},
            },
            "cards",
            "not_offered",
        ),
    ],
)
def test_what_is_wrong_is_found_when_it_is_made(
    other: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Unacceptable) as refused:
        profile(**other)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_fans_of_amd_cards_can_be_set() -> None:
    amd = profile(vendors=frozenset({Vendor.AMD}), settings=Settings(fan=70))
    assert amd.settings.chosen == {"fan": 70}


def test_there_is_where_to_begin_for_common_cards() -> None:
    assert "GeForce RTX 3080" in STARTING_POINTS
    for start in STARTING_POINTS.values():
        assert start.settings.memory_lock is None
        assert start.settings.power_limit is not None
