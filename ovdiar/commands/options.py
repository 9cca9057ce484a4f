"""Options that commands share, and how answers leave: printed, or written whole."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ovdiar.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovdiar.formats.json import Saved
    from ovdiar.networks.models import Models


FORMATS = ("rttm", "json", "csv", "srt", "vtt", "textgrid", "elan", "audacity", "stm")


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit with status 2."""
        line = " ".join(message.splitlines())
        self.exit(2, f"{self.prog}: {line}: see {self.prog} --help\n")


def add_command(
    commands: Any, name: str, run: Callable[[Any], None], summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command that ``run`` carries out; its help ends with a real example."""
    sentence = f"{summary[0].upper()}{summary[1:]}."
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=sentence, epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    return parser


def add_audio(parser: argparse.ArgumentParser) -> None:
    """Add what every command over a recording takes."""
    parser.add_argument("audio", metavar="AUDIO", help="the recording; - reads standard input")
    add_channel(parser)
    add_output(parser)
    add_networks(parser)


def add_channel(parser: argparse.ArgumentParser) -> None:
    """Add which channel of a recording is heard."""
    parser.add_argument(
        "--channel", type=_channel, metavar="N|mix", help="hear one, from 0 (default: mix all)"
    )


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add which networks run, and where."""
    parser.add_argument(
        "--models", default="tiny", metavar="NAME|FOLDER", help="the bundle (default: tiny)"
    )
    parser.add_argument(
        "--device", default="CPU", metavar="NAME", help="CPU, GPU, NPU or AUTO (default: CPU)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the networks")


def add_networks(parser: argparse.ArgumentParser) -> None:
    """Add which networks run, where, and on how much at once."""
    add_bundle(parser)
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="windows at once (default: what suits)"
    )


def add_scoring(parser: argparse.ArgumentParser) -> None:
    """Add what an error rate leaves out."""
    parser.add_argument(
        "--nist-collar",
        type=float,
        metavar="S",
        help="leave out so much on each side of a boundary, s",
    )
    parser.add_argument(
        "--collar-width",
        type=float,
        metavar="S",
        help="leave out so much around a boundary in all (pyannote's collar), s",
    )
    parser.add_argument(
        "--skip-overlap", action="store_true", help="do not score overlapped speech"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add where the turns go."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="write to this file, format by its suffix"
    )
    add_format(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the format of the turns."""
    parser.add_argument("--format", choices=FORMATS, help="by default OUT's suffix, or rttm")


def check_output(options: argparse.Namespace) -> None:
    """Refuse a place or a format that cannot be written, before any work is done."""
    from ovdiar.formats import format_of

    output: Path | None = options.output
    if output is None:
        return
    check_place(output, getattr(options, "audio", ""))
    if options.format is None:
        format_of(output)


def check_place(output: Path, *inputs: str | Path | None) -> None:
    """Refuse a file that cannot be written, or is an input."""
    folder = output.absolute().parent
    if output.is_dir() or not folder.is_dir():
        raise FormatError(
            f"output {str(output)!r} cannot be written: name a file in a folder that exists"
        )
    if not os.access(output if output.exists() else folder, os.W_OK):
        raise FormatError(f"output {str(output)!r} is write-protected: name another file")
    for path in (Path(each) for each in inputs if each):
        if output.exists() and path.is_file() and output.samefile(path):
            raise FormatError(f"output {str(output)!r} is what is read: name another file")


def add_names(parser: argparse.ArgumentParser) -> None:
    """Add what speakers are to be called."""
    parser.add_argument(
        "--names",
        type=Path,
        metavar="JSON",
        help='a file that names speakers, such as {"SPEAKER_00": "Ann"}',
    )


def names_of(options: argparse.Namespace) -> dict[str, str]:
    """Read the names, if any were given; refuse those that the output cannot hold."""
    from ovdiar import formats
    from ovdiar.annotation import Annotation
    from ovdiar.formats import names

    if options.names is None:
        return {}
    found = names.load(options.names)
    formats.dumps(Annotation.of((0, 1, name) for name in found.values()), format_of_output(options))
    return found


def format_of_output(options: argparse.Namespace) -> str:
    """Name the format that was chosen, or that the output's suffix stands for, or RTTM."""
    from ovdiar import formats

    named: str | None = options.format
    return named or (formats.format_of(options.output) if options.output else "rttm")


def deliver(saved: Saved, options: argparse.Namespace) -> None:
    """Print the turns, or write them beside their place and rename."""
    from ovdiar import formats

    text = formats.dumps(
        saved.annotation,
        format_of_output(options),
        exclusive=saved.exclusive,
        provenance=saved.provenance,
    )
    deliver_text(text, options)


def deliver_text(text: str, options: argparse.Namespace, errors: str = "strict") -> None:
    """Print a text, or write it beside its place and rename; ``errors`` as of `str.encode`."""
    from ovdiar import formats

    if options.output is not None:
        formats.write_text(options.output, text, errors)
        return
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError as error:
        raise FormatError(f"a name or text holds what UTF-8 cannot ({error}): correct it") from None
    sys.stdout.write(text)
    sys.stdout.flush()


def audio_of(options: argparse.Namespace) -> Any:
    """Return the file that was named, or standard input, and the channel to hear."""
    if options.audio == "-":
        return {"audio": sys.stdin.buffer, "channel": options.channel}
    uri = Path(options.audio).stem.encode(errors="replace").decode()  # ? for what is no UTF-8
    return {"audio": options.audio, "uri": uri, "channel": options.channel}


def _channel(text: str) -> int | None:
    if text == "mix":
        return None
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no channel: give a number from 0, or mix")


def models_of(options: argparse.Namespace) -> Models:
    """Load the bundle that was named."""
    from ovdiar.networks.models import load

    return load(options.models, device=options.device, threads=options.threads)
