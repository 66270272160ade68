"""How exact a figure is worth showing: each change of a state has its price."""

from math import floor, log10


def terahash(rate: float | None) -> float | None:
    """Round a hashrate in TH/s to three digits; more of them is noise."""
    if rate is None:
        return None
    return round(rate) if rate >= 100 else round(rate, 1 if rate >= 10 else 2)


def rounded(value: float | None, digits: int | None = None) -> float | None:
    """Round what may be unknown."""
    return None if value is None else round(value, digits)


def significant(value: float | None, digits: int = 3) -> float | None:
    """Round to so many digits that count, of whatever size the figure is."""
    if not value:
        return value
    places = digits - 1 - floor(log10(abs(value)))
    return round(value) if places <= 0 else round(value, places)
