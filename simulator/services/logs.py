"""Logs and the support archive, in chunks."""

from collections.abc import Iterator
from itertools import batched
from random import Random
from typing import Any

from simulator import logs
from simulator.machine import Machine
from simulator.refusals import InvalidValue
from simulator.schema import enum, message

_Log = message("GetLogResponse")
_Archive = message("GetSupportArchiveResponse")

_KINDS = {
    number: name.lower()
    for name, number in enum("LogType").items()
    if name.lower() in logs.KINDS
}
_FORMATS = enum("SupportArchiveFormat")
_LINES_PER_CHUNK = 100
_CHUNK_BYTES = 16 * 1024


def log(machine: Machine, request: Any) -> Iterator[Any]:
    """Answer a log."""
    kind = _KINDS.get(request.log_type)
    if kind is None:
        raise InvalidValue("log_type must be one of the known ones")
    for some in batched(logs.lines(machine, kind), _LINES_PER_CHUNK, strict=False):
        yield _Log(chunk_data="".join(some).encode())


def archive(machine: Machine, request: Any) -> Iterator[Any]:
    """Answer the support archive; encrypted ones are for the support's eyes only."""
    data = logs.archive(machine)
    if request.format == _FORMATS["ZIP_ENCRYPTED"]:
        noise = Random(f"{machine.seed} archive").randbytes(len(data))
        data = bytes(a ^ b for a, b in zip(data, noise, strict=True))
    for start in range(0, len(data), _CHUNK_BYTES):
        yield _Archive(chunk_data=data[start : start + _CHUNK_BYTES])
