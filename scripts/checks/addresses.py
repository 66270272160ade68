"""Where packages are fetched from is a matter of each machine's own settings."""

from collections.abc import Iterator
from pathlib import Path
import re
import subprocess

REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|(?:deb|ftp|security|snapshot)\.debian)\.(?:org|com)\b"
)
IN_REQUIREMENTS = re.compile(r"^\s*(?:-i|-f|--[\w-]*(?:index|links)[\w-]*)\b|://")


def check(root: Path) -> Iterator[str]:
    """Complain of package registries named in any file that git tracks."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, tracked.split("\0")):
        path = root / name
        if not path.is_file():
            continue
        patterns = [REGISTRY]
        if path.name.startswith("requirements"):
            patterns.append(IN_REQUIREMENTS)
        text = path.read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if any(pattern.search(line) for pattern in patterns):
                yield f"{name}:{number}: names a package registry"
