"""How the cards of a rig are to be set, and that they are.

The agent keeps nothing of that, and no card tells it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError

from .const import LOGGER
from .flight_sheets import OVERCLOCK, profile_of, title_of
from .rig import (
    Busy,
    Disconnected,
    Effect,
    Gpu,
    NotConnected,
    Overclock,
    PartlySet,
    Profile,
    Refused,
    RigError,
    Settings,
    Unacceptable,
    offered,
    overclock,
    overclocks,
)
from .rig_assignments import Assignment, RigAssignments
from .rig_failures import not_shown, unacceptable, undone_by_rig
from .rig_orders import Note, RigOrders
from .rig_waiting import APPLYING, WaitingOrders
from .telling import By

if TYPE_CHECKING:
    from .rig_coordinator import RigCoordinator

# So often cards are set again that could not be; they may only just be waking up.
_TRIES = 3
_FAN = "fan"

type Change = Callable[[Assignment], Assignment]


class RigCards:
    """Knows how a rig's cards are to be set, and sets them so, again and again."""

    def __init__(
        self,
        coordinator: RigCoordinator,
        orders: RigOrders,
        assignments: RigAssignments,
        waiting: WaitingOrders,
    ) -> None:
        self._coordinator = coordinator
        self._orders = orders
        self._assignments = assignments
        self._waiting = waiting
        # Orders whose outcome is open, and what became of later ones meanwhile.
        self._order = 0
        self._under_way: set[int] = set()
        self._kept: dict[int, Change] = {}
        # Which cards were there since the rig came, and what is still to be done.
        self._seen: frozenset[str] = frozenset()
        self._stats = 0
        self._is_due = False
        self._tries = 0
        self._assigned: tuple[str, Mapping[str, Any]] | None = None
        self._unlisten: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Begin to follow what is made of the profile that is assigned."""
        self._assigned = self._meant()
        self._unlisten = self._assignments.listen(
            self._coordinator.id, self._look_at_profile
        )

    @callback
    def stop(self) -> None:
        """Leave the cards alone."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None

    @property
    def profile(self) -> ConfigSubentry | None:
        """The overclock profile that is assigned, if it is still there."""
        entry = self._coordinator.config_entry
        found = entry.subentries.get(self._assignment.overclock or "")
        return found if found and found.subentry_type == OVERCLOCK else None

    def sent(self, gpu: Gpu) -> Mapping[str, int]:
        """Return what a card was told and took, as far as that is known."""
        return self._assignment.sent.get(gpu.card.key, {})

    async def apply(self, profile: ConfigSubentry, *, by: By) -> Effect:
        """Set the cards as a profile says, now and whenever the rig comes back."""
        self._waiting.forget(APPLYING)
        note = self._orders.note(by, title_of(self.profile), profile.title)
        assigned = replace(
            self._assignment,
            overclock=profile.subentry_id,
            cards={},
            numbers={gpu.card.key: gpu.reading.ordinal for gpu in self._gpus},
        )
        commands = self._orders.checked(
            lambda: overclocks(self._gpus, self._wanted(assigned, profile_of(profile)))
        )
        return await self._set(
            commands,
            lambda now: replace(
                now,
                overclock=assigned.overclock,
                cards={},
                numbers=assigned.numbers,
            ),
            note,
        )

    async def set_one(self, key: str, name: str, value: int, *, by: By) -> Effect:
        """Set one thing of one card, now and whenever the rig comes back."""

        def commands() -> list[Overclock]:
            gpu = next((gpu for gpu in self._gpus if gpu.card.key == key), None)
            if gpu is None:
                raise Unacceptable("gpu", "missing")
            return [overclock(self._gpus, gpu, **{name: value})]

        def with_card(now: Assignment) -> Assignment:
            card = {**now.cards.get(key, {}), name: value}
            return replace(now, cards={**now.cards, key: card})

        checked = self._orders.checked(commands)
        before = self._assignment.sent.get(key, {}).get(name)
        return await self._set(checked, with_card, self._orders.note(by, before, value))

    async def reset(self, *, by: By, after: str | None = None) -> Effect:
        """Set the cards no more, and leave their fans to them.

        The agent has no way back: clocks and limits last until the rig is restarted.
        """
        self._waiting.forget(APPLYING)
        note = self._orders.note(by, title_of(self.profile), after)
        order = self._begin()
        self._keep(order, _without_settings)
        self._end(order)
        gpus = self._gpus
        if _FAN not in offered(gpus):
            note(Effect.UNKNOWN)
            return Effect.UNKNOWN
        free = [overclock(gpus, fan=0)]
        return await self._set(free, lambda now: now, note)

    @callback
    def come_back(self) -> None:
        """Take note of a new connection: the rig may have been restarted."""
        self._seen = frozenset()
        self._is_due = False

    @callback
    def look(self) -> None:
        """Take in what was measured: which cards there are, and can be set by now."""
        state = self._coordinator.rig.state
        if state.stats_heard == self._stats:
            return
        self._stats = state.stats_heard
        there = frozenset(gpu.card.key for gpu in self._gpus)
        if there <= self._seen:
            self._set_what_is_due()
        else:
            self._forget_unwanted(there - self._seen)
            self._seen |= there
            self.set_again()

    @callback
    def _forget_unwanted(self, keys: frozenset[str]) -> None:
        """Know no more what cards have that were away, but for what they get again."""
        try:
            wanted = self._wanted(self._assignment, self._profile)
        except Unacceptable:
            wanted = {}
        sent = dict(self._assignment.sent)
        for key in sent.keys() & keys:
            known = wanted[key].chosen.keys() | {_FAN} if key in wanted else {_FAN}
            sent[key] = {
                name: value for name, value in sent[key].items() if name in known
            }
        self._assign(replace(self._assignment, sent=sent))

    @callback
    def set_again(self) -> None:
        """Set the cards as they are to be: miners and restarts undo that."""
        self._is_due = True
        self._tries = 0
        self._set_what_is_due()

    @callback
    def _set_what_is_due(self) -> None:
        # What is wanted now is not known before the last order has shown.
        if self._is_due and self._gpus and not self._under_way and self._unlisten:
            self._is_due = False
            self._orders.in_background(self._set_again(self._begin()))

    async def _set_again(self, order: int) -> None:
        name = self._coordinator.name
        try:
            commands = overclocks(
                self._gpus, self._wanted(self._assignment, self._profile)
            )
            effect = await self._send(order, commands)
        except NotConnected, Disconnected:
            # It is all done anew when the rig is back.
            return
        except Busy:
            self._is_due = True
            return
        except Unacceptable as err:
            self._orders.tell_failure(Overclock.kind, unacceptable(name, err))
            return
        except RigError as err:
            failure = undone_by_rig(name, err)
        else:
            if effect is not Effect.NOT_APPLIED:
                return
            failure = not_shown(name)
        finally:
            self._end(order)
        self._tries += 1
        self._is_due = self._tries < _TRIES
        LOGGER.debug("The cards of %s were not set again: %s", name, failure)
        if not self._is_due:
            self._orders.tell_failure(Overclock.kind, failure)

    @property
    def _assignment(self) -> Assignment:
        return self._assignments.of(self._coordinator.id)

    @property
    def _gpus(self) -> tuple[Gpu, ...]:
        return self._coordinator.rig.state.gpus or ()

    @property
    def _profile(self) -> Profile | None:
        return profile_of(self.profile) if self.profile else None

    def _meant(self) -> tuple[str, Mapping[str, Any]] | None:
        profile = self.profile
        return None if profile is None else (profile.subentry_id, profile.data)

    @callback
    def _look_at_profile(self) -> None:
        """Set the cards by a profile that was edited, or left alone by one deleted."""
        before, self._assigned = self._assigned, self._meant()
        if before is None or before[0] != self._assignment.overclock:
            return
        if before != self._assigned:
            self.set_again()

    def _wanted(
        self, assigned: Assignment, profile: Profile | None
    ) -> dict[str, Settings]:
        """Return how each card is to be set, by its key."""
        gpus = self._gpus
        meant = profile.meant(gpus, assigned.numbers) if profile else {}
        wanted = {
            gpu.card.key: Settings(**assigned.cards.get(gpu.card.key, {})).over(
                meant.get(gpu.card.key, Settings())
            )
            for gpu in gpus
        }
        # A fan that nobody wants fixed any more would stay so until the rig boots.
        if _FAN in offered(gpus) and any(self.sent(gpu).get(_FAN) for gpu in gpus):
            free = Settings(fan=0)
            return {key: each.over(free) for key, each in wanted.items()}
        return wanted

    async def _set(
        self, commands: Sequence[Overclock], change: Change, note: Note
    ) -> Effect:
        """Set cards, and assign that once they are set, whoever waits for it."""
        order = self._begin()

        async def work() -> Effect:
            try:
                return await self._orders.told(
                    Overclock.kind, self._send(order, commands, change)
                )
            except HomeAssistantError as err:
                if not isinstance(err.__cause__, (NotConnected, Busy)):
                    # Some cards may have it, and are to be as they were.
                    self._is_due = True
                raise
            finally:
                self._end(order)
                self._set_what_is_due()

        return await self._orders.see_through(work(), note)

    async def _send(
        self,
        order: int,
        commands: Sequence[Overclock],
        change: Change = lambda now: now,
    ) -> Effect:
        """Send all, see of all what came of it, and take that down."""
        gpus = self._gpus
        found = await asyncio.gather(
            *map(self._orders.carry_out, commands), return_exceptions=True
        )
        outcomes = list(zip(commands, found, strict=True))
        failures = [each for each in found if isinstance(each, BaseException)]
        if failures or Effect.NOT_APPLIED in found:
            self._keep(order, lambda now: _with_outcomes(now, gpus, outcomes))
        else:
            self._keep(order, lambda now: _with_outcomes(change(now), gpus, outcomes))
        if failures:
            # One that is told all of them stops at the first that refuses.
            halfway = any(
                isinstance(outcome, Refused) and sum(map(command.concerns, gpus)) > 1
                for command, outcome in outcomes
            )
            if halfway or len(failures) < len(found):
                raise PartlySet from failures[0]
            raise failures[0]
        for effect in (Effect.NOT_APPLIED, Effect.UNKNOWN):
            if effect in found:
                return effect
        return Effect.APPLIED

    def _begin(self) -> int:
        self._order += 1
        self._under_way.add(self._order)
        return self._order

    def _keep(self, order: int, change: Change) -> None:
        """Take something down about the cards; what was wanted later counts more.

        The earlier of two orders may be the later to show.
        """
        self._kept[order] = change
        assignment = self._assignment
        for each in sorted(self._kept):
            if each >= order:
                assignment = self._kept[each](assignment)
        self._assign(assignment)

    def _end(self, order: int) -> None:
        self._under_way.discard(order)
        if not self._under_way:
            self._kept.clear()

    def _assign(self, assignment: Assignment) -> None:
        self._assignments.assign(self._coordinator.id, assignment)


def _with_outcomes(
    now: Assignment,
    gpus: Sequence[Gpu],
    outcomes: Iterable[tuple[Overclock, Effect | BaseException]],
) -> Assignment:
    """Take down what each card was told and took."""
    sent = {key: dict(each) for key, each in now.sent.items()}
    for command, outcome in outcomes:
        for gpu in gpus:
            if not command.concerns(gpu):
                continue
            card = sent.setdefault(gpu.card.key, {})
            if outcome in (Effect.APPLIED, Effect.UNKNOWN):
                card |= command.chosen
            elif not isinstance(outcome, (NotConnected, Busy)):
                # It may have taken a part. A fan is fixed until it is known not to be.
                for name in command.chosen.keys() - {_FAN}:
                    card.pop(name, None)
    return replace(now, sent=sent)


def _without_settings(now: Assignment) -> Assignment:
    fans = {key: {_FAN: each[_FAN]} for key, each in now.sent.items() if _FAN in each}
    return replace(now, overclock=None, cards={}, numbers={}, sent=fans)
