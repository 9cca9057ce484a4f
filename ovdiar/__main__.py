"""The command ``ovdiar``: signals are handled before anything large is imported."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # `signal` imports enum, which takes long

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # ends at once, while the next lines import

import sys
from typing import TYPE_CHECKING

from ovdiar.ending import run_command

if TYPE_CHECKING:
    from collections.abc import Callable


def run() -> int:
    """Run the command; return its exit status."""
    return run_command("ovdiar", _main)


def _main() -> Callable[[], int]:
    from ovdiar.cli import main  # noqa: PLC0415 - see `run_command`

    return main


if __name__ == "__main__":
    sys.exit(run())
