"""The folder with the images of Braiins OS. All of it blocks, so it is for threads."""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
import tarfile
from tarfile import TarError
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Final, Literal
from zipfile import is_zipfile
import zlib

from homeassistant.exceptions import ServiceValidationError

from .asic import Platform
from .const import DOMAIN
from .firmware_names import ImageFacts, facts_in, is_image_name, name_with

# Several times the largest one that is known.
LARGEST: Final = 256 * 1024 * 1024
_PIECE = 1024 * 1024
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareImage:
    """An image in the library; `whole` tells whether all of the file is there."""

    name: str
    version: str | None
    platform: Platform | None
    size: int
    sha256: str
    whole: bool

    @property
    def ready(self) -> bool:
        """Whether enough is known of it to give it to a miner."""
        return self.whole and self.version is not None and self.platform is not None


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found in a file, which holds for this size and time of it."""

    mark: tuple[int, int]
    sha256: str
    whole: bool


class Part:
    """A file on its way into the folder, where it is no image yet."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            dir=folder, prefix=".", suffix=_UNFINISHED, delete=False
        ) as file:
            self.path = Path(file.name)
        self._file = self.path.open("wb")
        self._digest = sha256()
        self._size = 0

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._size += len(piece)
        if self._size > LARGEST:
            raise wrong("firmware_too_large", limit=f"{LARGEST // 1024**2} MiB")
        self._digest.update(piece)
        self._file.write(piece)

    def end(self, digest: str) -> None:
        """See that it is all there, and is what it was said to be."""
        self._file.close()
        if digest and self._digest.hexdigest() != digest.lower():
            raise wrong(
                "firmware_other_hash", expected=digest, found=self._digest.hexdigest()
            )

    def drop(self) -> None:
        """Leave nothing behind, unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class FirmwareFolder:
    """The files themselves, and what their names and contents tell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks: dict[str, _Look] = {}

    def clear(self) -> None:
        """Delete what was never finished."""
        for path in self._folder.glob(f".*{_UNFINISHED}"):
            # What stays is in nobody's way.
            with suppress(OSError):
                path.unlink()

    def look(self) -> tuple[FirmwareImage, ...]:
        """Return what is there now; only what is new is read."""
        images: list[FirmwareImage] = []
        looks: dict[str, _Look] = {}
        paths: list[Path] = []
        with suppress(OSError):
            paths = sorted(self._folder.iterdir())
        for path in paths:
            # It may be gone by the time it is looked at, or not be for us to read.
            with suppress(OSError):
                if is_image_name(path.name) and path.is_file():
                    look = looks[path.name] = self._look_at(path)
                    facts = facts_in(path.name)
                    images.append(
                        FirmwareImage(
                            name=path.name,
                            version=facts.version,
                            platform=facts.platform,
                            size=look.mark[0],
                            sha256=look.sha256,
                            whole=look.whole,
                        )
                    )
        self._looks = looks
        return tuple(images)

    def _look_at(self, path: Path) -> _Look:
        status = path.stat()
        mark = status.st_size, status.st_mtime_ns
        known = self._looks.get(path.name)
        if known is not None and known.mark == mark:
            return known
        digest = sha256()
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return _Look(mark, digest.hexdigest(), _is_whole(path))

    def take(self, source: Path, told: ImageFacts, digest: str) -> str:
        """Take a copy of a file, and return its name here.

        One that lies in the folder already only gets a name that tells what was told.
        """
        if not source.is_file():
            raise wrong("firmware_no_file", path=str(source))
        if source.resolve().parent == self._folder.resolve():
            return self._rename(source, told, digest)
        part = Part(self._folder)
        try:
            with source.open("rb") as file:
                while piece := file.read(_PIECE):
                    part.write(piece)
            return self.keep(part, source, told, digest)
        finally:
            part.drop()

    def _rename(self, source: Path, told: ImageFacts, digest: str) -> str:
        found = self._look_at(source).sha256
        if digest and found != digest.lower():
            raise wrong("firmware_other_hash", expected=digest, found=found)
        _require_whole(source, source.name)
        name = _name_of(Path(source.name), told)
        if name != source.name:
            self._put(source, name)
        return name

    def keep(self, part: Part, source: Path, told: ImageFacts, digest: str) -> str:
        """Make an image of what came, and return its name here.

        `source` is where it came from: the folder there may tell the platform.
        """
        name = _name_of(source, told)
        part.end(digest)
        _require_whole(part.path, source.name)
        part.path.chmod(0o644)
        self._put(part.path, name)
        return name

    def _put(self, path: Path, name: str) -> None:
        """Rename a file, unless there is another one of that name."""
        there = self._folder / name
        if there.exists() and self._look_at(there).sha256 != self._look_at(path).sha256:
            raise wrong("firmware_name_taken", name=name)
        path.rename(there)

    def open(self, name: str) -> BinaryIO:
        """Open an image to send it."""
        return (self._folder / name).open("rb")

    def remove(self, name: str) -> None:
        """Delete an image."""
        (self._folder / name).unlink(missing_ok=True)


def _name_of(source: Path, told: ImageFacts) -> str:
    """Return the name to keep an image under: it has to tell what the image is."""
    if not is_image_name(source.name):
        raise wrong("firmware_name", name=source.name)
    found = facts_in(f"{source.parent.name}/{source.name}")
    facts = ImageFacts(told.version or found.version, told.platform or found.platform)
    if facts.version is None or facts.platform is None:
        raise wrong("firmware_untold", name=source.name)
    name = name_with(source.name, facts)
    if not is_image_name(name):
        raise wrong("firmware_name", name=name)
    return name


def _require_whole(path: Path, name: str) -> None:
    if not _is_whole(path):
        raise wrong("firmware_not_whole", name=name)


def _is_whole(path: Path) -> bool:
    """Tell whether an archive has its end, which one that is still copied has not."""
    modes: tuple[Literal["r:", "r:gz"], ...] = ("r:", "r:gz")
    for mode in modes:
        with (
            suppress(OSError, EOFError, TarError, zlib.error),
            tarfile.open(path, mode) as archive,
        ):
            # Nothing of it is kept in memory then.
            archive.stream = True
            for _ in archive:
                pass
            return mode != "r:" or path.stat().st_size > archive.offset
    return is_zipfile(path)


def wrong(key: str, **said: str) -> ServiceValidationError:
    """Say what is wrong with what somebody wants of the library."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=said
    )
