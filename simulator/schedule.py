"""What a machine has planned."""

from collections.abc import Callable


class Schedule:
    """A handful of named plans; making one again moves it."""

    __slots__ = ("_plans", "next")

    def __init__(self) -> None:
        """Plan nothing."""
        self._plans: dict[str, tuple[float, Callable[[], None]]] = {}
        self.next = float("inf")
        """The moment of the earliest plan."""

    def plan(self, name: str, moment: float, action: Callable[[], None]) -> None:
        """Do `action` at a moment."""
        self._plans[name] = (moment, action)
        self._look()

    def cancel(self, name: str) -> None:
        """Forget a plan, if there is one."""
        if self._plans.pop(name, None) is not None:
            self._look()

    def clear(self) -> None:
        """Forget all plans."""
        self._plans.clear()
        self._look()

    def __contains__(self, name: str) -> bool:
        """Tell whether this is planned."""
        return name in self._plans

    def run_due(self, moment: float) -> None:
        """Carry out the earliest plan if it is due."""
        if self.next > moment:
            return
        name = min(self._plans, key=lambda name: self._plans[name][0])
        _, action = self._plans.pop(name)
        self._look()
        action()

    def _look(self) -> None:
        self.next = min(
            (moment for moment, _ in self._plans.values()), default=float("inf")
        )
