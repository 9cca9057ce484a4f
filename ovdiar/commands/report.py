"""The command over a recording and its turns: report."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.audio_options import add_channel, audio_of
from ovdiar.commands.options import (
    add_command,
    add_diarization,
    add_networks,
    check_place,
)
from ovdiar.commands.recordings import diarize
from ovdiar.commands.serve import require_extra
from ovdiar.ending import ignore_signals
from ovdiar.errors import ConfigError, FormatError

if TYPE_CHECKING:
    import argparse

    from ovdiar.annotation import Annotation
    from ovdiar.formats.json import Saved

PAGES, PICTURES = (".html", ".htm"), (".png", ".svg")


def add(commands: Any) -> None:
    """Add this command to a parser."""
    parser = add_command(
        commands,
        "report",
        _report,
        "make a page to view, play and correct a diarization, or a picture of it",
        "ovdiar report meeting.mp3 meeting.rttm -o meeting.html",
    )
    parser.add_argument("audio", metavar="AUDIO", help="the recording; - reads standard input")
    parser.add_argument(
        "diarization",
        nargs="?",
        type=Path,
        metavar="DIARIZATION",
        help="a file of its turns (default: diarize AUDIO, as ovdiar diarize does)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help=".html: a page that needs no network; .png, .svg: a timeline (needs matplotlib)",
    )
    parser.add_argument(
        "--serve",
        action="store_true",
        help="open the page in the browser, on this machine only; Save writes DIARIZATION "
        "(needs ovdiar's extra serve)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="port of --serve (default: a free one)",
    )
    parser.add_argument("--title", metavar="TEXT", help="the headline (default: AUDIO's name)")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="RTTM",
        help="the reference, shown with the errors marked (strict: no collar, overlap scored)",
    )
    parser.add_argument(
        "--transcript",
        type=Path,
        metavar="FILE",
        help="its words, shown with the turns and moved with them: whisper's and whisperX's JSON, "
        "SRT, WebVTT, CTM",
    )
    parser.add_argument(
        "--link-audio",
        action="store_true",
        help="play AUDIO from where it lies, seen from the page; by default the page holds it as "
        "MP3, 24 MB an hour",
    )
    add_channel(parser)
    add_networks(parser)
    add_diarization(parser)


def _report(options: argparse.Namespace) -> None:
    _check(options)
    audio = audio_of(options)
    with ExitStack() as stack:
        if options.audio == "-":  # a pipe, which is read more than once
            from ovdiar.audio.selection import selection_of
            from ovdiar.audio.streams import spooled

            limit = selection_of(audio).stream_bytes
            piped = stack.enter_context(spooled(audio["audio"], "stream", limit))
            audio |= {"audio": piped, "uri": "stream"}
        _write(options, audio)


def _write(options: argparse.Namespace, audio: Any) -> None:
    from ovdiar import transcripts
    from ovdiar.formats import read_recording
    from ovdiar.formats.json import Saved
    from ovdiar.hooks import ProgressHook
    from ovdiar.report.page import write_page

    shown: dict[str, Any] = {"title": options.title or audio["uri"]}
    if options.reference is not None:
        shown["reference"] = read_recording(options.reference, audio["uri"]).annotation
    words = None if options.transcript is None else transcripts.read(options.transcript)
    if options.diarization is None:
        result = diarize(options, audio)
        saved = Saved(result.speaker_diarization, provenance=result.provenance)
    else:
        saved = read_recording(options.diarization, audio["uri"])
    if options.serve:
        _edit(options, audio, saved, {"transcript": words, **shown})
        return
    if options.output.suffix.lower() in PICTURES:
        _draw(options.output, audio, saved.annotation, shown)
        ignore_signals()
        return
    link = options.audio if options.link_audio else None
    told = {"provenance": saved.provenance, "link": link, "file": _saved_as(options), **shown}
    with ProgressHook() as hook:
        hook("encoding", None)
        told |= {"transcript": words, "progress": hook.progress}
        write_page(options.output, audio, saved.annotation, **told)
    ignore_signals()


def _saved_as(options: argparse.Namespace) -> str | None:
    """Return the diarization's own name, if the page can write its format."""
    path = options.diarization
    return path.name if path and path.suffix.lower() in {".rttm", ".json", ".srt"} else None


def _edit(options: argparse.Namespace, audio: Any, saved: Saved, shown: dict[str, Any]) -> None:
    """Serve the page; corrections are written to the file of the turns."""
    from ovdiar.hooks import ProgressHook
    from ovdiar.report.page import make_page
    from ovdiar.serve.editor import TurnsFile, edit

    turns = TurnsFile(options.diarization, saved.annotation.uri)
    told = {"provenance": saved.provenance, "file": options.diarization.name, **shown}
    with ProgressHook() as hook:
        hook("encoding", None)
        text = make_page(audio, saved.annotation, served=True, progress=hook.progress, **told)
    edit(text, turns, port=options.port)


def _check_serving(options: argparse.Namespace) -> None:
    from ovdiar import formats

    if options.output is not None or options.link_audio:
        other = "--link-audio" if options.link_audio else "-o"
        raise ConfigError(f"--serve does not go with {other}: leave it out")
    if options.diarization is None:
        raise ConfigError(
            "--serve needs the file to which corrections are written: run ovdiar diarize AUDIO "
            "-o TURNS.rttm, and give TURNS.rttm after AUDIO"
        )
    if not 0 <= options.port <= 65535:
        raise ConfigError(f"--port is {options.port}: give a number from 0 to 65535")
    formats.read_saved(options.diarization)  # of one recording: all of the file is written
    require_extra()


def _check(options: argparse.Namespace) -> None:
    """Check the options before any work is done."""
    if options.serve:
        _check_serving(options)
        return
    if options.output is None:
        raise ConfigError("-o/--output is missing: name a page or a picture, or choose --serve")
    suffix = options.output.suffix.lower()
    check_place(
        options.output, options.audio, options.diarization, options.reference, options.transcript
    )
    if suffix not in PAGES + PICTURES:
        raise FormatError(
            f"output {str(options.output)!r}: a report is a page or a picture: choose "
            f"{', '.join(PAGES + PICTURES)}"
        )
    if options.link_audio and (suffix in PICTURES or options.audio == "-"):
        what = "standard input" if options.audio == "-" else f"a picture ({suffix})"
        raise ConfigError(f"--link-audio does not go with {what}: leave it out")
    if options.transcript is not None and suffix in PICTURES:
        raise ConfigError(f"--transcript does not go with a picture ({suffix}): leave it out")
    if suffix in PICTURES:
        from ovdiar.report.picture import require_matplotlib

        require_matplotlib(options.output)


def _draw(output: Path, audio: Any, annotation: Annotation, shown: dict[str, Any]) -> None:
    from ovdiar.audio.reading import open_audio
    from ovdiar.report.picture import write_picture

    with open_audio(audio) as reader:
        duration_s = reader.duration_s
    write_picture(output, annotation, duration_s=duration_s, **shown)
