"""How exact a figure is worth showing: each change of a state has its price."""


def terahash(rate: float | None) -> float | None:
    """Round a hashrate in TH/s to three digits; more of them is noise."""
    if rate is None:
        return None
    return round(rate) if rate >= 100 else round(rate, 1 if rate >= 10 else 2)


def rounded(value: float | None, digits: int | None = None) -> float | None:
    """Round what may be unknown."""
    return None if value is None else round(value, digits)
