"""Has a rig do things, and finds out by what it tells whether it did.

The agent says yes to what it did not do, and works on one command at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from .const import LOGGER
from .flight_sheets import FLIGHT_SHEET, NONE, OVERCLOCK, profile_of, sheet_of
from .rig import (
    Command,
    Effect,
    Gpu,
    InstallMiner,
    NotConnected,
    Overclock,
    RestartMiner,
    RigError,
    Settings,
    StillMining,
    StopMiner,
    Unacceptable,
    offered,
    overclock,
)
from .rig_assignments import Assignment, RigAssignments
from .rig_failures import (
    no_flight_sheet,
    not_shown,
    superseded,
    unacceptable,
    undone_by_rig,
)
from .rig_happenings import Happening, What
from .rig_state import is_at_work
from .telling import By

if TYPE_CHECKING:
    from .rig_coordinator import RigCoordinator

# A miner that the agent did not start is reached by the second stop only.
_STOPS = 2
# What waits for a rig and would have it mine.
_MINING = ("start_mining", "apply_flight_sheet")
# And what would have it set its cards.
_APPLYING = "apply_overclock"


# What is given the number of the order that it is done for.
type Work = Callable[[int], Awaitable[Effect]]
type Later = Callable[[], Awaitable[Effect]]
type Change = Callable[[Assignment], Assignment]
# What tells the home that something was done, once it was.
type Note = Callable[[Effect], None]


class RigControl:
    """Knows what a rig is to do, and has it do that."""

    def __init__(
        self, coordinator: RigCoordinator, assignments: RigAssignments
    ) -> None:
        self._coordinator = coordinator
        self._assignments = assignments
        self._order = 0
        # What was told last about mining, until it is done, and which flight sheet is
        # to count again should the rig start none.
        self._mining: str | None = None
        self._sheet_before: str | None = None
        # Orders to the cards: those whose outcome is open, and what became of later
        # ones meanwhile.
        self._card_order = 0
        self._under_way: set[int] = set()
        self._kept: dict[int, Change] = {}
        self._connections = 0
        self._stats = 0
        self._is_due = False
        # What is to be done once the rig is back, and until when that is wanted.
        self._waiting: dict[str, tuple[Later, float]] = {}
        self._unlisten: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Begin to set the cards of a rig that comes back."""
        self._unlisten = self._coordinator.rig.listen(self._heard)

    @callback
    def stop(self) -> None:
        """Leave the rig alone."""
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
        return self._subentry(FLIGHT_SHEET, self.assignment.flight_sheet)

    @property
    def profile(self) -> ConfigSubentry | None:
        """The overclock profile that is assigned, if it is still there."""
        return self._subentry(OVERCLOCK, self.assignment.overclock)

    @property
    def at_work(self) -> bool | None:
        """Whether the rig is to mine, which it may not show yet."""
        if self._mining is not None:
            return self._mining != StopMiner.kind
        return is_at_work(self._coordinator.data)

    @callback
    def on_assignment(self, listener: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back when something else is assigned; returns what ends that."""
        return self._assignments.listen(self._coordinator.id, listener)

    def _subentry(self, kind: str, subentry_id: str | None) -> ConfigSubentry | None:
        found = self._coordinator.config_entry.subentries.get(subentry_id or "")
        return found if found and found.subentry_type == kind else None

    @callback
    def _assign(self, assignment: Assignment) -> None:
        self._assignments.assign(self._coordinator.id, assignment)

    @callback
    def assign_sheet(self, sheet: ConfigSubentry | None, *, by: By) -> None:
        """Have the rig mine so, once it is to mine; without one, it cannot be begun."""
        note = self._note(by, _title(self.sheet), _title(sheet) or NONE)
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
            note = self._note(by, is_at_work(self._coordinator.data), after=True)
        else:
            note = self._note(by, _title(self.sheet), sheet.title)
        sheet = sheet or self.sheet
        if sheet is None:
            raise no_flight_sheet(self._coordinator.name)
        command = self._checked(lambda: sheet_of(sheet).start(self._coordinator.name))

        async def start(order: int) -> Effect:
            await self._clear_way(order)
            self._assign_sheet(sheet.subentry_id)
            try:
                effect = await self._carry_out(command)
            except RigError:
                # Where another one was wanted meanwhile, that is assigned by now.
                self._stand_by(order)
                if self.assignment.flight_sheet == sheet.subentry_id:
                    # It is not what the rig has now, nor what it would start again.
                    self._assign_sheet(self._sheet_before)
                raise
            self._sheet_before = sheet.subentry_id
            self._set_cards_later()
            return effect

        return await self._mine(command.kind, start, note)

    async def stop_mining(self, *, by: By) -> Effect:
        """Mine no more."""

        async def stop(order: int) -> Effect:
            effect = Effect.NOT_APPLIED
            for _ in range(_STOPS):
                if effect is Effect.NOT_APPLIED:
                    self._stand_by(order)
                    effect = await self._carry_out(StopMiner())
            return effect

        note = self._note(by, is_at_work(self._coordinator.data), after=False)
        return await self._mine(StopMiner.kind, stop, note)

    async def restart_mining(self, *, by: By) -> Effect:
        """Start again what was started last."""

        async def restart(_: int) -> Effect:
            effect = await self._carry_out(RestartMiner())
            self._set_cards_later()
            return effect

        return await self._mine(RestartMiner.kind, restart, self._note(by))

    async def _clear_way(self, order: int) -> None:
        """Stop what runs: the agent would start another one beside what is not its own.

        That they would fight for the cards is nothing that it tells.
        """
        rig = self._coordinator.rig
        # Of a rig that has just come back, nothing is known yet.
        if rig.state.miners != ():
            for _ in range(_STOPS):
                self._stand_by(order)
                if await self._carry_out(StopMiner()) is not Effect.NOT_APPLIED:
                    break
            else:
                running = rig.state.miners or ()
                raise StillMining(", ".join(miner.name for miner in running))
        self._stand_by(order)

    def _stand_by(self, order: int) -> None:
        if order != self._order:
            raise superseded(self._coordinator.name)

    async def _mine(
        self, what: str, work: Callable[[int], Awaitable[Effect]], note: Note
    ) -> Effect:
        """Do it, unless something else is wanted meanwhile: then that counts."""
        if self._mining is None:
            self._sheet_before = self.assignment.flight_sheet
        self._mining = what
        self._order = order = self._order + 1
        for mining in _MINING:
            self._waiting.pop(mining, None)

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

        return await self._see_through(self._told(what, check()), note)

    async def command(self, command: Command, *, by: By, **changed: Any) -> Effect:
        """Have the rig do something that concerns neither mining nor cards.

        What that changes are a `before` and an `after`, where there are any.
        """
        work = self._told(command.kind, self._carry_out(command))
        note = self._note(by, **changed)
        return await self._see_through(work, note)

    async def update_software(self, name: str, *, by: By, **changed: Any) -> Effect:
        """Replace mining software by its newest release."""
        work = self._told(InstallMiner.kind, self._coordinator.replace_software(name))
        return await self._see_through(work, self._note(by, **changed))

    async def apply_overclock(self, profile: ConfigSubentry, *, by: By) -> Effect:
        """Set the cards as a profile says, now and whenever the rig comes back."""
        self._waiting.pop(_APPLYING, None)
        commands = self._checked(lambda: profile_of(profile).commands(self._gpus))
        return await self._set(
            commands,
            lambda now: replace(now, overclock=profile.subentry_id, cards={}),
            self._note(by, _title(self.profile), profile.title),
        )

    async def set_card(self, key: str, name: str, value: int, *, by: By) -> Effect:
        """Set one thing of one card, now and whenever the rig comes back."""

        def commands() -> list[Overclock]:
            gpu = next((gpu for gpu in self._gpus if gpu.card.key == key), None)
            if gpu is None:
                raise Unacceptable("gpu", "missing")
            return [overclock(self._gpus, gpu, **{name: value})]

        def with_card(now: Assignment) -> Assignment:
            card = {**now.cards.get(key, {}), name: value}
            return replace(now, cards={**now.cards, key: card})

        checked = self._checked(commands)
        [gpu] = (gpu for gpu in self._gpus if gpu.card.key == key)
        before = self.settings(gpu).chosen.get(name)
        return await self._set(checked, with_card, self._note(by, before, value))

    async def reset_overclock(self, *, by: By, after: str | None = None) -> Effect:
        """Set the cards no more, and leave their fans to them.

        The agent has no way back: clocks and limits last until the rig is restarted.
        """
        self._waiting.pop(_APPLYING, None)
        note = self._note(by, _title(self.profile), after)
        order = self._begin_cards()
        self._keep(order, lambda now: replace(now, overclock=None, cards={}))
        self._end_cards(order)
        gpus = self._gpus
        if "fan" not in offered(gpus):
            note(Effect.UNKNOWN)
            return Effect.UNKNOWN
        work = self._set_cards([overclock(gpus, fan=0)])
        return await self._see_through(self._told(Overclock.kind, work), note)

    def settings(self, gpu: Gpu) -> Settings:
        """Return how a card is to be set."""
        own = Settings(**self.assignment.cards.get(gpu.card.key, {}))
        profile = self.profile
        if profile is None:
            return own
        return own.over(profile_of(profile).of_card(gpu.reading.ordinal))

    @property
    def _gpus(self) -> tuple[Gpu, ...]:
        return self._coordinator.rig.state.gpus or ()

    def _commands(self) -> list[Overclock]:
        """Return what sets all cards as they are to be."""
        gpus, profile = self._gpus, self.profile
        if not self.assignment.cards:
            return profile_of(profile).commands(gpus) if profile else []
        return [
            overclock(gpus, gpu, **settings.chosen)
            for gpu in gpus
            if (settings := self.settings(gpu)).chosen
        ]

    async def _set(
        self, commands: Sequence[Overclock], change: Change, note: Note
    ) -> Effect:
        """Set cards, and assign that once they are set, whoever waits for it."""
        order = self._begin_cards()

        async def work() -> Effect:
            try:
                effect = await self._told(Overclock.kind, self._set_cards(commands))
                self._keep(order, change)
            finally:
                self._end_cards(order)
            return effect

        return await self._see_through(work(), note)

    def _begin_cards(self) -> int:
        self._card_order += 1
        self._under_way.add(self._card_order)
        return self._card_order

    def _keep(self, order: int, change: Change) -> None:
        """Assign something about the cards; what was wanted later still counts more.

        The earlier of two orders may be the later to show.
        """
        self._kept[order] = change
        assignment = self.assignment
        for each in sorted(self._kept):
            if each >= order:
                assignment = self._kept[each](assignment)
        self._assign(assignment)

    def _end_cards(self, order: int) -> None:
        self._under_way.discard(order)
        if not self._under_way:
            self._kept.clear()

    async def _set_cards(self, commands: Sequence[Overclock]) -> Effect:
        """Send all, and then see of all what came of it."""
        found = await asyncio.gather(
            *map(self._carry_out, commands), return_exceptions=True
        )
        for each in found:
            if isinstance(each, BaseException):
                raise each
        for effect in (Effect.NOT_APPLIED, Effect.UNKNOWN):
            if effect in found:
                return effect
        return Effect.APPLIED

    @callback
    def _heard(self) -> None:
        """Set the cards of a rig that came back, once it has told which it has."""
        state = self._coordinator.rig.state
        if state.connections != self._connections:
            self._connections = state.connections
            self._stats = state.stats_heard
            self._is_due = True
        if self._is_due and state.connected and state.stats_heard > self._stats:
            self._is_due = False
            if state.gpus:
                self._set_cards_later()
            self._do_what_waits()

    @callback
    def once_connected(self, what: str, work: Later, seconds: float) -> None:
        """Do something once the rig is back, unless that takes too long.

        Of one kind only the last counts, and whatever is wanted later of mining or of
        the cards overrules it. Home Assistant forgets it when it is restarted.
        """
        until = self._coordinator.hass.loop.time() + seconds
        self._waiting[what] = work, until

    @callback
    def _do_what_waits(self) -> None:
        waiting, self._waiting = self._waiting, {}
        now = self._coordinator.hass.loop.time()
        for what, (work, until) in waiting.items():
            if now <= until:
                self._in_background(self._do_late(what, work))

    async def _do_late(self, what: str, work: Later) -> None:
        try:
            await work()
        except HomeAssistantError as err:
            LOGGER.warning("What waited for a rig was not done (%s): %s", what, err)

    @callback
    def _set_cards_later(self) -> None:
        """Set the cards as they are to be: miners and restarts undo that."""
        if self.assignment.overclock is not None or self.assignment.cards:
            self._in_background(self._set_cards_again())

    async def _set_cards_again(self) -> None:
        try:
            commands = self._checked(self._commands)
            await self._told(Overclock.kind, self._set_cards(commands))
        except HomeAssistantError as err:
            LOGGER.warning("The cards were not set again: %s", err)

    async def _carry_out(self, command: Command) -> Effect:
        return await self._coordinator.carry_out(command)

    def _checked[T](self, make: Callable[[], T]) -> T:
        """Refuse what cannot be done with this rig before anything is sent."""
        try:
            return make()
        except Unacceptable as err:
            raise unacceptable(self._coordinator.name, err) from err

    async def _see_through(self, work: Awaitable[Effect], note: Note) -> Effect:
        """Do it to the end, even if whoever wanted it does not wait for that."""

        async def do() -> Effect:
            effect = await work
            note(effect)
            return effect

        task = self._in_background(do())
        await asyncio.wait([task])
        if task.cancelled():
            # The fleet was unloaded meanwhile.
            raise undone_by_rig(self._coordinator.name, NotConnected())
        return task.result()

    def _note(self, by: By, before: Any = None, after: Any = None) -> Note:
        return partial(self._coordinator.tell_change, by, before, after)

    def _in_background[T](self, work: Awaitable[T]) -> asyncio.Task[T]:
        async def do() -> T:
            return await work

        coordinator = self._coordinator
        task: asyncio.Task[T] = coordinator.config_entry.async_create_background_task(
            coordinator.hass, do(), f"{coordinator.name} command"
        )
        # Nobody may be there any more to look at it.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _told(self, what: str, work: Awaitable[Effect]) -> Effect:
        """Put into words what went wrong, and tell the home of it."""
        name = self._coordinator.name
        try:
            effect = await work
        except NotConnected as err:
            raise undone_by_rig(name, err) from err
        except RigError as err:
            failure = undone_by_rig(name, err)
        else:
            if effect is not Effect.NOT_APPLIED:
                return effect
            failure = not_shown(name)
        self._coordinator.tell(
            Happening(What.COMMAND_FAILED, {"command": what, "error": str(failure)})
        )
        raise failure


def _title(subentry: ConfigSubentry | None) -> str | None:
    return None if subentry is None else subentry.title
