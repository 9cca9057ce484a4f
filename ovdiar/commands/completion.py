"""The command that prints shell completion: completion."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_command
from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SHELLS = ("bash", "zsh", "fish")


def add(commands: Any, parser: argparse.ArgumentParser) -> None:
    """Add this command to a parser, and complete all of that parser's commands."""
    completion = add_command(
        commands,
        "completion",
        _complete,
        "print the completion of commands and options for a shell",
        "ovdiar completion bash",
    )
    completion.add_argument("shell", choices=SHELLS, help="the shell")
    completion.set_defaults(parser=parser)


def _complete(options: argparse.Namespace) -> None:
    try:
        import shtab
    except ImportError as error:
        raise MissingPackageError(
            "completion needs shtab: pip install 'ovdiar[completion]'"
        ) from error
    for action in _actions(options.parser):
        if action.type is Path or (not action.option_strings and action.choices is None):
            action.complete = shtab.FILE  # type: ignore[attr-defined] # shtab reads it there
    sys.stdout.write(shtab.complete(options.parser, options.shell) + "\n")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """List the arguments of a parser and of all its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)
