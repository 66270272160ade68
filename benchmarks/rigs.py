"""What GPU rigs cost: many agents that dial in to one real Home Assistant.

Home Assistant runs in a process and on a core of its own, the rigs on another one.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time

from .figures import FoundOfRigs, read
from .house import house
from .yard import CARDS, yard

_ALONE = 10.0
# The usual time between two measurements of an agent.
_DIAL_WITHIN = 30.0
_COMMANDS = 300
_COMMAND_EVERY = 0.1


def measure(count: int, options: argparse.Namespace) -> FoundOfRigs:
    """Measure with so many rigs, from an empty Home Assistant on."""
    say = partial(_say, count)
    found = FoundOfRigs(rigs=count)
    with (
        TemporaryDirectory(prefix="benchmark-") as folder,
        yard() as outside,
        house(Path(folder), rigs=True) as rooms,
    ):
        say("start")
        rooms.start()
        time.sleep(_ALONE)
        found.alone = rooms.run(_ALONE, [])
        if options.no_limit:
            rooms.lift_limit()
        say("add, dial, settle")
        server, tokens = rooms.expect(count)
        outside.dial(server, tokens, _DIAL_WITHIN)
        found.dialled = rooms.dialled()
        rooms.run(options.settle, [])
        say("run")
        found.running = rooms.run(options.seconds, [])
        say("command")
        found.commanded = rooms.command(_COMMANDS, _COMMAND_EVERY)
        say("cut all connections")
        before = outside.attempts()
        rooms.brace()
        found.back = rooms.back(outside.cut())
        found.attempts = (outside.attempts() - before) / count
    return found


# What is shown, how, and where it is.
_ROWS = (
    ("CPU, % of one core", ".2f", "running.cpu"),
    ("  of it Home Assistant alone", ".2f", "alone.cpu"),
    ("longest stall, ms", ".0f", "running.stall"),
    ("  of work at a stretch, ms", ".0f", "running.work"),
    ("  over 50 ms", "d", "running.stalls"),
    ("  full garbage collections", "d", "running.full"),
    ("states changed a minute", ".0f", "running.states"),
    ("entities", "d", "dialled.entities"),
    ("  refused by Home Assistant", "d", "dialled.refused"),
    ("memory per rig, kB", ".0f", "dialled.memory"),
    ("all added and live, s", ".1f", "dialled.seconds"),
    ("  CPU, s", ".1f", "dialled.cpu"),
    ("  longest stall, ms", ".0f", "dialled.stall"),
    ("a command, median, ms", ".1f", "commanded.median"),
    ("  worst, ms", ".1f", "commanded.worst"),
    ("  to all at once, median, ms", ".0f", "commanded.together_median"),
    ("    worst, ms", ".0f", "commanded.together_worst"),
    ("all cut, all back after, s", ".2f", "back.seconds"),
    ("  dialled by each, times", ".2f", "attempts"),
    ("  CPU, s", ".2f", "back.cpu"),
    ("  longest stall, ms", ".0f", "back.stall"),
    ("  of work at a stretch, ms", ".0f", "back.work"),
)


def table(summary: Sequence[FoundOfRigs]) -> Iterator[str]:
    """Show a figure a row, and how many rigs there are a column."""
    yield f"{f'rigs of {CARDS} GPUs':<32}" + "".join(
        f"{found.rigs:>9,}" for found in summary
    )
    for title, form, where in _ROWS:
        yield f"{title:<32}" + "".join(
            f"{format(read(found, where), form):>9}" for found in summary
        )


def _say(count: int, what: str) -> None:
    print(f"{count} rigs: {what} …", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench rigs", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rigs", default="10,100,500", metavar="N,N,…")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="to watch it run (default: 60)"
    )
    parser.add_argument(
        "--settle",
        type=float,
        default=45.0,
        help="seconds between dialling and watching (default: 45)",
    )
    parser.add_argument(
        "--no-limit",
        action="store_true",
        help="let one entry have more entities than Home Assistant allows",
    )
    parser.add_argument("--json", type=Path, default=Path("bench-results/rigs.json"))
    options = parser.parse_args()

    options.json.parent.mkdir(parents=True, exist_ok=True)
    summary: list[FoundOfRigs] = []
    for count in map(int, options.rigs.split(",")):
        summary.append(measure(count, options))
        # What was found is kept, should a later one fail.
        options.json.write_text(
            json.dumps([asdict(found) for found in summary], indent=2) + "\n"
        )
    print(*table(summary), sep="\n")


if __name__ == "__main__":
    main()
