"""The schema: complete, and in nobody's way."""

from collections.abc import Iterator
import os
from pathlib import Path
import subprocess
import sys
from types import ModuleType

from google.protobuf.descriptor_pb2 import FileDescriptorSet
import pytest

from custom_components.braiins_fleet import asic
from custom_components.braiins_fleet.asic import cooling, units
from custom_components.braiins_fleet.asic.snapshot import Source
from custom_components.braiins_fleet.asic.units import WireEnum
from custom_components.braiins_fleet.asic.wire import DESCRIPTOR_SET, Rpc
from simulator.versions import SINCE

COMPONENT = Path(asic.__file__).parent.parent


def descriptor_set() -> FileDescriptorSet:
    return FileDescriptorSet.FromString(DESCRIPTOR_SET.read_bytes())


def test_the_whole_public_api_is_there() -> None:
    files = [f for f in descriptor_set().file if f.package.startswith("braiins")]
    assert len(files) == 16
    assert sum(len(s.method) for f in files for s in f.service) == 63
    assert sum(len(f.message_type) for f in files) == 197
    assert sum(len(m.field) for f in files for m in f.message_type) == 451
    assert sum(len(f.enum_type) for f in files) == 20


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (asic.MinerStatus, "MinerStatus"),
        (asic.TunerPhase, "TunerState"),
        (asic.TunerMode, "TunerMode"),
        (asic.Reference, "RelativeTargetReference"),
        (asic.DpsMode, "DPSMode"),
        (asic.SaveAction, "SaveAction"),
        (asic.Weekday, "DayOfWeek"),
        (asic.CoolingKind, "CoolingMode"),
        (asic.FanPauseMode, "FanPauseMode"),
        (asic.FanPauseRuntime, "FanPauseRuntime"),
        (asic.SensorLocation, "SensorLocation"),
        (asic.NetworkProtocol, "NetworkProtocol"),
        (asic.LicenseKind, "LicenseType"),
        (asic.Platform, "Platform"),
        (asic.ControlBoard, "ControlBoardSocFamily"),
        (asic.BosMode, "BosMode"),
        (asic.Brand, "MinerBrand"),
        (asic.ArchiveFormat, "SupportArchiveFormat"),
        (asic.LogKind, "LogType"),
    ],
)
def test_our_enums_are_those_of_the_wire(ours: type[WireEnum], theirs: str) -> None:
    [enum] = [e for f in descriptor_set().file for e in f.enum_type if e.name == theirs]
    assert [v.number for v in enum.value] == [m.number for m in ours]
    prefix = enum.value[0].name.removesuffix("UNSPECIFIED")
    assert [v.name.removeprefix(prefix).lower() for v in enum.value][1:] == [
        str(member) for member in ours
    ][1:]


def test_a_number_newer_than_the_library_is_unknown() -> None:
    assert units.Weekday.from_wire(99) is units.Weekday.UNKNOWN
    assert cooling.CoolingKind.from_wire(-1) is cooling.CoolingKind.UNKNOWN


def run(code: str) -> str:
    """Run Python with the library as a package of its own."""
    env = {**os.environ, "PYTHONPATH": str(COMPONENT)}
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=env,
    ).stdout.strip()


def test_it_needs_nothing_of_home_assistant() -> None:
    code = "import asic, sys; print('homeassistant' in sys.modules)"
    assert run(code) == "False"


def test_another_definition_of_the_same_protos_does_not_clash() -> None:
    # Same file name, same package, same names, other content: what another
    # integration with an older set of generated code leaves in the default pool.
    code = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

file = descriptor_pb2.FileDescriptorProto(
    name="bos/v1/units.proto", package="braiins.bos.v1", syntax="proto3"
)
power = file.message_type.add(name="Power")
power.field.add(name="milliwatt", number=7, type=4, label=1)
default = descriptor_pool.Default()
default.Add(file)

import asic
from asic.snapshot import STATS
from asic.stats import read_stats

theirs = message_factory.GetMessageClass(
    default.FindMessageTypeByName("braiins.bos.v1.Power")
)
answer = STATS.rpc.response(power_stats={"approximated_consumption": {"watt": 1234}})
print(theirs(milliwatt=5).milliwatt, read_stats(answer).power)
try:
    default.FindFileByName("bos/v1/miner.proto")
except KeyError:
    print("nothing of ours")
"""
    assert run(code) == "5 1234\nnothing of ours"


def test_loading_it_after_ours_does_not_clash_either() -> None:
    code = """
import asic
from google.protobuf import descriptor_pb2, descriptor_pool

for file in descriptor_pb2.FileDescriptorSet.FromString(
    asic.wire.DESCRIPTOR_SET.read_bytes()
).file:
    if file.package.startswith("braiins"):
        del file.message_type[1:]
        file.service.clear()
    try:
        descriptor_pool.Default().Add(file)
    except TypeError as err:
        assert "duplicate" not in str(err), err
print("fine")
"""
    assert run(code) == "fine"


def test_what_is_newer_than_1_0_is_what_the_protos_say() -> None:
    # Importing the package has looked all methods up, those of every subject.
    found = {
        rpc.path.lstrip("/"): rpc.since
        for module in vars(asic).values()
        if isinstance(module, ModuleType)
        for rpc in methods_of(module)
    }
    assert len(found) == 63
    assert found == {path: SINCE.get(path, 0) for path in found}


def methods_of(module: ModuleType) -> Iterator[Rpc]:
    """Find the methods that a module has looked up."""
    for value in vars(module).values():
        if isinstance(value, Rpc):
            yield value
        elif isinstance(value, Source):
            yield value.rpc
