"""What the name of a firmware image tells: its version, and what it is for."""

from dataclasses import dataclass
import re

from .asic import Platform

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_ENDINGS = (".tar", ".tar.gz", ".tgz", ".zip")
VERSION = r"\d{2}\.\d{2}(?:\.\d+)?"
_VERSION_WITHIN = re.compile(rf"(?<![\d.]){VERSION}(?!\d)")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What has to be known of an image before a miner can be given it."""

    version: str | None
    platform: Platform | None


def is_image_name(name: str) -> bool:
    """Tell whether a file may be an image by its name, which leads nowhere else."""
    return bool(_NAME.fullmatch(name)) and name.endswith(_ENDINGS)


def order_of(version: str) -> tuple[int, ...]:
    """Return what sorts releases by their age."""
    return tuple(map(int, re.findall(r"\d+", version)))


def is_newer(version: str | None, than: str | None) -> bool:
    """Tell whether a release is newer than another; without one there is none."""
    return version is not None and order_of(version) > order_of(than or "")


def slug_of(platform: Platform) -> str:
    """Return the name of a platform as it is in addresses and names of images."""
    return platform.replace("_", "-")


PLATFORMS = {
    slug_of(platform): platform
    for platform in Platform
    if platform is not Platform.UNKNOWN
}


def facts_in(text: str) -> ImageFacts:
    """Read the name of an image, or the end of its path."""
    version = _VERSION_WITHIN.search(text)
    # Some names leave out which of its kind a processor is.
    plain = text.lower().replace("_", "-").replace("stm32mp15-", "stm32mp157c-")
    found = [
        (match.start(), platform)
        for slug, platform in PLATFORMS.items()
        if (match := re.search(rf"(?<![a-z0-9]){slug}(?![a-z0-9])", plain))
    ]
    return ImageFacts(version and version.group(), min(found)[1] if found else None)


def name_with(name: str, facts: ImageFacts) -> str:
    """Return a name that tells these facts, with as little put before it as will do."""
    slug = facts.platform and slug_of(facts.platform)
    for before in ((), (slug,), (facts.version,), (slug, facts.version)):
        candidate = "_".join([*filter(None, before), name])
        if facts_in(candidate) == facts:
            break
    return candidate
