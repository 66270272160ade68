"""Who a machine is, and where it lives on the network."""

from dataclasses import dataclass, field
from random import Random

from .models import LOCALLY_ADMINISTERED, Model

NETMASK = "255.0.0.0"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells this machine from all others."""

    uid: str
    mac: str
    serial: str
    psu_serial: str


def identity(model: Model, random: Random) -> Identity:
    """Make up a machine of this model."""
    tail = [random.randrange(256) for _ in range(5)]
    if model.mac_prefix == LOCALLY_ADMINISTERED:
        mac = ":".join([LOCALLY_ADMINISTERED, *(f"{byte:02X}" for byte in tail)])
    else:
        mac = ":".join([model.mac_prefix, *(f"{byte:02X}" for byte in tail[2:])])
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
    return Identity(
        uid="".join(random.choice(letters) for _ in range(16)),
        mac=mac,
        serial=f"HKYD{random.randrange(10**12, 10**13)}",
        psu_serial=f"{random.randrange(10**13, 10**14)}",
    )


def factory_hostname(model: Model, mac: str) -> str:
    """Return the name a machine has until somebody gives it another."""
    return model.hostname or "miner-" + "".join(mac.split(":")[3:]).lower()


@dataclass(slots=True)
class Network:
    """Addresses and name; `leased` is what DHCP would hand out."""

    leased: str
    hostname: str
    static: bool = False
    address: str = ""
    netmask: str = NETMASK
    gateway: str = "127.0.0.1"
    dns: list[str] = field(default_factory=lambda: ["127.0.0.1"])

    def __post_init__(self) -> None:
        """Begin at the leased address."""
        self.address = self.address or self.leased
