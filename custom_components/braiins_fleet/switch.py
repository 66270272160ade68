"""What a miner can be told to do or not to do; mining above all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asic import Dps, Hashboard, Miner, MinerStatus, Reading
from .coordinator import MinerConfigEntry
from .entity import PartEntityDescription, add_entities
from .fleet import BraiinsConfigEntry, FleetConfigEntry
from .identity import is_fleet
from .rig_switch import add_rig_switches
from .setting import SettingDescription, SettingEntity, configured
from .state import BOARD, MinerState

# Changes of one miner take turns anyway, and miners do not wait for each other.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MinerSwitchDescription(SettingDescription, SwitchEntityDescription):
    """Something of a miner that is on or off."""


@dataclass(frozen=True, kw_only=True)
class BoardSwitchDescription(PartEntityDescription[Hashboard], SwitchEntityDescription):
    """Something of a board that is on or off."""

    write: Callable[[Miner, str, bool], Awaitable[object]]


type Description = MinerSwitchDescription | BoardSwitchDescription


def _mining(state: MinerState) -> bool | None:
    if state.status is MinerStatus.UNKNOWN:
        return None
    return state.status is MinerStatus.NORMAL


async def _set_mining(miner: Miner, on: bool) -> None:  # noqa: FBT001 - what a switch is set to
    if not on:
        await miner.mining.pause()
        return
    details = await miner.details()
    if details.status is MinerStatus.NOT_STARTED:
        # Its software was stopped, and until it is up there is nothing to resume.
        await miner.mining.start()
    else:
        await miner.mining.resume()


def _scaling(name: str) -> Callable[[MinerState], bool | None]:
    return configured(lambda it: getattr(it.dps, name) if it.dps else None)


_config = partial(MinerSwitchDescription, entity_category=EntityCategory.CONFIG)

MINING = MinerSwitchDescription(
    key="mining",
    # So that one can say "turn off the garage miner".
    name=None,
    device_class=SwitchDeviceClass.SWITCH,
    value=_mining,
    write=_set_mining,
    again=True,
    always=True,
)

SWITCHES: tuple[Description, ...] = (
    MINING,
    _config(
        key="dps",
        value=_scaling("enabled"),
        write=lambda miner, on: miner.set_dps(Dps(enabled=on)),
    ),
    _config(
        key="dps_shutdown",
        value=_scaling("shutdown_enabled"),
        write=lambda miner, on: miner.set_dps(Dps(shutdown_enabled=on)),
    ),
    _config(
        key="locate",
        value=lambda state: state.snapshot.locate,
        write=lambda miner, on: miner.mining.set_locate(on=on),
        reads=(Reading.LOCATE,),
    ),
    _config(
        key="auto_upgrade",
        value=lambda state: (
            state.snapshot.auto_upgrade.enabled if state.snapshot.auto_upgrade else None
        ),
        write=lambda miner, on: miner.firmware.set_auto_upgrade(enabled=on),
        reads=(Reading.AUTO_UPGRADE,),
    ),
    BoardSwitchDescription(
        key="board_enabled",
        part=BOARD,
        entity_category=EntityCategory.CONFIG,
        value=lambda board: board.enabled,
        write=lambda miner, key, on: (
            miner.boards.enable(key) if on else miner.boards.disable(key)
        ),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - the coordinator has it
    entry: BraiinsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add what can be switched of a miner, or of rigs."""
    if is_fleet(entry):
        add_rig_switches(cast("FleetConfigEntry", entry), async_add_entities)
        return
    miner = cast("MinerConfigEntry", entry)
    add_entities(miner, async_add_entities, Platform.SWITCH, SWITCHES, MinerSwitch)


class MinerSwitch(SettingEntity[Description], SwitchEntity):
    """Something that is on or off."""

    entity_description: Description

    @override
    def _show(self, value: Any) -> None:
        self._attr_is_on = value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self._switch(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self._switch(on=False)

    async def _switch(self, *, on: bool) -> None:
        description = self.entity_description
        if isinstance(description, MinerSwitchDescription):
            await self._set(
                on,
                description.write,
                description.value,
                reads=description.reads,
                again=description.again,
                halts=description is MINING and not on,
            )
            return
        key, write = str(self._key), description.write
        await self._set(
            on,
            lambda miner, wanted: write(miner, key, wanted),
            lambda state: (
                description.value(state.boards[key]) if key in state.boards else None
            ),
            reads=(Reading.HASHBOARDS,),
        )
