"""The page's scripts: modules of their own while they are written, one script in the page.

Each is a module that names what it needs, ``import { a, b } from "./other.js";`` on one line, and
marks what it gives with ``export``. A file opened from disk may not load modules, so they are
joined, each in a scope of its own after those it needs. The names that modules give are all
different, which a browser checks: it refuses a script that declares one twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.-]+)";\n', flags=re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function) (\w+))", flags=re.MULTILINE)


def bundle(read: Callable[[str], str], entry: str) -> str:
    """Join a module and all that it needs, the needed first; ``read`` gives a module's text."""
    joined: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        text = read(name)
        for needed in IMPORT.findall(text):
            visit(needed)
        joined.append(_scoped(name, text))

    visit(entry)
    return "\n".join(joined)


def _scoped(name: str, text: str) -> str:
    """Put a module into a function that returns what it exports."""
    given = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub("", text)).strip()
    head = f"const {{ {given} }} = " if given else ""
    return f"// {name}\n{head}(() => {{\n{body}\nreturn {{ {given} }};\n}})();\n"
