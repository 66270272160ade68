"""What agents mean by what they say."""

import pytest

from custom_components.braiins_fleet.rig import (
    Reason,
    Refusal,
    Refused,
    RestartMiner,
    StartMiner,
    overclock,
    understand,
)

from .conftest import StartRig

START = StartMiner(
    software="t-rex", algorithm="kawpow", pool="a.example.com:1", wallet="RXaWallet"
)


async def refusal(start_rig: StartRig, command: StartMiner | RestartMiner) -> Refusal:
    """Return why a rig without any software does not do something."""
    pair = await start_rig(mining=False)
    pair.machine.binaries.clear()
    with pytest.raises(Refused) as refused:
        await pair.rig.run(command)
    understood = understand(refused.value.detail)
    assert understood is not None
    return understood


async def test_a_restart_of_nothing_is_understood(start_rig: StartRig) -> None:
    found = await refusal(start_rig, RestartMiner())
    assert found == Refusal(Reason.NOTHING_TO_RESTART, {})


async def test_software_that_is_not_there_is_named(start_rig: StartRig) -> None:
    found = await refusal(start_rig, START)
    assert found == Refusal(Reason.SOFTWARE_MISSING, {"software": "t-rex"})


async def test_a_folder_in_place_of_the_program_is_understood(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(mining=False)
    pair.machine.install("t-rex")
    with pytest.raises(Refused) as refused:
        await pair.rig.run(START)
    assert understand(refused.value.detail) == Refusal(
        Reason.NOT_EXECUTABLE, {"path": "~/miners/t-rex"}
    )


async def test_what_a_card_takes_is_found_in_what_its_tool_says(
    start_rig: StartRig,
) -> None:
    pair = await start_rig("rtx3080")
    command = overclock(pair.rig.state.gpus or (), power_limit=50)
    with pytest.raises(Refused) as refused:
        await pair.while_living(pair.rig.run(command))
    found = understand(refused.value.detail)
    assert found is not None
    assert found.reason is Reason.POWER_LIMIT
    assert found.about == {"low": "100", "high": "370", "bus": "00000000:01:00.0"}


@pytest.mark.parametrize("detail", ["", "it went wrong", "permission denied"])
def test_the_rest_is_left_as_it_is(detail: str) -> None:
    assert understand(detail) is None
