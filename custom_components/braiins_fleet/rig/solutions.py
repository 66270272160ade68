"""Algorithms that look for solutions, which are counted instead of hashes."""

import re
from typing import Final

# By the names that mining software has for them, in lower case and without what is
# between letters and digits.
_NAMES: Final = re.compile(
    r"965|1254|1445|1505|1927|2109|aion|zhash|(?:beam|cuck|equi|zel).*"
)
_IN_BETWEEN: Final = re.compile(r"[^a-z0-9]+")


def bare(algorithm: str) -> str:
    """Return the name of an algorithm as it can be compared with others."""
    return _IN_BETWEEN.sub("", algorithm.lower())


def looks_for_solutions(algorithm: str) -> bool:
    """Tell whether solutions are what is counted of an algorithm."""
    return _NAMES.fullmatch(bare(algorithm)) is not None
