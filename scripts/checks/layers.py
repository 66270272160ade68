"""The libraries know nothing of Home Assistant, and the simulator nothing of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from .component import COMPONENT

FORBIDDEN = {
    COMPONENT / "asic": ("homeassistant",),
    COMPONENT / "rig": ("homeassistant",),
    COMPONENT / "power": ("homeassistant",),
    # A peer that shared code with the client would share its mistakes.
    Path("simulator"): ("homeassistant", "custom_components"),
}
OUTSIDE = "what surrounds it"


def check(root: Path) -> Iterator[str]:
    """Complain of each import that reaches where it must not."""
    for folder, forbidden in FORBIDDEN.items():
        for path in sorted((root / folder).rglob("*.py")):
            depth = len(path.relative_to(root / folder).parts)
            for line, module in _imports(ast.parse(path.read_text()), depth):
                if module.partition(".")[0] in (*forbidden, OUTSIDE):
                    where = f"{path.relative_to(root)}:{line}"
                    yield f"{where}: {folder} may not import {module}"


def _imports(tree: ast.Module, depth: int) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield node.lineno, alias.name
            case ast.ImportFrom(level=0, module=str(module)):
                yield node.lineno, module
            case ast.ImportFrom(level=level) if level > depth:
                yield node.lineno, OUTSIDE
