"""The command ``ovdiar``: parse, call Python, print."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import FormatError, OvdiarError, OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovdiar.annotation import Annotation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", OvdiarWarning)
    try:
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


def _diarize(options: argparse.Namespace) -> None:
    from ovdiar.hooks import ProgressHook
    from ovdiar.models import load
    from ovdiar.pipelines.forcing import speaker_bounds
    from ovdiar.pipelines.speaker_diarization import SpeakerDiarization

    counts = {
        name: getattr(options, name) for name in ("num_speakers", "min_speakers", "max_speakers")
    }
    speaker_bounds(**counts)
    _check_output(options.output)
    pipeline = SpeakerDiarization(
        load(options.models, threads=options.threads),
        preset=options.preset,
        threshold=options.threshold,
        min_duration_off=options.min_duration_off,
        **({} if options.batch_size is None else {"batch_size": options.batch_size}),
    )
    with ProgressHook(disable=None) as hook:
        result = pipeline(_audio(options.audio), hook=hook, **counts)
    _deliver(result.speaker_diarization, options.output)


def _audio(given: str) -> Any:
    return sys.stdin.buffer if given == "-" else given


def _check_output(output: Path | None) -> None:
    """Refuse a place that cannot be written before any work is done."""
    if output is not None and (output.is_dir() or not output.absolute().parent.is_dir()):
        raise FormatError(
            f"output {str(output)!r} cannot be written: name a file in a folder that exists"
        )


def _deliver(annotation: Annotation, output: Path | None) -> None:
    """Print the turns, or write them beside their place and rename."""
    from ovdiar.formats import rttm

    text = rttm.dumps(annotation)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(output)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FormatError(
            f"output {str(output)!r} cannot be written ({error.strerror}): choose another place"
        ) from error


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, OvdiarWarning):
        _say(f"ovdiar: warning: {message}")


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = argparse.ArgumentParser(
        prog="ovdiar", description="Who spoke when, through OpenVINO, without PyTorch."
    )
    parser.add_argument("--version", action="version", version=f"ovdiar {version('ovdiar')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    diarize = _command(
        commands,
        "diarize",
        _diarize,
        "tell who spoke when",
        "ovdiar diarize meeting.mp3 --num-speakers 3 -o meeting.rttm",
    )
    _audio_options(diarize)
    diarize.add_argument("--num-speakers", type=int, metavar="N", help="exactly so many speakers")
    diarize.add_argument("--min-speakers", type=int, metavar="A", help="at least so many")
    diarize.add_argument("--max-speakers", type=int, metavar="B", help="at most so many")
    diarize.add_argument(
        "--preset", metavar="NAME|FILE", help="hyper-parameters: 2.1, 3.1, community-1, or JSON"
    )
    diarize.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="where clustering stops: a Euclidean distance of normalised embeddings with "
        "centroid linkage, else a cosine distance (0 to 2)",
    )
    diarize.add_argument(
        "--min-duration-off", type=float, metavar="S", help="fill a speaker's shorter gaps, s"
    )
    return parser


def _command(
    commands: Any, name: str, run: Callable[[Any], None], summary: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=summary.capitalize() + ".", epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def _audio_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", metavar="FILE", help="a recording; - reads standard input")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="write RTTM to this file")
    parser.add_argument(
        "--models", default="tiny", metavar="NAME|FOLDER", help="the bundle (default: tiny)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the networks")
    parser.add_argument("--batch-size", type=int, metavar="N", help="windows at once")


if __name__ == "__main__":
    sys.exit(main())
