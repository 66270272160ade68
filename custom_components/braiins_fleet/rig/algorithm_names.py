"""One name for each algorithm, as every mining software has its own."""

from collections.abc import Mapping
from functools import lru_cache
import re
from typing import Final

# By letters and digits alone, as software puts between them what it pleases.
_ALIASES: Final[Mapping[str, str]] = {
    "alephium": "aleph alph blake3 blake3alephium blake3alph",
    "autolykos2": "autolykos autolykosv2 erg ergo",
    "beamhash3": "beam beamhash beamhashiii beamiii",
    "cuckatoo31": "c31",
    "cuckatoo32": "c32",
    "equihash125_4": "1254 equi1254 flux zel zelhash",
    "equihash144_5": "1445 equi1445 zhash",
    "equihash192_7": "1927 equi1927",
    "equihash210_9": "2109 equi2109",
    "etchash": "",
    "ethash": "daggerhashimoto",
    "ethashb3": "",
    "evrprogpow": "",
    "firopow": "firo",
    "fishhash": "",
    "ghostrider": "gr",
    "ironfish": "blake3ironfish",
    "karlsenhash": "karlsen",
    "karlsenhash2": "karlsenhashv2 karlsenv2",
    "kawpow": "",
    "kheavyhash": "heavyhash kas kaspa",
    "nexapow": "nexa",
    "octopus": "",
    "progpow_zano": "progpowz",
    "pyrinhash": "pyrin",
    "pyrinhash2": "pyrinhashv2 pyrinv2",
    "radiant": "sha512256d sha512256dradiant",
    "randomx": "randomxmonero rx0",
    "verthash": "",
    "verushash": "verus",
    "xelishash": "xelis",
    "xelishash2": "xelishashv2 xelisv2",
    "xelishash3": "xelishashv3 xelisv3",
}
# By their parameters alone.
_EQUIHASHES: Final = ("965", "1505")
_IN_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


def _plain(name: str) -> str:
    return _IN_BETWEEN.sub("", name.lower())


_KNOWN: Final = {
    alias: name
    for name, aliases in _ALIASES.items()
    for alias in (_plain(name), *aliases.split())
}


@lru_cache(maxsize=256)
def algorithm_name(told: str) -> str:
    """Return the one name of an algorithm; of one that is not known, what was told.

    What is in between its letters and digits is left out then.
    """
    plain = _plain(told)
    return _KNOWN.get(plain, plain)


def looks_for_solutions(told: str) -> bool:
    """Tell whether an algorithm looks for solutions, rather than for hashes."""
    name = algorithm_name(told)
    return name.startswith(("aion", "beam", "cuck", "equi")) or name in _EQUIHASHES


def is_same_algorithm(one: str, other: str) -> bool | None:
    """Tell whether two names are those of one algorithm, as far as they are known."""
    one, other = algorithm_name(one), algorithm_name(other)
    if not one or not other:
        return None
    if one == other:
        return True
    if one in _ALIASES and other in _ALIASES:
        return False
    # A name may have a version, or the coin, behind it or in front.
    return True if one in other or other in one else None
