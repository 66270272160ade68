"""All GPU rigs, as the subentries of the fleet come, change and go."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback

from .const import CONF_TOKEN_HASH, RIG
from .farm import Farm
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .rig import Rigs
from .rig_coordinator import RigCoordinator
from .rig_details import has_room, withdraw_details
from .rig_device import keep_rig_devices, register_rig_devices
from .rig_issues import keep_rig_issues, withdraw_rig_issues

type NewRig = Callable[[RigCoordinator], None]


class Garage:
    """Has a coordinator for each rig.

    What happens to one subentry touches only the rig that it describes.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], farm: Farm
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._farm = farm
        self._on_rig: list[NewRig] = []
        self._coordinators: dict[str, RigCoordinator] = {}
        # What can be assigned to rigs, by the ids of the subentries.
        self._assignable: Mapping[str, object] = {}
        self.rigs = Rigs(now=hass.loop.time)

    @property
    def coordinators(self) -> list[RigCoordinator]:
        """The rigs, be they connected or not."""
        return list(self._coordinators.values())

    @property
    def has_rigs(self) -> bool:
        """Whether there is anybody to come in."""
        return bool(self._coordinators)

    @callback
    def start(self) -> None:
        """Know the rigs, and follow the entry until it is unloaded."""
        entry = self._entry
        for subentry in entry.get_subentries_of_type(RIG):
            self._add(subentry)
        self._assignable = self._find_assignable()
        entry.async_on_unload(entry.add_update_listener(self._updated))
        entry.async_on_unload(self._close)
        # Not once: what has ended by itself cannot be ended when it is unloaded.
        entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._close)
        )
        entry.async_create_background_task(
            self._hass, self.rigs.watch(), "braiins_fleet silent rigs"
        )

    @callback
    def for_each(self, new_rig: NewRig) -> None:
        """Call back for each rig that there is, and for each that is added later."""
        self._on_rig.append(new_rig)
        for coordinator in self._coordinators.values():
            new_rig(coordinator)

    def find(self, rig_id: str | None) -> RigCoordinator | None:
        """Return the rig of a subentry."""
        return self._coordinators.get(rig_id or "")

    def _add(self, subentry: ConfigSubentry) -> None:
        rig_id = subentry.subentry_id
        rig = self.rigs.add(
            rig_id,
            subentry.title,
            subentry.data[CONF_TOKEN_HASH],
            cards=self._farm.rigs.cards(rig_id),
        )
        coordinator = RigCoordinator(self._hass, self._entry, subentry, rig, self._farm)
        self._coordinators[rig_id] = coordinator
        keep_rig_devices(coordinator)
        keep_rig_issues(coordinator)
        for new_rig in self._on_rig:
            new_rig(coordinator)
        coordinator.start()

    async def _updated(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Take over what has changed about the rigs."""
        wanted = {each.subentry_id: each for each in entry.get_subentries_of_type(RIG)}
        for rig_id in self._coordinators.keys() - wanted.keys():
            self._remove(rig_id)
            # Its entities are taken out as soon as this is over.
            self._hass.loop.call_soon(self._look_for_room)
        for rig_id, subentry in wanted.items():
            coordinator = self._coordinators.get(rig_id)
            if coordinator is None:
                self._add(subentry)
                continue
            if coordinator.name != subentry.title:
                coordinator.rename(subentry.title)
                register_rig_devices(coordinator)
            digest = subentry.data[CONF_TOKEN_HASH]
            if coordinator.rig.digest != digest:
                # To say good-bye may take a while, and others need not wait for it.
                hass.async_create_task(self.rigs.renew_token(rig_id, digest))
        before, self._assignable = self._assignable, self._find_assignable()
        if before != self._assignable:
            self._farm.assignments.tell_all()
        self._farm.changed()

    def _find_assignable(self) -> Mapping[str, object]:
        return {
            each.subentry_id: (each.title, each.data)
            for each in self._entry.subentries.values()
            if each.subentry_type in (FLIGHT_SHEET, OVERCLOCK)
        }

    def _remove(self, rig_id: str) -> None:
        coordinator = self._coordinators.pop(rig_id)
        coordinator.stop()
        withdraw_rig_issues(self._hass, rig_id)
        self._hass.async_create_task(self.rigs.remove(rig_id))
        self._farm.rigs.forget_all_but(self._coordinators)
        self._farm.assignments.forget_all_but(self._coordinators)
        self._farm.energy.forget(rig_id)

    @callback
    def _look_for_room(self) -> None:
        if has_room(self._hass, self._entry):
            withdraw_details(self._hass)

    async def _close(self, _: Event | None = None) -> None:
        """Send all agents away for a while: they try again by themselves."""
        for coordinator in self._coordinators.values():
            coordinator.stop()
        await self.rigs.close()
