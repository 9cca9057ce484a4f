"""Commands over bundles: models, info."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_command
from ovdiar.networks.names import DEFAULT_BUNDLE

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add these commands to a parser."""
    add_command(commands, "models", _models, "list the installed bundles", "ovdiar models")
    info = add_command(
        commands, "info", _info, "describe a bundle", f"ovdiar info {DEFAULT_BUNDLE}"
    )
    info.add_argument("bundle", metavar="NAME|FOLDER", help="the bundle")


def _models(_options: argparse.Namespace) -> None:
    from ovdiar.networks.bundle import installed, models_folder

    found = installed()
    for name, about in found.items():
        sys.stdout.write(f"{name}\t{about}\n")
    if not found:
        sys.stderr.write(
            f"no bundle in {models_folder()}: make one with ovdiar-export {DEFAULT_BUNDLE}\n"
        )


def _info(options: argparse.Namespace) -> None:
    from ovdiar.networks.bundle import load_bundle

    bundle = load_bundle(options.bundle)
    sys.stdout.write(f"{bundle.folder}\n\n")
    sys.stdout.write((bundle.folder / "README.md").read_text(encoding="utf-8"))
