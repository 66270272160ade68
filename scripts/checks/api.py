"""docs/api.md: every method of the Public API, and what it serves here.

Its tables have a row for each, by services, that names an action or an entity, or says
why there is none. The names in docs/coming-from-*.md have to be right as well.
"""

from collections import Counter
from collections.abc import Iterator
import json
from pathlib import Path
import re

from google.protobuf.descriptor_pb2 import FileDescriptorSet
import yaml

from scripts import protos

from .component import COMPONENT, DOMAIN

FILE = Path("docs/api.md")
FROM_ELSEWHERE = (
    Path("docs/coming-from-bloxos.md"),
    Path("docs/coming-from-mcp.md"),
)
ACTIONS = COMPONENT / "services.yaml"
TEXTS = COMPONENT / "translations/en.json"

_SERVICE = re.compile(r"## (\w+)")
_ROW = re.compile(r"\| `(\w+)` \| (.+) \|")
_ACTION = re.compile(rf"`{DOMAIN}\.(\w+)`")
_ENTITY = re.compile(r"(?<![\w*])\*([^*]+)\*(?![\w*])")
_NO_NAME = ("By itself: ", "Not used: ")
_UNUSED = "Not used: "
# Stands for the part that an entity is of, as in "Board {board}".
_PLACEHOLDER = re.compile(r"\\{\w+\\}")


def check(root: Path) -> Iterator[str]:
    """Complain of methods that are left out, and of names that are none."""
    if not (root / protos.COMPILED).exists():
        return
    if not (root / FILE).exists():
        yield f"{FILE} is missing"
        return
    known, said = Counter(methods(root)), Counter(name for name, _ in _rows(root))
    for name in sorted((known - said).elements()):
        yield f"{FILE}: {name} has no row"
    for name in sorted((said - known).elements()):
        yield f"{FILE}: {name} is no method, or has another row"
    for name, served in _rows(root):
        named = _ACTION.search(served) or _ENTITY.search(served)
        if not named and not served.startswith(_NO_NAME):
            yield f"{FILE}: {name} is served by nothing"
    for file in (FILE, *FROM_ELSEWHERE):
        if (root / file).exists():
            yield from _check_names(root, file)


def methods(root: Path) -> set[str]:
    """Return all methods of the API, each as service/method."""
    compiled = FileDescriptorSet.FromString((root / protos.COMPILED).read_bytes())
    return {
        f"{service.name}/{method.name}"
        for file in compiled.file
        for service in file.service
        for method in service.method
    }


def unused(root: Path) -> set[str]:
    """Return the methods that are not used, for a reason."""
    return {name for name, served in _rows(root) if served.startswith(_UNUSED)}


def _rows(root: Path) -> Iterator[tuple[str, str]]:
    service = ""
    for line in (root / FILE).read_text().splitlines():
        if heading := _SERVICE.fullmatch(line):
            service = heading[1]
        elif row := _ROW.fullmatch(line):
            yield f"{service}/{row[1]}", row[2]


def _check_names(root: Path, file: Path) -> Iterator[str]:
    actions = yaml.safe_load((root / ACTIONS).read_text()) or {}
    texts = json.loads((root / TEXTS).read_text())
    entities = [
        re.compile(_PLACEHOLDER.sub(r"\\w+", re.escape(entity["name"])))
        for platform in texts.get("entity", {}).values()
        for entity in platform.values()
        if "name" in entity
    ]
    document = (root / file).read_text()
    for action in sorted({*_ACTION.findall(document)} - actions.keys()):
        yield f"{file}: {DOMAIN}.{action} is no action"
    for name in sorted({*_ENTITY.findall(document)}):
        if not any(entity.fullmatch(name) for entity in entities):
            yield f"{file}: {name} is no entity"
