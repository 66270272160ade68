"""Some miners of one kind that are updated together."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.firmware_install import Step
from simulator import SimulatedMiner

from .actions import device_of
from .running import PassingTime, until
from .updating import to_the_end
from .working import get_jobs, jobs_of

type Fleet = dict[str, tuple[SimulatedMiner, ConfigEntry[Any]]]
type StartFleet = Callable[..., Awaitable[Fleet]]


def call_it(hass: HomeAssistant, entry: ConfigEntry[Any], name: str) -> None:
    """Give a miner a name, as a person does."""
    hass.config_entries.async_update_entry(entry, title=name)
    device = device_of(hass, entry)
    dr.async_get(hass).async_update_device(device.id, name_by_user=name)


async def install(
    hass: HomeAssistant,
    fleet: Fleet,
    context: Context | None = None,
    **fields: object,
) -> dict[str, Any]:
    """Update miners by the action, and return what it says."""
    devices = [device_of(hass, entry).id for _, entry in fleet.values()]
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "install_firmware",
        fields,
        target={"device_id": devices},
        blocking=True,
        return_response=True,
        context=context,
    )
    return dict(answer)


def releases(fleet: Fleet) -> dict[str, str]:
    """Return what each miner runs."""
    return {name: miner.machine.firmware.release for name, (miner, _) in fleet.items()}


def note_order(fleet: Fleet) -> list[str]:
    """Return a list to which the name of each miner is added as it restarts."""
    order: list[str] = []

    def watch(name: str, miner: SimulatedMiner) -> None:
        machine = miner.machine

        def look_at() -> None:
            order.append(f"{name} is back" if machine.present else name)

        machine.presence_watchers.add(look_at)

    for name, (miner, _) in fleet.items():
        watch(name, miner)
    return order


async def ended(hass: HomeAssistant, pass_time: PassingTime) -> dict[str, Any]:
    """Let time pass until the job is over; returns what became of it."""
    [job] = jobs_of(hass).running
    await to_the_end(job.wait(), pass_time)
    [told] = await get_jobs(hass, id=job.id)
    return told


def by_name(miners: list[dict[str, Any]]) -> dict[str, Any]:
    """Return whether it went well with each miner, or what was said of it."""
    return {each["name"]: each.get("ok", each.get("error")) for each in miners}


async def restarts(hass: HomeAssistant, of: tuple[SimulatedMiner, Any]) -> None:
    """Wait until a miner has its image, and was told to install it."""
    entry = of[1]
    installing = hass.data[FARM].installing
    await until(
        lambda: (
            entry.entry_id in installing
            and installing[entry.entry_id].step is Step.RESTARTING
        )
    )
