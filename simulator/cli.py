"""The command line: run a fleet, and make trouble in it while it runs."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
import signal
import sys
from typing import Any

from .accounts import FACTORY_PASSWORD
from .clock import RealClock
from .control import Control, InUse, ask, default_socket, describe, describe_rig
from .faults import DESCRIPTIONS
from .fleet import FIRST, MIX, Fleet
from .miner import PORT
from .models import MODELS
from .rigs import DESCRIPTIONS as DESCRIPTIONS_OF_RIGS, Habits, RigFleet
from .versions import FIRMWARE

_COMMANDS = ("run", "list", "show", "fault", "clear")
_RELAYED_UP_TO = 50
_FAULTS = {**DESCRIPTIONS, **DESCRIPTIONS_OF_RIGS}

_HOME_ASSISTANT = "http://127.0.0.1:8123"

_ABOUT = """\
A fleet of Braiins OS miners without hardware: real gRPC servers on loopback
addresses, with physics, pools, a tuner, and faults on demand. And GPU rigs, whose
agents dial out to a server."""

_EXAMPLES = """\
examples:
  python -m simulator                         one miner of each model, and decoys
  python -m simulator run --count 100         a hundred of them
  python -m simulator run --speed 60          a minute passes in a second
  python -m simulator list                    who is where (in another terminal)
  python -m simulator fault 127.0.1.3 hang    it stops answering
  python -m simulator clear 127.0.1.3         all is well again
  python -m simulator --tokens TOKEN TOKEN    two rigs as well, with their tokens
  python -m simulator --count 0 --tokens @FILE --server http://10.0.0.5:8123
                                              nothing but rigs, a token per line
  python -m simulator fault rig-1 crash       its miner crashes"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run a fleet until Ctrl-C (this is what no command at all does)",
        fromfile_prefix_chars="@",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_run_options(run)
    for name, text in (
        ("list", "list the miners and rigs of the running fleet"),
        ("show", "show all about one of them"),
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
            command.add_argument("name", choices=_FAULTS, metavar="FAULT")
            command.add_argument("argument", nargs="?", help="see below")
        if name == "clear":
            command.add_argument("name", nargs="?", choices=_FAULTS)
        _add_control(command)
    return parser


def _fault_list() -> str:
    def lines(descriptions: Mapping[str, str]) -> list[str]:
        return [f"  {name:15} {text}" for name, text in descriptions.items()]

    return "\n".join(
        [
            "faults of miners [argument, its default]:",
            *lines(DESCRIPTIONS),
            "",
            "faults of rigs:",
            *lines(DESCRIPTIONS_OF_RIGS),
        ]
    )


def _add_control(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--control",
        type=Path,
        default=default_socket(),
        help="the socket by which the running fleet is reached",
    )


def _add_run_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument
    add("--count", type=_number, help="how many miners; the models are repeated")
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
    _add_rig_options(run)
    _add_control(run)


def _add_rig_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument
    add("--tokens", nargs="+", default=[], help="one for each GPU rig that dials out")
    add("--rigs", type=_number, help="how many rigs; else one for each token")
    add("--server", default=_HOME_ASSISTANT, help="where rigs dial to")
    add("--interval", type=float, default=30.0, help="how often rigs measure, in s")
    add("--rocm", action="store_true", help="read AMD cards of rigs by rocm-smi")


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _fleet(options: argparse.Namespace) -> Fleet:
    count = len(options.model or MIX) if options.count is None else options.count
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


def _rigs(options: argparse.Namespace, fleet: Fleet) -> RigFleet:
    return RigFleet(
        options.server,
        options.tokens[: options.rigs],
        clock=fleet.clock,
        seed=options.seed,
        habits=Habits(interval_s=options.interval, collect_s=0.2),
        mining=not options.cold,
        rocm=options.rocm,
    )


async def _run(options: argparse.Namespace) -> int:
    if (options.rigs or 0) > len(options.tokens):
        print("Each rig needs a token of its own: --tokens.", file=sys.stderr)
        return 1
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
    rigs = _rigs(options, fleet)
    control = Control(fleet, options.control, rigs.rigs)
    try:
        await control.start()
    except InUse as error:
        await rigs.stop()
        await fleet.stop()
        print(f"A simulator is running already, see {error}.", file=sys.stderr)
        print("Give this one a --control socket of its own.", file=sys.stderr)
        return 1
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    rigs.start()
    if fleet.miners:
        _print_table([describe(miner) for miner in fleet.miners])
    for decoy in fleet.decoys:
        print(f"{f'{decoy.host}:{decoy.port}':<19} {decoy.title} (a decoy)")
    if rigs.rigs:
        _print_rigs([describe_rig(rig) for rig in rigs.rigs])
    secret = "any password" if not options.password else options.password
    print(f"\nLog in as {options.user} with {secret}. Ctrl-C ends it.", flush=True)
    await ended.wait()
    print("\nSwitching off.", flush=True)
    await control.stop()
    await rigs.stop()
    await fleet.stop()
    return 0


def _print_rigs(rigs: list[dict[str, Any]]) -> None:
    for rig in rigs:
        state = "connected" if rig["connected"] else "dialling"
        runs = ", ".join(rig["miners"]) or "nothing"
        faults = "".join(f", {fault}" for fault in rig["faults"])
        print(
            f"{rig['rig']:<19} {state}, {rig['cards']} cards, {runs},"
            f" {rig['hashrate']:.1f} MH/s, {rig['power']} W{faults}"
        )


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
        rigs = [each for each in miners if "rig" in each]
        if len(rigs) < len(miners):
            _print_table([each for each in miners if "rig" not in each])
        _print_rigs(rigs)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0] not in _COMMANDS and given[0] not in ("-h", "--help")):
        given.insert(0, "run")
    options = _parser().parse_args(given)
    return asyncio.run((_run if options.command == "run" else _ask)(options))
