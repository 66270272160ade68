"""A home's mining fleet in Home Assistant."""

from pathlib import Path
from typing import cast

from homeassistant.config_entries import SOURCE_SYSTEM, ConfigEntryState
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STOP,
    Platform,
)
from homeassistant.core import Event, HassJob, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.discovery_flow import async_create_flow
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType

from .asic import Miner
from .const import DOMAIN, LOGGER
from .coordinator import MinerConfigEntry, MinerCoordinator
from .device import keep_device, keep_fleet_device
from .energy import EnergyLedger
from .farm import FARM, Farm
from .firmware_history import FirmwareHistory
from .firmware_library import FirmwareLibrary
from .fleet import BraiinsConfigEntry, FleetConfigEntry, FleetCoordinator
from .gateway import open_gateway
from .identity import is_fleet
from .issues import keep_issues, tell_of_another, withdraw_with_entries
from .kept_tuning import KeptTuning
from .memory import Memory
from .restoring import put_back_later
from .rig_assignments import RigAssignments
from .rig_details import withdraw_details
from .rig_device import card_of
from .rig_issues import withdraw_rig_issues
from .rig_memory import RigMemory
from .rollout import ROLLOUTS, Rollouts
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.FAN,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]
FLEET_PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001 - there is no YAML
    """Make what all miners share."""
    energy = EnergyLedger(
        Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.energy")),
        hass.async_add_executor_job,
    )
    await hass.async_add_executor_job(energy.load)
    memory = Memory(hass)
    await memory.load()
    kept = KeptTuning(hass)
    await kept.load()
    library = FirmwareLibrary(hass)
    await library.start()
    versions = FirmwareHistory(hass)
    await versions.load()
    rigs = RigMemory(hass)
    await rigs.load()
    assignments = RigAssignments(hass)
    await assignments.load()
    farm = hass.data[FARM] = Farm(
        memory, energy, kept, library, versions, rigs, assignments
    )
    rollouts = hass.data[ROLLOUTS] = Rollouts(hass)
    await rollouts.load()
    # Those that were removed while nothing of this was loaded.
    entries = hass.config_entries.async_entries(DOMAIN)
    here = {entry.entry_id for entry in entries}
    rigs_here = {rig_id for entry in entries for rig_id in entry.subentries}
    memory.forget_all_but(here)
    rigs.forget_all_but(rigs_here)
    assignments.forget_all_but(rigs_here)
    energy.forget_all_but(here | rigs_here)
    await kept.drop_all_but(here)
    versions.forget_all_but(here)

    async def stop(_: Event) -> None:
        farm.clock.stop()

    async def write(_: Event) -> None:
        await hass.async_add_executor_job(energy.flush)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, write)
    # Miners can still be told something then.
    hass.async_add_shutdown_job(HassJob(farm.jobs.stop))
    withdraw_with_entries(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: BraiinsConfigEntry) -> bool:
    """Set up a miner, or the fleet as a whole."""
    if is_fleet(entry):
        await _set_up_fleet(hass, cast("FleetConfigEntry", entry))
    else:
        await _set_up_miner(hass, cast("MinerConfigEntry", entry))
    return True


async def _set_up_miner(hass: HomeAssistant, entry: MinerConfigEntry) -> None:
    farm = hass.data[FARM]
    miner = Miner(
        entry.data[CONF_HOST],
        entry.data[CONF_PORT],
        username=entry.data[CONF_USERNAME],
        password=entry.data[CONF_PASSWORD],
    )
    coordinator = MinerCoordinator(hass, entry, miner, farm)
    try:
        try:
            await farm.meet(coordinator.async_config_entry_first_refresh())
        except ConfigEntryNotReady as err:
            if coordinator.another is not None:
                tell_of_another(coordinator)
            # A miner that is off has its entities nevertheless, if it was ever seen.
            if not coordinator.is_known:
                raise
            LOGGER.info("%s; it is set up from what is remembered of it", err)
        entry.runtime_data = coordinator
        keep_device(coordinator)
        keep_issues(coordinator)
        farm.versions.follow(coordinator)
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await miner.close()
        raise

    async def hang_up(_: Event | None = None) -> None:
        await miner.close()

    entry.async_on_unload(hang_up)
    # Not once: what has ended by itself cannot be ended when it is unloaded.
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, hang_up))
    entry.async_on_unload(farm.changed)
    coordinator.start()
    put_back_later(coordinator, farm.kept)
    farm.changed()
    if not farm.memory.fleet_was_made:
        _make_fleet(hass)


async def _set_up_fleet(hass: HomeAssistant, entry: FleetConfigEntry) -> None:
    farm = hass.data[FARM]
    farm.memory.note_fleet()
    entry.runtime_data = FleetCoordinator(hass, entry, farm)
    keep_fleet_device(hass, entry.entry_id)
    entry.runtime_data.garage.start()
    await hass.config_entries.async_forward_entry_setups(entry, FLEET_PLATFORMS)
    entry.runtime_data.start()
    open_gateway(hass)


def _make_fleet(hass: HomeAssistant) -> None:
    """Make the entry of the fleet, once: who deletes it is not given it back."""
    hass.data[FARM].memory.note_fleet()
    if not any(map(is_fleet, hass.config_entries.async_entries(DOMAIN))):
        async_create_flow(hass, DOMAIN, {"source": SOURCE_SYSTEM}, None)


async def async_unload_entry(hass: HomeAssistant, entry: BraiinsConfigEntry) -> bool:
    """Let go of a miner, or of the fleet."""
    platforms = FLEET_PLATFORMS if is_fleet(entry) else PLATFORMS
    await hass.data[FARM].jobs.let_go(entry.entry_id)
    return await hass.config_entries.async_unload_platforms(entry, platforms)


async def async_remove_entry(hass: HomeAssistant, entry: BraiinsConfigEntry) -> None:
    """Forget a miner, or the fleet with its rigs, for good."""
    farm = hass.data.get(FARM)
    # Where all are switched off, nothing is loaded: then it is forgotten at a start.
    if farm is not None:
        farm.memory.forget(entry.entry_id)
        farm.energy.forget(entry.entry_id)
        for rig_id in entry.subentries:
            farm.energy.forget(rig_id)
            withdraw_rig_issues(hass, rig_id)
        if is_fleet(entry):
            withdraw_details(hass)
            farm.rigs.forget_all_but(())
            farm.assignments.forget_all_but(())
        await farm.kept.drop(entry.entry_id)
        farm.versions.forget(entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant,  # noqa: ARG001 - the garage has it
    entry: BraiinsConfigEntry,
    device: dr.AnyDeviceEntry,
) -> bool:
    """Let a person delete the device of a graphics card that was taken out."""
    if not is_fleet(entry) or entry.state is not ConfigEntryState.LOADED:
        return False
    rig = cast("FleetConfigEntry", entry).runtime_data.garage.find(
        device.config_subentry_id
    )
    card = None if rig is None else card_of(rig, device)
    if rig is None or card is None or card in rig.data.gpus:
        return False
    rig.forget_card(card)
    return True
