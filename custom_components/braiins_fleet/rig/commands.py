"""What an agent can be asked to do, checked before it is asked.

The agent checks next to nothing, and may run as root: what is refused here would be
done there.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, ClassVar, Final, override

from .command_line import FORMS, read_options
from .errors import Unacceptable
from .software import INSTALLABLE, SOFTWARE, STARTABLE

_ALGORITHM: Final = re.compile(r"[A-Za-z0-9]+(?:[._/+-][A-Za-z0-9]+)*")
_ALGORITHM_LENGTH: Final = 40
# As pools have them: addresses with a coin in front, a worker, a reference behind.
_WALLET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._+/@#=~-]{2,255}")
_WORKER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Pools that take anything for one want to know of the payout here: `c=LTC,mc=RVN`.
_PASSWORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+=,/@-]{0,127}")


class Command(ABC):
    """Something that an agent can be asked to do.

    `deadline` is how many seconds the agent may take, and `settles` how many may pass
    until readings show what came of it. `patience` is for how long it is of any use
    while the agent still works on something else.
    """

    __slots__ = ()

    kind: ClassVar[str]
    deadline: ClassVar[float] = 10.0
    settles: ClassVar[float] = 0.0
    patience: ClassVar[float] = 20.0

    @abstractmethod
    def payload(self) -> Mapping[str, Any] | None:
        """Return what goes along with it."""


class _Plain(Command):
    """A command that needs no more than its name."""

    __slots__ = ()

    @override
    def payload(self) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMiner(Command):
    """Start mining, in place of what the agent started before.

    Success says that a program was started; it may be gone an instant later.
    """

    kind: ClassVar = "start_miner"
    # What runs is stopped first, which can take 5 s.
    deadline: ClassVar = 15.0
    # Some algorithms have gigabytes to compute before the first hash.
    settles: ClassVar = 90.0

    software: str
    algorithm: str
    pool: str
    wallet: str
    worker: str = ""
    extra_arguments: tuple[str, ...] = ()
    password: str = ""
    backups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.software not in STARTABLE:
            raise Unacceptable("software", "unknown")
        software = SOFTWARE[self.software]
        if len(self.algorithm) > _ALGORITHM_LENGTH or not _ALGORITHM.fullmatch(
            self.algorithm
        ):
            raise Unacceptable("algorithm", "malformed")
        FORMS[self.software].read(self.pools)
        if not _WALLET.fullmatch(self.wallet):
            raise Unacceptable("wallet", "malformed")
        if self.worker:
            if not _WORKER.fullmatch(self.worker):
                raise Unacceptable("worker", "malformed")
            if not software.takes_worker:
                raise Unacceptable("worker", "ignored")
        if self.password and not _PASSWORD.fullmatch(self.password):
            raise Unacceptable("password", "malformed")
        read_options(software, self.extra_arguments)

    @property
    def pools(self) -> tuple[str, ...]:
        """Where it may come to mine."""
        return self.pool, *self.backups

    @override
    def payload(self) -> Mapping[str, Any]:
        form = FORMS[self.software]
        addresses = form.read(self.pools)
        payload: dict[str, Any] = {
            "name": self.software,
            "algorithm": self.algorithm,
            "pool": form.pool(addresses),
            "wallet": form.wallet(self.wallet, addresses),
        }
        if self.worker:
            payload["worker"] = self.worker
        if arguments := form.arguments(
            addresses,
            read_options(SOFTWARE[self.software], self.extra_arguments),
            algorithm=self.algorithm,
            wallet=self.wallet,
            worker=self.worker,
            password=self.password,
        ):
            payload["extraArgs"] = arguments
        return payload


@dataclass(frozen=True, slots=True)
class StopMiner(_Plain):
    """Stop mining. Success says little where the agent did not start the miner."""

    kind: ClassVar = "stop_miner"
    deadline: ClassVar = 10.0
    settles: ClassVar = 25.0


@dataclass(frozen=True, slots=True)
class RestartMiner(_Plain):
    """Stop mining, and start again as it was started last."""

    kind: ClassVar = "restart_miner"
    deadline: ClassVar = 15.0
    settles: ClassVar = 90.0


@dataclass(frozen=True, slots=True)
class _OfSoftware(Command):
    """A command about the software of one kind, whose name becomes part of a path."""

    software: str

    def __post_init__(self) -> None:
        if self.software not in INSTALLABLE:
            raise Unacceptable("software", "unknown")

    @override
    def payload(self) -> Mapping[str, Any]:
        return {"minerName": self.software}


@dataclass(frozen=True, slots=True)
class InstallMiner(_OfSoftware):
    """Fetch the newest release of mining software."""

    kind: ClassVar = "install_miner"
    # The download alone is given ten minutes.
    deadline: ClassVar = 720.0


@dataclass(frozen=True, slots=True)
class UninstallMiner(_OfSoftware):
    """Delete mining software."""

    kind: ClassVar = "uninstall_miner"
    deadline: ClassVar = 30.0


@dataclass(frozen=True, slots=True)
class ListMiners(_Plain):
    """Have the agent write into its log what is installed. It tells us nothing."""

    kind: ClassVar = "list_miners"


@dataclass(frozen=True, slots=True)
class Reboot(_Plain):
    """Restart the rig; success comes before it is tried."""

    kind: ClassVar = "reboot"
    settles: ClassVar = 60.0
    # Later, it would come as a surprise.
    patience: ClassVar = 5.0


@dataclass(frozen=True, slots=True)
class Shutdown(_Plain):
    """Switch the rig off; only a person or a plug can switch it on again."""

    kind: ClassVar = "shutdown"
    settles: ClassVar = 60.0
    # Later, it would come as a surprise.
    patience: ClassVar = 5.0
