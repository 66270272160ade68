"""A miner of an older API knows nothing of what came later."""

import asyncio
from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
import grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (  # type: ignore[import-untyped,unused-ignore]  # untyped unless its stubs happen to be there
    ProtoReflectionDescriptorDatabase,
)
import pytest

from simulator import MODELS, FakeClock
from simulator.schema import NEWEST, schema
from simulator.versions import FIRMWARE

from .conftest import APPLY, Caller, Start

UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED
BROKEN = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED)
STATUS = "MinerService/GetMinerStatus"


async def test_the_first_version_sends_its_token_in_metadata_only(
    start: Start,
) -> None:
    caller = await start(api="1.0", login=False)
    answer = await caller.login()
    assert answer.token == ""
    assert caller.token


async def test_the_first_version_has_no_errors_to_ask_for(start: Start) -> None:
    caller = await start(api="1.0")
    refusal = await caller.refusal("MinerService/GetErrors")
    assert refusal.code() is UNIMPLEMENTED


@pytest.mark.parametrize("minor", FIRMWARE)
async def test_methods_newer_than_the_miner_are_unimplemented(
    start: Start, minor: int
) -> None:
    caller = await start(api=minor)
    known = set(schema(minor).methods)
    for path in set(schema(NEWEST).methods) - known:
        name = path.removeprefix("/braiins.bos.v1.")
        assert (await caller.refusal(name)).code() is UNIMPLEMENTED


@pytest.mark.parametrize(
    ("minor", "has"), [(0, False), (1, True), (4, True), (5, True), (11, True)]
)
async def test_kernel_version_came_with_1_1(
    start: Start, minor: int, has: bool
) -> None:
    details = await (await start(api=minor)).call("MinerService/GetMinerDetails")
    assert bool(details.kernel_version) is has
    assert details.HasField("psu_info") is (minor >= 5)


async def test_boards_grow_richer_with_the_years(start: Start) -> None:
    fields = []
    for minor in (0, 2, 5, 11):
        caller = await start("s21_hydro", api=minor)
        board = (await caller.call("MinerService/GetHashboards")).hashboards[0]
        fields.append({field.name for field, _ in board.ListFields()})
    first, second, third, last = fields
    assert second - first == {"model"}
    assert third - second == {"serial_number", "board_name", "chip_type"}
    assert last - third == {"lowest_water_inlet_temp", "highest_water_outlet_temp"}


async def test_a_tuned_miner_is_stable_before_1_9_and_continuous_after(
    start: Start,
) -> None:
    states = []
    for minor in (8, 9):
        caller = await start(api=minor)
        answer = await caller.call("PerformanceService/GetTunerState")
        states.append(answer.overall_tuner_state)
    assert states == [2, 5]


async def test_preheating_is_called_tuning_before_1_11(
    start: Start, clock: FakeClock
) -> None:
    states = []
    for minor in (10, 11):
        caller = await start(api=minor, warm=False, room_c=-5.0)
        clock.advance(35)
        answer = await caller.call("PerformanceService/GetTunerState")
        states.append(answer.overall_tuner_state)
    assert states == [3, 6]


async def test_required_fans_moved_into_the_modes_with_1_4(start: Start) -> None:
    answers = []
    for minor in (3, 4):
        caller = await start(api=minor)
        answer = await caller.call("ConfigurationService/GetMinerConfiguration")
        answers.append(answer.temperature)
    old, new = answers
    assert old.HasField("minimum_required_fans")
    assert not old.auto.HasField("minimum_required_fans")
    assert not new.HasField("minimum_required_fans")
    assert new.auto.HasField("minimum_required_fans")


async def test_an_old_miner_ignores_request_fields_it_does_not_know(
    start: Start,
) -> None:
    caller = await start(api=8)
    await caller.call(
        "PerformanceService/SetDPS",
        save_action=APPLY,
        enable=True,
        on_start_target_percent=50,
    )
    assert caller.machine.saved.dps.enabled
    assert caller.machine.saved.dps.start_percent == 100


async def test_the_bmm_platform_is_unknown_to_firmware_before_it(start: Start) -> None:
    for minor, platform in ((2, 0), (3, 8)):
        caller = await start("bmm_101", api=minor)
        details = await caller.call("MinerService/GetMinerDetails")
        assert details.platform == platform


def _reflect(address: str) -> tuple[set[str], set[str], set[str]]:
    with grpc.insecure_channel(address) as channel:
        database: Any = ProtoReflectionDescriptorDatabase(channel)
        services = set(database.get_services())
        pool = DescriptorPool(database)
        service = pool.FindServiceByName("braiins.bos.v1.MinerService")
        board = pool.FindMessageTypeByName("braiins.bos.v1.Hashboard")
        return (
            services,
            {method.name for method in service.methods},
            {field.name for field in board.fields},
        )


async def test_reflection_needs_no_login_and_tells_what_the_miner_knows(
    start: Start,
) -> None:
    new = await start(api="1.11", login=False)
    services, methods, fields = await asyncio.to_thread(_reflect, new.miner.address)
    assert "braiins.bos.v1.AdvancedSettingsService" in services
    assert "GetErrors" in methods
    assert "highest_water_outlet_temp" in fields


async def test_reflection_of_an_old_miner_is_as_old(start: Start) -> None:
    old = await start(api="1.0", login=False)
    services, methods, fields = await asyncio.to_thread(_reflect, old.miner.address)
    assert "braiins.bos.v1.AdvancedSettingsService" not in services
    assert "GetErrors" not in methods
    assert "model" not in fields


async def _try(caller: Caller, path: str) -> None:
    name = path.removeprefix("/braiins.bos.").removeprefix("v1.")
    fields: dict[str, Any] = {}
    if hasattr(caller.method(name).request(), "save_action"):
        fields["save_action"] = APPLY
    if name == STATUS:
        stream = caller.listen(name)
        await stream.read()
        stream.cancel()
    elif caller.method(name).request_streams:
        await caller.upload(name, fields)
    elif caller.method(name).response_streams:
        async for _ in caller.stream(name, **fields):
            pass
    else:
        await caller.call(name, **fields)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("minor", [0, 5, 8, 11])
async def test_no_call_however_empty_breaks_a_miner(
    start: Start, model: str, minor: int
) -> None:
    caller = await start(model, api=minor, password=None)
    broken = []
    for path in schema(minor).methods:
        caller.token = caller.machine.accounts.login("root", "")
        try:
            await _try(caller, path)
        except grpc.aio.AioRpcError as error:
            if error.code() in BROKEN:
                broken.append((path, error.details()))
    assert broken == []
