"""The wire as each API version knows it.

Answers are always made with the newest messages. For an older firmware they pass
once through that version's own, smaller messages, which drop what it cannot say;
requests come in the same way, so that a newer field is ignored as it would be.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .versions import FIRMWARE, SINCE

_DESCRIPTORS = (
    Path(__file__).parent.parent / "custom_components/braiins_fleet/asic/bos.binpb"
)

NEWEST = max(FIRMWARE)
OLDEST = min(FIRMWARE)


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC of one API version."""

    path: str
    request: Any
    response: Any
    request_streams: bool
    response_streams: bool


def _keep(name: str, minor: int) -> bool:
    return SINCE.get(name, 0) <= minor


def _prune_message(
    message: descriptor_pb2.DescriptorProto, name: str, minor: int
) -> None:
    for field in list(message.field):
        if not _keep(f"{name}.{field.name}", minor):
            message.field.remove(field)
    # A oneof must not be empty, and removing one renumbers those after it.
    used = sorted({f.oneof_index for f in message.field if f.HasField("oneof_index")})
    for field in message.field:
        if field.HasField("oneof_index"):
            field.oneof_index = used.index(field.oneof_index)
    kept = [message.oneof_decl[index] for index in used]
    del message.oneof_decl[:]
    message.oneof_decl.extend(kept)


def _prune_file(file: descriptor_pb2.FileDescriptorProto, minor: int) -> None:
    package = file.package
    for message in file.message_type:
        _prune_message(message, f"{package}.{message.name}", minor)
    for enum in file.enum_type:
        for value in list(enum.value):
            if not _keep(f"{package}.{enum.name}.{value.name}", minor):
                enum.value.remove(value)
    for service in list(file.service):
        name = f"{package}.{service.name}"
        for method in list(service.method):
            if not _keep(f"{name}/{method.name}", minor):
                service.method.remove(method)
        if not service.method:
            file.service.remove(service)


def _files() -> descriptor_pb2.FileDescriptorSet:
    return descriptor_pb2.FileDescriptorSet.FromString(_DESCRIPTORS.read_bytes())


class Schema:
    """All messages and methods of one API version, in a pool of its own."""

    def __init__(self, minor: int) -> None:
        """Build API 1.`minor`; use `schema()`, which keeps what it built."""
        if not OLDEST <= minor <= NEWEST:
            raise ValueError(f"API 1.{minor} is not known")
        self.minor = minor
        self.pool = descriptor_pool.DescriptorPool()
        self.services: list[str] = []
        self.methods: dict[str, Method] = {}
        files = _files().file
        for file in files:
            if file.package.startswith("braiins."):
                _prune_file(file, minor)
            self.pool.AddSerializedFile(file.SerializeToString())
        for file in files:
            for service in file.service:
                self._add_service(f"{file.package}.{service.name}")

    def _add_service(self, name: str) -> None:
        self.services.append(name)
        for method in self.pool.FindServiceByName(name).methods:
            path = f"/{name}/{method.name}"
            self.methods[path] = Method(
                path,
                message_factory.GetMessageClass(method.input_type),
                message_factory.GetMessageClass(method.output_type),
                bool(method.client_streaming),
                bool(method.server_streaming),
            )

    def read(self, method: Method, data: bytes) -> Any:
        """Return a request as the newest message, less what this version ignores."""
        request = method.request.FromString(data)
        if self.minor == NEWEST:
            return request
        request.DiscardUnknownFields()
        newest = schema(NEWEST).methods[method.path].request
        return newest.FromString(request.SerializeToString())

    def write(self, method: Method, answer: Any) -> bytes:
        """Return an answer as bytes, less what this version cannot say."""
        data: bytes = answer.SerializeToString()
        if self.minor == NEWEST:
            return data
        known = method.response.FromString(data)
        known.DiscardUnknownFields()
        older: bytes = known.SerializeToString()
        return older


@cache
def schema(minor: int) -> Schema:
    """Return API 1.`minor`."""
    return Schema(minor)


def message(name: str) -> Any:
    """Return the newest class of a message, `Pool` or `google.protobuf.Struct`."""
    full = name if "." in name else f"braiins.bos.v1.{name}"
    return message_factory.GetMessageClass(
        schema(NEWEST).pool.FindMessageTypeByName(full)
    )


def enum(name: str) -> dict[str, int]:
    """Return the numbers of an enum by name, less the prefix all its names share."""
    descriptor = schema(NEWEST).pool.FindEnumTypeByName(f"braiins.bos.v1.{name}")
    zero = descriptor.values[0].name
    prefix = zero.removesuffix("UNSPECIFIED")
    return {v.name.removeprefix(prefix): v.number for v in descriptor.values}
