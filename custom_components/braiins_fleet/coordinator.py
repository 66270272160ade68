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
    DOMAIN,
    LOGGER,
)
from .control import Control
from .failing import Failing, is_passing
from .failures import being_updated, displaced, shut_out, unreadable
from .farm import Farm
from .happenings import Happening, Watch
from .identity import identity, is_miner_of, who_is
from .login import StillStarting
from .silence import AWAY_AFTER, Silence
from .state import (
    MinerState,
    boards_of,
    differs_in_live_figures_only,
    fans_of,
    pools_of,
    starts,
)

_LOOK_AGAIN = 10.0
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
        self.control = Control(self, farm.jobs)
        # One for all entities, of which there are a hundred for each miner.
        self.device_info = DeviceInfo(identifiers={(DOMAIN, self.identity)})
        self.meter = farm.energy.meter(entry.entry_id)
        self.interval: float = entry.options.get(
            CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL
        )
        self._silence = Silence(self.interval, entry.options.get(CONF_TOLERATED_MISSES))
        self._farm = farm
        self._now = hass.loop.time
        self._watch = Watch()
        self._on_happening: list[Callable[[Happening], None]] = []
        self._on_review: list[CALLBACK_TYPE] = []
        self._on_trouble: list[CALLBACK_TYPE] = []

        self._identified = self._polling = self._once_more = False
        # What it said of its status last, for as long as it is listened to.
        self._heard: MinerStatus | None = None
        self._polled = 0.0
        self._reviewed = False
        self._look_again: asyncio.TimerHandle | None = None
        self._followed_until = 0.0
        self._following: tuple[Reading, ...] = ()
        self._agenda = Agenda()
        # What the entities were told of last, and whether they need not all look.
        self._told: MinerState | None = None
        self.only_live = False
        self._failing = Failing()
        self.poll_time: float | None = None
        # The platforms and unique ids of the entities that were added.
        self.entities: set[tuple[str, str]] = set()
        # Who answered in the miner's place.
        self.another: Details | None = None
        # Whether it is there, but has given no proper answer for long.
        self.is_failing = False

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
        now, silence = self._now(), self._silence
        return {
            "interval": self.interval,
            "asked_every": max(self.interval, silence.wait(now)),
            "poll_time": self.poll_time,
            "missed_polls": silence.misses,
            "seconds_since_answer": silence.answered and now - silence.answered,
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
        hung_up = self.last_update_success and not self._identified
        if hung_up or self.is_failing:
            # Another may have its address by now, or it may answer again.
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
            gone = self._silence.is_unreachable
            limit = _COMES_BACK_WITHIN if gone else _TAKES_OVER_WITHIN
            given_up = not self.last_update_success or self._shutdown_requested
            if is_read or given_up or self._now() - begun > limit:
                break
            await asyncio.sleep(wait)
            wait = min(2 * wait, _FOLLOW_EVERY)
        self._again_in(_FOLLOW_EVERY)
        return is_read

    def _is_read(self, readings: Iterable[Reading]) -> bool:
        if not self.last_update_success or self._shutdown_requested:
            return False
        if self._silence.misses:
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
        now = self._now()
        # It has its turn when that comes closest to what it is to wait.
        wait = self._silence.wait(now) - self.interval / 2
        if self.last_update_success or now - self._polled >= wait:
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

    def _soon(self, after: float = _LOOK_AGAIN) -> None:
        """Look again before long, however rarely the miner is polled."""
        if self.interval > after:
            self._again_in(after)

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
    def async_on_trouble(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back when another answers in the miner's place, or it fails for long.

        And when that is over.
        """
        self._on_trouble.append(listener)
        return lambda: self._on_trouble.remove(listener)

    @override
    async def _async_update_data(self) -> MinerState:
        if self.config_entry.entry_id in self._farm.installing:
            return self._hushed()
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
        self._silence.end(now)
        self._agenda.answered()
        return state

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        if self.last_update_success and self._reviewed:
            self._reviewed = False
            self._farm.memory.remember(self.config_entry.entry_id, self.data)
            for listener in tuple(self._on_review):
                listener()
        self._note_failing()
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
            self._tell_of_trouble()

    def _note_failing(self) -> None:
        before, self.is_failing = self.is_failing, self._silence.is_failing(self._now())
        if self.is_failing and not before:
            LOGGER.warning(
                "%s fails again and again; until it answers it is asked less often",
                self.name,
            )
        if self.is_failing is not before:
            self._tell_of_trouble()

    def _tell_of_trouble(self) -> None:
        for listener in tuple(self._on_trouble):
            listener()

    def _doubt(self) -> None:
        """Read the next answer as if it were the first, whoever it is that answers."""
        self._identified = self._reviewed = False
        self._agenda.begin_anew()

    def _hushed(self) -> MinerState:
        """Ask nothing of a miner that is given another firmware."""
        self._doubt()
        if self.last_update_success and self._silence.is_recent(self._now()):
            return self.data
        planned = being_updated(self.config_entry)
        if self.last_update_success:
            # Home Assistant would log it as an error.
            self.last_update_success = False
            LOGGER.info("%s", planned)
        raise planned

    def _missed(self, err: AsicError) -> MinerState:
        """Overlook a poll that failed, or a few, but not more."""
        LOGGER.debug("%s: a poll failed: %r", self.name, err)
        self._doubt()
        now, silence = self._now(), self._silence
        silence.missed(err, now, is_listened_to=self._is_listened_to)
        # After a command it is asked so often that its misses do not count either.
        is_busy = self._is_busy(err) or now < self._followed_until
        if self.last_update_success and silence.is_overlooked(now, is_busy=is_busy):
            self._soon()
            return self.data
        if not silence.is_unreachable:
            self._soon(max(_LOOK_AGAIN, silence.wait(now)))
        raise unreadable(self.config_entry, err) from err

    def _is_busy(self, err: AsicError) -> bool:
        """Tell whether it does answer, if only that it cannot tell."""
        if isinstance(err, Unreachable):
            return self._is_listened_to
        return isinstance(err, Faulty | NotNow)

    def _take_in(self, fresh: Snapshot, api: ApiVersion, now: float) -> MinerState:
        """Return the state that follows from what was read."""
        first = self._silence.answered is None
        old = MinerState(api=api) if first else self.data
        if not self.last_update_success:
            # What was known before it went says nothing about now.
            old = replace(old, snapshot=Snapshot())
        status = self._heard or (fresh.details.status if fresh.details else old.status)
        snapshot = self._failing.merge(old.snapshot, fresh, status, now)

        changes: dict[str, Any] = {}
        if Reading.STATS in fresh.raw or snapshot.stats is None:
            power = snapshot.stats.power if snapshot.stats else None
            self.meter.read(power, now, max(3 * self.interval, AWAY_AFTER))
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
