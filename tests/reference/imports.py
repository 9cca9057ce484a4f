"""What a source tree imports, read from its text without running any of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Import(NamedTuple):
    """Module ``importer`` imports ``target``; ``line`` is where, ``typing`` if only for types."""

    importer: str
    target: str
    line: int
    typing: bool


def modules(root: Path, package: str) -> dict[str, Path]:
    """Name the modules of a package whose folder is ``root``."""
    names = {}
    for path in sorted(root.rglob("*.py")):
        parts = [package, *path.relative_to(root).with_suffix("").parts]
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(root: Path, package: str) -> list[Import]:
    """List all imports of a package: of statements, and of ``import_module`` with a name."""
    names = modules(root, package)
    found = []
    for importer, path in names.items():
        within = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, typing in _walk(tree, typing=False):
            targets = _targets(node, within, set(names))
            found += [Import(importer, target, _line(node), typing) for target in targets]
    return found


def _walk(node: ast.AST, *, typing: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Visit every node, and tell whether it stands under ``if TYPE_CHECKING``."""
    yield node, typing
    guarded = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST):
                yield from _walk(child, typing=typing or (guarded and field == "body"))


def _targets(node: ast.AST, within: str, known: set[str]) -> list[str]:
    """Name what a node imports: the submodule, where the name imported is one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if node.level:
            above = within.split(".")[: len(within.split(".")) - node.level + 1]
            module = ".".join([*above, *filter(None, [module])])
        full = [f"{module}.{alias.name}" for alias in node.names]
        return sorted({name if name in known else module for name in full})
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(name.value) for name in node.args[:1] if isinstance(name, ast.Constant)]
    return []


def _line(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))
