"""requirements-dev.txt pins all that its sources ask for today."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.requirements import needed

ASKED = "requirements-dev.in"
PINNED = "requirements-dev.txt"
PIN = re.compile(r"^([\w.-]+)(?:\[.*\])?==(\S+)(.*(?:\n .*)*)", re.MULTILINE)


def check(root: Path) -> Iterator[str]:
    """Complain of what scripts/requirements would add, and of pins without a hash."""
    pinned: dict[str, str] = {}
    for name, version, rest in PIN.findall((root / PINNED).read_text()):
        pinned[canonicalize_name(name)] = version
        if "--hash=sha256:" not in rest:
            yield f"{PINNED}: {name} has no hash"

    lines = (root / ASKED).read_text().splitlines()
    asked = [text for line in lines if (text := line.partition("#")[0].strip())]
    for text in asked + needed(_components()):
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{PINNED}: {text} is not pinned; run scripts/requirements"


def _components() -> Path:
    found = find_spec("homeassistant")
    if found is None or found.origin is None:
        raise FileNotFoundError("Home Assistant is not installed")
    return Path(found.origin).parent / "components"
