"""Keeps up with one miner: polls it, listens to it, notices when it goes and comes."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .agenda import Agenda
from .asic import (
    ApiVersion,
    AsicError,
    Denied,
    Details,
    Faulty,
    Miner,
    MinerStatus,
    NotNow,
    Reading,
    Snapshot,
    Unreachable,
)
from .const import (
    CONF_POLL_INTERVAL,
    CONF_TOLERATED_MISSES,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_TOLERATED_MISSES,
    DOMAIN,
    LOGGER,
)
from .control import Control
from .failing import KEEP_FOR, Failing, is_passing
from .failures import displaced, shut_out, unreadable
from .farm import Farm
from .happenings import Happening, Watch
from .identity import identity, is_miner_of, who_is
from .login import StillStarting
from .state import (
    MinerState,
    boards_of,
    differs_in_live_figures_only,
    fans_of,
    pools_of,
    starts,
)

# After so long without an answer it is away, unless somebody has chosen otherwise.
_AWAY_AFTER = 30.0
_LOOK_AGAIN = 10.0
_ASK_THE_AWAY_EVERY = 60.0
# Between two tries to listen to a miner that answers everything else.
_LISTEN_AGAIN = (1.0, 60.0)
# After a command, until it shows.
_READ_BACK_AGAIN = 0.5
_TAKES_OVER_WITHIN = 20.0
_COMES_BACK_WITHIN = 3.0
_FOLLOW_EVERY = 2.0
_FOLLOW_FOR = 20.0

type MinerConfigEntry = ConfigEntry[MinerCoordinator]


class MinerCoordinator(DataUpdateCoordinator[MinerState]):
    """One miner, polled by the clock that all miners share."""

    config_entry: MinerConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: MinerConfigEntry, miner: Miner, farm: Farm
    ) -> None:
        super().__init__(
            hass, LOGGER, config_entry=entry, name=entry.title, always_update=False
        )
        self.miner = miner
        self.identity = str(entry.unique_id)
        self.control = Control(self)
        # One for all entities, of which there are a hundred for each miner.
        self.device_info = DeviceInfo(identifiers={(DOMAIN, self.identity)})
        self.meter = farm.energy.meter(entry.entry_id)
        self.interval: float = entry.options.get(
            CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL
        )
        self._tolerated: int | None = entry.options.get(CONF_TOLERATED_MISSES)
        self._farm = farm
        self._now = hass.loop.time
        self._watch = Watch()
        self._on_happening: list[Callable[[Happening], None]] = []
        self._on_review: list[CALLBACK_TYPE] = []
        self._on_another: list[CALLBACK_TYPE] = []

        self._identified = self._polling = self._once_more = False
        # What it said of its status last, for as long as it is listened to.
        self._heard: MinerStatus | None = None
        self._polled = 0.0
        self._reviewed = False
        self._unreachable = False
        self._misses = 0
        self._answered: float | None = None
        self._look_again: asyncio.TimerHandle | None = None
        self._followed_until = 0.0
        self._following: tuple[Reading, ...] = ()
        self._agenda = Agenda()
        # What the entities were told of last, and whether they need not all look.
        self._told: MinerState | None = None
        self.only_live = False
        self._failing = Failing()
        self._likeness: tuple[object, ...] | None = None
        self.poll_time: float | None = None
        # The platforms and unique ids of the entities that were added.
        self.entities: set[tuple[str, str]] = set()
        # Who answered in the miner's place.
        self.another: Details | None = None

        remembered = farm.memory.recall(entry.entry_id)
        self.is_known = remembered is not None
        if remembered is not None:
            snapshot, api = remembered
            self.data = MinerState(
                api=api,
                snapshot=snapshot,
                boards=boards_of(snapshot),
                fans=fans_of(snapshot),
                pools=pools_of(snapshot.pools),
                shares=snapshot.stats.pools if snapshot.stats else None,
                energy=self._energy,
            )

    @property
    def condition(self) -> dict[str, Any]:
        """How the polling goes, for whoever has to find out why it does not."""
        now = self._now()
        return {
            "interval": self.interval,
            "poll_time": self.poll_time,
            "missed_polls": self._misses,
            "seconds_since_answer": self._answered and now - self._answered,
            "listens_to_status": self._is_listened_to,
            "seconds_of_failing": self._failing.ages(now),
        }

    @property
    def _energy(self) -> float:
        return round(self.meter.watt_hours / 1000, 3)

    @callback
    def restore_energy(self, kilowatt_hours: float) -> None:
        """Go on from a higher figure that somebody else remembers."""
        self.meter.restore(kilowatt_hours * 1000)
        self.data = replace(self.data, energy=self._energy)

    @callback
    def start(self) -> None:
        """Begin to poll and to listen, until the entry is unloaded."""
        entry = self.config_entry
        entry.async_on_unload(self._farm.clock.join(self.interval, self._take_turn))
        entry.async_on_unload(self._stop_looking)
        entry.async_create_background_task(
            self.hass, self._listen(), f"{self.name} status"
        )
        if not self.last_update_success:
            self._soon()

    @callback
    def poll(self) -> None:
        """Poll at once, unless a poll is under way or would be of no use."""
        if self._polling or self._is_shut_out or self._shutdown_requested:
            return
        self._polled = self._now()
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{self.name} poll"
        )

    async def async_is_there(self) -> bool:
        """Tell whether it is this miner that would be told to do something."""
        if self.last_update_success and not self._identified:
            # It hung up, and another may have its address by now.
            await self.async_refresh()
        return self.last_update_success and self._identified

    async def async_read_back(self, readings: Iterable[Reading] = ()) -> bool:
        """Read what a command may have changed, once the miner has taken that over.

        Returns whether that, and the readings, could be read.
        """
        wanted = (Reading.CONFIGURATION, *readings)
        begun, wait = self._now(), _READ_BACK_AGAIN
        while True:
            self._followed_until = self._now() + _FOLLOW_FOR
            self._agenda.review(wanted)
            self._following = wanted
            await self.async_refresh()
            is_read = self._is_read(wanted)
            limit = _COMES_BACK_WITHIN if self._unreachable else _TAKES_OVER_WITHIN
            gone = not self.last_update_success or self._shutdown_requested
            if is_read or gone or self._now() - begun > limit:
                break
            await asyncio.sleep(wait)
            wait = min(2 * wait, _FOLLOW_EVERY)
        self._again_in(_FOLLOW_EVERY)
        return is_read

    def _is_read(self, readings: Iterable[Reading]) -> bool:
        if self._misses or not self.last_update_success or self._shutdown_requested:
            return False
        missing = self.data.snapshot.missing
        return not any(
            each in missing and is_passing(missing[each], self.data.status)
            for each in readings
        )

    @property
    def _is_shut_out(self) -> bool:
        return not self.last_update_success and isinstance(
            self.last_exception, ConfigEntryAuthFailed
        )

    @property
    def _is_listened_to(self) -> bool:
        return self._heard is not None

    @callback
    def _take_turn(self) -> None:
        # Of the return of one that cannot be reached we are told, so that asking is
        # only for those whose name leads elsewhere by then.
        away = self._unreachable and not self.last_update_success
        if not away or self._now() - self._polled >= _ASK_THE_AWAY_EVERY:
            self.poll()

    async def _listen(self) -> None:
        """Hear of each change of the status, and of the miner's return."""
        shortest, longest = _LISTEN_AGAIN
        wait = shortest
        while not self._is_shut_out:
            denied = False
            try:
                async for status in self.miner.mining.watch_status():
                    wait = shortest
                    self._hear(status)
            except AsicError as err:
                LOGGER.debug("%s: the status cannot be listened to: %s", self.name, err)
                denied = isinstance(err, Denied)
            # It hung up, which a miner that stays would not do.
            self._heard = None
            self._identified = False
            if denied:
                wait = longest
            with suppress(AsicError):
                await self.miner.connected()
                # Whether the login is no good any more, a poll finds out.
                if denied or not self.last_update_success:
                    self.poll()
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    @callback
    def _hear(self, status: MinerStatus) -> None:
        self._heard = status
        if not (self.last_update_success and self._identified):
            # Whoever it is that says so.
            self.poll()
        elif status is not self.data.status:
            # What changes the status changes much else.
            self._agenda.begin_anew()
            self.data = replace(self.data, status=status)
            self.async_update_listeners()
            self._farm.changed()
            # What is being read just now may be from before the change.
            self._once_more = self._polling
            self.poll()

    def _soon(self) -> None:
        """Look again before long, however rarely the miner is polled."""
        if self.interval > _LOOK_AGAIN:
            self._again_in(_LOOK_AGAIN)

    def _again_in(self, seconds: float) -> None:
        self._stop_looking()
        if not self._shutdown_requested:
            self._look_again = self.hass.loop.call_later(seconds, self.poll)

    @callback
    def _stop_looking(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None

    @callback
    def async_on_happening(
        self, listener: Callable[[Happening], None]
    ) -> CALLBACK_TYPE:
        """Tell of what happens to the miner; returns what ends that."""
        self._on_happening.append(listener)
        return lambda: self._on_happening.remove(listener)

    @callback
    def async_on_review(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back whenever more than the live figures was read.

        That is once a minute, and when the miner changed or came back.
        """
        self._on_review.append(listener)
        return lambda: self._on_review.remove(listener)

    @callback
    def async_on_another(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back when another miner answers in this one's place, or no more."""
        self._on_another.append(listener)
        return lambda: self._on_another.remove(listener)

    @override
    async def _async_update_data(self) -> MinerState:
        self._polling = True
        start = self._now()
        try:
            fresh = await self.miner.snapshot(self._due(start))
            api = await self._identify(fresh)
        except Denied as err:
            raise shut_out(self.config_entry) from err
        except AsicError as err:
            return self._missed(err)
        finally:
            self._polling = False
        self._stop_looking()
        now = self._now()
        self.poll_time = now - start
        state = self._take_in(fresh, api, now)
        self._misses, self._answered, self._unreachable = 0, now, False
        self._agenda.answered()
        return state

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        if self.last_update_success and self._reviewed:
            self._reviewed = False
            self._remember()
            for listener in tuple(self._on_review):
                listener()
        self._farm.changed()
        if self._once_more:
            self._once_more = False
            self.hass.loop.call_soon(self.poll)
        elif self._now() < self._followed_until:
            self._agenda.add(self._following)
            self._again_in(_FOLLOW_EVERY)

    @callback
    @override
    def async_update_listeners(self) -> None:
        told, self._told = self._told, None
        if self.last_update_success:
            self._told = self.data
        self.only_live = (
            told is not None
            and self._told is not None
            and differs_in_live_figures_only(told, self._told)
        )
        super().async_update_listeners()
        # Whoever is told what happened finds it shown already.
        for happening in self._watch.look(self._told) if self._told else ():
            for listener in tuple(self._on_happening):
                listener(happening)

    def _remember(self) -> None:
        """Keep what the miner is like, where that has changed."""
        state, raw = self.data, self.data.snapshot.raw
        details = state.snapshot.details
        likeness = (
            details and (details.model, details.mac, details.firmware),
            tuple(state.boards),
            tuple(state.fans),
            tuple((key, pool.url) for key, pool in state.pools.items()),
            *(raw.get(reading) for reading in (Reading.CONFIGURATION, Reading.LIMITS)),
        )
        if likeness != self._likeness:
            self._likeness = likeness
            self._farm.memory.remember(
                self.config_entry.entry_id, state.snapshot, state.api
            )

    def _due(self, now: float) -> list[Reading]:
        """Return what to read now."""
        due = self._agenda.due(now, self.data)
        self._reviewed = Reading.POOLS in due
        if not (self._identified and self._is_listened_to):
            due.append(Reading.DETAILS)
        due += self._failing.due(now, self.data)
        return [each for each in dict.fromkeys(due) if self.miner.supports(each)]

    async def _identify(self, fresh: Snapshot) -> ApiVersion:
        """See that it is still the same miner, before anything it says is believed."""
        details = fresh.details
        if details is None:
            if self._identified:
                return self.data.api
            raise fresh.missing.get(Reading.DETAILS, Faulty())
        if identity(details) is None:
            raise StillStarting
        if not is_miner_of(self.config_entry, details):
            self._note_another(details)
            self._doubt()
            raise displaced(self.config_entry, who_is(self.hass, details))
        self._note_another(None)
        if self._identified:
            before = self.data.snapshot.details
            if before is not None and before.firmware == details.firmware:
                return self.data.api
        api = await self.miner.api_version()
        self._identified = True
        return api

    def _note_another(self, another: Details | None) -> None:
        before, self.another = self.another, another
        if (before and identity(before)) != (another and identity(another)):
            for listener in tuple(self._on_another):
                listener()

    def _doubt(self) -> None:
        """Read the next answer as if it were the first, whoever it is that answers."""
        self._identified = self._reviewed = False
        self._agenda.begin_anew()

    def _missed(self, err: AsicError) -> MinerState:
        """Overlook a poll that failed, or a few, but not more."""
        self._misses += 1
        LOGGER.debug("%s: a poll failed: %r", self.name, err)
        self._doubt()
        self._unreachable = isinstance(err, Unreachable) and not self._is_listened_to
        if self._is_overlooked(err):
            self._soon()
            return self.data
        if not self._unreachable:
            self._soon()
        raise unreadable(self.config_entry, err) from err

    def _is_overlooked(self, err: AsicError) -> bool:
        """Tell whether what is known of the miner still stands."""
        if self._answered is None or not self.last_update_success:
            return False
        silent = self._now() - self._answered
        # After a command it is asked so often that its misses do not count either.
        busy = self._is_busy(err) or self._now() < self._followed_until
        if busy and silent < KEEP_FOR:
            return True
        if self._tolerated is not None:
            return self._misses < self._tolerated
        # Of one that is polled rarely, the first miss comes after a long time.
        return self._misses == 1 or (
            self._misses < DEFAULT_TOLERATED_MISSES and silent < _AWAY_AFTER
        )

    def _is_busy(self, err: AsicError) -> bool:
        """Tell whether it does answer, if only that it cannot tell."""
        if isinstance(err, Unreachable):
            return self._is_listened_to
        return isinstance(err, Faulty | NotNow)

    def _take_in(self, fresh: Snapshot, api: ApiVersion, now: float) -> MinerState:
        """Return the state that follows from what was read."""
        old = self.data if self._answered is not None else MinerState(api=api)
        if not self.last_update_success:
            # What was known before it went says nothing about now.
            old = replace(old, snapshot=Snapshot())
        status = self._heard or (fresh.details.status if fresh.details else old.status)
        snapshot = self._failing.merge(old.snapshot, fresh, status, now)

        changes: dict[str, Any] = {}
        if Reading.STATS in fresh.raw or snapshot.stats is None:
            power = snapshot.stats.power if snapshot.stats else None
            self.meter.read(power, now, max(3 * self.interval, _AWAY_AFTER))
        if Reading.POOLS in fresh.raw or snapshot.pools is None:
            changes["pools"] = pools_of(snapshot.pools)
        if self._reviewed:
            changes["shares"] = snapshot.stats.pools if snapshot.stats else None
            changes["energy"] = self._energy
        if fresh.details is not None:
            changes |= starts(old, fresh.details, now)
        return replace(
            old,
            snapshot=snapshot,
            api=api,
            status=status,
            boards=boards_of(snapshot),
            fans=fans_of(snapshot),
            **changes,
        )
