"""What can go wrong between us and a rig."""

from typing import override


class RigError(Exception):
    """Base of all errors of this library.

    `detail` is what the rig said about it, fit to be shown; it may be empty.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @override
    def __str__(self) -> str:
        return self.detail or type(self).__name__


class NotConnected(RigError):
    """The rig is away; the command was not sent."""


class Disconnected(RigError):
    """The connection broke before the answer; the command may have worked."""


class TimedOut(RigError):
    """No answer came within the deadline; the command may or may not have worked."""


class Busy(RigError):
    """The rig still works on an earlier command, which `detail` names."""


class Refused(RigError):
    """The rig tried and failed; `detail` has its reason."""


class SoftwareLost(RigError):
    """Software was deleted to be replaced, and was not; `detail` is its name."""


class StillMining(RigError):
    """What mines could not be stopped; `detail` is its name."""


class PartlySet(RigError):
    """Some cards of the rig were set, or may be, and others were not."""


class BadFrame(RigError):
    """What an agent sent is none of the frames there are; `detail` says why not."""


class Unacceptable(ValueError):
    """A command must not be sent like this: `field` is wrong for `reason`.

    The agent does not look at what it is given, so this is the only door there is.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
