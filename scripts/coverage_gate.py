"""Fail where the tests cover too little of a module."""

import json
from pathlib import Path
import sys

# What Home Assistant asks of its best integrations, of every module by itself.
ENOUGH = 95.0
COMPLETE = ("config_flow.py",)


def shortcomings(report: Path) -> list[str]:
    """Return a sentence for each module that coverage's JSON report finds wanting."""
    found = []
    for name, module in sorted(json.loads(report.read_text())["files"].items()):
        covered: float = module["summary"]["percent_covered"]
        missing = ", ".join(map(str, module["missing_lines"]))
        if Path(name).name in COMPLETE:
            if covered < 100:
                found.append(
                    f"{name}: {covered:.1f} % covered, has to be all: {missing}"
                )
        elif covered <= ENOUGH:
            found.append(
                f"{name}: {covered:.1f} % covered,"
                f" has to be more than {ENOUGH:.0f} %: {missing}"
            )
    return found


if __name__ == "__main__":
    if problems := shortcomings(Path(sys.argv[1])):
        sys.exit("\n".join(problems))
