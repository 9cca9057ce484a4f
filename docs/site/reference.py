"""Reference pages, made from the code while the site is built (a hook of MkDocs).

A page has a marker, such as ``<!-- commands -->``, where the hook inserts what the code says:
``--help`` of every command, the public names, the errors, the programs of ``examples/``.
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar_export import cli as export

import ovdiar
from ovdiar import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH = "100"
DOCS = Path(__file__).resolve().parent.parent
MODULES = ("formats", "transcripts", "metrics", "batch", "hooks", "errors")
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([A-Z]+\.md(?:#[\w-]+)?)\)")
"""A link to a page of the top folder, such as CONTRIBUTING.md."""
MARKER = re.compile(r"^<!-- (\w+) -->$", re.MULTILINE)


def commands() -> str:
    """Return the help of both programs and of each of their commands."""
    os.environ["COLUMNS"] = WIDTH  # as argparse and shutil read it
    programs = {"ovdiar": cli._parser(), "ovdiar-export": export._parser()}  # noqa: SLF001 - theirs
    return "\n\n".join(
        f"### {name}\n\n```text\n{parser.format_help().rstrip()}\n```"
        for program, root in programs.items()
        for name, parser in _with_commands(program, root)
    )


def _with_commands(
    name: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """List a parser and those of its commands, and of their commands, by name."""
    yield name, parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for command, below in action.choices.items():
                yield from _with_commands(f"{name} {command}", below)


def names() -> str:
    """Return a directive of mkdocstrings for each public name of ``ovdiar``."""
    return "\n\n".join(f"::: ovdiar.{name}" for name in sorted(ovdiar.__all__))


def modules() -> str:
    """Return a directive for each public module."""
    return "\n\n".join(f"::: ovdiar.{name}" for name in MODULES)


def programs() -> str:
    """Return the example programs: what each is for, and its text."""
    return "\n\n".join(
        f"### {path.name}\n\n```python\n{path.read_text(encoding='utf-8').rstrip()}\n```"
        for path in sorted((DOCS / "examples").glob("*.py"))
    )


INSERTED: dict[str, Callable[[], str]] = {
    "commands": commands,
    "names": names,
    "modules": modules,
    "programs": programs,
}
"""What stands in place of a marker."""


def insert(markdown: str) -> str:
    """Replace the markers of a page; other comments stay."""

    def replace(marker: re.Match[str]) -> str:
        make = INSERTED.get(marker[1])
        return make() if make else marker[0]

    return MARKER.sub(replace, markdown)


def link_outside(markdown: str, base: str | None) -> str:
    """Make links that leave the documentation absolute, or, without an address, plain text."""

    def replace(link: re.Match[str]) -> str:
        text, path = link[1], link[2]
        return f"[{text}]({base.rstrip('/')}/blob/main/{path})" if base else f"`{text}`"

    return OUTSIDE.sub(replace, markdown)


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Complete a page before MkDocs renders it."""
    del page
    return link_outside(insert(markdown), config.repo_url)
