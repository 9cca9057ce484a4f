"""The command over transcripts: assign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import add_command, add_names, check_place, deliver_text
from ovdiar.errors import FormatError

if TYPE_CHECKING:
    import argparse

FORMATS = ("json", "srt", "vtt", "txt", "ctm", "stm")


def add(commands: Any) -> None:
    """Add this command to a parser."""
    assign = add_command(
        commands,
        "assign",
        _assign,
        "assign speakers to the words of a transcript",
        "ovdiar assign meeting.whisper.json meeting.rttm -o meeting.srt --names names.json",
    )
    assign.add_argument(
        "transcript",
        type=Path,
        metavar="TRANSCRIPT",
        help="JSON of Whisper, faster-whisper, whisperX, OpenAI, pyannoteAI or whisper.cpp; SRT, "
        "WebVTT or CTM",
    )
    assign.add_argument("diarization", type=Path, metavar="DIARIZATION", help="a file of turns")
    assign.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="output file, format by its suffix"
    )
    assign.add_argument(
        "--format", choices=FORMATS, help="format (default: by OUT's suffix, or txt)"
    )
    add_names(assign)
    assign.add_argument(
        "--max-gap",
        type=float,
        metavar="S",
        help="largest distance of a word from the turn that it is assigned to, s (default: 1)",
    )


def _assign(options: argparse.Namespace) -> None:
    from ovdiar import formats, transcripts
    from ovdiar.formats import names
    from ovdiar.words import MAX_GAP_S, assign_speakers

    if options.output is not None:
        check_place(options.output, options.transcript, options.diarization)
    chosen = options.format or _format_of(options.output)
    given = names.load(options.names) if options.names else {}
    transcript = transcripts.read(options.transcript)
    saved = formats.read_saved(options.diarization)
    names.warn_of_unknown(given, saved.annotation.labels())
    saved = saved.rename_labels(given)
    gap = MAX_GAP_S if options.max_gap is None else options.max_gap
    turns = saved.annotation if saved.exclusive is None else saved.exclusive
    assigned = assign_speakers(transcript, turns, max_gap=gap)
    errors = "surrogateescape" if chosen == "json" else "strict"  # whisper.cpp's half characters
    deliver_text(transcripts.dumps(assigned, chosen), options, errors)


def _format_of(output: Path | None) -> str:
    """Return the format of a suffix; standard output gets text."""
    if output is None:
        return "txt"
    suffix = output.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise FormatError(
            f"{output}: the suffix {output.suffix!r} stands for no transcript: choose "
            f".{', .'.join(FORMATS)}, or name the format"
        )
    return suffix
