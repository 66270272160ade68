"""The gateway of GPU rigs: their agents, what they tell, and what they can be told.

`Rigs` knows all rigs and serves their connections; `Rig` is one of them.
"""

from .commands import (
    Command,
    InstallMiner,
    ListMiners,
    Reboot,
    RestartMiner,
    Shutdown,
    StartMiner,
    StopMiner,
    UninstallMiner,
    check_arguments,
    check_pool,
)
from .effects import Effect, judge
from .errors import (
    BadFrame,
    Busy,
    Disconnected,
    NotConnected,
    Refused,
    RigError,
    TimedOut,
    Unacceptable,
)
from .overclocking import ALL_CARDS, OFFERED, Overclock, Range, offered, overclock
from .readings import Cpu, GpuReading, MinerGpu
from .rig import Rig
from .rigs import Rigs
from .session import Session, Socket, web_socket
from .software import INSTALLABLE, SOFTWARE, STARTABLE, Software, Vendor
from .state import Card, Gpu, Miner, MinerCondition, RigState
from .tokens import digest_of, make_token

__all__ = [
    "ALL_CARDS",
    "INSTALLABLE",
    "OFFERED",
    "SOFTWARE",
    "STARTABLE",
    "BadFrame",
    "Busy",
    "Card",
    "Command",
    "Cpu",
    "Disconnected",
    "Effect",
    "Gpu",
    "GpuReading",
    "InstallMiner",
    "ListMiners",
    "Miner",
    "MinerCondition",
    "MinerGpu",
    "NotConnected",
    "Overclock",
    "Range",
    "Reboot",
    "Refused",
    "RestartMiner",
    "Rig",
    "RigError",
    "RigState",
    "Rigs",
    "Session",
    "Shutdown",
    "Socket",
    "Software",
    "StartMiner",
    "StopMiner",
    "TimedOut",
    "Unacceptable",
    "UninstallMiner",
    "Vendor",
    "check_arguments",
    "check_pool",
    "digest_of",
    "judge",
    "make_token",
    "offered",
    "overclock",
    "web_socket",
]
