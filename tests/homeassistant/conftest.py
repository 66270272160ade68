"""A Home Assistant that loads the integration, and miners for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
import os
from pathlib import Path
from typing import Any, cast

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
import grpc
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)
from pytest_homeassistant_custom_component.components.recorder.common import (  # type: ignore[import-untyped]  # has no types
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.syrupy import (  # type: ignore[import-untyped]  # has no types
    HomeAssistantSnapshotExtension,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.braiins_fleet import progress, software_releases
from custom_components.braiins_fleet.const import CONF_UID, DOMAIN, FLEET
from simulator import FakeClock, SimulatedMiner
from simulator.rigs import GitHub
from simulator.server import Answers

from .blueprints import Day
from .dialogs import check_texts
from .fleets import Fleet, StartFleet, call_it
from .images import list_firmware, put
from .rigging import Yard
from .running import PassingTime, hang_up_on_all
from .updating import PLATFORM

type Lines = Callable[..., Awaitable[list[dict[str, Any]]]]
type MakeEntry = Callable[..., MockConfigEntry]
# The paths of what miners were asked for by Home Assistant in this run.
ASKED: set[str] = set()

type SetUp = Callable[..., Awaitable[MockConfigEntry]]
type StartMiner = Callable[..., Awaitable[SimulatedMiner]]


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give each test a configuration folder of its own, as energy is kept there."""
    return str(tmp_path)


@pytest.fixture(autouse=True)
def _integration_is_found(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what lies in custom_components."""


@pytest.fixture(autouse=True)
def _what_is_asked_for_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep in mind which methods of the API Home Assistant makes use of."""
    service = Answers.service

    def noted(self: Answers, call: grpc.HandlerCallDetails) -> Any:
        handler = service(self, call)
        if handler is not None:
            ASKED.add(call.method)
        return handler

    monkeypatch.setattr(Answers, "service", noted)


def pytest_sessionfinish() -> None:
    """Write that down where somebody wants to know, as `scripts/test` does."""
    if file := os.environ.get("METHODS_ASKED"):
        Path(file).write_text("\n".join(sorted(ASKED)))


@pytest.fixture(autouse=True)
def _every_dialog_has_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a dialog shows a form, an error or an end that has no text."""
    handle_step = FlowManager._async_handle_step

    async def checked(self: Any, flow: Any, *arguments: Any, **named: Any) -> Any:
        result = await handle_step(self, flow, *arguments, **named)
        check_texts(flow, result)
        return result

    monkeypatch.setattr(FlowManager, "_async_handle_step", checked)


@pytest.fixture(autouse=True)
def _nobody_asks_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody answer who asks for releases of software."""
    monkeypatch.setattr(software_releases, "GITHUB", "http://127.0.0.1:9")


@pytest.fixture
async def github(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GitHub]:
    """Have somebody answer; to be asked for before any rig."""
    async with GitHub() as answering:
        monkeypatch.setattr(software_releases, "GITHUB", answering.url)
        yield answering


@pytest.fixture(autouse=True)
def _no_browser_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show nothing for longer than it takes, since nobody looks."""
    monkeypatch.setattr(progress, "_SHOWN_FOR_S", 0.0)


async def let_go(hass: HomeAssistant) -> None:
    """Hang up on all miners, before they are gone.

    Else what they send last would arrive when the test is over, and fail the next one.
    """
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def miner(hass: HomeAssistant) -> AsyncIterator[SimulatedMiner]:
    """Start a simulated Antminer S19k Pro."""
    async with SimulatedMiner("s19k_pro") as simulated:
        yield simulated
        await hang_up_on_all(hass)


@pytest.fixture
def clock() -> FakeClock:
    """Tell miners the time, which stands still until it is advanced."""
    return FakeClock()


@pytest.fixture
def pass_time(hass: HomeAssistant, clock: FakeClock) -> PassingTime:
    """Let time pass without waiting for it; to be asked for before any miner."""
    return PassingTime(hass, clock)


@pytest.fixture
async def day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    pass_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Day]:
    """Begin a Monday with automations; to be asked for before any miner."""
    # Not one of the past: gRPC takes what has to be done by then for too late.
    now = dt_util.now()
    freezer.move_to(dt_util.start_of_local_day(now + timedelta(days=7 - now.weekday())))
    begun = Day(hass, freezer, pass_time, monkeypatch)
    yield begun
    await begun.ends()


@pytest.fixture
async def start_miner(
    hass: HomeAssistant, clock: FakeClock
) -> AsyncIterator[StartMiner]:
    """Start simulated miners, for which time passes as the clock is advanced."""
    async with AsyncExitStack() as stack:

        async def start(model: str = "s19k_pro", **options: Any) -> SimulatedMiner:
            options.setdefault("clock", clock)
            return await stack.enter_async_context(SimulatedMiner(model, **options))

        yield start
        await hang_up_on_all(hass)


@pytest.fixture
async def still_miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start an Antminer S19k Pro, for which time passes as the clock is advanced."""
    return await start_miner()


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare with what is written down, in Home Assistant's way."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have also those entities that are off until somebody switches them on."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
def add_entry(hass: HomeAssistant) -> MakeEntry:
    """Let Home Assistant know a miner already, as if it had been added before."""

    def add(miner: SimulatedMiner, **changes: Any) -> MockConfigEntry:
        who = miner.machine.identity
        data = {
            CONF_HOST: miner.host,
            CONF_PORT: miner.port,
            CONF_USERNAME: "root",
            CONF_PASSWORD: "root",
            CONF_UID: who.uid,
        }
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=miner.machine.model.name,
            unique_id=cast("str", changes.pop("unique_id", who.mac.lower())),
            options=changes.pop("options", {}),
            disabled_by=changes.pop("disabled_by", None),
            data=data | changes,
        )
        entry.add_to_hass(hass)
        return entry

    return add


@pytest.fixture
def set_up(hass: HomeAssistant, add_entry: MakeEntry) -> SetUp:
    """Set a miner up that was added before, and the fleet with it."""

    async def begin(miner: SimulatedMiner, **changes: Any) -> MockConfigEntry:
        entry = add_entry(miner, **changes)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return begin


@pytest.fixture
def add_fleet(hass: HomeAssistant) -> Callable[[], Awaitable[MockConfigEntry]]:
    """Set up the fleet without any miner."""

    async def add() -> MockConfigEntry:
        entry = MockConfigEntry(domain=DOMAIN, title="Mining fleet", unique_id=FLEET)
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        return entry

    return add


@pytest.fixture
def start_fleet(
    hass: HomeAssistant,
    pass_time: PassingTime,  # noqa: ARG001 - it has to be there before
    start_miner: StartMiner,
    set_up: SetUp,
) -> StartFleet:
    """Start some miners that all are of one kind, and have an image for them."""

    async def begin(*names: str, api: int = 10, image: str = "26.05") -> Fleet:
        fleet: Fleet = {}
        for place, name in enumerate(names):
            miner = await start_miner(api=api, seed=place + 1)
            entry = await set_up(miner)
            call_it(hass, entry, name)
            fleet[name] = miner, entry
        put(hass, image, PLATFORM)
        await list_firmware(hass)
        return fleet

    return begin


@pytest.fixture
async def yard(
    hass: HomeAssistant,
    clock: FakeClock,
    pass_time: PassingTime,
    hass_client_no_auth: Callable[[], Awaitable[TestClient[Any, Any]]],
    add_fleet: Callable[[], Awaitable[MockConfigEntry]],
) -> AsyncIterator[Yard]:
    """Have a fleet to which rigs can be added, and which they can reach."""
    async with AsyncExitStack() as stack:
        entry = await add_fleet()
        client = await hass_client_no_auth()
        yield Yard(hass, entry, client, clock, pass_time, stack)
    await hang_up_on_all(hass)


@pytest.fixture
async def logbook(
    recorder_mock: Any,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
) -> None:
    """Have a logbook; to be asked for before anybody connects."""
    for component in ("logbook", "websocket_api"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


@pytest.fixture
async def lines(
    logbook: None,  # noqa: ARG001 - it has to be there first
    hass: HomeAssistant,
    hass_ws_client: Any,
) -> Lines:
    """Open the logbook; what it returns reads what was written since."""
    client = await hass_ws_client(hass)

    async def read(since: datetime, **of: Any) -> list[dict[str, Any]]:
        await async_wait_recording_done(hass)
        await client.send_json_auto_id(
            {"type": "logbook/get_events", "start_time": since.isoformat(), **of}
        )
        answer = await client.receive_json()
        result: list[dict[str, Any]] = answer["result"]
        for line in result:
            del line["when"]
        return result

    return read


@pytest.fixture
def issues(issue_registry: ir.IssueRegistry) -> Callable[[], list[str]]:
    """Tell what there is to repair: the keys of the texts of all issues."""
    return lambda: sorted(
        str(issue.translation_key)
        for issue in issue_registry.issues.values()
        if issue.domain == DOMAIN and issue.active
    )
