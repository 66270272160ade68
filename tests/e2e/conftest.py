"""The stage of the journey: one house, one fleet and one browser for all its steps."""

from collections.abc import AsyncIterator, Generator, Iterator
import fcntl
import os
from pathlib import Path
import shutil
import signal
import socket
import sys

from playwright.async_api import async_playwright
import pytest

from scripts.house.configuration import can_listen

from .person import Person
from .processes import Fleet, House, Rig
from .stage import (
    FIRST,
    FOLDER,
    LOG,
    SCREENSHOTS,
    STOCK,
    STRANGER,
    STRANGERS_PASSWORD,
)

_BROWSER_OPTIONS = """
    --disable-background-networking --disable-component-update --disable-gpu
    --disable-quic --disable-sync --no-first-run --no-sandbox
""".split()
_LAST_LINES = 40
_FAILED = pytest.StashKey[bool]()


def free_port(host: str) -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as server:
        server.bind((host, 0))
        port: int = server.getsockname()[1]
    return port


def pytest_sessionstart() -> None:
    """Leave no process behind at a polite end either."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with a failure what Home Assistant has said last."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
        if LOG.exists():
            lines = LOG.read_text(errors="replace").splitlines()[-_LAST_LINES:]
            report.sections.append((f"{LOG} ends with", "\n".join(lines)))
    return report


@pytest.fixture(autouse=True)
async def _photograph_failures(
    request: pytest.FixtureRequest, person: Person
) -> AsyncIterator[None]:
    """Show with a failure what is on the screen."""
    yield
    if request.node.stash.get(_FAILED, False):
        path = await person.snap("failed")
        sys.stdout.write(f"{path} shows\n\n{await person.read_aloud()}\n")


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return where that is left which one wants to look at after the run."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in ("config", "screenshots"):
            shutil.rmtree(FOLDER / left, ignore_errors=True)
        for log in FOLDER.glob("*.log"):
            log.unlink()
        SCREENSHOTS.mkdir()
        yield FOLDER


@pytest.fixture(scope="session")
async def house(folder: Path) -> AsyncIterator[House]:
    """Run an empty Home Assistant."""
    house = House(folder, free_port(""))
    try:
        await house.start()
        yield house
    finally:
        await house.stop()


@pytest.fixture(scope="session")
async def person(house: House) -> AsyncIterator[Person]:
    """Have a person sit down at it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ["BROWSER"], args=_BROWSER_OPTIONS
        )
        page = await browser.new_page(
            viewport={"width": 1280, "height": 1000},
            # It would load the page anew when it comes to life.
            service_workers="block",
            permissions=["clipboard-read", "clipboard-write"],
        )
        yield Person(page, house.url, SCREENSHOTS)
        await browser.close()


@pytest.fixture(scope="session")
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    """Run one miner of each model, and two that cannot be added."""
    # None but ours are to be found.
    port = free_port(FIRST)
    options = () if can_listen(STOCK, 80) else ("--no-decoys",)
    async with Fleet.running(folder / "fleet.log", FIRST, port, *options) as running:
        yield running


@pytest.fixture(scope="session")
async def stranger(folder: Path, fleet: Fleet) -> AsyncIterator[Fleet]:
    """Run a miner that has a password of its own."""
    options = ("--model=s19j_pro", "--seed=100", "--no-decoys")
    async with Fleet.running(
        folder / "stranger.log",
        STRANGER,
        fleet.port,
        *options,
        f"--password={STRANGERS_PASSWORD}",
    ) as running:
        yield running


@pytest.fixture(scope="session")
async def rig(folder: Path) -> AsyncIterator[Rig]:
    """Have a GPU rig, whose agent is started once there is a command for that."""
    async with Rig.standing(folder / "rig.log") as rig:
        yield rig


@pytest.fixture(scope="session")
def notes() -> dict[str, float]:
    """Return where a step takes down what a later one compares with."""
    return {}
