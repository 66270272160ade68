"""The wire trouble that a fault can make, as the server looks at it per call."""

import asyncio
from dataclasses import dataclass, field

import grpc


@dataclass(slots=True)
class Trouble:
    """What goes wrong with calls now; all off to begin with."""

    hung: asyncio.Event | None = None
    """Calls wait for this event; they never end unless the fault is cleared."""
    delay_s: float = 0.0
    failing: dict[str, grpc.StatusCode] = field(default_factory=dict)
    """Status by the last part of a method's name."""

    @property
    def any(self) -> bool:
        """Whether anything is wrong at all."""
        return bool(self.hung or self.delay_s or self.failing)

    async def suffer(
        self, path: str, context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> None:
        """Wait or fail as the faults want."""
        if self.hung is not None:
            await self.hung.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        code = self.failing.get(path.rpartition("/")[2])
        if code is not None:
            await context.abort(code, "simulated failure")
