"""Bundle the page's JavaScript modules into one script.

A file opened from disk cannot load modules, so they are concatenated, each in its own scope after
the modules it imports. Imports are written as ``import { a, b } from "./other.js";`` on one line,
and exports are marked with ``export``. Exported names must be unique across modules; a browser
rejects a script that declares a name twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.-]+)";\n', flags=re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function) (\w+))", flags=re.MULTILINE)


def bundle(read: Callable[[str], str], entry: str) -> str:
    """Concatenate a module and its imports, imports first.

    Parameters
    ----------
    read
        Returns the text of a module.
    entry
        Name of the module.
    """
    modules: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        text = read(name)
        for imported in IMPORT.findall(text):
            visit(imported)
        modules.append(_scoped(name, text))

    visit(entry)
    return "\n".join(modules)


def _scoped(name: str, text: str) -> str:
    """Wrap a module in a function that returns its exports."""
    exports = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub("", text)).strip()
    head = f"const {{ {exports} }} = " if exports else ""
    return f"// {name}\n{head}(() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n"
