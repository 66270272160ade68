"""What a miner does once when it is told to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import Miner, Reading
from .control import Change
from .coordinator import MinerConfigEntry
from .entity import MinerEntity, MinerEntityDescription, add_entities
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_button import add_rig_buttons

# Changes of one miner take turns anyway, and miners do not wait for each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MinerButtonDescription(MinerEntityDescription, ButtonEntityDescription):
    """Something to do."""

    press: Callable[[Miner], Awaitable[object]]
    reads: tuple[Reading, ...] = ()
    halts: bool = False


_button = partial(
    MinerButtonDescription,
    value=lambda _: None,
    always=True,
    entity_category=EntityCategory.CONFIG,
)
_hidden = partial(_button, entity_registry_enabled_default=False)

BUTTONS: tuple[MinerButtonDescription, ...] = (
    _button(
        key="reboot",
        device_class=ButtonDeviceClass.RESTART,
        press=lambda miner: miner.mining.reboot(),
    ),
    _button(key="restart_mining", press=lambda miner: miner.mining.restart()),
    _hidden(key="start_mining", press=lambda miner: miner.mining.start()),
    _hidden(key="stop_mining", press=lambda miner: miner.mining.stop(), halts=True),
    _button(
        key="default_power_target",
        press=lambda miner: miner.tuning.set_default_power_target(),
    ),
    _button(
        key="default_hashrate_target",
        press=lambda miner: miner.tuning.set_default_hashrate_target(),
    ),
    _hidden(
        key="forget_profiles",
        press=lambda miner: miner.tuning.forget_profiles(),
        reads=(Reading.PROFILES,),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what can be pressed of a miner, or of rigs."""
    if is_fleet(entry):
        add_rig_buttons(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(miner, async_add_entities, Platform.BUTTON, BUTTONS, MinerButton)


class MinerButton(MinerEntity[MinerButtonDescription], ButtonEntity):
    """Something to do."""

    entity_description: MinerButtonDescription

    @override
    def _show(self, value: Any) -> None:
        """Show nothing: it is a button."""

    @override
    async def async_press(self) -> None:
        description = self.entity_description
        change = Change(
            what=self.entity_id,
            command=description.press,
            reads=description.reads,
            halts=description.halts,
        )
        await self.coordinator.control.do(change, self._context)
