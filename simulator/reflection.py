"""Server reflection, telling what the firmware of the moment knows and no more."""

from functools import cache
from typing import Any, cast, override

import grpc
from grpc_reflection.v1alpha import (  # type: ignore[import-untyped,unused-ignore]  # untyped unless its stubs happen to be there
    reflection,
    reflection_pb2,
)

from .machine import Machine
from .schema import schema

SERVICE = "grpc.reflection.v1alpha.ServerReflection"
_PATH = f"/{SERVICE}/ServerReflectionInfo"


@cache
def _handler(minor: int) -> grpc.RpcMethodHandler[Any, Any]:
    wire = schema(minor)
    servicer = reflection.aio.ReflectionServicer([*wire.services, SERVICE], wire.pool)
    # grpc's stubs know the callables of threads only, not those of asyncio.
    handler = cast("Any", grpc.stream_stream_rpc_method_handler)(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return cast("grpc.RpcMethodHandler[Any, Any]", handler)


class Reflection(grpc.GenericRpcHandler):
    """Answers reflection for a machine, without a login."""

    def __init__(self, machine: Machine) -> None:
        """Tell about a machine's firmware."""
        self._machine = machine

    @override
    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return what handles a reflection call."""
        if handler_call_details.method != _PATH:
            return None
        return _handler(self._machine.firmware.minor)
