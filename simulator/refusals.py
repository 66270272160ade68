"""The ways in which a machine says no; the server gives each its wire status."""


class Refusal(Exception):
    """A machine did not do what it was asked; the text is for the person asking."""


class InvalidValue(Refusal):
    """A value is outside the constraints, or makes no sense."""


class NotRunning(Refusal):
    """The mining software is not running."""


class Busy(Refusal):
    """Something is under way that the request would disturb."""


class Reconfiguring(Refusal):
    """The mining software is taking over a changed configuration."""


class Unsupported(Refusal):
    """Neither this machine nor its firmware has such a function."""


class Denied(Refusal):
    """Nobody is logged in, or with the wrong password."""


class Unknown(Refusal):
    """What was named does not exist."""


class Late(Refusal):
    """The answer comes when nobody waits for it any more.

    It is told by the status of a deadline that has passed, so that nobody has to wait.
    """


class Silence(Exception):
    """The answer got lost on the way: the caller will never hear of it."""
