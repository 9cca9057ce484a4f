"""Commands that use known voices: enroll, identify; and their options."""

from __future__ import annotations

import argparse
import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.audio_options import add_channel, audio_of
from ovdiar.commands.options import (
    add_command,
    add_counts,
    add_networks,
    add_parameters,
    check_place,
    counts_of,
    deliver_text,
    format_of_output,
    models_of,
    parameters_of,
)
from ovdiar.commands.statistics import table
from ovdiar.commands.verbosity import progress_disabled, remark
from ovdiar.parameters import IdentificationParameters

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.voices.identification import SpeakerIdentity
    from ovdiar.voices.library import VoiceLibrary

MOST_DAYS = 36_500
AUDIO = "recordings, or files of ovdiar diarize --keep (.npz)"


def add(commands: Any) -> None:
    """Add these commands to a parser."""
    _add_enroll(commands)
    _add_identify(commands)


def _add_enroll(commands: Any) -> None:
    parser = add_command(
        commands,
        "enroll",
        _enroll,
        "enrol a voice from recordings of it alone",
        "ovdiar enroll Ann ann1.wav ann2.wav --voices voices.json --keep-days 365",
    )
    parser.add_argument("name", metavar="NAME", help="the person's name, which labels speakers")
    parser.add_argument("recordings", nargs="+", metavar="AUDIO", help=AUDIO)
    _add_library(parser, "the library; made where there is none yet")
    parser.add_argument("--consent", metavar="TEXT", help="a note on the person's consent")
    until = parser.add_mutually_exclusive_group()
    until.add_argument(
        "--expires", type=_day, metavar="YYYY-MM-DD", help="from this day on it is not used"
    )
    until.add_argument(
        "--keep-days", type=_days, metavar="N", help="the same, so many days from now"
    )
    add_channel(parser)
    add_networks(parser)


def _add_identify(commands: Any) -> None:
    parser = add_command(
        commands,
        "identify",
        _identify,
        "tell which known voice each speaker of a recording is",
        "ovdiar identify meeting.wav --voices voices.json --format json",
    )
    parser.add_argument("audio", metavar="AUDIO", help="a recording, or a file of --keep (.npz)")
    _add_library(parser, "the library of known voices")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="output file")
    parser.add_argument(
        "--format", choices=["text", "json"], default="text", help="format (default: text)"
    )
    add_counts(parser)
    add_channel(parser)
    add_identification(parser)
    add_networks(parser)


def add_voices(parser: argparse.ArgumentParser) -> None:
    """Add a library of known voices, and when speakers get their names."""
    parser.add_argument(
        "--voices",
        type=Path,
        metavar="VOICES.json",
        help="name the speakers whose voices were enrolled with ovdiar enroll",
    )
    add_identification(parser)


def add_identification(parser: argparse.ArgumentParser) -> None:
    """Add when speakers get the names of known voices."""
    add_parameters(parser, IdentificationParameters, "hyper-parameters of known voices")


def voices_of(options: argparse.Namespace, *forms: str) -> VoiceLibrary | None:
    """Read the known voices, if any were given; refuse names that a format cannot hold.

    By default, the format is the output's.
    """
    from ovdiar.formats import names
    from ovdiar.voices.library import VoiceLibrary

    if getattr(options, "voices", None) is None:
        return None
    library = VoiceLibrary.load(options.voices)
    for form in forms or (format_of_output(options),):
        names.check((voice.name for voice in library), form)
    return library


def _add_library(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument("--voices", type=Path, required=True, metavar="VOICES.json", help=meaning)


def _enroll(options: argparse.Namespace) -> None:
    from ovdiar.voices.library import VoiceLibrary
    from ovdiar.voices.voice import checked_name

    checked_name(options.name)
    check_place(options.voices, *options.recordings)
    models = models_of(options)
    exists = options.voices.exists()
    library = VoiceLibrary.load(options.voices) if exists else VoiceLibrary(models)
    pipeline = _pipeline(models, options)
    expires = options.expires
    if options.keep_days is not None:
        expires = _today() + timedelta(days=options.keep_days)
    verdicts = []
    for recording in options.recordings:
        prepared, turns = _clustered(recording, options, pipeline)
        verdict = library.enroll(
            options.name, prepared, turns, consent=options.consent, expires=expires
        )
        verdicts.append(f"{recording}: {verdict.text}")
    library.save(options.voices)
    for line in verdicts:
        remark(line, options)


def _identify(options: argparse.Namespace) -> None:
    from ovdiar.voices.library import VoiceLibrary

    if options.output is not None:
        check_place(options.output, options.audio, options.voices)
    counts_of(options)
    library = VoiceLibrary.load(options.voices)
    pipeline = _pipeline(models_of(options), options)
    prepared, turns = _clustered(options.audio, options, pipeline)
    given = parameters_of(options, IdentificationParameters)
    found = library.identify(prepared, turns, **given)
    if options.format == "json":
        text = json.dumps([each.to_dict() for each in found], ensure_ascii=False, indent=1) + "\n"
    else:
        text = table(("speaker", "name", "probability", "seconds", "reason"), map(_row, found))
    deliver_text(text, options)


def _pipeline(models: Models, options: argparse.Namespace) -> SpeakerDiarization:
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

    return SpeakerDiarization(models, batch_size=options.batch_size)


def _clustered(
    recording: str, options: argparse.Namespace, pipeline: SpeakerDiarization
) -> tuple[Prepared, Annotation]:
    """Prepare and diarize a recording, or read a prepared one."""
    from ovdiar.hooks import ProgressHook
    from ovdiar.pipelines.diarization.prepared import Prepared

    if Path(recording).suffix.lower() == ".npz":
        prepared = Prepared.load(recording)
        pipeline = pipeline.for_prepared(prepared)
    else:
        with ProgressHook(disable=progress_disabled(options)) as hook:
            prepared = pipeline.prepare(audio_of(options, recording), hook=hook)
    counts = counts_of(options) if hasattr(options, "num_speakers") else {}
    return prepared, pipeline.cluster(prepared, **counts).speaker_diarization


def _row(identity: SpeakerIdentity) -> tuple[str, ...]:
    sure = identity.probability
    reason: str = identity.reason
    if identity.name is None and identity.nearest is not None:
        reason += f" (nearest: {identity.nearest})"
    return (
        identity.speaker,
        identity.name or "unknown",
        "" if sure is None else f"{sure:.3f}",
        f"{identity.seconds:.1f}",
        reason,
    )


def _today() -> date:
    return date.today()  # noqa: DTZ011 - of the place where the recordings are made


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: give it as 2027-01-31") from None


def _days(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= MOST_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MOST_DAYS}")
