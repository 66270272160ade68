"""Has a rig mine or not, and finds out by what it tells whether it does.

How its cards are set is in `rig_cards`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback

from .flight_sheets import FLIGHT_SHEET, NONE, sheet_of, title_of
from .rig import (
    Command,
    Effect,
    InstallMiner,
    RestartMiner,
    RigError,
    StartMiner,
    StillMining,
    StopMiner,
    compare,
)
from .rig_assignments import Assignment, RigAssignments
from .rig_cards import RigCards
from .rig_failures import no_flight_sheet, superseded
from .rig_orders import Note, RigOrders
from .rig_state import is_at_work
from .rig_waiting import MINING, WaitingOrders
from .telling import By

if TYPE_CHECKING:
    from .rig_coordinator import RigCoordinator

# A miner that the agent did not start is reached by the second stop only.
_STOPS = 2


# What is given the number of the order that it is done for.
type Work = Callable[[int], Awaitable[Effect]]


class RigControl:
    """Knows what a rig is to do, and has it do that."""

    def __init__(
        self, coordinator: RigCoordinator, assignments: RigAssignments
    ) -> None:
        self._coordinator = coordinator
        self._assignments = assignments
        self._orders = RigOrders(coordinator)
        self.waiting = WaitingOrders(self._orders, coordinator.hass.loop.time)
        self.cards = RigCards(coordinator, self._orders, assignments, self.waiting)
        self._order = 0
        # What was told last about mining, until it is done, and which flight sheet is
        # to count again should the rig start none.
        self._mining: str | None = None
        self._sheet_before: str | None = None
        # How much was heard before this connection.
        self._connections = 0
        self._stats = 0
        self._reports = 0
        self._unlisten: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Begin to set the cards of a rig that comes back."""
        self.cards.start()
        self._unlisten = self._coordinator.rig.listen(self._heard)

    @callback
    def stop(self) -> None:
        """Leave the rig alone."""
        self.cards.stop()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None

    @property
    def assignment(self) -> Assignment:
        """What the rig is to do."""
        return self._assignments.of(self._coordinator.id)

    @property
    def sheet(self) -> ConfigSubentry | None:
        """The flight sheet that is assigned, if it is still there."""
        entry = self._coordinator.config_entry
        found = entry.subentries.get(self.assignment.flight_sheet or "")
        return found if found and found.subentry_type == FLIGHT_SHEET else None

    @property
    def at_work(self) -> bool | None:
        """Whether the rig is to mine, which it may not show yet."""
        if self._mining is not None:
            return self._mining != StopMiner.kind
        return is_at_work(self._coordinator.data)

    async def found(self) -> Effect:
        """Return how far it shows that the rig mines as it is to.

        If that is `NOT_APPLIED`, it has to be started; all else is to be left alone.
        """
        has_told = await self._coordinator.rig.has_told_of_mining()
        if self._mining is not None:
            # It does not show yet.
            stops = self._mining == StopMiner.kind
            return Effect.NOT_APPLIED if stops else Effect.UNKNOWN
        state = self._coordinator.rig.state
        if not has_told or not state.miners:
            return Effect.NOT_APPLIED
        sheet = self.sheet
        return compare(state.miners, self._start(sheet) if sheet else None)

    def _start(self, sheet: ConfigSubentry) -> StartMiner:
        name = self._coordinator.name
        return self._orders.checked(lambda: sheet_of(sheet).start(name))

    @callback
    def on_assignment(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back when something else is assigned; returns what ends that."""
        return self._assignments.listen(self._coordinator.id, listener)

    @callback
    def _assign(self, assignment: Assignment) -> None:
        self._assignments.assign(self._coordinator.id, assignment)

    @callback
    def assign_sheet(self, sheet: ConfigSubentry | None, *, by: By) -> None:
        """Have the rig mine so, once it is to mine; without one, it cannot be begun."""
        note = self._orders.note(by, title_of(self.sheet), title_of(sheet) or NONE)
        self._assign_sheet(sheet.subentry_id if sheet else None)
        note(Effect.APPLIED)

    @callback
    def _assign_sheet(self, subentry_id: str | None) -> None:
        self._assign(replace(self.assignment, flight_sheet=subentry_id))

    async def start_mining(
        self, sheet: ConfigSubentry | None = None, *, by: By
    ) -> Effect:
        """Mine as the flight sheet says, in place of whatever is mined now."""
        if sheet is None:
            note = self._orders.note(by, is_at_work(self._coordinator.data), after=True)
        else:
            note = self._orders.note(by, title_of(self.sheet), sheet.title)
        sheet = sheet or self.sheet
        if sheet is None:
            raise no_flight_sheet(self._coordinator.name)
        command = self._start(sheet)

        async def start(order: int) -> Effect:
            await self._clear_way(order)
            self._assign_sheet(sheet.subentry_id)
            try:
                effect = await self._orders.carry_out(command)
            except RigError:
                # Where another one was wanted meanwhile, that is assigned by now.
                self._stand_by(order)
                if self.assignment.flight_sheet == sheet.subentry_id:
                    # It is not what the rig has now, nor what it would start again.
                    self._assign_sheet(self._sheet_before)
                raise
            self._sheet_before = sheet.subentry_id
            self.cards.set_again()
            return effect

        return await self._mine(command.kind, start, note)

    async def stop_mining(self, *, by: By) -> Effect:
        """Mine no more."""
        note = self._orders.note(by, is_at_work(self._coordinator.data), after=False)
        return await self._mine(StopMiner.kind, self._stop, note)

    async def restart_mining(self, *, by: By) -> Effect:
        """Start again what was started last."""

        async def restart(_: int) -> Effect:
            effect = await self._orders.carry_out(RestartMiner())
            self.cards.set_again()
            return effect

        return await self._mine(RestartMiner.kind, restart, self._orders.note(by))

    async def _stop(self, order: int) -> Effect:
        effect = Effect.UNKNOWN
        for _ in range(_STOPS):
            if effect is not Effect.APPLIED:
                self._stand_by(order)
                effect = await self._orders.carry_out(StopMiner())
        return effect

    async def _clear_way(self, order: int) -> None:
        """Stop what runs: the agent would start another one beside what is not its own.

        That they would fight for the cards is nothing that it tells.
        """
        rig = self._coordinator.rig
        # Of a rig that has just come back, nothing is known yet.
        knows_of_none = rig.state.miners == ()
        if not knows_of_none and await self._stop(order) is Effect.NOT_APPLIED:
            running = rig.state.miners or ()
            raise StillMining(", ".join(miner.name for miner in running))
        self._stand_by(order)

    def _stand_by(self, order: int) -> None:
        if order != self._order:
            raise superseded(self._coordinator.name)

    async def _mine(self, what: str, work: Work, note: Note) -> Effect:
        """Do it, unless something else is wanted meanwhile: then that counts."""
        if self._mining is None:
            self._sheet_before = self.assignment.flight_sheet
        self._mining = what
        self._order = order = self._order + 1
        self.waiting.forget(*MINING)

        async def check() -> Effect:
            try:
                effect = await work(order)
            except RigError:
                self._stand_by(order)
                raise
            finally:
                if order == self._order:
                    self._mining = None
            if effect is Effect.NOT_APPLIED:
                self._stand_by(order)
            return effect

        return await self._orders.see_through(self._orders.told(what, check()), note)

    async def command(self, command: Command, *, by: By, **changed: Any) -> Effect:
        """Have the rig do something that concerns neither mining nor cards.

        What that changes are a `before` and an `after`, where there are any.
        """
        work = self._orders.told(command.kind, self._orders.carry_out(command))
        note = self._orders.note(by, **changed)
        return await self._orders.see_through(work, note)

    async def update_software(self, name: str, *, by: By, **changed: Any) -> Effect:
        """Replace mining software by its newest release."""
        work = self._orders.told(
            InstallMiner.kind, self._coordinator.replace_software(name)
        )
        return await self._orders.see_through(work, self._orders.note(by, **changed))

    @callback
    def _heard(self) -> None:
        """Do what there is to be done with a rig that came back, as soon as it can."""
        state = self._coordinator.rig.state
        if state.connections != self._connections:
            self._connections = state.connections
            self._stats, self._reports = state.stats_heard, state.reports_heard
            self.cards.come_back()
        if not state.connected:
            return
        has_measured = state.stats_heard > self._stats
        if has_measured:
            self.cards.look()
        self.waiting.look(
            has_cards=has_measured and bool(state.gpus),
            has_reported=state.reports_heard > self._reports,
        )
