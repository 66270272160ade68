"""Figures that a miner is set to."""

from dataclasses import replace
from typing import Any

from homeassistant.components.number import ATTR_MAX, ATTR_MIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components.braiins_fleet.number import NUMBERS
from simulator import MODELS, SimulatedMiner
from simulator.configuration import Configuration, CoolingMode, TunerMode

from .conftest import SetUp, StartMiner
from .controlling import MINER, act, is_available, keys, look, said
from .running import PassingTime, poll

POWER = f"number.{MINER}_power_target"

# Entity, what it is set to, and the part and the field of the configuration, by mode.
BY_POWER: tuple[tuple[str, float, str, str], ...] = (
    ("power_target", 2000, "tuner", "power"),
    ("scaling_power_step", 100, "dps", "power_step"),
    ("scaling_minimum_power", 1500, "dps", "min_power"),
    ("scaling_shutdown_duration", 7, "dps", "shutdown_h"),
    ("scaling_start_target", 55, "dps", "start_percent"),
    ("target_temperature", 58, "cooling", "target_c"),
    ("hot_temperature", 77, "cooling", "hot_c"),
    ("dangerous_temperature", 88, "cooling", "dangerous_c"),
    ("minimum_fan_speed", 20, "cooling", "min_fan"),
    ("maximum_fan_speed", 80, "cooling", "max_fan"),
    ("required_fans", 3, "cooling", "required_fans"),
    ("ramp_up_time", 33, "", "ramp_up_s"),
    ("ramp_down_time", 44, "", "ramp_down_s"),
)
BY_HASHRATE: tuple[tuple[str, float, str, str], ...] = (
    ("hashrate_target", 100.5, "tuner", "hashrate"),
    ("scaling_hashrate_step", 5.5, "dps", "hashrate_step"),
    ("scaling_minimum_hashrate", 60.5, "dps", "min_hashrate"),
)


def changed(before: Configuration, part: str, **changes: Any) -> Configuration:
    """Return a configuration with one thing changed, and all the rest as it was."""
    if not part:
        return replace(before, **changes)
    return replace(before, **{part: replace(getattr(before, part), **changes)})


async def set_value(hass: HomeAssistant, entity_id: str, value: float) -> None:
    """Set a figure."""
    await act(hass, "number.set_value", entity_id, value=value)


def prepare(miner: SimulatedMiner, part: str, **changes: Any) -> None:
    """Have a miner set up in another way than it is shipped."""
    machine = miner.machine
    machine.saved = machine.running = changed(machine.saved, part, **changes)


def in_mode(miner: SimulatedMiner, mode: TunerMode, *, enabled: bool = True) -> None:
    """Have the tuner aim at something, or at nothing."""
    prepare(miner, "tuner", mode=mode, enabled=enabled)


@pytest.mark.parametrize(
    ("mode", "name", "value", "part", "field"),
    [
        *((TunerMode.POWER, *row) for row in BY_POWER),
        *((TunerMode.HASHRATE, *row) for row in BY_HASHRATE),
    ],
)
async def test_a_figure_is_set_and_nothing_else(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    mode: TunerMode,
    name: str,
    value: float,
    part: str,
    field: str,
) -> None:
    in_mode(still_miner, mode)
    await set_up(still_miner)
    entity_id = f"number.{MINER}_{name}"
    before = still_miner.machine.saved
    assert float(look(hass, entity_id).state) != value
    await set_value(hass, entity_id, value)
    assert still_miner.machine.saved == changed(before, part, **{field: value})
    assert still_miner.machine.running == still_miner.machine.saved
    assert float(look(hass, entity_id).state) == value


async def test_the_speed_of_the_fans_while_paused_is_set_where_it_counts(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    prepare(still_miner, "cooling", pause_fan_ratio=0.3, pause_fan_forever=True)
    await set_up(still_miner)
    before = still_miner.machine.saved
    entity_id = f"number.{MINER}_fan_speed_while_paused"
    assert look(hass, entity_id).state == "30.0"
    await set_value(hass, entity_id, 55)
    assert still_miner.machine.saved == changed(before, "cooling", pause_fan_ratio=0.55)
    assert look(hass, entity_id).state == "55.0"


@pytest.mark.parametrize("name", ["fan_speed_while_paused", "ramp_up_time"])
async def test_what_stands_beside_a_figure_has_to_be_known(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    start_miner: StartMiner,
    set_up: SetUp,
    name: str,
) -> None:
    miner = await start_miner()
    prepare(miner, "cooling", pause_fan_ratio=0.3)
    entry = await set_up(miner)
    before = miner.machine.saved
    known = await entry.runtime_data.miner.configuration()

    async def forgetful() -> Any:
        return replace(known, cooling=None, boards=None)

    monkeypatch.setattr(entry.runtime_data.miner, "configuration", forgetful)
    with pytest.raises(HomeAssistantError) as failure:
        await set_value(hass, f"number.{MINER}_{name}", 40)
    assert "try again in a minute" in str(failure.value)
    assert miner.machine.saved == before


def test_every_figure_is_tried() -> None:
    assert len(NUMBERS) == len(BY_POWER) + len(BY_HASHRATE) + 1


@pytest.mark.parametrize("model", MODELS)
async def test_bounds_are_those_of_the_miner(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, model: str
) -> None:
    miner = await start_miner(model)
    await set_up(miner)
    [power] = (
        state
        for state in hass.states.async_all("number")
        if state.entity_id.endswith("_power_target")
    )
    kind = miner.machine.model
    assert power.attributes[ATTR_MIN] == kind.power.min
    assert power.attributes[ATTR_MAX] == kind.power.max
    assert float(power.state) == kind.power.default
    with pytest.raises(ServiceValidationError):
        await set_value(hass, power.entity_id, kind.power.max + 1)
    assert miner.machine.saved.tuner.power == kind.power.default


async def test_bounds_that_come_late_are_shown_when_they_come(
    hass: HomeAssistant, pass_time: PassingTime, start_miner: StartMiner, set_up: SetUp
) -> None:
    miner = await start_miner()
    miner.faults.fail("GetConstraints")
    await set_up(miner)
    # Without them, nobody knows what may be asked of it.
    assert not is_available(hass, POWER)
    miner.faults.clear()
    await pass_time(11)
    assert is_available(hass, POWER)
    assert look(hass, POWER).attributes[ATTR_MAX] == miner.machine.model.power.max


@pytest.mark.parametrize(
    ("mode", "enabled", "of_use"),
    [
        (TunerMode.POWER, True, {"power_target", "power"}),
        (TunerMode.HASHRATE, True, {"hashrate_target", "hashrate"}),
        (TunerMode.POWER, False, {"power"}),
    ],
)
async def test_a_target_is_of_no_use_in_another_mode(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    mode: TunerMode,
    enabled: bool,
    of_use: set[str],
) -> None:
    # Both modes have been seen, so both are there.
    entry = await set_up(still_miner)
    in_mode(still_miner, TunerMode.HASHRATE)
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    in_mode(still_miner, mode, enabled=enabled)
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    for name in ("power_target", "hashrate_target"):
        assert is_available(hass, f"number.{MINER}_{name}") is (name in of_use)
    for unit in ("power", "hashrate"):
        for name in (f"scaling_{unit}_step", f"scaling_minimum_{unit}"):
            assert is_available(hass, f"number.{MINER}_{name}") is (unit in of_use)


@pytest.mark.parametrize(
    ("mode", "of_use"),
    [
        (CoolingMode.AUTO, {"minimum_fan_speed", "maximum_fan_speed", "required_fans"}),
        (CoolingMode.MANUAL, {"required_fans"}),
        (CoolingMode.IMMERSION, set()),
        (CoolingMode.HYDRO, set()),
    ],
)
async def test_fans_can_be_set_where_they_cool(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    mode: CoolingMode,
    of_use: set[str],
) -> None:
    entry = await set_up(still_miner)
    prepare(still_miner, "cooling", mode=mode)
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    for name in ("minimum_fan_speed", "maximum_fan_speed", "required_fans"):
        assert is_available(hass, f"number.{MINER}_{name}") is (name in of_use)
    assert is_available(hass, f"number.{MINER}_target_temperature")


async def test_a_figure_that_the_miner_refuses_stays_as_it_was(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    before = still_miner.machine.saved
    entity_id = f"number.{MINER}_target_temperature"
    # It is not warmer than hot.
    with pytest.raises(ServiceValidationError) as refusal:
        await set_value(hass, entity_id, 80)
    assert said(refusal.value) == (
        "command_refused",
        "target, hot and dangerous temperature must rise in that order",
    )
    assert "must rise in that order" in str(refusal.value)
    assert still_miner.machine.saved == before
    assert look(hass, entity_id).state == "60.0"


async def test_whoever_measures_in_fahrenheit_sets_whole_degrees(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    await set_up(still_miner)
    await set_value(hass, f"number.{MINER}_target_temperature", 130)
    assert still_miner.machine.saved.cooling.target_c == 54


@pytest.mark.parametrize("minor", range(12))
async def test_figures_are_there_since_the_firmware_has_them(
    hass: HomeAssistant, start_miner: StartMiner, set_up: SetUp, minor: int
) -> None:
    miner = await start_miner(api=minor)
    prepare(miner, "cooling", pause_fan_ratio=0.3)
    entry = await set_up(miner)
    always = {
        "power_target",
        "dps_power_step",
        "dps_min_power_target",
        "dps_shutdown_hours",
    }
    of_modes = {
        "target_temperature",
        "hot_temperature",
        "dangerous_temperature",
        "min_fan_speed",
        "max_fan_speed",
        "required_fans",
    }
    assert keys(hass, entry, "number") == (
        always
        | (of_modes if minor >= 4 else set())
        | ({"paused_fan_speed"} if minor >= 6 else set())
        | ({"ramp_up", "ramp_down"} if minor >= 7 else set())
        | ({"dps_start_percent"} if minor >= 9 else set())
    )
    # What is there works.
    power = f"number.{MINER}_power_target"
    await set_value(hass, power, 2000)
    assert miner.machine.saved.tuner.power == 2000
    assert look(hass, power).state == "2000"
