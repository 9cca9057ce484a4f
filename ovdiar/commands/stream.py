"""The command over audio that comes in: stream."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.audio_options import add_channel, audio_of
from ovdiar.commands.options import (
    FORMATS,
    add_bundle,
    add_command,
    check_output,
    check_place,
    deliver,
    format_of_output,
    models_of,
)
from ovdiar.commands.voices import add_voices, voices_of
from ovdiar.errors import ConfigError
from ovdiar.parameters import IdentificationParameters

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ovdiar.streaming.diarizer import OnlineDiarizer
    from ovdiar.streaming.events import Event

ENCODINGS = ("s16le", "f32le")
"""Names of `ovdiar.audio.pcm.ENCODINGS`, without its imports."""
BLOCK_S = 0.5
"""Audio of a file that is fed at once, s."""


def add(commands: Any) -> None:
    """Add this command to a parser."""
    parser = add_command(
        commands,
        "stream",
        _stream,
        "diarize audio while it comes in: a file, raw PCM on standard input, or a microphone",
        "ovdiar stream --microphone --latency 1 -o meeting.rttm",
    )
    parser.add_argument(
        "audio", metavar="AUDIO", nargs="?", default="", help="the recording; - reads raw PCM"
    )
    parser.add_argument(
        "--microphone",
        nargs="?",
        const="",
        metavar="NAME",
        help="hear a microphone until Ctrl-C, the system's or one by number or part of its name",
    )
    add_channel(parser)
    raw = parser.add_argument_group("raw PCM on standard input")
    raw.add_argument("--rate", type=int, default=16000, metavar="HZ", help="(default: 16000)")
    raw.add_argument("--encoding", choices=ENCODINGS, default="s16le", help="(default: s16le)")
    raw.add_argument("--channels", type=int, default=1, metavar="N", help="(default: 1)")
    _add_settings(parser)
    add_voices(parser)
    parser.add_argument(
        "--print",
        dest="shown",
        choices=["turns", "rttm", "jsonl"],
        default="turns",
        help="what is printed while it becomes certain: turns or RTTM as turns end, or all events "
        "as JSON lines (default: turns)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="at the end, write the offline answer to this file, format by its suffix; OUT.jsonl "
        "takes all events",
    )
    parser.add_argument("--format", choices=FORMATS, help="format of OUT (default: by its suffix)")
    parser.add_argument(
        "--live-turns",
        action="store_true",
        help="write the live turns to OUT, not the offline answer",
    )
    add_bundle(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    from ovdiar.commands.options import add_parameters
    from ovdiar.streaming.settings import OnlineSettings

    add_parameters(parser, OnlineSettings, "live diarization")


def _stream(options: argparse.Namespace) -> None:
    from ovdiar.commands.options import deliver_text, parameters_of
    from ovdiar.formats.json import Saved
    from ovdiar.streaming.diarizer import OnlineDiarizer
    from ovdiar.streaming.settings import OnlineSettings

    if bool(options.audio) == (options.microphone is not None):
        raise ConfigError("give a recording, - for raw PCM, or --microphone: one of them")
    events_file = options.output is not None and options.output.suffix.lower() == ".jsonl"
    if events_file:
        check_place(options.output, options.audio)
    else:
        check_output(options)
    settings = parameters_of(options, OnlineSettings)
    settings.setdefault("latency", OnlineSettings().latency)
    models = models_of(options)
    rate = options.rate if options.audio == "-" else None
    uri = Path(options.audio).stem if options.audio not in ("", "-") else "stream"
    settings |= parameters_of(options, IdentificationParameters)
    forms = {"json" if events_file else format_of_output(options)}
    if options.shown == "rttm":
        forms.add("rttm")
    voices = voices_of(options, *forms)
    diarizer = OnlineDiarizer(models, sample_rate=rate, uri=uri, voices=voices, **settings)
    events: list[Event] = []
    for each in _events(diarizer, options, models.segmentation.spec.frames.rate):
        _show(each, uri, options.shown)
        if events_file:
            events.append(each)
    if events_file:
        deliver_text("".join(_line(each) for each in events), options)
    elif options.output is not None and options.live_turns:
        deliver(Saved(diarizer.annotation), options)
    elif options.output is not None:
        result = diarizer.finalize()
        saved = Saved(
            result.speaker_diarization,
            result.exclusive_speaker_diarization,
            result.provenance,
            result.notices,
        )
        deliver(saved, options)


def _events(diarizer: OnlineDiarizer, options: argparse.Namespace, rate: int) -> Iterable[Event]:
    """Feed everything; Ctrl-C ends a microphone's or a pipe's stream as its end would."""
    from ovdiar.audio.microphone import open_microphone
    from ovdiar.audio.pcm import read_pcm
    from ovdiar.audio.reading import open_audio

    try:
        if options.microphone is not None:
            name = options.microphone
            device = int(name) if name.isdecimal() else name or None
            with open_microphone(device, rate=rate) as blocks:
                yield from _fed(diarizer, blocks)
        elif options.audio == "-":
            raw = read_pcm(sys.stdin.buffer, options.encoding, options.channels)
            chosen = raw if options.channel is None else (b[options.channel] for b in raw)
            yield from _fed(diarizer, chosen)
        else:
            with open_audio(audio_of(options), rate=rate, block_s=BLOCK_S) as reader:
                yield from _fed(diarizer, reader)
    except KeyboardInterrupt:
        if options.microphone is None and options.audio != "-":
            raise
    yield from diarizer.flush()


def _fed(diarizer: OnlineDiarizer, blocks: Iterable[Any]) -> Iterable[Event]:
    for block in blocks:
        yield from diarizer.feed(block)


def _show(event: Event, uri: str, shown: str) -> None:
    """Print an event, or the turn that it ends."""
    from ovdiar.annotation import Annotation
    from ovdiar.formats import rttm
    from ovdiar.segment import Segment

    if shown == "jsonl":
        sys.stdout.write(_line(event))
    elif event.kind == "final" and not event.open:
        who = event.name or event.speaker
        if shown == "rttm":
            row = (event.start, event.end, who)
            sys.stdout.write(rttm.dumps(Annotation.of([row], uri)))
        else:
            sys.stdout.write(f"{Segment(event.start, event.end)} {who}\n")
    sys.stdout.flush()


def _line(event: Event) -> str:
    return json.dumps(event.to_dict()) + "\n"
