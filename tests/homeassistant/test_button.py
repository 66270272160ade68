"""What a miner does when a button is pressed."""

from dataclasses import replace

from homeassistant.components.button.const import DOMAIN as BUTTON
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.braiins_fleet.button import BUTTONS
from simulator import SimulatedMiner
from simulator.configuration import TunerMode
from simulator.mining import Software

from .conftest import SetUp, StartMiner
from .controlling import MINER, act, keys, look, lose_next_answer, said
from .running import PassingTime, listened_to, until

pytestmark = pytest.mark.usefixtures("all_enabled")


async def press(hass: HomeAssistant, name: str) -> None:
    """Press a button."""
    await act(hass, "button.press", f"button.{MINER}_{name}")


def software(miner: SimulatedMiner) -> Software:
    """Return what the mining software is doing."""
    return miner.machine.mining.software


def is_there(miner: SimulatedMiner) -> bool:
    """Tell whether the miner is up."""
    return miner.machine.present


async def test_mining_software_is_stopped_and_started(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await press(hass, "stop_mining_software")
    assert software(still_miner) is Software.STOPPED
    assert look(hass, f"sensor.{MINER}_status").state == "not_started"
    await press(hass, "start_mining_software")
    assert software(still_miner) is Software.STARTING
    await pass_time(21)
    assert software(still_miner) is Software.RUNNING


async def test_mining_software_is_restarted(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    await press(hass, "restart_mining_software")
    assert software(still_miner) is Software.STARTING


async def test_the_miner_reboots_and_comes_back_by_itself(
    hass: HomeAssistant,
    pass_time: PassingTime,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    entry = await set_up(still_miner)
    await listened_to(entry)
    await press(hass, "reboot")
    await pass_time(1)
    assert not is_there(still_miner)
    await still_miner.settled()
    await pass_time(70)
    assert look(hass, f"sensor.{MINER}_power").state == STATE_UNAVAILABLE
    await pass_time(25)
    await still_miner.settled()
    assert is_there(still_miner)
    await until(lambda: look(hass, f"sensor.{MINER}_status").state != STATE_UNAVAILABLE)


async def test_targets_go_back_to_their_defaults(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    machine = still_miner.machine
    model, factory = machine.model, machine.saved
    tuner = replace(factory.tuner, power=1000.0, hashrate=50.0)
    machine.saved = machine.running = replace(factory, tuner=tuner)
    await set_up(still_miner)
    await press(hass, "use_default_hashrate_target")
    aim = replace(tuner, mode=TunerMode.HASHRATE, hashrate=model.hashrate.default)
    assert machine.saved == replace(factory, tuner=aim)
    assert look(hass, f"number.{MINER}_hashrate_target").state == "120.0"
    await press(hass, "use_default_power_target")
    assert machine.saved == factory
    assert look(hass, f"number.{MINER}_power_target").state == "2760"


async def test_tuned_profiles_are_forgotten(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    profile = f"select.{MINER}_tuned_profile"
    assert look(hass, profile).state == "2760 W"
    await press(hass, "forget_tuned_profiles")
    assert not any(still_miner.machine.tuner.profiles.values())
    assert look(hass, profile).state == STATE_UNAVAILABLE


def test_every_button_is_tried() -> None:
    assert {each.key for each in BUTTONS} == {
        "reboot",
        "restart_mining",
        "start_mining",
        "stop_mining",
        "default_power_target",
        "default_hashrate_target",
        "forget_profiles",
    }


async def test_a_button_of_which_the_answer_was_lost_is_not_pressed_again(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    pressed: list[None] = []
    machine = still_miner.machine
    restart = machine.restart
    machine.restart = lambda: (pressed.append(None), restart())[1]  # type: ignore[method-assign,func-returns-value]  # counts
    lose_next_answer(still_miner)
    with pytest.raises(HomeAssistantError) as failure:
        await press(hass, "restart_mining_software")
    assert said(failure.value)[0] == "command_unanswered"
    assert len(pressed) == 1


@pytest.mark.parametrize("minor", [0, 3, 11])
async def test_all_firmware_has_the_buttons(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, minor: int
) -> None:
    entry = await set_up(await start_miner(api=minor))
    assert keys(hass, entry, BUTTON) == {each.key for each in BUTTONS}


async def test_what_undoes_much_is_off_until_somebody_wants_it(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    still_miner: SimulatedMiner,
    set_up: SetUp,
) -> None:
    monkeypatch.undo()
    entry = await set_up(still_miner)
    off = {
        entity.unique_id.partition("_")[2]
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.domain == BUTTON and entity.disabled
    }
    assert off == {"start_mining", "stop_mining", "forget_profiles"}
