"""From the wire's units to those a home uses: TH/s, W, °C, J/TH, MHz, V; and back.

Readers take a message and the name of a field; an absent field is `None`, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Any, Self

# A miner whose clock was never set lives in 2015; no Public API is older than 2023.
_CLOCK_IS_SET_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_NO_MAC = "00:00:00:00:00:00"


class WireEnum(StrEnum):
    """An enum of the wire. Members stand in the order of their numbers, from 0.

    The first member is what unspecified numbers become, and those newer than this
    library.
    """

    @classmethod
    def from_wire(cls, number: int) -> Self:
        """Translate a number."""
        members = tuple(cls)
        return members[number] if 0 <= number < len(members) else members[0]

    @property
    def number(self) -> int:
        """What goes over the wire."""
        return tuple(type(self)).index(self)


class Weekday(WireEnum):
    """Day of a schedule."""

    UNKNOWN = "unknown"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class SaveAction(WireEnum):
    """What becomes of a change.

    `SAVE` keeps it for the next start, `APPLY` takes effect at once, `FORCE` too, but
    restarts mining to get there.
    """

    UNKNOWN = "unknown"
    SAVE = "save"
    APPLY = "save_and_apply"
    FORCE = "save_and_force_apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the miner allows for a number, and what it takes when nobody says."""

    default: float | None
    minimum: float | None
    maximum: float | None


def read_number(message: Any, field: str) -> Any:
    """Read an optional scalar."""
    return getattr(message, field) if message.HasField(field) else None


def read_value(message: Any, field: str) -> Any:
    """Read a message that is there to hold one `value`."""
    return getattr(message, field).value if message.HasField(field) else None


def read_text(message: Any, field: str) -> str | None:
    """Read a string of which an empty one says nothing."""
    text: str = getattr(message, field)
    return text or None


def read_mac(message: Any) -> str | None:
    """Read a MAC as lower case with colons; a miner may not know its own yet."""
    mac: str = message.mac_address.lower().replace("-", ":")
    return None if mac in ("", _NO_MAC) else mac


def read_watts(message: Any, field: str) -> int | None:
    """Read a `Power`."""
    return getattr(message, field).watt if message.HasField(field) else None


def read_terahash(message: Any, field: str) -> float | None:
    """Read a `TeraHashrate`."""
    if not message.HasField(field):
        return None
    rate: float = getattr(message, field).terahash_per_second
    return rate


def read_gigahash(message: Any, field: str) -> float | None:
    """Read a `GigaHashrate` as TH/s."""
    if not message.HasField(field):
        return None
    rate: float = getattr(message, field).gigahash_per_second
    return rate / 1e3


def read_megahash(message: Any, field: str) -> float | None:
    """Read a `MegaHashrate` as TH/s."""
    if not message.HasField(field):
        return None
    rate: float = getattr(message, field).megahash_per_second
    return rate / 1e6


def read_efficiency(message: Any, field: str) -> float | None:
    """Read a `PowerEfficiency` in J/TH; a miner that does not hash has none."""
    if not message.HasField(field):
        return None
    value: float = getattr(message, field).joule_per_terahash
    return value if value and isfinite(value) else None


def read_celsius(message: Any, field: str) -> float | None:
    """Read a `Temperature`."""
    return getattr(message, field).degree_c if message.HasField(field) else None


def read_megahertz(message: Any, field: str) -> float | None:
    """Read a `Frequency` as MHz."""
    return getattr(message, field).hertz / 1e6 if message.HasField(field) else None


def read_volts(message: Any, field: str) -> float | None:
    """Read a `Voltage`."""
    return getattr(message, field).volt if message.HasField(field) else None


def read_hours(message: Any, field: str) -> int | None:
    """Read an `Hours`."""
    return getattr(message, field).hours if message.HasField(field) else None


def read_percent(message: Any, field: str) -> float | None:
    """Read an optional ratio as %; rounded, as 0.57 is not 56.99999999999999 %."""
    ratio = read_number(message, field)
    return None if ratio is None else round(ratio * 100, 3)


def read_bounds(message: Any, field: str) -> Bounds | None:
    """Read any of the `…Constraints` with a default, a minimum and a maximum."""
    if not message.HasField(field):
        return None
    found = getattr(message, field)
    read = _READ_BOUND[found.DESCRIPTOR.name]
    return Bounds(
        default=read(found, "default"),
        minimum=read(found, "min"),
        maximum=read(found, "max"),
    )


# The plain ones have no presence: an absent bound cannot be told from 0.
_READ_BOUND: Mapping[str, Callable[[Any, str], Any]] = {
    "PowerConstraints": read_watts,
    "HashrateConstraints": read_terahash,
    "TemperatureConstraints": read_celsius,
    "DurationConstraints": read_hours,
    "FrequencyConstraints": read_megahertz,
    "VoltageConstraints": read_volts,
    "UInt32Constraints": getattr,
    "DoubleConstraints": getattr,
}


def read_percent_bounds(message: Any, field: str) -> Bounds | None:
    """Read the bounds of a ratio as %."""
    if not message.HasField(field):
        return None
    found = getattr(message, field)
    return Bounds(
        default=round(found.default * 100, 3),
        minimum=round(found.min * 100, 3),
        maximum=round(found.max * 100, 3),
    )


def read_default(message: Any, field: str) -> bool | None:
    """Read a `BooleanConstraint`."""
    return getattr(message, field).default if message.HasField(field) else None


def read_time(message: Any, field: str) -> datetime | None:
    """Read a `Timestamp`; one from before the miner's clock was set says nothing."""
    if not message.HasField(field):
        return None
    try:
        time: datetime = getattr(message, field).ToDatetime(tzinfo=UTC)
    except ValueError, OverflowError:
        return None
    return plausible(time)


def plausible(time: datetime) -> datetime | None:
    """Drop a time that the miner wrote down before its clock was set."""
    return time if time >= _CLOCK_IS_SET_FROM else None


def given(**fields: Any) -> dict[str, Any]:
    """Keep the fields that were given: an absent one leaves the miner's as it is."""
    return {name: value for name, value in fields.items() if value is not None}


def number_of(choice: WireEnum | None) -> int | None:
    """Write an enum; what was not understood when it was read is not written back."""
    return (choice.number or None) if choice is not None else None


def watts(value: float | None) -> dict[str, int] | None:
    """Write a `Power`."""
    if value is None:
        return None
    if not isfinite(value):
        raise ValueError(f"{value} W is no power")
    return {"watt": round(value)}


def terahash(value: float | None) -> dict[str, float] | None:
    """Write a `TeraHashrate`."""
    return None if value is None else {"terahash_per_second": value}


def celsius(value: float | None) -> dict[str, float] | None:
    """Write a `Temperature`."""
    return None if value is None else {"degree_c": value}


def megahertz(value: float | None) -> dict[str, float] | None:
    """Write MHz as a `Frequency`."""
    return None if value is None else {"hertz": value * 1e6}


def volts(value: float | None) -> dict[str, float] | None:
    """Write a `Voltage`."""
    return None if value is None else {"volt": value}


def hours(value: int | None) -> dict[str, int] | None:
    """Write an `Hours`."""
    return None if value is None else {"hours": value}


def ratio(percent: float | None) -> float | None:
    """Write % as a ratio."""
    return None if percent is None else percent / 100
