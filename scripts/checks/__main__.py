"""Run all checks; nothing printed means nothing to complain about."""

from collections.abc import Callable, Iterator
from pathlib import Path
import sys

from scripts import protos
from scripts.checks import (
    addresses,
    api,
    dialogs,
    documents,
    entities,
    icons,
    languages,
    layers,
    manifest,
    platforms,
    quality_scale,
    requirements,
    services,
    translations,
)

ROOT = Path(__file__).parents[2]


def compiled_protos(root: Path) -> Iterator[str]:
    """Complain where the component would load an older state of the protos."""
    if protos.is_stale(root):
        yield f"{protos.COMPILED} is not that of proto/; run scripts/proto"


CHECKS: tuple[Callable[[Path], Iterator[str]], ...] = (
    compiled_protos,
    api.check,
    dialogs.check,
    documents.check,
    entities.check,
    icons.check,
    languages.check,
    layers.check,
    addresses.check,
    manifest.check,
    platforms.check,
    quality_scale.check,
    requirements.check,
    services.check,
    translations.check,
)


if __name__ == "__main__":
    if complaints := [line for check in CHECKS for line in check(ROOT)]:
        sys.exit("\n".join(complaints))
