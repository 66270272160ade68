"""What to mine, where, for whom: a flight sheet, for as many rigs as one likes."""

from dataclasses import dataclass, field
from hashlib import sha256
import re
import shlex
from typing import Final
import unicodedata

from .algorithms import usual_algorithm
from .command_line import FORMS, fill, read_address
from .commands import StartMiner
from .errors import Unacceptable
from .software import SOFTWARE
from .text import check_name
from .wallets import Proof, check_wallet

RIG: Final = "%RIG%"
"""Stands for the name of the rig."""

_LONGEST_WORKER: Final = 64
_MARK: Final = 6
_LONGEST_NAME: Final = _LONGEST_WORKER - _MARK - 1
_NAMELESS: Final = "rig"
# What is wrong with a sheet is found before there is a rig, whatever its name.
_LONGEST: Final = "x" * _LONGEST_WORKER


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightSheet:
    """What software is to mine, checked as far as can be without trying.

    Pools after the first one are for when that is away. `RIG` in the worker, the
    wallet or the password becomes the name of each rig. Without an algorithm it is
    the usual one of the coin. `proof` is what speaks for the wallet.
    """

    name: str
    coin: str
    algorithm: str
    software: str
    pools: tuple[str, ...]
    wallet: str
    worker: str = RIG
    password: str = ""
    extra_arguments: tuple[str, ...] = ()
    proof: Proof = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not re.fullmatch("[A-Z0-9]{2,10}", self.coin):
            raise Unacceptable("coin", "malformed")
        if self.software not in FORMS:
            raise Unacceptable("software", "unknown")
        if not self.algorithm:
            object.__setattr__(self, "algorithm", self.usual_algorithm)
            if not self.algorithm:
                raise Unacceptable("algorithm", "missing")
        if not self.pools:
            raise Unacceptable("pool", "missing")
        read_address(self.pools[0])
        proof = check_wallet(self.coin, self.wallet.replace(RIG, _LONGEST))
        object.__setattr__(self, "proof", proof)
        self._start(_LONGEST)

    @property
    def usual_algorithm(self) -> str:
        """What the software calls the algorithm of the coin; empty if not known."""
        return usual_algorithm(self.software, self.coin)

    def start(self, rig: str) -> StartMiner:
        """Return the command that has a rig of this name mine so."""
        return self._start(worker_name(rig))

    def _start(self, name: str) -> StartMiner:
        worker, wallet, password = (
            text.replace(RIG, name)
            for text in (self.worker, self.wallet, self.password)
        )
        worker = worker[:_LONGEST_WORKER]
        if not SOFTWARE[self.software].takes_worker:
            # Pools take it behind the wallet, unless it is somewhere already.
            if worker and RIG not in self.wallet + self.password:
                wallet = re.sub("(?=[#/])|$", f".{worker}", wallet, count=1)
            worker = ""
        return StartMiner(
            software=self.software,
            algorithm=self.algorithm,
            pool=self.pools[0],
            backups=self.pools[1:],
            wallet=wallet,
            worker=worker,
            password=password,
            extra_arguments=self.extra_arguments,
        )


def worker_name(rig: str) -> str:
    """Return the name of a rig as pools take it: plain letters and digits.

    Where other letters get lost by that, what tells it from other names is put behind.
    """
    letters = unicodedata.normalize("NFKD", rig)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", letters.encode("ascii", "ignore").decode())
    name = plain.strip("-_")[:_LONGEST_NAME].rstrip("-_") or _NAMELESS
    if any(letter.isalnum() and not letter.isascii() for letter in letters):
        return f"{name}-{sha256(rig.encode()).hexdigest()[:_MARK]}"
    return name


def parse_arguments(text: str) -> tuple[str, ...]:
    """Return arguments as a shell would part them; nothing else is a shell's here."""
    try:
        return tuple(shlex.split(text))
    except ValueError as err:
        raise Unacceptable("extra_arguments", "quotes") from err


def command_line(start: StartMiner) -> str:
    """Return what the agent will start, but for where on the rig that lies."""
    told = start.payload()
    words = fill(
        FORMS[start.software].line,
        algorithm=told["algorithm"],
        pool=told["pool"],
        wallet=told["wallet"],
        worker=told.get("worker", ""),
    )
    return shlex.join([*words, *told.get("extraArgs", ())])
