"""Keeps up with one rig: what its agent tells, and when that comes and goes."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import DOMAIN, LOGGER
from .farm import Farm
from .rig import (
    MOST_CARDS,
    SOFTWARE,
    Card,
    Command,
    Effect,
    InstallMiner,
    Miner,
    MinerCondition,
    Refused,
    Rig,
    RigError,
    SoftwareLost,
    UninstallMiner,
)
from .rig_control import RigControl
from .rig_happenings import CardWatch, Happening, MinerWatch, What
from .rig_software import RigSoftware
from .rig_state import RigSnapshot, Trouble, without_counts
from .telling import By, tell_change

# An agent whose connection broke is back at once, or after 1, 2 and 4 s.
_GRACE = 10.0
# So long after a start agents that were connected before it come back.
_COMING_BACK = 90.0
# The energy between two measurements counts if they are not further apart.
_INTERVALS = 3
_GAP = 30.0
# An agent that found its own half-open connection has tried six times when that ends.
_TRIES_OF_ITS_OWN = 8
_TRIES_LAST = 180.0
# What the agent says where there is nothing to uninstall.
_MISSING = "is not installed"
# Seconds are cut off, and some software tells only whole minutes.
_SAME_START = timedelta(seconds=90)


class RigCoordinator(DataUpdateCoordinator[RigSnapshot]):
    """One rig, which tells by itself."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        subentry: ConfigSubentry,
        rig: Rig,
        farm: Farm,
    ) -> None:
        super().__init__(
            hass, LOGGER, config_entry=entry, name=subentry.title, always_update=False
        )
        self.rig = rig
        self.id = subentry.subentry_id
        self.control = RigControl(self, farm.assignments)
        self.meter = farm.energy.meter(self.id)
        self._software = RigSoftware(farm.rigs, self.id)
        # One for all entities of the rig itself.
        self.device_info = DeviceInfo(identifiers={(DOMAIN, self.id)})
        # The unique ids of the entities that were added.
        self.entities: set[str] = set()
        self._farm = farm
        self._now = hass.loop.time
        self._began = self._now()
        self._connected = False
        self._was_lost = False
        self._grace: asyncio.TimerHandle | None = None
        self._unlisten: CALLBACK_TYPE | None = None
        self._on_happening: list[Callable[[Happening], None]] = []
        self._cards = {card.key: card for card in farm.rigs.cards(self.id)}
        self._card_watch = CardWatch()
        self._miner_watch = MinerWatch()
        self._measured = self._reported = 0
        self._mining_since: datetime | None = None
        self._connections = 0
        # How many agents were refused since this one came, and when the last was.
        self._refusals_before = 0
        self._refused = 0.0
        self._refusals = 0
        self.data = self._snapshot()

    @callback
    def start(self) -> None:
        """Begin to listen."""
        self._unlisten = self.rig.listen(self._heard)
        self.control.start()

    @callback
    def stop(self) -> None:
        """Listen no more."""
        self.control.stop()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        self._end_grace()

    @callback
    def rename(self, name: str) -> None:
        """Have the rig go by another name."""
        self.name = self.rig.name = name

    @callback
    def restore_energy(self, kilowatt_hours: float) -> None:
        """Go on from a higher figure that somebody else remembers."""
        self.meter.restore(kilowatt_hours * 1000)
        self.data = self._snapshot()

    @callback
    def forget_card(self, key: str) -> None:
        """Expect a card no longer, as somebody took it out."""
        own = f"{card_id(self.id, key)}_"
        self.entities = {each for each in self.entities if not each.startswith(own)}
        self._cards.pop(key, None)
        self.rig.forget_card(key)

    @callback
    def async_on_happening(
        self, listener: Callable[[Happening], None]
    ) -> CALLBACK_TYPE:
        """Tell of what happens to the rig; returns what ends that."""
        self._on_happening.append(listener)
        return lambda: self._on_happening.remove(listener)

    @callback
    def tell(self, happening: Happening) -> None:
        """Tell of what was not to be seen in anything that the rig told."""
        self._publish([happening])

    async def carry_out(self, command: Command) -> Effect:
        """Have the rig do something, and take in what that changes about its software.

        Whoever wants anything of a rig goes by way of its `control`.
        """
        try:
            effect = await self.rig.carry_out(command)
        except Refused as err:
            running = {miner.name for miner in self.rig.state.miners or ()}
            match command:
                # It runs from elsewhere, or somebody deleted it on the rig.
                case UninstallMiner(software=name) if name not in running:
                    if err.detail.endswith(_MISSING):
                        self._note_software(command)
            raise
        self._note_software(command)
        return effect

    async def replace_software(self, name: str) -> Effect:
        """Replace mining software by its newest release.

        The agent leaves an older one that it finds in its folder where it is, and says
        that all is well. So that is deleted, once it has shown that it can fetch a new.
        """
        try:
            with self._software.updating(name):
                self._publish()
                await self.carry_out(InstallMiner(name))
                await self.carry_out(UninstallMiner(name))
                try:
                    return await self.carry_out(InstallMiner(name))
                except RigError as err:
                    raise SoftwareLost(SOFTWARE[name].title) from err
        finally:
            self._publish()

    def _note_software(self, command: Command) -> None:
        self._software.note(command, self.rig.state)
        self._publish()

    @callback
    def tell_change(self, by: By, before: Any, after: Any, effect: Effect) -> None:
        """Tell what was changed about the rig, and by whom."""
        tell_change(
            self.hass,
            self.config_entry,
            by,
            known_as=self.id,
            switch="rig_mining_on",
            before=before,
            after=after,
            confirmed=effect is Effect.APPLIED,
        )

    @property
    def condition(self) -> dict[str, Any]:
        """How the connection goes, for whoever has to find out why it does not."""
        session = self.rig.session
        return {
            "interval": self.rig.interval,
            "times_connected": self.rig.state.connections,
            "refused_agents": self.rig.refusals,
            "bad_messages": session.bad if session else None,
            "seconds_since_message": session and round(self._now() - session.heard),
        }

    @callback
    def _heard(self) -> None:
        state, now = self.rig.state, self._now()
        happened: list[Happening] = []
        if state.connected:
            self._end_grace()
            if not self._connected:
                self._connected = True
                if self._was_lost:
                    LOGGER.info("%s is connected again", self.name)
                # It may be Home Assistant that was away, and no rig.
                if self._was_lost or not self._is_coming_back(now):
                    happened.append(Happening(What.CONNECTED))
        elif self._connected and self._grace is None:
            self._grace = self.hass.loop.call_later(_GRACE, self._lost)
        if state.connections != self._connections:
            self._connections = state.connections
            self._refusals_before = self.rig.refusals
        if self.rig.refusals != self._refusals:
            self._refusals, self._refused = self.rig.refusals, now
        self._take_in_measurement(now)
        self._take_in_report()
        happened += self._look_for_cards(now)
        happened += self._miner_watch.look(state, now)
        self._publish(happened)

    def _is_coming_back(self, now: float) -> bool:
        return self._farm.rigs.knows(self.id) and now - self._began < _COMING_BACK

    def _take_in_measurement(self, now: float) -> None:
        state = self.rig.state
        if state.power is None:
            self.meter.read(None, now, 0)
        elif state.stats_heard != self._measured:
            self.meter.read(state.power, now, max(_INTERVALS * self.rig.interval, _GAP))
        self._measured = state.stats_heard
        for card in state.cards:
            # Whatever an agent makes up, there is an end to its devices.
            if card.key in self._cards or len(self._cards) < MOST_CARDS:
                self._cards[card.key] = card
        memory, cards = self._farm.rigs, list(self._cards.values())
        is_new = state.connected and not memory.knows(self.id)
        if is_new or cards != memory.cards(self.id):
            memory.remember(self.id, cards)

    def _take_in_report(self) -> None:
        state = self.rig.state
        if state.reports_heard == self._reported:
            return
        self._reported = state.reports_heard
        self._mining_since = _start(state.miner, self._mining_since)
        self._software.look(state)

    def _look_for_cards(self, now: float) -> list[Happening]:
        watch, state = self._card_watch, self.rig.state
        lost, unreadable = watch.lost, watch.unreadable
        watch.look(state, now)
        happened = [
            Happening(What.GPU_LOST, {"card": name_of(card)})
            for card in state.cards
            if card.key in watch.lost - lost
        ]
        if watch.unreadable and not unreadable:
            happened.append(Happening(What.CARDS_UNREADABLE))
        return happened

    @callback
    def _lost(self) -> None:
        self._grace = None
        self._connected = False
        self._was_lost = True
        LOGGER.info("%s is not connected any more", self.name)
        self.meter.read(None, self._now(), 0)
        self._publish([Happening(What.LOST)])

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _publish(self, happened: list[Happening] | None = None) -> None:
        snapshot = self._snapshot()
        if snapshot != self.data:
            self.async_set_updated_data(snapshot)
            self._farm.changed()
        # Whoever is told what happened finds it shown already.
        for happening in happened or ():
            for listener in tuple(self._on_happening):
                listener(happening)

    def _snapshot(self) -> RigSnapshot:
        state = self.rig.state
        watch = self._card_watch
        return RigSnapshot(
            state=without_counts(state),
            connected=self._connected,
            cards=dict(self._cards),
            gpus={
                gpu.card.key: gpu
                for gpu in state.gpus or ()
                if gpu.card.key in self._cards
            },
            lost=tuple(card for card in state.cards if card.key in watch.lost),
            unreadable=tuple(
                card for card in state.cards if card.key in watch.unreadable
            ),
            # More than that is not to be seen in a day's consumption.
            energy=round(self.meter.watt_hours / 1000, 2),
            mining_since=self._mining_since if state.miner else None,
            troubles=tuple(self._troubles()),
            software=self._software.installed,
        )

    def _troubles(self) -> list[Trouble]:
        miners = self.rig.state.miners or ()
        known = {card.key for card in self.rig.state.cards}
        conditions = {miner.condition for miner in miners}
        shared = (
            self._refusals - self._refusals_before >= _TRIES_OF_ITS_OWN
            and self._now() - self._refused < _TRIES_LAST
        )
        found = {
            Trouble.CARDS_LOST: self._card_watch.lost & known,
            Trouble.CARDS_UNREADABLE: self._card_watch.unreadable & known,
            Trouble.MINER_CRASHED: MinerCondition.CRASHED in conditions,
            Trouble.MINER_SILENT: MinerCondition.SILENT in conditions,
            Trouble.TOKEN_SHARED: shared,
        }
        return [trouble for trouble, is_so in found.items() if is_so]


def card_id(rig_id: str, key: str) -> str:
    """Return what a card's device, and its entities, are known by."""
    return f"{rig_id}_gpu:{key}"


def name_of(card: Card) -> str:
    """Name a card so that it is found among its likes."""
    model = card.name
    for before in ("NVIDIA ", "AMD ", "GeForce ", "Radeon "):
        model = model.removeprefix(before)
    if card.bus_id is not None:
        # The domain is the same for all, but on machines that are no rigs.
        return f"{model} {card.bus_id.removeprefix('0000:')}".strip()
    _, _, ordinal = card.key.rpartition("-")
    return f"{model} {int(ordinal) + 1}".strip()


def _start(miner: Miner | None, before: datetime | None) -> datetime | None:
    """Return since when software runs; the same one has the same start."""
    if miner is None or miner.uptime is None:
        return None
    started = dt_util.utcnow() - timedelta(seconds=miner.uptime)
    if before is not None and abs(started - before) <= _SAME_START:
        return before
    return started.replace(microsecond=0)
