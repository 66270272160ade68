"""Whether a machine mines: its software, its pauses, and the way in and out."""

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine


class Status(Enum):
    """What the machine says it is doing; the values are those of the wire."""

    NOT_STARTED = 1
    NORMAL = 2
    PAUSED = 3
    SUSPENDED = 4
    RESTRICTED = 5


class Software(Enum):
    """The mining software."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


class Drive(Enum):
    """The power of the hashboards."""

    OFF = "off"
    KICK = "kick"
    """Fans at full speed before power is given."""
    ON = "on"
    DOWN = "down"
    """Ramping down to a pause."""


class Reason(StrEnum):
    """Why the hashboards have no power although the software runs."""

    USER = "user"
    POOLS = "pools"
    HEAT = "heat"
    FANS = "fans"
    DPS = "dps"
    LICENSE = "license"


_STATUS = {
    Reason.LICENSE: Status.RESTRICTED,
    Reason.USER: Status.PAUSED,
    Reason.POOLS: Status.PAUSED,
    Reason.HEAT: Status.SUSPENDED,
    Reason.FANS: Status.SUSPENDED,
    Reason.DPS: Status.SUSPENDED,
}


class Mining:
    """The state machine from stopped to mining and back."""

    __slots__ = ("_machine", "drive", "drive_since", "reasons", "since", "software")

    def __init__(self, machine: Machine) -> None:
        """Begin with the software stopped."""
        self._machine = machine
        self.software = Software.STOPPED
        self.since = 0.0
        """When the software came up."""
        self.drive = Drive.OFF
        self.drive_since = 0.0
        self.reasons: set[Reason] = set()

    @property
    def running(self) -> bool:
        """Whether the mining software answers."""
        return self.software is Software.RUNNING

    @property
    def status(self) -> Status:
        """What the machine says it is doing."""
        if not self.running:
            return Status.NOT_STARTED
        if self.drive is Drive.OFF:
            for reason, status in _STATUS.items():
                if reason in self.reasons:
                    return status
        return Status.NORMAL

    def start(self) -> None:
        """Start the software; it needs a while."""
        self.software = Software.STARTING
        self.reasons &= {Reason.LICENSE}
        machine = self._machine
        machine.schedule.plan(
            "start", machine.moment + machine.timing.start_s, self.started
        )

    def started(self) -> None:
        """Begin to mine with what is saved."""
        self.software = Software.RUNNING
        self.since = self._machine.moment
        self._machine.software_started()
        self._go()

    def stop(self) -> None:
        """End the software; the boards lose power at once."""
        self.software = Software.STOPPED
        self._machine.schedule.cancel("start")
        self._set_drive(Drive.OFF)
        self._machine.software_stopped()

    def pause(self, reason: Reason) -> None:
        """Ramp down and wait until the reason is gone."""
        self.reasons.add(reason)
        if self.drive is Drive.ON:
            self._set_drive(Drive.DOWN)
            machine = self._machine
            machine.schedule.plan(
                "drive",
                machine.moment + machine.running.ramp_down_s,
                lambda: self._set_drive(Drive.OFF),
            )
        elif self.drive is Drive.KICK:
            self._set_drive(Drive.OFF)

    def cut(self, reason: Reason) -> None:
        """Take the power away at once."""
        self.reasons.add(reason)
        self._set_drive(Drive.OFF)

    def resume(self, reason: Reason) -> None:
        """Go on if this was the last reason not to."""
        self.reasons.discard(reason)
        self._go()

    def mine_at_once(self) -> None:
        """Skip the way in: the machine has been mining for long."""
        self.software = Software.RUNNING
        self.drive = Drive.ON

    def _go(self) -> None:
        if self.reasons or not self.running or self.drive in (Drive.ON, Drive.KICK):
            return
        if self.drive is Drive.DOWN:
            self._set_drive(Drive.ON)
            return
        self._set_drive(Drive.KICK)
        machine = self._machine
        machine.schedule.plan(
            "drive",
            machine.moment + machine.timing.kick_s,
            lambda: self._set_drive(Drive.ON),
        )

    def _set_drive(self, drive: Drive) -> None:
        machine = self._machine
        machine.schedule.cancel("drive")
        self.drive = drive
        self.drive_since = machine.moment
        if drive is Drive.ON:
            machine.power_on()
        elif drive is Drive.OFF:
            machine.power.cut()
