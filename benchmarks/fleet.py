"""What the fleet costs: many miners in one real Home Assistant.

Home Assistant runs in a process and on a core of its own, the farm on another one.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time

from .farm import Farm, farm
from .figures import Found, read
from .house import House, house

_HANGING_SHARE = 0.2
_AWAY = 10
_ALONE = 10.0
# Until the first that hang have become unavailable.
_MISSED = 40.0


def measure(miners: int, options: argparse.Namespace) -> Found:
    """Measure with so many miners, from an empty Home Assistant to its restart."""
    found = Found(miners=miners)
    with TemporaryDirectory(prefix="benchmark-") as folder, farm(miners) as home:
        with house(Path(folder), recorder=options.recorder) as rooms:
            _live(found, rooms, home, options)
        _say(miners, "restart")
        with house(Path(folder), recorder=options.recorder) as rooms:
            found.restart = rooms.start_with(home.miners)
    return found


def _live(found: Found, rooms: House, home: Farm, options: argparse.Namespace) -> None:
    miners, seconds = home.miners, options.seconds
    _say(found.miners, "start, add, settle")
    found.boot = rooms.start()
    time.sleep(_ALONE)
    found.alone = rooms.run(_ALONE, [])
    found.added = rooms.add(miners)
    found.settling = rooms.run(options.settle, miners)
    _say(found.miners, "run")
    found.running = rooms.run(seconds, miners)
    if options.recorder:
        found.recorded = rooms.record(seconds)
    if options.parts:
        _say(found.miners, "account for the time")
        found.parts = rooms.account(seconds)
    if options.hanging:
        _say(found.miners, "some hang")
        some = round(found.miners * _HANGING_SHARE)
        home.hang(some)
        time.sleep(_MISSED)
        found.hanging = rooms.run(seconds, miners[some:])
        home.hang(0)
        rooms.wait_for(miners)
    if options.away:
        _say(found.miners, f"some are away for {options.away:g} s")
        found.away = options.away
        found.return_seen_after = max(_seen_after(rooms, home, options.away))
    _say(found.miners, "reload")
    found.reload_one = rooms.reload(miners[:1])
    found.reload_all = rooms.reload(miners)


def _seen_after(rooms: House, home: Farm, away: float) -> list[float]:
    some = home.miners[:_AWAY]
    home.refuse(len(some))
    gone = time.monotonic()
    rooms.watch(some)
    time.sleep(max(0.0, away - (time.monotonic() - gone)))
    back = home.refuse(0)
    seen = rooms.returned()
    return [after - before for before, after in zip(back, seen, strict=True)]


# What is shown, how, and where it is.
_ROWS = (
    ("CPU, % of one core", ".2f", "running.cpu"),
    ("  of it Home Assistant alone", ".2f", "alone.cpu"),
    ("  collecting garbage", ".2f", "running.garbage"),
    ("CPU per poll, ms", ".3f", "running.cpu_per_poll"),
    ("  wire and loop", ".3f", "parts.wire"),
    ("  parsing", ".3f", "parts.parsing"),
    ("  state of the miner", ".3f", "parts.state"),
    ("  comparing values", ".3f", "parts.entities"),
    ("  writing states", ".3f", "parts.writing"),
    ("  totals of the fleet", ".3f", "parts.fleet"),
    ("longest stall, ms", ".0f", "running.stall"),
    ("  of work at a stretch, ms", ".0f", "running.work"),
    ("  over 50 ms", "d", "running.stalls"),
    ("  longest garbage collection", ".0f", "running.collection"),
    ("  full ones", "d", "running.full"),
    ("polled again after, s", ".1f", "running.pause"),
    ("  at the latest, s", ".1f", "running.longest_pause"),
    ("states changed a minute", ".0f", "running.states"),
    ("  by a poll", ".1f", "running.states_per_poll"),
    ("  written in vain by a poll", ".2f", "parts.in_vain"),
    ("recorder, % of one core", ".2f", "recorded.cpu"),
    ("  rows a minute", ".0f", "recorded.rows"),
    ("20 % hang: CPU, % of one core", ".2f", "hanging.cpu"),
    ("  longest stall, ms", ".0f", "hanging.stall"),
    ("  healthy ones polled again, s", ".1f", "hanging.pause"),
    ("  at the latest, s", ".1f", "hanging.longest_pause"),
    ("away and seen again after, s", ".1f", "return_seen_after"),
    ("memory per miner, kB", ".0f", "added.memory"),
    ("Home Assistant starts, s", ".1f", "boot"),
    ("  with all miners, s", ".1f", "restart.seconds"),
    ("  longest stall, ms", ".0f", "restart.stall"),
    ("all miners added, s", ".1f", "added.seconds"),
    ("  CPU, s", ".1f", "added.cpu"),
    ("  of it collecting garbage", ".1f", "added.garbage"),
    ("  longest stall, ms", ".0f", "added.stall"),
    ("  and in the minute after, ms", ".0f", "settling.stall"),
    ("one reloaded, s", ".2f", "reload_one.seconds"),
    ("all reloaded, s", ".1f", "reload_all.seconds"),
    ("  longest stall, ms", ".0f", "reload_all.stall"),
)


def table(summary: Sequence[Found]) -> Iterator[str]:
    """Show a figure a row, and how many miners there are a column."""
    yield f"{'miners':<32}" + "".join(f"{found.miners:>9,}" for found in summary)
    for title, form, where in _ROWS:
        values = [read(found, where) for found in summary]
        if any(value is not None for value in values):
            yield f"{title:<32}" + "".join(
                f"{'' if value is None else format(value, form):>9}" for value in values
            )


def _say(miners: int, what: str) -> None:
    print(f"{miners} miners: {what} …", file=sys.stderr, flush=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench fleet", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--miners", default="10,100,500,1000", metavar="N,N,…")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="to watch it run (default: 60)"
    )
    parser.add_argument(
        "--settle",
        type=float,
        default=75.0,
        help="seconds between adding and watching (default: 75)",
    )
    parser.add_argument(
        "--parts", action="store_true", help="see where the time goes, too"
    )
    parser.add_argument(
        "--hanging", action="store_true", help="let some not answer, too"
    )
    parser.add_argument(
        "--away",
        type=float,
        nargs="?",
        const=100.0,
        metavar="SECONDS",
        help="let some be away for so long, too (100 if not said)",
    )
    parser.add_argument(
        "--recorder", action="store_true", help="let the recorder run along"
    )
    parser.add_argument("--json", type=Path, default=Path("bench-results/fleet.json"))
    options = parser.parse_args()

    options.json.parent.mkdir(parents=True, exist_ok=True)
    summary: list[Found] = []
    for miners in map(int, options.miners.split(",")):
        summary.append(measure(miners, options))
        # What was found is kept, should a later one fail.
        options.json.write_text(
            json.dumps([asdict(found) for found in summary], indent=2) + "\n"
        )
    print(*table(summary), sep="\n")


if __name__ == "__main__":
    main()
