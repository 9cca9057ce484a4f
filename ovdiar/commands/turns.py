"""Commands over files of turns: score, convert."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import (
    FORMATS,
    add_command,
    add_format,
    add_names,
    add_scoring,
    check_output,
    deliver,
    names_of,
)
from ovdiar.commands.statistics import add_statistics
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add these commands to a parser."""
    score = add_command(
        commands,
        "score",
        _score,
        "score diarizations against references",
        "ovdiar score reference/ hypothesis/ --nist-collar 0.25 --format csv",
    )
    score.add_argument(
        "reference", metavar="REFERENCE", help="a file of turns in any format, or a folder of them"
    )
    score.add_argument(
        "hypothesis", metavar="HYPOTHESIS", help="the diarization to score, likewise"
    )
    score.add_argument(
        "--uem", metavar="UEM", help="the scored parts of the recordings (default: all)"
    )
    add_scoring(score)
    score.add_argument("--greedy", action="store_true", help="map speakers greedily")
    score.add_argument(
        "--format", choices=["text", "json", "csv"], default="text", help="format (default: text)"
    )

    convert = add_command(
        commands,
        "convert",
        _convert,
        "convert turns into another format",
        "ovdiar convert meeting.rttm meeting.TextGrid",
    )
    convert.add_argument("input", type=Path, metavar="IN", help="a file of turns")
    convert.add_argument(
        "output",
        type=Path,
        nargs="?",
        metavar="OUT",
        help="the converted file (default: standard output)",
    )
    convert.add_argument(
        "-o", dest="output_file", type=Path, metavar="OUT", help="the same, as other commands have"
    )
    add_format(convert)
    convert.add_argument(
        "--from", dest="input_format", choices=FORMATS, help="format of IN (default: by its suffix)"
    )
    add_names(convert)
    add_statistics(convert)


def _score(options: argparse.Namespace) -> None:
    from ovdiar.metrics.scoring import Scoring
    from ovdiar.metrics.table import score_files

    table = score_files(
        options.reference,
        options.hypothesis,
        uem=options.uem,
        scoring=Scoring(
            collar_width_s=options.collar_width,
            nist_collar_s=options.nist_collar,
            skip_overlap=options.skip_overlap,
        ),
        mapping="greedy" if options.greedy else "optimal",
    )
    forms = {"text": table.to_text, "json": table.to_json, "csv": table.to_csv}
    sys.stdout.write(forms[options.format]())


def _convert(options: argparse.Namespace) -> None:
    from ovdiar import formats
    from ovdiar.formats.names import warn_of_unknown

    if options.output_file is not None:
        if options.output is not None:
            raise ConfigError("convert has two outputs: give OUT or -o OUT")
        options.output = options.output_file
    check_output(options)
    names = names_of(options)
    saved = formats.read_saved(options.input, options.input_format)
    warn_of_unknown(names, saved.annotation.labels())
    deliver(saved.rename_labels(names), options)
