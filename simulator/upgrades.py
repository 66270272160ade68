"""Firmware coming and going: upgrades by hand, by schedule, and back to the factory."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from .accounts import FACTORY_PASSWORD
from .configuration import factory_configuration
from .firmware import Firmware, firmware_in
from .identity import Network, factory_hostname
from .refusals import InvalidValue, Unsupported

if TYPE_CHECKING:
    from .machine import Machine

_BEGIN_AFTER_S = 2.0


class Every(Enum):
    """How often an automatic upgrade is looked for."""

    DAY = "daily"
    WEEK = "weekly"
    MONTH = "monthly"


@dataclass(frozen=True, slots=True)
class UpgradePlan:
    """When automatic upgrades happen; `day` is 1-7 of the week or 1-28 of the month."""

    every: Every
    day: int = 1
    hour: int = 3
    minute: int = 0
    second: int = 0

    def after(self, calendar: float) -> float:
        """Return the Unix time of the next one after `calendar`."""
        now = datetime.fromtimestamp(calendar, UTC)
        at = now.replace(
            hour=self.hour, minute=self.minute, second=self.second, microsecond=0
        )
        while at <= now or not self._falls_on(at):
            at += timedelta(days=1)
        return at.timestamp()

    def _falls_on(self, at: datetime) -> bool:
        match self.every:
            case Every.DAY:
                return True
            case Every.WEEK:
                return at.isoweekday() == self.day
            case Every.MONTH:
                return at.day == self.day


class Upgrades:
    """What a machine does about its firmware."""

    __slots__ = ("_machine", "auto", "last", "next", "plan", "stock")

    def __init__(self, machine: Machine) -> None:
        """Leave the firmware of a machine as it is."""
        self._machine = machine
        self.auto = False
        self.plan = UpgradePlan(Every.WEEK, day=7)
        self.next: float | None = None
        """Unix time of the next automatic upgrade."""
        self.last: float | None = None
        self.stock = False
        """Whether the stock firmware took the machine over."""

    def configure(self, plan: UpgradePlan | None, *, enabled: bool) -> None:
        """Switch automatic upgrades on or off."""
        self.auto = enabled
        if plan is not None:
            self.plan = plan
        self._plan_next()

    def install(self, image: bytes, size: int, digest: str, *, discard: bool) -> None:
        """Check an image and go away to install it."""
        if len(image) != size:
            raise InvalidValue(f"{size} bytes were announced, {len(image)} came")
        if sha256(image).hexdigest() != digest.lower():
            raise InvalidValue("the SHA-256 of the image is not the announced one")
        self._begin(firmware_in(image, self._machine.firmware), discard=discard)

    def restore_stock(self) -> None:
        """Give the machine back to the firmware of its maker."""
        machine = self._machine
        if not machine.model.restores_stock:
            raise Unsupported("this machine has no stock firmware to go back to")

        def take_over() -> None:
            self.stock = True
            machine.schedule.clear()

        self._go_away([take_over])

    def factory_reset(self) -> None:
        """Forget everything an owner chose, and reboot."""
        machine = self._machine
        machine.schedule.plan(
            "leave",
            machine.moment + 0.5,
            lambda: machine.leave(machine.timing.reboot_s, [self._forget]),
        )

    def _begin(self, firmware: Firmware, *, discard: bool = False) -> None:
        changes: list[Callable[[], None]] = [self._forget] if discard else []
        if not self._machine.quirks.upgrade_fails:
            changes.append(lambda: self._machine.install(firmware))
        self._go_away(changes)

    def _go_away(self, changes: list[Callable[[], None]]) -> None:
        machine = self._machine
        machine.schedule.plan(
            "leave",
            machine.moment + _BEGIN_AFTER_S,
            lambda: machine.leave(machine.timing.upgrade_s, changes),
        )

    def _forget(self) -> None:
        machine = self._machine
        machine.saved = factory_configuration(machine.model, ())
        machine.tuner.forget()
        machine.network = Network(
            machine.network.leased,
            factory_hostname(machine.model, machine.identity.mac),
        )
        machine.accounts.password = FACTORY_PASSWORD
        machine.settings.reset()
        self.configure(None, enabled=False)

    def _plan_next(self) -> None:
        machine = self._machine
        if not self.auto:
            self.next = None
            machine.schedule.cancel("auto upgrade")
            return
        self.next = self.plan.after(machine.clock.calendar(machine.moment))
        machine.schedule.plan(
            "auto upgrade", machine.clock.moment(self.next), self._upgrade_now
        )

    def _upgrade_now(self) -> None:
        machine = self._machine
        self.last = self.next
        self._plan_next()
        newer = machine.firmware.next
        if newer != machine.firmware:
            self._begin(newer)
