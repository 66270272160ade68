"""The gateway of GPU rigs: their agents, what they tell, and what they can be told.

`Rigs` knows all rigs and serves their connections; `Rig` is one of them.
"""

from .algorithm_names import algorithm_name, looks_for_solutions
from .algorithms import usual_algorithm
from .checksums import is_base58check
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
)
from .effects import Effect, compare, judge
from .errors import (
    Busy,
    Disconnected,
    NotConnected,
    PartlySet,
    Refused,
    RigError,
    SoftwareLost,
    StillMining,
    TimedOut,
    Unacceptable,
)
from .flight_sheet import (
    RIG,
    FlightSheet,
    command_line,
    parse_arguments,
    worker_name,
)
from .overclocking import ALL_CARDS, OFFERED, Overclock, offered, overclock
from .profiles import STARTING_POINTS, Profile, Settings, overclocks
from .readings import MOST_CARDS, Cpu, GpuReading
from .refusals import Reason, Refusal, understand
from .releases import Release, is_newer, read_release, version_in
from .rig import Rig
from .rigs import Rigs
from .session import web_socket
from .software import INSTALLABLE, SOFTWARE, STARTABLE, Software, Vendor
from .state import Card, Gpu, Miner, MinerCondition, RigState
from .text import without_login
from .tokens import digest_of, make_token
from .wallets import COINS, Proof, check_wallet

__all__ = [
    "ALL_CARDS",
    "COINS",
    "INSTALLABLE",
    "MOST_CARDS",
    "OFFERED",
    "RIG",
    "SOFTWARE",
    "STARTABLE",
    "STARTING_POINTS",
    "Busy",
    "Card",
    "Command",
    "Cpu",
    "Disconnected",
    "Effect",
    "FlightSheet",
    "Gpu",
    "GpuReading",
    "InstallMiner",
    "ListMiners",
    "Miner",
    "MinerCondition",
    "NotConnected",
    "Overclock",
    "PartlySet",
    "Profile",
    "Proof",
    "Reason",
    "Reboot",
    "Refusal",
    "Refused",
    "Release",
    "RestartMiner",
    "Rig",
    "RigError",
    "RigState",
    "Rigs",
    "Settings",
    "Shutdown",
    "Software",
    "SoftwareLost",
    "StartMiner",
    "StillMining",
    "StopMiner",
    "TimedOut",
    "Unacceptable",
    "UninstallMiner",
    "Vendor",
    "algorithm_name",
    "check_wallet",
    "command_line",
    "compare",
    "digest_of",
    "is_base58check",
    "is_newer",
    "judge",
    "looks_for_solutions",
    "make_token",
    "offered",
    "overclock",
    "overclocks",
    "parse_arguments",
    "read_release",
    "understand",
    "usual_algorithm",
    "version_in",
    "web_socket",
    "without_login",
    "worker_name",
]
