"""Braiins OS releases and the API versions they bring."""

from dataclasses import dataclass
import zlib

from .versions import FIRMWARE

VERSION_MARK = b"version="
_MARK_WITHIN = 4096


@dataclass(frozen=True, slots=True)
class Firmware:
    """An installed release: `26.05` speaks API 1.11."""

    release: str

    @property
    def minor(self) -> int:
        """The newest API version not newer than the release."""
        known = [minor for minor, name in FIRMWARE.items() if name <= self.release]
        return max(known, default=min(FIRMWARE))

    @property
    def build(self) -> str:
        """The long version string."""
        year, month = self.release.split(".")[:2]
        commit = f"{zlib.crc32(self.release.encode()):08x}"
        return f"20{year}-{month}-18-0-{commit}-{self.release}-plus"

    @property
    def next(self) -> Firmware:
        """The release after this one; the last known is followed by itself."""
        later = [name for name in FIRMWARE.values() if name > self.release]
        return Firmware(min(later, default=self.release))


def firmware_for(api: str | int) -> Firmware:
    """Return the release that brought an API version, `1.8` or 8."""
    minor = int(api.removeprefix("1.").split(".")[0]) if isinstance(api, str) else api
    if minor not in FIRMWARE:
        raise ValueError(f"API version {api} is not known")
    return Firmware(FIRMWARE[minor])


def firmware_in(image: bytes, installed: Firmware) -> Firmware:
    """Return what an upgrade image holds.

    A line `version=26.05` near its start names the release; any other image is taken
    for the release after the installed one.
    """
    head = image[:_MARK_WITHIN]
    at = head.find(VERSION_MARK)
    if at < 0:
        return installed.next
    text = head[at + len(VERSION_MARK) :].split(b"\n", 1)[0].split(b"\0", 1)[0]
    return Firmware(text.decode("ascii", "replace").strip())
