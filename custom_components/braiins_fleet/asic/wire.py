"""The wire schema: the compiled protos and the calls they define.

The descriptor set lives in a pool of its own. Nothing is registered in protobuf's
default pool, so another integration that ships the same protos, of whatever version,
cannot clash with it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

DESCRIPTOR_SET = Path(__file__).with_name("bos.binpb")


def _load() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(DESCRIPTOR_SET.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _load()


@dataclass(frozen=True, slots=True, eq=False)
class Rpc:
    """One method of the API; there is one object of each, so identity is equality."""

    path: str
    request: type[Any]
    response: type[Any]
    # The API 1.x that brought it: what is newer than 1.0 a miner may well lack.
    since: int


def rpc(service: str, method: str, *, since: int = 0) -> Rpc:
    """Look a method of `braiins.bos.v1` up."""
    return _rpc(f"braiins.bos.v1.{service}", method, since=since)


def _rpc(service: str, method: str, *, since: int = 0) -> Rpc:
    found: MethodDescriptor = _POOL.FindServiceByName(service).methods_by_name[method]
    return Rpc(
        path=f"/{service}/{method}",
        request=GetMessageClass(found.input_type),
        response=GetMessageClass(found.output_type),
        since=since,
    )


# The only service outside of `v1`, and the only call that needs no login.
GET_API_VERSION = _rpc("braiins.bos.ApiVersionService", "GetApiVersion")
LOGIN = rpc("AuthenticationService", "Login")
