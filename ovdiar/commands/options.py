"""Options that commands share, and how answers leave: printed, or written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ovdiar.commands.statistics import print_statistics
from ovdiar.commands.verbosity import add_verbosity
from ovdiar.ending import ignore_signals
from ovdiar.errors import FormatError
from ovdiar.files import check_writable, write_text
from ovdiar.networks.devices import DEFAULT_PRECISION, PRECISIONS
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.parameters import BackEndParameters, FrontEndParameters, declarations

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovdiar.formats.json import Saved
    from ovdiar.networks.models import Models
    from ovdiar.parameters import Parameters


ALIASES = {"segmentation_step": ("--step",)}
"""Other names of options that derive from hyper-parameters."""
COUNTS = ("num_speakers", "min_speakers", "max_speakers")
FORMATS = ("rttm", "json", "csv", "srt", "vtt", "textgrid", "elan", "audacity", "stm")


class Parser(argparse.ArgumentParser):
    """Reports what is wrong with a command line in one line."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse everything; what is unknown is an error of this command, not of the whole one."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Print the line and exit with status 2."""
        line = " ".join(message.splitlines())
        self.exit(2, f"{self.prog}: {line}: see {self.prog} --help\n")


def add_command(
    commands: Any, name: str, run: Callable[[Any], int | None], summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command; its help ends with a real example."""
    sentence = f"{summary[0].upper()}{summary[1:]}."
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=sentence, epilog=f"example: {example}"
    )
    parser.set_defaults(run=run)
    add_verbosity(parser)
    return parser


def add_counts(parser: argparse.ArgumentParser) -> None:
    """Add the number of speakers."""
    parser.add_argument("--num-speakers", type=int, metavar="N", help="the number of speakers")
    parser.add_argument("--min-speakers", type=int, metavar="N", help="at least so many speakers")
    parser.add_argument("--max-speakers", type=int, metavar="N", help="at most so many speakers")


def counts_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the number of speakers, and check it."""
    from ovdiar.pipelines.diarization.speaker_count import speaker_bounds

    counts = {name: getattr(options, name) for name in COUNTS}
    speaker_bounds(**counts)
    return counts


def add_parameters(
    parser: argparse.ArgumentParser, section: type[Parameters], title: str = "hyper-parameters"
) -> None:
    """Add an option for each hyper-parameter of a section, by its name with dashes."""
    group = parser.add_argument_group(title)
    for name, declared in declarations(section).items():
        flags = (f"--{name.replace('_', '-')}", *ALIASES.get(name, ()))
        help_text = declared.meaning.replace("%", "%%")
        if declared.kind is bool:
            group.add_argument(*flags, action=argparse.BooleanOptionalAction, help=help_text)
        elif declared.choices:
            group.add_argument(*flags, choices=declared.choices, help=help_text)
        else:
            group.add_argument(*flags, type=declared.kind, metavar="X", help=help_text)


def parameters_of(options: argparse.Namespace, *sections: type[Parameters]) -> dict[str, Any]:
    """Return the hyper-parameters that were given, by name."""
    names = [name for section in sections for name in declarations(section)]
    given = {name: getattr(options, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def add_diarization(parser: argparse.ArgumentParser) -> None:
    """Add everything that speaker diarization takes."""
    add_counts(parser)
    parser.add_argument(
        "--preset",
        metavar="NAME|FILE",
        help="hyper-parameters of 2.1, 3.1 or community-1, or a JSON file of them (default: the "
        "bundle's)",
    )
    parser.add_argument(
        "--plda",
        type=Path,
        metavar="FOLDER",
        help="PLDA of VBx: xvec_transform.npz and plda.npz (default: the bundle's)",
    )
    parser.add_argument(
        "--fast",
        dest="embedding_reuse",
        action="store_const",
        const="shared",
        help="the same as --embedding-reuse shared",
    )
    add_parameters(parser, FrontEndParameters, "hyper-parameters of the networks")
    add_parameters(parser, BackEndParameters, "hyper-parameters of clustering and decoding")


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Add the bundle, the device and the number of threads."""
    parser.add_argument(
        "--models",
        default=DEFAULT_BUNDLE,
        metavar="NAME|FOLDER",
        help=f"the bundle (default: {DEFAULT_BUNDLE})",
    )
    parser.add_argument(
        "--device", default="CPU", metavar="NAME", help="CPU, GPU, NPU or AUTO (default: CPU)"
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="number of threads (default: the device's choice)"
    )
    parser.add_argument(
        "--embedding-precision",
        choices=list(PRECISIONS),
        default=DEFAULT_PRECISION,
        help=f"of the embedding, where the device has it (default: {DEFAULT_PRECISION})",
    )


def add_networks(parser: argparse.ArgumentParser) -> None:
    """Add the networks, and how they run."""
    add_bundle(parser)
    parser.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="windows of a batch (default: what suits the machine); changes speed and memory only",
    )


def add_scoring(parser: argparse.ArgumentParser) -> None:
    """Add the collar and the treatment of overlap."""
    parser.add_argument(
        "--nist-collar",
        type=float,
        metavar="S",
        help="collar on each side of a boundary that is not scored, s",
    )
    parser.add_argument(
        "--collar-width",
        type=float,
        metavar="S",
        help="collar around a boundary in all that is not scored (pyannote's collar), s",
    )
    parser.add_argument(
        "--skip-overlap", action="store_true", help="do not score overlapped speech"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the output file and its format."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="output file, format by its suffix"
    )
    add_format(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the format of the turns."""
    parser.add_argument(
        "--format", choices=FORMATS, help="format (default: by OUT's suffix, or rttm)"
    )


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
    check_writable(output, *inputs)


def add_names(parser: argparse.ArgumentParser) -> None:
    """Add names for the speakers."""
    parser.add_argument(
        "--names",
        type=Path,
        metavar="JSON",
        help='a file that names speakers, such as {"SPEAKER_00": "Ann"}',
    )


def names_of(options: argparse.Namespace) -> dict[str, str]:
    """Read the names, if any were given; refuse those that the output cannot hold."""
    from ovdiar.formats import names

    if options.names is None:
        return {}
    found = names.load(options.names)
    names.check(found.values(), format_of_output(options))
    return found


def format_of_output(options: argparse.Namespace) -> str:
    """Name the format that was chosen, or that the output's suffix stands for, or RTTM."""
    from ovdiar import formats

    named: str | None = options.format
    return named or (formats.format_of(options.output) if options.output else "rttm")


def deliver(saved: Saved, options: argparse.Namespace) -> None:
    """Print the turns, or write them to the output; ``--stats`` adds their statistics."""
    from ovdiar import formats

    text = formats.dumps(
        saved.annotation,
        format_of_output(options),
        exclusive=saved.exclusive,
        provenance=saved.provenance,
        notices=saved.notices,
    )
    deliver_text(text, options)
    if getattr(options, "stats", False):
        print_statistics(saved.annotation)


def deliver_text(text: str, options: argparse.Namespace, errors: str = "strict") -> None:
    """Print a text, or write it to the output; ``errors`` as of `str.encode`."""
    if options.output is not None:
        write_text(options.output, text, errors)
        ignore_signals()
        return
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError as error:
        raise FormatError(f"a name or text holds what UTF-8 cannot ({error}): correct it") from None
    sys.stdout.write(text)
    sys.stdout.flush()
    ignore_signals()


def models_of(options: argparse.Namespace) -> Models:
    """Load the bundle that was named."""
    from ovdiar.networks.models import load

    named = ("device", "threads", "embedding_precision")
    return load(options.models, **{name: getattr(options, name) for name in named})
