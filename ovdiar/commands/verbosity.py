"""How much a command says on standard error: ``--quiet`` and ``--verbose``."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ovdiar.errors import OvdiarWarning
from ovdiar.log import LOGGER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add ``--quiet`` and ``--verbose``."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="write nothing but errors to stderr: no progress, no warnings, no remarks",
    )
    chosen.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="log bundle, stages and durations to stderr, without a progress bar; -vv: in detail",
    )


def progress_disabled(options: argparse.Namespace) -> bool | None:
    """Return ``disable`` for progress bars: None lets the terminal decide."""
    return True if options.quiet or options.verbose else None


def remark(line: str, options: argparse.Namespace) -> None:
    """Write a line to standard error, unless the command is quiet."""
    if not options.quiet:
        sys.stderr.write(f"{line}\n")


@contextmanager
def verbosity(options: argparse.Namespace, show_warning: Callable[..., Any]) -> Iterator[None]:
    """Show warnings and log while a command runs, as its options say."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(options.verbose, 2)]
    before, handler = LOGGER.level, logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("ovdiar: %(message)s"))
    with warnings.catch_warnings():
        warnings.showwarning = show_warning
        warnings.simplefilter("ignore" if options.quiet else "always", OvdiarWarning)
        LOGGER.addHandler(handler)
        LOGGER.setLevel(level)
        try:
            yield
        finally:
            LOGGER.removeHandler(handler)
            LOGGER.setLevel(before)
