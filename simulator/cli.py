"""The command line: run a fleet, and make trouble in it while it runs."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
import signal
import sys
from typing import Any

from .accounts import FACTORY_PASSWORD
from .clock import RealClock
from .control import Control, InUse, ask, default_socket, describe
from .faults import DESCRIPTIONS
from .fleet import FIRST, MIX, Fleet
from .miner import PORT
from .models import MODELS
from .versions import FIRMWARE

_COMMANDS = ("run", "list", "show", "fault", "clear")
_RELAYED_UP_TO = 50

_ABOUT = """\
A fleet of Braiins OS miners without hardware: real gRPC servers on loopback
addresses, with physics, pools, a tuner, and faults on demand."""

_EXAMPLES = """\
examples:
  python -m simulator                         one miner of each model, and decoys
  python -m simulator run --count 100         a hundred of them
  python -m simulator run --speed 60          a minute passes in a second
  python -m simulator list                    who is where (in another terminal)
  python -m simulator fault 127.0.1.3 hang    it stops answering
  python -m simulator clear 127.0.1.3         all is well again"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a fleet until Ctrl-C (this is what no command at all does)",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_run_options(run)
    for name, text in (
        ("list", "list the miners of the running fleet"),
        ("show", "show all about one miner"),
        ("fault", "make something go wrong"),
        ("clear", "make it go right again"),
    ):
        command = commands.add_parser(
            name,
            help=text,
            epilog=_fault_list() if name == "fault" else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name != "list":
            command.add_argument("host", help="host, host:port, MAC or name; or all")
        if name == "fault":
            command.add_argument("name", choices=DESCRIPTIONS, metavar="FAULT")
            command.add_argument("argument", nargs="?", help="see below")
        if name == "clear":
            command.add_argument("name", nargs="?", choices=DESCRIPTIONS)
        _add_control(command)
    return parser


def _fault_list() -> str:
    lines = [f"  {name:15} {text}" for name, text in DESCRIPTIONS.items()]
    return "\n".join(["faults [argument, its default]:", *lines])


def _add_control(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--control",
        type=Path,
        default=default_socket(),
        help="the socket by which the running fleet is reached",
    )


def _add_run_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument
    add("--count", type=int, help="how many miners; the models are repeated")
    add(
        "--model",
        action="append",
        choices=sorted(MODELS),
        help="only this model (may be given more than once)",
    )
    add("--api", choices=[f"1.{minor}" for minor in FIRMWARE], help="API for all")
    add("--first", default=FIRST, help="the first address")
    add("--port", type=int, default=PORT, help="the port of all miners")
    add("--http-port", type=int, default=80, help="the port of the decoys")
    add(
        "--same-host",
        action="store_true",
        help="one address and successive ports, where 127.0.0.0/8 is not loopback",
    )
    add("--no-decoys", action="store_true", help="only miners that can be added")
    add("--speed", type=float, default=1.0, help="how much faster than life")
    add("--seed", type=int, default=0, help="another fleet for every number")
    add("--user", default="root", help="who may log in")
    add(
        "--password",
        default=FACTORY_PASSWORD,
        help="with what; empty lets in with any",
    )
    add("--cold", action="store_true", help="begin switched off, not in full run")
    add(
        "--relay",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"allow the faults garbage and half-open (up to {_RELAYED_UP_TO} miners)",
    )
    _add_control(run)


def _fleet(options: argparse.Namespace) -> Fleet:
    count = options.count or len(options.model or MIX)
    relay = count <= _RELAYED_UP_TO if options.relay is None else options.relay
    return Fleet(
        options.model or MIX,
        count=count,
        first=options.first,
        port=options.port,
        same_host=options.same_host,
        seed=options.seed,
        clock=RealClock(options.speed),
        api=options.api,
        username=options.user,
        password=options.password or None,
        warm=not options.cold,
        relay=relay,
        decoys=not options.no_decoys,
        http_port=options.http_port,
    )


async def _run(options: argparse.Namespace) -> int:
    fleet = _fleet(options)
    try:
        await fleet.start()
    except (OSError, RuntimeError) as error:
        print(f"The fleet cannot listen: {error}", file=sys.stderr)
        print(
            "Ports below 1024 need --http-port or --no-decoys, busy ones --port or "
            "--first, and where only 127.0.0.1 is loopback --same-host helps.",
            file=sys.stderr,
        )
        return 1
    control = Control(fleet, options.control)
    try:
        await control.start()
    except InUse as error:
        await fleet.stop()
        print(f"A simulator is running already, see {error}.", file=sys.stderr)
        print("Give this one a --control socket of its own.", file=sys.stderr)
        return 1
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    _print_table([describe(miner) for miner in fleet.miners])
    for decoy in fleet.decoys:
        print(f"{f'{decoy.host}:{decoy.port}':<19} {decoy.title} (a decoy)")
    secret = "any password" if not options.password else options.password
    print(f"\nLog in as {options.user} with {secret}. Ctrl-C ends it.", flush=True)
    await ended.wait()
    print("\nSwitching off.", flush=True)
    await control.stop()
    await fleet.stop()
    return 0


def _print_table(miners: list[dict[str, Any]]) -> None:
    header = ("address", "model", "API", "OS", "MAC", "name", "status", "TH/s", "W")
    rows = [
        (
            miner["address"],
            miner["model"],
            miner["api"],
            miner["firmware"],
            miner["mac"],
            miner["hostname"],
            miner["status"] if miner["listening"] else "away",
            f"{miner['hashrate']:.1f}",
            str(miner["power"]),
            ", ".join(miner["faults"]),
        )
        for miner in miners
    ]
    rows = [(*header, "faults" if any(row[-1] for row in rows) else ""), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = [
            text.rjust(width) if number >= len(header) - 2 else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=False))
        ]
        print("  ".join([*cells, row[-1]]).rstrip())


async def _ask(options: argparse.Namespace) -> int:
    details = {
        name: getattr(options, name)
        for name in ("host", "name", "argument")
        if getattr(options, name, None) is not None
    }
    try:
        miners = await ask(options.control, options.command, **details)
    except OSError:
        print("No simulator is running here.", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if options.command == "show":
        for miner in miners:
            for name, value in miner.items():
                text = ", ".join(value) if isinstance(value, list) else value
                print(f"{name.replace('_', ' '):12} {text}")
            print()
    else:
        _print_table(miners)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0] not in _COMMANDS and given[0] not in ("-h", "--help")):
        given.insert(0, "run")
    options = _parser().parse_args(given)
    return asyncio.run((_run if options.command == "run" else _ask)(options))
