"""Energy meters that do not forget, whatever becomes of Home Assistant.

Home Assistant writes its states down every quarter of an hour and when it stops. A
meter that lost that much each time the power fails would be of little use, so all
meters are kept in one small file. It has a line of fixed length per meter, which is
overwritten in place soon after each reading.
"""

import asyncio
from collections.abc import Callable, Container, Mapping
import logging
from math import inf
import os
from pathlib import Path

_LOGGER = logging.getLogger(__package__)

_LINE = 64
_WAIT = 1.0

type Run = Callable[[Callable[[], None]], asyncio.Future[None]]


class EnergyMeter:
    """Adds up power over time, in Wh.

    Between two readings that follow closely it counts their mean. Over a gap it counts
    nothing: what a miner took while nobody looked is not known.
    """

    def __init__(self, watt_hours: float, note: Callable[[float], None]) -> None:
        self.watt_hours = watt_hours
        self._note = note
        self._last: tuple[float, float] | None = None

    def read(self, power: float | None, now: float, longest: float) -> None:
        """Take a reading in W, at `now` on a clock that never jumps.

        `longest` is how many seconds may lie between two that belong together.
        """
        if self._last is not None and power is not None:
            before, then = self._last
            if 0 < now - then <= longest:
                self.add((before + power) / 2 * (now - then) / 3600)
        self._last = None if power is None else (power, now)

    def add(self, watt_hours: float) -> None:
        """Count what was measured elsewhere."""
        if watt_hours > 0:
            self.watt_hours += watt_hours
            self._note(self.watt_hours)

    def restore(self, watt_hours: float) -> None:
        """Go on from a higher figure that somebody else remembers."""
        if watt_hours > self.watt_hours:
            self.watt_hours = watt_hours
            self._note(watt_hours)


class EnergyLedger:
    """The file that all meters are kept in; `run` runs in a thread what may block."""

    def __init__(self, path: Path, run: Run) -> None:
        self._path = path
        self._run = run
        self._lines: dict[str, int] = {}
        self._free: list[int] = []
        self._read: dict[str, float] = {}
        self._unwritten: dict[int, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._failed = False

    def load(self) -> None:
        """Read the file, which blocks; a line that cannot be read is free."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as err:
            _LOGGER.warning("The energy meters cannot be read: %s", err)
            return
        for number in range(-(-len(content) // _LINE)):
            line = content[number * _LINE : (number + 1) * _LINE]
            key, figure = _parse(line)
            if figure is None or key in self._lines:
                self._free.append(number)
            else:
                self._lines[key] = number
                self._read[key] = figure

    def meter(self, key: str) -> EnergyMeter:
        """Return the meter of this key, which goes on where it was."""
        if key not in self._lines:
            taken = len(self._lines) + len(self._free)
            self._lines[key] = self._free.pop() if self._free else taken

        def note(watt_hours: float) -> None:
            self._read[key] = watt_hours
            self._write(self._lines[key], _line(key, watt_hours))

        return EnergyMeter(self._read.get(key, 0.0), note)

    def forget(self, key: str) -> None:
        """Take a meter down for good."""
        self._read.pop(key, None)
        number = self._lines.pop(key, None)
        if number is not None:
            self._free.append(number)
            self._write(number, b" " * (_LINE - 1) + b"\n")

    def forget_all_but(self, keys: Container[str]) -> None:
        """Take down the meters of those that are not here any more."""
        for key in tuple(self._lines):
            if key not in keys:
                self.forget(key)

    def flush(self) -> None:
        """Write now what is still to be written, which blocks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        unwritten, self._unwritten = self._unwritten, {}
        _overwrite(self._path, unwritten)

    def _write(self, number: int, line: bytes) -> None:
        self._unwritten[number] = line
        if self._timer is None:
            # Miners are polled in groups: a group is one visit to the disk.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_WAIT, self._write_now)

    def _write_now(self) -> None:
        self._timer = None
        if self._writing is not None:
            # A slow disk gets the newer figures after the older ones.
            self._timer = asyncio.get_running_loop().call_later(_WAIT, self._write_now)
            return
        unwritten, self._unwritten = self._unwritten, {}
        self._writing = self._run(lambda: _overwrite(self._path, unwritten))
        self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing = None
        error = None if writing.cancelled() else writing.exception()
        if error is not None and not self._failed:
            _LOGGER.error("The energy meters cannot be written down: %s", error)
        self._failed = error is not None


def _overwrite(path: Path, lines: Mapping[int, bytes]) -> None:
    if not lines:
        return
    path.parent.mkdir(exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        for number, line in lines.items():
            os.pwrite(file, line, number * _LINE)
    finally:
        os.close(file)


def _line(key: str, watt_hours: float) -> bytes:
    return f"{key:<40} {watt_hours:>22.3f}\n".encode()


def _parse(line: bytes) -> tuple[str, float | None]:
    try:
        key, text = line.decode().split()
        figure = float(text)
    except ValueError:
        return "", None
    # What was cut off may look like a smaller figure, and no meter shows "nan".
    return key, figure if len(line) == _LINE and 0 <= figure < inf else None
