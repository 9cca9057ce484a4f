"""The command ``ovdiar``: parse, call Python, print."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands import (
    batch,
    bundles,
    completion,
    recordings,
    report,
    serve,
    stream,
    tuning,
    voice_library,
    voices,
    words,
)
from ovdiar.commands import turns as files
from ovdiar.commands.options import Parser
from ovdiar.commands.verbosity import verbosity
from ovdiar.ending import exit_status, say
from ovdiar.errors import OvdiarWarning
from ovdiar.temporary import clear

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status.

    It is 0, or 2 with one line that says what is wrong, or 3 where some of several recordings
    failed.
    """
    _prepare_streams()
    return exit_status("ovdiar", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int | None:
    options = _parser().parse_args(arguments)
    clear()  # what earlier runs left, if they were killed
    with verbosity(options, _show_warning):
        status: int | None = options.run(options)
    return status


def _prepare_streams() -> None:
    """Print in UTF-8 whatever the locale; streams that are closed (None) lead nowhere."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, OvdiarWarning):
        say(f"ovdiar: warning: {message}")


def _parser() -> Parser:
    from importlib.metadata import version

    parser = Parser(
        prog="ovdiar",
        description="Who spoke when, through OpenVINO, without PyTorch.",
        epilog="example: ovdiar diarize meeting.wav",
    )
    parser.add_argument("--version", action="version", version=f"ovdiar {version('ovdiar')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    groups = (recordings, stream, batch, files, words, voices, voice_library, report, serve, tuning)
    for group in (*groups, bundles):
        group.add(commands)
    completion.add(commands, parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
