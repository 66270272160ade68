"""The addresses that coins are paid to, checked as far as each coin lets them be.

A slip in an address pays a stranger, or nobody, and no pool tells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
import re
from typing import Final

from .checksums import (
    base58,
    has_case_of_its_own,
    is_base58check,
    is_blake_base58,
    is_case_right,
    is_cash,
    is_cryptonote,
    is_hex_address,
    is_sapling,
    is_segwit,
)
from .errors import Unacceptable


class Proof(StrEnum):
    """What speaks for an address."""

    CHECKSUM = "checksum"
    FORM = "form"
    """It looks like one, and no more can be told."""


type _Check = Callable[[str], Proof | None]


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin that mining can be paid in, by the name that people know it by."""

    name: str
    check: _Check


def _by_sum(is_sound: Callable[[str], bool], *starts: str) -> _Check:
    """Check what begins in one of these ways by its checksum."""

    def check(text: str) -> Proof | None:
        return Proof.CHECKSUM if text.startswith(starts) and is_sound(text) else None

    return check


def _any(*checks: _Check) -> _Check:
    def check(text: str) -> Proof | None:
        return next((proof for each in checks if (proof := each(text))), None)

    return check


def _old(*starts: str, version: int = 1) -> _Check:
    """Check an address as Bitcoin's first ones."""
    return _by_sum(partial(is_base58check, length=20 + version), *starts)


def _segwit(prefix: str) -> _Check:
    return _by_sum(partial(is_segwit, prefix=prefix), prefix, prefix.upper())


def _cash(prefix: str) -> _Check:
    return _by_sum(partial(is_cash, prefix=prefix), prefix, prefix.upper())


def _bare_cash(prefix: str) -> _Check:
    """Check an address that people leave the coin's name off from."""
    return lambda text: _cash(prefix)(f"{prefix}:{text}")


def _cryptonote(*starts: str) -> _Check:
    return _by_sum(is_cryptonote, *starts)


def _form(pattern: str) -> _Check:
    return lambda text: Proof.FORM if re.fullmatch(pattern, text) else None


def _ethereum(text: str) -> Proof | None:
    if not is_hex_address(text):
        return None
    if not has_case_of_its_own(text):
        return Proof.FORM
    return Proof.CHECKSUM if is_case_right(text) else None


def _alephium(text: str) -> Proof | None:
    """Count at least whether a letter is missing: it has a type and 32 bytes."""
    try:
        whole = base58(text)
    except ValueError:
        return None
    return Proof.FORM if len(whole) == 33 and whole[0] in (0, 2) else None


# Conflux has letters of its own in an order of its own.
_CONFLUX: Final = partial(
    is_cash, prefix="cfx", alphabet="abcdefghjkmnprstuvwxyz0123456789"
)

_SAPLING: Final = _by_sum(is_sapling, "zs1")

_ANY_ADDRESS: Final = _form(r"[A-Za-z0-9][A-Za-z0-9:._@-]{2,199}")

COINS: Final[Mapping[str, Coin]] = {
    "ALPH": Coin("Alephium", _alephium),
    "BCH": Coin(
        "Bitcoin Cash",
        _any(_cash("bitcoincash"), _bare_cash("bitcoincash"), _old("1", "3")),
    ),
    # Those that begin with NH are NiceHash's own, whose checksum is not known.
    "BTC": Coin(
        "Bitcoin",
        _any(_old("1", "3"), _segwit("bc"), _form("NH[1-9A-HJ-NP-Za-km-z]{30,40}")),
    ),
    "BTG": Coin("Bitcoin Gold", _any(_old("G", "A"), _segwit("btg"))),
    "CFX": Coin("Conflux", _by_sum(_CONFLUX, "cfx:", "CFX:")),
    "CLORE": Coin("Clore.ai", _old("A", "r")),
    "DGB": Coin("DigiByte", _any(_old("D", "S", "3"), _segwit("dgb"))),
    "DNX": Coin("Dynex", _cryptonote("X")),
    "DOGE": Coin("Dogecoin", _old("D", "A", "9")),
    "ERG": Coin("Ergo", _by_sum(is_blake_base58, "")),
    "ETC": Coin("Ethereum Classic", _ethereum),
    "ETH": Coin("Ethereum", _ethereum),
    "ETHW": Coin("EthereumPoW", _ethereum),
    "EVR": Coin("Evrmore", _old("")),
    "FIRO": Coin("Firo", _old("a", "Z", "3", "4")),
    "FLUX": Coin("Flux", _old("t1", "t3", version=2)),
    "IRON": Coin("Iron Fish", _form("[0-9a-f]{64}")),
    "KAS": Coin("Kaspa", _cash("kaspa")),
    "KLS": Coin("Karlsen", _cash("karlsen")),
    "LTC": Coin("Litecoin", _any(_old("L", "M", "3"), _segwit("ltc"))),
    "NEXA": Coin("Nexa", _cash("nexa")),
    "OCTA": Coin("OctaSpace", _ethereum),
    "PYI": Coin("Pyrin", _cash("pyrin")),
    "QUAI": Coin("Quai", _form("0x[0-9a-fA-F]{40}")),
    "RTM": Coin("Raptoreum", _old("R", "7")),
    "RVN": Coin("Ravencoin", _old("R", "r")),
    "RXD": Coin("Radiant", _old("1", "3")),
    "SAL": Coin("Salvium", _cryptonote("SaLv", "SC1")),
    "VRSC": Coin(
        "Verus", _any(_old("R", "i"), _SAPLING, _form("[A-Za-z0-9_-]{1,64}@"))
    ),
    "VTC": Coin("Vertcoin", _any(_old("V", "3"), _segwit("vtc"))),
    "XEL": Coin("Xelis", _form("xel:[0-9a-z]{40,80}")),
    "XMR": Coin("Monero", _cryptonote("4", "8")),
    "XNA": Coin("Neurai", _old("")),
    "XTM": Coin("Tari", _form("[1-9A-HJ-NP-Za-km-z]{60,120}")),
    "ZANO": Coin("Zano", _cryptonote("Zx", "iZ")),
    "ZEC": Coin("Zcash", _any(_old("t1", "t3", version=2), _SAPLING)),
    "ZEPH": Coin("Zephyr", _cryptonote("ZEPH")),
}

# Of a coin that a pool pays in, but nobody here knows: at least no word.
_FOREIGN: Final = _form(r"(?!0x)[A-Za-z0-9][A-Za-z0-9:_]{19,199}|0x[0-9a-fA-F]{64}")

# Some pools pay in another coin, whose name is put in front.
_PAID_IN: Final = re.compile(r"(?P<coin>[A-Z0-9]{2,10}):(?P<rest>.+)", re.DOTALL)
# What stands in front of addresses as a part of them.
_PREFIXES: Final = frozenset(
    {"bitcoincash", "cfx", "karlsen", "kaspa", "nexa", "pyrin", "xel"}
)
# What pools want behind an address: a worker, a difficulty, a reference.
_BEHIND: Final = re.compile(
    r"(?:[./#+=~]|(?<=^0x[0-9a-fA-F]{40}):|(?<=:0x[0-9a-fA-F]{40}):).*", re.DOTALL
)
_LONGEST: Final = 256


def check_wallet(coin: str, wallet: str) -> Proof:
    """Refuse what cannot be paid to; returns what speaks for the address.

    Of a coin that is not known here, whatever looks like an address is taken.
    """
    known = COINS.get(coin)
    address = _BEHIND.sub("", wallet)
    paid_in = _PAID_IN.fullmatch(address)
    is_known = known is not None or (paid_in is not None and paid_in["coin"] in COINS)
    proof = known.check(address) if known else None
    if proof is None and not is_known:
        proof = _ANY_ADDRESS(address)
    elif proof is None and paid_in is not None:
        proof = _check_paid_in(paid_in["coin"], paid_in["rest"])
    if proof is None or len(wallet) > _LONGEST:
        raise Unacceptable("wallet", "address" if is_known else "malformed")
    return proof


def _check_paid_in(coin: str, rest: str) -> Proof | None:
    known = COINS.get(coin)
    if known is not None:
        # Some are called as their addresses begin.
        return known.check(rest) or known.check(f"{coin}:{rest}")
    if coin.lower() in _PREFIXES:
        return None
    return _any(_ethereum, _FOREIGN)(rest)
