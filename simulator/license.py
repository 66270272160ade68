"""What a machine may do, and what its firmware costs."""

from enum import Enum
from typing import TYPE_CHECKING

from .mining import Reason

if TYPE_CHECKING:
    from .machine import Machine

_SHORTEST_KEY = 8
TRIAL_S = 30 * 86400
CONTRACT_S = 365 * 86400
STANDARD_FEE = 200
CONTRACT_FEE = 150


class LicenseState(Enum):
    """The states of a license."""

    NONE = "none"
    LIMITED = "limited"
    VALID = "valid"
    EXPIRED = "expired"


class License:
    """The license of one machine."""

    __slots__ = ("_machine", "contract", "fee", "state", "until")

    def __init__(self, machine: Machine) -> None:
        """Give a machine the standard license."""
        self._machine = machine
        self.state = LicenseState.VALID
        self.contract: str | None = None
        self.fee = STANDARD_FEE
        self.until = machine.moment + CONTRACT_S

    @property
    def left_s(self) -> int:
        """Seconds until it is restricted."""
        return max(0, int(self.until - self._machine.moment))

    def become(self, state: LicenseState) -> None:
        """Change the state; a limited or expired license restricts mining."""
        machine = self._machine
        self.state = state
        self.until = machine.moment + (
            TRIAL_S if state is LicenseState.NONE else CONTRACT_S
        )
        if state in (LicenseState.LIMITED, LicenseState.EXPIRED):
            machine.schedule.cancel("license")
            machine.mining.pause(Reason.LICENSE)
            return
        ends = (
            LicenseState.LIMITED if state is LicenseState.NONE else LicenseState.EXPIRED
        )
        machine.schedule.plan("license", self.until, lambda: self.become(ends))
        machine.mining.resume(Reason.LICENSE)

    def apply(self, key: str) -> bool:
        """Use a contract key; returns whether it was any good."""
        key = key.strip()
        if len(key) < _SHORTEST_KEY or not key.replace("-", "").isalnum():
            return False
        self.contract = f"Contract {key[:4].upper()}"
        self.fee = CONTRACT_FEE
        self.become(LicenseState.VALID)
        return True
