"""The table of API versions against the wire and against the words in the protos."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
import re

from google.protobuf import descriptor_pb2
import pytest

from simulator.versions import FIRMWARE, LAST, OPTIONAL_SINCE, SINCE

ROOT = Path(__file__).parents[2]
NEWEST = max(FIRMWARE)

DECLARATION = re.compile(
    r"(?:message|enum|service) (?P<owner>\w+)"
    r"|rpc (?P<method>\w+)\("
    r"|(?:(?:optional|repeated) )?[\w.]+ (?P<field>\w+) = \d+"
    r"|(?P<value>[A-Z]\w*) = \d+;"
)
MARK = re.compile(
    r"(?P<kind>Since|Until|Optional since) API 1\.(?P<minor>\d+)"
    r" \(Braiins OS (?P<firmware>[\d.]+)\)\."
)

type Mark = tuple[str, int, str]


@pytest.fixture(scope="module")
def files() -> list[descriptor_pb2.FileDescriptorProto]:
    """Read the compiled protos of the Braiins API, without Google's own."""
    data = (ROOT / "custom_components/braiins_fleet/asic/bos.binpb").read_bytes()
    compiled = descriptor_pb2.FileDescriptorSet.FromString(data)
    return [file for file in compiled.file if file.package.startswith("braiins.")]


def members(files: list[descriptor_pb2.FileDescriptorProto]) -> Iterator[str]:
    """Full names of every method, field and enum value."""
    for file in files:
        for service in file.service:
            for method in service.method:
                yield f"{file.package}.{service.name}/{method.name}"
        for message in file.message_type:
            for field in message.field:
                yield f"{file.package}.{message.name}.{field.name}"
        for enum in file.enum_type:
            for value in enum.value:
                yield f"{file.package}.{enum.name}.{value.name}"


def commented(text: str) -> Iterator[tuple[str, str]]:
    """Full name and comment of every method, field and enum value of a proto."""
    (package,) = re.findall(r"^package ([\w.]+);$", text, re.MULTILINE)
    owner = ""
    comment: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        if found := DECLARATION.match(line):
            words = " ".join(comment)
            if found["owner"]:
                owner = f"{package}.{found['owner']}"
            elif found["method"]:
                yield f"{owner}/{found['method']}", words
            else:
                yield f"{owner}.{found['field'] or found['value']}", words
        comment = []


def comments() -> dict[str, str]:
    """Comments of all protos by full name."""
    return {
        name: words
        for path in sorted((ROOT / "proto").rglob("*.proto"))
        for name, words in commented(path.read_text(encoding="utf-8"))
    }


def marks(kind: str) -> dict[str, Mark]:
    """Name to the version mark of one kind that its comment ends with."""
    return {
        name: (mark["kind"], int(mark["minor"]), mark["firmware"])
        for name, words in comments().items()
        for mark in MARK.finditer(words)
        if mark["kind"] == kind
    }


def expected(kind: str, table: Mapping[str, int]) -> dict[str, Mark]:
    return {name: (kind, minor, FIRMWARE[minor]) for name, minor in table.items()}


def test_every_name_in_the_tables_is_on_the_wire(
    files: list[descriptor_pb2.FileDescriptorProto],
) -> None:
    known = set(members(files))

    assert SINCE.keys() <= known
    assert LAST.keys() <= known
    assert OPTIONAL_SINCE.keys() <= known


def test_every_version_after_the_first_brought_something() -> None:
    assert set(SINCE.values()) == set(range(1, NEWEST + 1))
    assert {*LAST.values(), *OPTIONAL_SINCE.values()} <= set(FIRMWARE)


def test_each_version_came_with_a_later_firmware() -> None:
    assert list(FIRMWARE) == list(range(NEWEST + 1))
    assert all(older < newer for older, newer in pairwise(FIRMWARE.values()))


def test_what_miners_gave_up_was_there_before() -> None:
    assert all(SINCE.get(name, 0) <= minor < NEWEST for name, minor in LAST.items())


def test_what_became_optional_is_optional_on_the_wire(
    files: list[descriptor_pb2.FileDescriptorProto],
) -> None:
    optional = {
        f"{file.package}.{message.name}.{field.name}"
        for file in files
        for message in file.message_type
        for field in message.field
        if field.proto3_optional
    }

    assert OPTIONAL_SINCE.keys() <= optional


def test_a_row_is_needed_for_the_name_to_be_hidden(
    files: list[descriptor_pb2.FileDescriptorProto],
) -> None:
    """No row repeats what hiding the methods and fields that lead there does."""
    messages = {
        f".{file.package}.{message.name}": message
        for file in files
        for message in file.message_type
    }
    enums = {
        f".{file.package}.{enum.name}" for file in files for enum in file.enum_type
    }
    first: dict[str, int] = {}

    def reach(type_name: str, minor: int) -> None:
        ours = type_name in messages or type_name in enums
        if not ours or first.get(type_name, NEWEST + 1) <= minor:
            return
        first[type_name] = minor
        if message := messages.get(type_name):
            for field in message.field:
                name = f"{type_name.removeprefix('.')}.{field.name}"
                reach(field.type_name, max(minor, SINCE.get(name, 0)))

    for file in files:
        for service in file.service:
            for method in service.method:
                minor = SINCE.get(f"{file.package}.{service.name}/{method.name}", 0)
                reach(method.input_type, minor)
                reach(method.output_type, minor)

    assert first.keys() == messages.keys() | enums
    for name, minor in SINCE.items():
        if "/" not in name:
            assert minor > first[f".{name.rpartition('.')[0]}"], name


def test_the_protos_are_read_to_the_last_name(
    files: list[descriptor_pb2.FileDescriptorProto],
) -> None:
    assert comments().keys() == set(members(files))


def test_every_method_is_explained() -> None:
    assert not [name for name, words in comments().items() if "/" in name and not words]


def test_the_protos_say_since_when_a_name_is_there() -> None:
    assert marks("Since") == expected("Since", SINCE)


def test_the_protos_say_until_when_a_name_was_used() -> None:
    assert marks("Until") == expected("Until", LAST)


def test_the_protos_say_since_when_a_field_is_optional() -> None:
    assert marks("Optional since") == expected("Optional since", OPTIONAL_SINCE)


def test_no_version_is_told_but_in_a_mark() -> None:
    """A mark with a slip in it would otherwise go unread."""
    for path in sorted((ROOT / "proto").rglob("*.proto")):
        text = " ".join(path.read_text(encoding="utf-8").replace("//", " ").split())
        stray = re.findall(r"API 1\.\d[^.]*\.", MARK.sub("", text))
        assert not stray, path.name
