"""The license and contract keys."""

from typing import Any

from simulator.license import LicenseState
from simulator.machine import Machine
from simulator.refusals import InvalidValue
from simulator.schema import enum, message

_State = message("GetLicenseStateResponse")
_Applied = message("ApplyContractKeyResponse")
_TYPES = enum("LicenseType")


def state(machine: Machine, _: Any) -> Any:
    """Answer the state of the license."""
    answer, own = _State(), machine.license
    kind = _TYPES["STANDARD" if own.contract is None else "CUSTOM"]
    match own.state:
        case LicenseState.NONE:
            answer.none.time_to_restricted = own.left_s
        case LicenseState.LIMITED:
            answer.limited.SetInParent()
        case LicenseState.VALID:
            answer.valid.type = kind
            answer.valid.contract_name = own.contract or ""
            answer.valid.time_to_restricted = own.left_s
            answer.valid.dev_fee.bsp = own.fee
        case LicenseState.EXPIRED:
            answer.expired.type = kind
            answer.expired.contract_name = own.contract or ""
            answer.expired.dev_fee.bsp = own.fee
    return answer


def apply(machine: Machine, request: Any) -> Any:
    """Use a contract key."""
    if not request.contract_key:
        raise InvalidValue("the contract key is missing")
    return _Applied(successful=machine.license.apply(request.contract_key))
