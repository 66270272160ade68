"""What a rig does once when it is told to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .fleet import FleetConfigEntry
from .rig import Reboot, Shutdown
from .rig_control import RigControl
from .rig_coordinator import RigCoordinator
from .rig_entity import RigEntity, RigEntityDescription, add_rig_entities
from .telling import By


@dataclass(frozen=True, kw_only=True)
class RigButtonDescription(RigEntityDescription, ButtonEntityDescription):
    """Something to do."""

    press: Callable[[RigControl, By], Awaitable[object]]


_button = partial(
    RigButtonDescription,
    value=lambda _: None,
    always=True,
    entity_category=EntityCategory.CONFIG,
)

RIG_BUTTONS = (
    _button(
        key="restart_miner", press=lambda control, by: control.restart_mining(by=by)
    ),
    _button(
        key="rig_reboot",
        device_class=ButtonDeviceClass.RESTART,
        press=lambda control, by: control.command(Reboot(), by=by),
    ),
    # Nobody can switch it on again from here.
    _button(
        key="rig_shutdown",
        entity_registry_enabled_default=False,
        press=lambda control, by: control.command(Shutdown(), by=by),
    ),
)


def add_rig_buttons(
    entry: FleetConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of each rig, as it comes."""

    def add(rig: RigCoordinator) -> None:
        add_rig_entities(
            rig, async_add_entities, Platform.BUTTON, RIG_BUTTONS, RigButton
        )

    entry.runtime_data.garage.for_each(add)


class RigButton(RigEntity[RigButtonDescription], ButtonEntity):
    """Something to do."""

    entity_description: RigButtonDescription

    @override
    def _show(self, value: Any) -> None:
        """Show nothing: it is a button."""

    @override
    async def async_press(self) -> None:
        await self.entity_description.press(self.coordinator.control, self._by)
