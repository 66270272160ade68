"""Start the real Home Assistant with this integration and a simulated fleet.

Everything is made as a person would make it, over Home Assistant's own pages: the
owner (demo, password demo), the home, two GPU rigs, and one entry per simulated miner.
It is kept in .develop, so that the next start is quick.
"""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from pathlib import Path
import shutil
import signal
import sys
import tempfile

import aiohttp

from simulator.rigs import GitHub

from . import configuration, rigs, start
from .fleet import SimulatedFleet
from .home_assistant import HomeAssistant, HouseError
from .programs import Ended
from .progress import say, step

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = ROOT / "custom_components" / "braiins_fleet"


def main() -> None:
    """Read the command line and live in the house until told to leave."""
    parser = argparse.ArgumentParser(
        prog="scripts/develop",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--fresh", action="store_true", help="start over")
    parser.add_argument(
        "--port", type=int, help="instead of 8123, or the next one that is free"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="start in a folder of its own, see that all is well, and stop",
    )
    options = parser.parse_args()
    if options.port and not configuration.can_listen("", options.port):
        parser.error(f"port {options.port} is in use")
    try:
        with _home(temporary=options.check, fresh=options.fresh) as folder:
            port = options.port or configuration.free_port()
            sys.exit(asyncio.run(_live(folder, port, check=options.check)))
    except HouseError as err:
        sys.exit(str(err))


@contextmanager
def _home(*, temporary: bool, fresh: bool) -> Iterator[Path]:
    """Lend the folder the house is kept in to one house at a time."""
    if temporary:
        with tempfile.TemporaryDirectory(prefix="braiins-fleet-") as scratch:
            yield Path(scratch)
        return
    folder = ROOT / ".develop"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise HouseError("This checkout's house is running already.") from err
        if fresh:
            shutil.rmtree(folder / "config", ignore_errors=True)
        yield folder


async def _live(folder: Path, port: int, *, check: bool) -> int:
    """Run everything until a signal, or until a program ends that should not."""
    # Nothing of this goes out to the internet.
    async with GitHub() as github:
        return await _live_beside(github, folder, port, check=check)


async def _live_beside(github: GitHub, folder: Path, port: int, *, check: bool) -> int:
    hurry = asyncio.Event()
    _end_on_signals(hurry)
    without = configuration.write(folder / "config", COMPONENT)
    fleet = SimulatedFleet(folder, temporary=check)
    home_assistant = start.program(folder, port, hurry, github.url)
    home_assistant.log.unlink(missing_ok=True)
    code = 0
    try:
        async with (
            asyncio.TaskGroup() as group,
            HomeAssistant.at(f"http://localhost:{port}") as house,
        ):
            running = [group.create_task(home_assistant.run())]
            tokens = await _move_in(house, folder / "config")
            simulator = fleet.program(ROOT, hurry, house.url, tokens)
            simulator.log.unlink(missing_ok=True)
            running.append(group.create_task(simulator.run()))
            troubles = await _settle(house, fleet)
            running += [
                group.create_task(start.tidy_away(house, integration))
                for integration in start.UNWANTED
            ]
            if check:
                code = 1 if troubles else 0
                say("\n".join(troubles or ["All is well."]))
                for task in running:
                    task.cancel()
            else:
                _welcome(house.url, [*fleet.tell(), *troubles], without)
                await asyncio.wait(running)
    except* Ended as ended:
        code = 1
        say("".join(f"\n{error}" for error in ended.exceptions))
    except* (HouseError, aiohttp.ClientError) as failed:
        code = 1
        say("".join(f"\n{error}" for error in failed.exceptions))
        say(f"{home_assistant.log} ends with\n\n{home_assistant.last_lines()}")
    except* asyncio.CancelledError:
        # That was a signal: the ordinary way to leave.
        pass
    return code


def _end_on_signals(hurry: asyncio.Event) -> None:
    """End in good order at the first signal, and in a hurry at the second."""
    loop = asyncio.get_running_loop()
    living = asyncio.current_task()

    def end() -> None:
        if living is None or living.cancelling():
            hurry.set()
        else:
            say("\nEnding Home Assistant and the fleet; once more to hurry.")
            living.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)


async def _move_in(house: HomeAssistant, configuration: Path) -> Path:
    """Be at home in the house; return the tokens of the rigs that it knows."""
    async with step("Starting Home Assistant"):
        await start.move_in(house)
    # The first things its pages ask for; they stay empty if one cannot be had.
    for question in ("get_states", "get_services", "manifest/list"):
        await house.command(question)
    if COMPONENT.name not in await house.installed():
        raise HouseError("Home Assistant does not see the integration.")
    async with step("Adding the rigs"):
        return await rigs.move_into(house, configuration)


async def _settle(house: HomeAssistant, fleet: SimulatedFleet) -> list[str]:
    """Put the fleet into the house; return what is not well."""
    async with step("Starting the simulated fleet"):
        await fleet.wait_until_it_answers()
    async with step("Adding the miners"):
        await fleet.move_into(house)
    return [
        f"{entry['title']}: {entry['reason'] or entry['state']}"
        for entry in await house.entries(COMPONENT.name)
        if entry["state"] != "loaded"
    ]


def _welcome(url: str, remarks: list[str], without: list[str]) -> None:
    say(f"\n  {url} - user {start.USER}, password {start.PASSWORD}\n")
    for remark in remarks:
        say(f"  {remark}")
    if without:
        say(f"  Left out on this machine: {', '.join(without)}")
    say("\n  Ctrl-C ends it all, --fresh starts over\n")


if __name__ == "__main__":
    main()
