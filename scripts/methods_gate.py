"""Fail where a method of the API is used by no test that goes in by Home Assistant.

Or by one, though docs/api.md says that it is not used.
"""

from pathlib import Path
import sys

from scripts.checks import api

ROOT = Path(__file__).parents[1]


def shortcomings(root: Path, asked: Path) -> list[str]:
    """Return a sentence for each method of which the tests know more than the table.

    The file has the paths of what simulated miners were asked for, one a line.
    """
    used = {path.rpartition(".")[2] for path in asked.read_text().split()}
    unused = api.unused(root)
    return [
        f"{method} is used by no test in tests/homeassistant"
        for method in sorted(api.methods(root) - unused - used)
    ] + [
        f"{method} is used, and {api.FILE} says that it is not"
        for method in sorted(unused & used)
    ]


if __name__ == "__main__":
    if problems := shortcomings(ROOT, Path(sys.argv[1])):
        sys.exit("\n".join(problems))
