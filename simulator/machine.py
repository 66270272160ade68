"""One machine: everything a miner is but its wire.

It lives lazily: nothing happens between two looks, and `advance` catches up in steps
that are short while things move and long while they rest.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import Unpack

from .accounts import FACTORY_PASSWORD, Accounts
from .boards import Board, curve
from .clock import Clock
from .configuration import (
    PAUSE_FAN_LIMIT_S,
    Configuration,
    CoolingMode,
    Parts,
    Save,
    default_groups,
    factory_configuration,
)
from .cooling import Cooling
from .dps import Dps
from .firmware import Firmware
from .identity import Network, factory_hostname, identity
from .journal import Entry, Journal, Kind
from .license import License
from .mining import Drive, Mining, Reason, Status
from .models import Model
from .options import Quirks, Timing
from .power import Power
from .refusals import InvalidValue, NotRunning, Reconfiguring
from .schedule import Schedule
from .settings import Settings
from .tuner import Tuner, TunerState
from .upgrades import Upgrades
from .work import HASHES_PER_DIFFICULTY, Work

_GRAIN_S = 0.2
_STEP_S = 2.0
_CALM_STEP_S = 30.0
_SHARE_EVERY_S = 5.0
_COOLED_BY_C = 20.0
_CALM_ROOM_C = 45.0
_UNSET_CLOCK = 1_420_070_400.0
_LIVED_S = 9 * 86400.0


class Machine:
    """A miner from its control board to its fans."""

    def __init__(
        self,
        model: Model,
        *,
        clock: Clock,
        seed: int,
        firmware: Firmware,
        password: str | None = FACTORY_PASSWORD,
        user: str = "root",
        host: str = "127.0.0.1",
        room_c: float = 24.0,
        timing: Timing | None = None,
        quirks: Quirks | None = None,
        warm: bool = True,
    ) -> None:
        """Build a machine; a warm one has been mining at rest for days."""
        self.model = model
        self.clock = clock
        self.seed = seed
        self.firmware = firmware
        self.timing = timing or Timing()
        self.quirks = quirks or Quirks()
        self.random = Random(f"{model.key} {seed}")
        # Made-up names have luck of their own, so that a login changes no weather.
        self.names = Random(f"names {model.key} {seed}")
        self.moment = clock.now()
        self.schedule = Schedule()
        self.identity = identity(model, self.random)
        self.network = Network(host, factory_hostname(model, self.identity.mac))
        self.accounts = Accounts(clock, self.names, password, user)
        self.journal = Journal()
        self.curve = curve(model)
        self.boards = [
            Board(name, index, model, self.random)
            for index, name in enumerate(model.board_ids)
        ]
        worker = self.identity.mac.replace(":", "")[-6:].lower()
        self.saved = factory_configuration(model, default_groups(worker))
        self.running = self.saved
        self.cooling = Cooling(model, room_c, self.random)
        rate = model.hashrate.default * 1e12 * _SHARE_EVERY_S / HASHES_PER_DIFFICULTY
        self.work = Work(float(1 << max(0, round(rate).bit_length() - 1)), self.random)
        self.tuner = Tuner(self.saved.tuner, self.curve, self.timing.tuning_s)
        self.mining = Mining(self)
        self.power = Power(self)
        self.dps = Dps(self)
        self.license = License(self)
        self.settings = Settings()
        self.upgrades = Upgrades(self)
        self.present = True
        """Whether the control board is up and on the network."""
        self.booted = self.moment
        self.locating = False
        self.flicker = 0.0
        self.energy_wh = 0.0
        """What it has used since it was built."""
        self.status_watchers: set[Callable[[], None]] = set()
        self.presence_watchers: set[Callable[[], None]] = set()
        self._busy_until = -1.0
        self._status = Status.NOT_STARTED
        for board in self.boards:
            board.chip_c = self.around_c
        if warm:
            self._settle()
        else:
            self.mining.start()

    @property
    def around_c(self) -> float:
        """The temperature of the room's air or the loop's water."""
        return self.cooling.surroundings(self.moment, self.running.cooling)

    @property
    def hottest_c(self) -> float:
        """The temperature of the hottest chip."""
        return max(board.chip_c for board in self.boards)

    @property
    def hashrate(self) -> float:
        """TH/s right now."""
        return sum(board.hashrate for board in self.boards)

    @property
    def consumption(self) -> float:
        """What the whole machine draws from the wall, in W."""
        if not self.present:
            return self.model.paused_w
        fans = self.cooling.working_fans() * self.cooling.fan_ratio**3
        fans *= self.model.fan_w
        return max(self.model.paused_w + fans, self.power.watts) * (1 + self.flicker)

    @property
    def tuner_state(self) -> TunerState:
        """What the tuner is doing."""
        if not self.running.tuner.enabled or not self.mining.running:
            return TunerState.DISABLED
        if not any(board.works for board in self.boards):
            return TunerState.ERROR
        if self.tuner.preheating:
            return TunerState.PREHEAT
        return TunerState.TUNING if self.tuner.left > 0 else TunerState.STABLE

    @property
    def status(self) -> Status:
        """What the machine says it is doing."""
        return self.mining.status

    def calendar(self, moment: float | None = None) -> float:
        """Return the Unix time that the machine believes in."""
        moment = self.moment if moment is None else moment
        if self.quirks.clock_unset:
            return _UNSET_CLOCK + max(0.0, moment - self.booted)
        return self.clock.calendar(moment)

    def advance(self) -> None:
        """Live up to now."""
        now = self.clock.now()
        if now - self.moment < _GRAIN_S:
            return
        self.catch_up(now)

    def catch_up(self, now: float) -> None:
        """Live up to `now`, however short that is."""
        schedule = self.schedule
        while self.moment < now:
            end = min(now, max(schedule.next, self.moment))
            if end > self.moment:
                rest = end - self.moment
                step = min(rest, _CALM_STEP_S if self._at_rest() else _STEP_S)
                self._step(step)
                # Arrive exactly: plans are due at their moment, not a hair before.
                self.moment = end if step == rest else self.moment + step
            schedule.run_due(self.moment)
            self.tell_status()

    def act(self) -> None:
        """Catch up exactly, before something is done to the machine."""
        self.catch_up(self.clock.now())

    def _at_rest(self) -> bool:
        return (
            not self.cooling.moving
            and self.mining.drive in (Drive.ON, Drive.OFF)
            and self.power.watts == self.power.goal
        )

    def _step(self, seconds: float) -> None:
        before = self.power.watts
        self.power.step(seconds)
        watts, running = self.power.watts, self.running
        around = self.cooling.surroundings(self.moment, running.cooling)
        self.cooling.watts = watts
        self.cooling.step(
            self.boards, running.cooling, seconds, around, self._forced_fans()
        )
        if self.mining.drive is Drive.ON:
            live = [board for board in self.boards if board.works]
            self.tuner.warm_up(self.hottest_c, starting=False)
            self.tuner.step(seconds, self.moment, live)
        done = sum(board.hash(seconds, self.random) for board in self.boards)
        if done > 0:
            self.work.hash(done, self.moment + seconds)
        self.flicker = self.random.gauss(0.0, 0.003)
        self.energy_wh += (self.consumption + (before - watts) / 2) * (seconds / 3600)
        self._protect()

    def _forced_fans(self) -> float | None:
        settings, mining = self.running.cooling, self.mining
        if not self.cooling.fans or settings.mode in (
            CoolingMode.HYDRO,
            CoolingMode.IMMERSION,
        ):
            return 0.0
        if not mining.running or mining.drive is Drive.KICK:
            return 1.0
        if mining.drive is Drive.OFF:
            return self._paused_fans()
        return settings.fan_ratio if settings.mode is CoolingMode.MANUAL else None

    def _paused_fans(self) -> float | None:
        settings = self.running.cooling
        chosen = settings.pause_fan_ratio
        paused_for = self.moment - self.mining.drive_since
        if chosen is not None and (
            settings.pause_fan_forever or paused_for < PAUSE_FAN_LIMIT_S
        ):
            return chosen
        return 0.0 if self.hottest_c < max(_CALM_ROOM_C, self.around_c + 5) else None

    def _protect(self) -> None:
        mining, settings = self.mining, self.running.cooling
        if not mining.running:
            return
        hottest = self.hottest_c
        if Reason.HEAT in mining.reasons:
            if hottest < settings.hot_c - _COOLED_BY_C:
                mining.resume(Reason.HEAT)
        elif hottest >= settings.dangerous_c:
            self.note(Kind.HEAT, f"chip temperature {hottest:.1f} °C is dangerous")
            mining.cut(Reason.HEAT)
        if self.cooling.fans and settings.mode in (
            CoolingMode.AUTO,
            CoolingMode.MANUAL,
        ):
            enough = self.cooling.working_fans() >= settings.required_fans
            if enough and Reason.FANS in mining.reasons:
                mining.resume(Reason.FANS)
            elif not enough and Reason.FANS not in mining.reasons:
                mining.cut(Reason.FANS)

    def _settle(self) -> None:
        self.moment -= 1.0
        self.mining.mine_at_once()
        self.booted = self.moment - _LIVED_S
        self.mining.since = self.booted + 60
        self.work.configure(self.running.groups)
        self.tuner.remember(self.booted + 7200, self.boards)
        self.power.jump()
        self.cooling.watts = self.power.watts
        self.cooling.settle(
            self.boards, self.running.cooling, self.around_c, self._forced_fans()
        )
        lived = self.moment - self.mining.since
        for board in self.boards:
            board.averages = [board.hashrate] * len(board.averages)
            board.hashes = board.hashrate * lived
        for _ in range(4):
            self.work.hash(self.hashrate * lived / 4, self.moment)
        self._status = self.status
        self.catch_up(self.moment + 1.0)

    def note(
        self, kind: Kind, message: str, component: str | None = None, index: int = 0
    ) -> None:
        """Remember an error."""
        self.journal.note(Entry(self.moment, kind, message, component, index))

    def power_on(self) -> None:
        """Aim at the target as the hashboards get power; warm up if it is cold."""
        if self.running.tuner.enabled:
            self.tuner.aim(self.dps.start_target())
            self.tuner.warm_up(self.hottest_c, starting=True)

    def software_started(self) -> None:
        """Work by what is saved and count anew: the mining software is up."""
        self._take_over(self.saved)
        self.work.restart()
        for board in self.boards:
            board.restart()
        if not self.work.reachable:
            self.look_for_pools()

    def software_stopped(self) -> None:
        """Drop all that the mining software planned: it is gone."""
        for name in ("dps", "dps shutdown"):
            self.schedule.cancel(name)
        self.cooling.moving = True
        for board in self.boards:
            board.restart()

    def look_for_pools(self) -> None:
        """Mine while a pool answers, pause when none does."""
        self.work.look_around()
        if self.work.reachable:
            self.mining.resume(Reason.POOLS)
        elif Reason.POOLS not in self.mining.reasons:
            self.note(Kind.POOLS, "no living pool, mining is paused")
            self.mining.pause(Reason.POOLS)

    def tell_status(self) -> None:
        """Let watchers know if the status is another than they know."""
        if self._status is not self.status:
            self._status = self.status
            for watcher in tuple(self.status_watchers):
                watcher()

    def require_software(self) -> None:
        """Raise unless the mining software runs and is not busy with itself."""
        if not self.mining.running:
            raise NotRunning("the mining software is not running")
        if self.moment < self._busy_until:
            raise Reconfiguring("the mining software is re-configuring itself")

    def change(self, save: Save, **parts: Unpack[Parts]) -> None:
        """Save changed parts of the configuration and apply them as asked."""
        self.saved = replace(self.saved, **parts)
        if save is Save.ONLY or not self.mining.running:
            return
        self._busy_until = self.moment + self.timing.reconfigure_s
        if save is Save.FORCE:
            self.restart()
        else:
            self._take_over(self.saved)
        self.tell_status()

    def restart(self) -> None:
        """Restart the mining software."""
        self.mining.stop()
        self.mining.start()
        self.tell_status()

    def _take_over(self, wanted: Configuration) -> None:
        before, self.running = self.running, wanted
        self.cooling.moving = True
        for board in self.boards:
            board.enabled = board.id not in wanted.disabled_boards
        if wanted.tuner != before.tuner or wanted.tuner != self.tuner.settings:
            self.tuner.configure(wanted.tuner)
        if wanted.groups != before.groups or not self.work.groups:
            self.work.configure(wanted.groups)
            self.look_for_pools()
        self.dps.configure()

    def board_named(self, name: str) -> Board:
        """Return a hashboard by its id."""
        for board in self.boards:
            if board.id == name:
                return board
        raise InvalidValue(
            f"there is no hashboard {name!r}, only {', '.join(self.model.board_ids)}"
        )

    def leave(self, seconds: float, then: Iterable[Callable[[], None]] = ()) -> None:
        """Go off the network for a while, as at a reboot; tokens are lost."""
        self.mining.stop()
        self.schedule.cancel("leave")
        self.present = False
        self.accounts.forget_tokens()
        changes = tuple(then)
        self.schedule.plan(
            "return", self.moment + seconds, lambda: self._return(changes)
        )
        self._tell_presence()

    def _return(self, changes: tuple[Callable[[], None], ...]) -> None:
        for change in changes:
            change()
        self.present = True
        self.booted = self.moment
        self.locating = False
        self.mining.start()
        self._tell_presence()

    def reboot(self, delay_s: float = 0.5) -> None:
        """Reboot shortly, so that the answer still gets out."""
        self.schedule.plan(
            "leave", self.moment + delay_s, lambda: self.leave(self.timing.reboot_s)
        )

    def move(self, address: str) -> None:
        """Live at another address from now on."""
        self.network.address = address
        self._tell_presence()

    def install(self, firmware: Firmware) -> None:
        """Run another firmware from the next start on."""
        self.firmware = firmware

    def _tell_presence(self) -> None:
        for watcher in tuple(self.presence_watchers):
            watcher()
        self.tell_status()
