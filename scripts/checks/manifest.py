"""manifest.json as Home Assistant and HACS want it."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from .component import COMPONENT, DOMAIN

REQUIRED = """
    codeowners config_flow documentation domain integration_type iot_class
    issue_tracker name requirements version
""".split()
POSSIBLE = """
    after_dependencies bluetooth dependencies dhcp homekit import_executor loggers
    mqtt quality_scale single_config_entry ssdp usb zeroconf
""".split()


def check(root: Path) -> Iterator[str]:
    """Complain of missing, unknown and misplaced keys, and of narrow requirements."""
    file = COMPONENT / "manifest.json"
    manifest: dict[str, object] = json.loads((root / file).read_text())

    for key in REQUIRED:
        if key not in manifest:
            yield f"{file}: {key} is missing"
    for key in manifest:
        if key not in (*REQUIRED, *POSSIBLE):
            yield f"{file}: {key} is not a key Home Assistant knows"
    if list(manifest) != _in_order(manifest):
        yield f"{file}: after domain and name, keys go by the alphabet"

    if manifest.get("domain") != DOMAIN:
        yield f"{file}: the domain has to be the folder's name"
    if not re.fullmatch(r"\d+\.\d+\.\d+(b\d+)?", str(manifest.get("version"))):
        yield f"{file}: the version has to read like 1.2.3"
    requirements = manifest.get("requirements")
    for requirement in requirements if isinstance(requirements, list) else ():
        # Home Assistant holds some packages to versions of its own: a requirement
        # that excludes one of them keeps the integration from loading.
        if not re.fullmatch(r"[\w-]+>=[\w.]+", requirement):
            yield f"{file}: {requirement} has to give a lower bound and no more"


def _in_order(manifest: dict[str, object]) -> list[str]:
    return sorted(manifest, key=lambda key: (key != "domain", key != "name", key))
