"""Which clocks and limits can be set, on which cards, and what is sent for that."""

from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    ALL_CARDS,
    Gpu,
    Overclock,
    Refused,
    Unacceptable,
    Vendor,
    offered,
    overclock,
)

from .conftest import Pair, StartRig


async def gpus_of(start_rig: StartRig, *cards: str) -> tuple[Pair, tuple[Gpu, ...]]:
    pair = await start_rig(*cards)
    gpus = pair.rig.state.gpus
    assert gpus is not None
    return pair, gpus


async def test_each_nvidia_card_can_be_set_alone(start_rig: StartRig) -> None:
    pair, gpus = await gpus_of(start_rig, "rtx3080", "rtx3080", "rtx4070")
    assert set(offered(gpus, gpus[1])) == {"power_limit", "core_lock", "memory_lock"}
    command = overclock(gpus, gpus[1], power_limit=220, core_lock=1200)
    assert command.payload() == {"gpuIndex": 1, "powerLimit": 220, "coreLock": 1200}
    await pair.while_living(pair.rig.run(command))
    assert [card.power_limit for card in pair.machine.cards] == [320, 220, 200]
    assert [card.core_lock for card in pair.machine.cards] == [None, 1200, None]


async def test_all_cards_are_never_left_to_the_agents_default(
    start_rig: StartRig,
) -> None:
    pair, gpus = await gpus_of(start_rig, "rtx3080", "rtx3080")
    command = overclock(gpus, memory_lock=9001)
    assert command.payload() == {"gpuIndex": ALL_CARDS, "memLock": 9001}
    await pair.while_living(pair.rig.run(command))
    assert [card.memory_lock for card in pair.machine.cards] == [9001, 9001]


async def test_amd_cards_are_set_together_and_have_fans(start_rig: StartRig) -> None:
    pair, gpus = await gpus_of(start_rig, "rx6800xt", "rx6800xt")
    assert offered(gpus, gpus[0]) == {}
    with pytest.raises(Unacceptable):
        overclock(gpus, gpus[0], fan=70)
    assert "fan" in offered(gpus)
    pair.machine.has_onboard = True
    await pair.while_living(pair.rig.run(overclock(gpus, fan=70)))
    assert [card.fan_fixed for card in pair.machine.cards] == [70, 70]


async def test_the_only_card_can_be_meant_whoever_made_it(start_rig: StartRig) -> None:
    pair, gpus = await gpus_of(start_rig, "rx6800xt")
    pair.machine.has_onboard = True
    command = overclock(gpus, gpus[0], power_limit=180)
    assert command.gpu == ALL_CARDS
    await pair.while_living(pair.rig.run(command))
    assert pair.machine.cards[0].power_limit == 180


async def test_in_a_mixed_rig_only_what_both_vendors_do_is_set_of_all(
    start_rig: StartRig,
) -> None:
    pair, gpus = await gpus_of(start_rig, "rtx3080", "rx6800xt")
    assert offered(gpus, gpus[0]) == {}
    assert set(offered(gpus)) == {"power_limit", "core_lock", "memory_lock"}
    assert offered(gpus)["memory_lock"].low == 400
    await pair.while_living(pair.rig.run(overclock(gpus, power_limit=200)))
    assert [card.power_limit for card in pair.machine.cards] == [200, 200]
    # This is why: the agent takes one number for a card of each.
    wanted = dict.fromkeys(
        ("coreLock", "memLock", "fanSpeed", "coreOffset", "memOffset")
    )
    pair.machine.overclock({"gpuIndex": 0, "powerLimit": 190, **wanted})
    assert [card.power_limit for card in pair.machine.cards] == [190, 190]


def test_a_rig_without_cards_has_nothing_to_set() -> None:
    assert offered(()) == {}
    with pytest.raises(Unacceptable):
        overclock((), power_limit=100)


@pytest.mark.parametrize(
    ("vendor", "settings", "field"),
    [
        (Vendor.NVIDIA, {"fan": 50}, "fan"),
        (Vendor.NVIDIA, {"power_limit": 49}, "power_limit"),
        (Vendor.NVIDIA, {"power_limit": 601}, "power_limit"),
        (Vendor.NVIDIA, {"core_lock": 0}, "core_lock"),
        (Vendor.NVIDIA, {"core_lock": 3501}, "core_lock"),
        (Vendor.NVIDIA, {"memory_lock": 399}, "memory_lock"),
        (Vendor.NVIDIA, {"memory_lock": 16_001}, "memory_lock"),
        (Vendor.AMD, {"fan": 101}, "fan"),
        (Vendor.AMD, {"fan": -1}, "fan"),
        (Vendor.OTHER, {"power_limit": 100}, "power_limit"),
        (Vendor.NVIDIA, {}, "power_limit"),
        (Vendor.NVIDIA, {"gpu": -2, "power_limit": 100}, "gpu"),
    ],
)
def test_what_the_agent_does_not_do_or_must_not_be_told_is_refused(
    vendor: Vendor, settings: dict[str, int], field: str
) -> None:
    fields: dict[str, Any] = {"gpu": ALL_CARDS, "vendors": frozenset({vendor})}
    with pytest.raises(Unacceptable) as refused:
        Overclock(**fields | settings)
    assert refused.value.field == field


async def test_a_limit_that_the_card_does_not_take_is_refused_with_its_reason(
    start_rig: StartRig,
) -> None:
    pair, gpus = await gpus_of(start_rig, "rtx3080", "rtx4070")
    with pytest.raises(Refused) as refused:
        await pair.while_living(
            pair.rig.run(overclock(gpus, power_limit=300, core_lock=1500))
        )
    assert "is not a valid power limit" in refused.value.detail
    assert "\n" not in refused.value.detail
    # It is not all or nothing.
    assert [card.power_limit for card in pair.machine.cards] == [300, 200]
    assert [card.core_lock for card in pair.machine.cards] == [1500, 1500]
