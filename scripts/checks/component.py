"""Where the component lies, and how to read its Python without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path

DOMAIN = "braiins_fleet"
COMPONENT = Path("custom_components") / DOMAIN


@dataclass(frozen=True)
class Source:
    """A Python file, read; `known` are all files that were read along with it."""

    path: Path
    known: dict[Path, Source] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax."""
        return ast.parse(self.path.read_text(), str(self.path))

    def calls(self, within: ast.AST | None = None) -> Iterator[tuple[str, ast.Call]]:
        """Yield each call with the last part of what is called."""
        for node in ast.walk(within or self.tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name, node

    def texts(self) -> set[str]:
        """Return every text in the file, docstrings and all."""
        return {
            node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }

    def text_of(self, node: ast.AST | None) -> str | None:
        """Return the text an expression stands for, if that can be read off."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self._named.get(name)
        return None

    @cached_property
    def _named(self) -> dict[str, str]:
        named: dict[str, str] = {}
        for node in self.tree.body:
            match node:
                case ast.ImportFrom(module=str(module), level=level, names=names):
                    for alias in names:
                        text = self._imported(module, level, alias.name)
                        if text is not None:
                            named[alias.asname or alias.name] = text
                case (
                    ast.Assign(
                        targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))
                    )
                    | ast.AnnAssign(
                        target=ast.Name(id=name), value=ast.Constant(value=str(text))
                    )
                ):
                    named[name] = text
        return named

    def _imported(self, module: str, level: int, name: str) -> str | None:
        if level == 1:
            path = self.path.parent / f"{module.replace('.', '/')}.py"
            if path not in self.known and not path.exists():
                return None
            beside = self.known.setdefault(path, Source(path, self.known))
            return beside._named.get(name)  # noqa: SLF001 - its own class
        if module.startswith("homeassistant."):
            value = getattr(import_module(module), name, None)
            return str(value) if isinstance(value, str) else None
        return None


def sources(root: Path) -> list[Source]:
    """Return the Python files that face Home Assistant, in order."""
    known: dict[Path, Source] = {}
    for path in sorted((root / COMPONENT).glob("*.py")):
        known[path] = Source(path, known)
    return [*known.values()]


def source(root: Path, name: str) -> Source | None:
    """Return one of them, if there is such a file."""
    path = root / COMPONENT / name
    return Source(path) if path.exists() else None
