"""Units in which mining software of all kinds counts, each fixed for good.

What one algorithm hashes in a second means nothing in another, and figures of them
differ by a factor of a billion. So each unit has an entity of its own: a rig that goes
over to another algorithm does not change the unit of what was recorded before.
"""

from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from .rig import algorithm_name, looks_for_solutions


class HashrateUnit(StrEnum):
    """What hashrates are counted in; solutions are what some algorithms look for."""

    HASH = "H/s"
    KILOHASH = "kH/s"
    MEGAHASH = "MH/s"
    GIGAHASH = "GH/s"
    SOLUTION = "Sol/s"

    @property
    def slug(self) -> str:
        """What keys of entities end with."""
        return _SLUGS[self]

    @property
    def scale(self) -> float:
        """How many hashes a second it is."""
        return _SCALES.get(self, 1.0)

    @property
    def efficiency(self) -> str:
        """The unit of what one hash costs."""
        return f"J/{self.removesuffix('/s')}"


_SLUGS: Final = {
    HashrateUnit.HASH: "h",
    HashrateUnit.KILOHASH: "kh",
    HashrateUnit.MEGAHASH: "mh",
    HashrateUnit.GIGAHASH: "gh",
    HashrateUnit.SOLUTION: "sol",
}
_SCALES: Final = {
    HashrateUnit.KILOHASH: 1e3,
    HashrateUnit.MEGAHASH: 1e6,
    HashrateUnit.GIGAHASH: 1e9,
}

# By the names that they have for us.
_ALGORITHMS: Final = {
    HashrateUnit.HASH: "cn* cryptonight*",
    HashrateUnit.KILOHASH: """
        argon2* astrobwt* dynex* flex ghostrider mike minotaur* panthera power2b
        randomx* rx* spectre* verthash xelis* yescrypt* yespower*
    """,
    HashrateUnit.GIGAHASH: """
        alephium blake256* blake2b* blake2s* blake3* ironfish karlsenhash kheavyhash
        pyrinhash radiant sha256* sha3* sha512*
    """,
}


@lru_cache(maxsize=256)
def unit_of(algorithm: str | None, software: str) -> HashrateUnit:
    """Return what is counted in, for one that is not known as for most of its kind."""
    name = algorithm_name(algorithm or "")
    if looks_for_solutions(name):
        return HashrateUnit.SOLUTION
    for unit, patterns in _ALGORITHMS.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns.split()):
            return unit
    return HashrateUnit.KILOHASH if software == "xmrig" else HashrateUnit.MEGAHASH
