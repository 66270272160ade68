"""The files of the component: what there must be, what there must not be."""

import ast
from collections.abc import Iterator
from pathlib import Path

from homeassistant.const import Platform

from .component import COMPONENT, source


def check(root: Path) -> Iterator[str]:
    """Complain of platforms without a limit, and of files a custom one cannot use."""
    for platform in Platform:
        module = source(root, f"{platform}.py")
        if module is not None and not _sets_parallel_updates(module.tree):
            yield f"{COMPONENT / f'{platform}.py'}: PARALLEL_UPDATES is not set"
    for path in sorted((root / COMPONENT).rglob("strings.json")):
        yield f"{path.relative_to(root)}: texts belong into translations/en.json"


def _sets_parallel_updates(tree: ast.Module) -> bool:
    # Annotated, it would not be recognised by Home Assistant's own tools.
    return any(
        isinstance(node, ast.Assign)
        and any(
            isinstance(target, ast.Name) and target.id == "PARALLEL_UPDATES"
            for target in node.targets
        )
        for node in tree.body
    )
