"""What can go wrong between us and a miner."""

from typing import override

import grpc


class AsicError(Exception):
    """Base of all errors of this library.

    `detail` is what the miner, or the network, said about it; it may be empty.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @override
    def __str__(self) -> str:
        return self.detail or type(self).__name__


class NoSuchHost(AsicError):
    """The host name does not resolve."""


class Unreachable(AsicError):
    """Nothing accepts the connection, or it broke."""


class TimedOut(AsicError):
    """No answer came within the deadline; a command may or may not have worked."""


class PasswordUnsure(TimedOut):
    """The password may have been changed or not: no answer came, nor to a login."""


class NotBraiins(AsicError):
    """Something answers, but it does not speak the Braiins OS Public API."""


class StockFirmware(NotBraiins):
    """The miner runs the firmware of its manufacturer."""


class TooOld(NotBraiins):
    """The miner runs a Braiins OS from before the Public API 1.0."""


class Denied(AsicError):
    """The user name or password is wrong, or the user may not do this."""


class TokenRejected(Denied):
    """The miner does not know the token, as after a reboot."""


class Unsupported(AsicError):
    """The firmware does not have the method."""


class Refused(AsicError):
    """The miner understood and said no; `detail` has its reason."""


class NotNow(Refused):
    """The miner says no in its present state, and may say yes later."""


class Faulty(AsicError):
    """The miner failed inside, as it does for some seconds after a change."""


class Garbled(AsicError):
    """The answer is not what the API defines."""


_BY_CODE: dict[grpc.StatusCode, type[AsicError]] = {
    grpc.StatusCode.UNAVAILABLE: Unreachable,
    grpc.StatusCode.DEADLINE_EXCEEDED: TimedOut,
    grpc.StatusCode.UNAUTHENTICATED: TokenRejected,
    grpc.StatusCode.PERMISSION_DENIED: Denied,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
    grpc.StatusCode.INVALID_ARGUMENT: Refused,
    grpc.StatusCode.OUT_OF_RANGE: Refused,
    grpc.StatusCode.NOT_FOUND: Refused,
    grpc.StatusCode.ALREADY_EXISTS: Refused,
    grpc.StatusCode.FAILED_PRECONDITION: NotNow,
    grpc.StatusCode.ABORTED: NotNow,
    grpc.StatusCode.RESOURCE_EXHAUSTED: NotNow,
}


def from_status(code: grpc.StatusCode, details: str | None) -> AsicError:
    """Turn how a call ended into one of ours."""
    return _BY_CODE.get(code, Faulty)(details or "")
