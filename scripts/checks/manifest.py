"""manifest.json as Home Assistant and HACS want it."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

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
    yield from (f"{file}: {complaint}" for complaint in _entry_by_entry(manifest))


def _entry_by_entry(manifest: dict[str, Any]) -> Iterator[str]:
    for requirement in _entries(manifest, "requirements"):
        # Home Assistant holds some packages to versions of its own: a requirement
        # that excludes one of them keeps the integration from loading.
        if not re.fullmatch(r"[\w-]+>=[\w.]+", requirement):
            yield f"{requirement} has to give a lower bound and no more"
    for matcher in _entries(manifest, "dhcp"):
        if not _can_match(matcher):
            yield f"{json.dumps(matcher)} matches nothing that DHCP sees"


def _entries(manifest: dict[str, Any], key: str) -> list[Any]:
    entries = manifest.get(key)
    return entries if isinstance(entries, list) else []


def _can_match(matcher: dict[str, object]) -> bool:
    match matcher:
        case {"registered_devices": True}:
            return len(matcher) == 1
        case {"macaddress": str(mac)}:
            return bool(re.fullmatch(r"[0-9A-F]{6,12}\*?", mac))
        case {"hostname": str(name)}:
            # Looked up by its first letter, which therefore has to be one.
            return bool(re.fullmatch(r"[^*?\[A-Z][^A-Z]*", name))
    return False


def _in_order(manifest: dict[str, object]) -> list[str]:
    return sorted(manifest, key=lambda key: (key != "domain", key != "name", key))
