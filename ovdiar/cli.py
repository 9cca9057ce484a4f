"""The command ``ovdiar``: parse, call Python, print."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from ovdiar.commands import bundles, files, recordings
from ovdiar.commands.options import Parser
from ovdiar.errors import OvdiarError, OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.simplefilter("always", OvdiarWarning)
            options.run(options)
    except OvdiarError as error:
        _say(f"ovdiar: {error}")
        return 2
    except KeyboardInterrupt:
        _say("ovdiar: interrupted, nothing was written")
        return 130
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, OvdiarWarning):
        _say(f"ovdiar: warning: {message}")


def _parser() -> Parser:
    from importlib.metadata import version

    parser = Parser(prog="ovdiar", description="Who spoke when, through OpenVINO, without PyTorch.")
    parser.add_argument("--version", action="version", version=f"ovdiar {version('ovdiar')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (recordings, files, bundles):
        group.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
