"""List the benchmarks there are."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "benchmarks"


def main() -> None:
    """Print the names, and what each benchmark measures in its own words."""
    for file in sorted(FOLDER.glob("[!_]*.py")):
        source = ast.parse(file.read_text())
        # What has no main guard is a part of another benchmark.
        if not any(isinstance(node, ast.If) for node in source.body):
            continue
        print(f"scripts/bench {file.stem:<12} {first_line(source)}")


def first_line(source: ast.Module) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(source) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
