"""The Braiins OS licence, and the developer fee that comes with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .connection import Connection
from .units import WireEnum, read_text
from .wire import rpc

_APPLY = rpc("LicenseService", "ApplyContractKey", since=6)


class LicenseKind(WireEnum):
    """What sort of contract it is."""

    UNKNOWN = "unknown"
    STANDARD = "standard"
    CUSTOM = "custom"


class LicenseState(StrEnum):
    """Whether the miner may work."""

    UNKNOWN = "unknown"
    NONE = "none"
    LIMITED = "limited"
    VALID = "valid"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """The licence: seconds until the miner is restricted, the fee in %."""

    state: LicenseState
    kind: LicenseKind | None = None
    contract: str | None = None
    seconds_to_restricted: int | None = None
    dev_fee: float | None = None


def read_license(message: Any) -> License:
    """Read the answer of `GetLicenseState`."""
    match message.WhichOneof("state"):
        case "none":
            return License(
                state=LicenseState.NONE,
                seconds_to_restricted=message.none.time_to_restricted,
            )
        case "limited":
            return License(state=LicenseState.LIMITED)
        case "valid":
            m = message.valid
            return License(
                state=LicenseState.VALID,
                kind=LicenseKind.from_wire(m.type),
                contract=read_text(m, "contract_name"),
                seconds_to_restricted=m.time_to_restricted,
                dev_fee=_read_fee(m),
            )
        case "expired":
            m = message.expired
            return License(
                state=LicenseState.EXPIRED,
                kind=LicenseKind.from_wire(m.type),
                contract=read_text(m, "contract_name"),
                dev_fee=_read_fee(m),
            )
    return License(state=LicenseState.UNKNOWN)


def _read_fee(m: Any) -> float | None:
    # On the wire in hundredths of a per cent.
    return m.dev_fee.bsp / 100 if m.HasField("dev_fee") else None


async def apply_contract_key(connection: Connection, key: str) -> bool:
    """Give the miner a contract key; returns whether it took it."""
    answer = await connection.command(_APPLY, contract_key=key)
    return bool(answer.successful)
