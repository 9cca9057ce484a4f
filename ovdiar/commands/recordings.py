"""Commands over a recording: diarize, vad, overlap, segment, resegment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.options import (
    add_audio,
    add_command,
    add_names,
    audio_of,
    check_output,
    deliver,
    models_of,
    names_of,
)

if TYPE_CHECKING:
    import argparse

    from ovdiar.result import DiarizationResult

COUNTS = ("num_speakers", "min_speakers", "max_speakers")
THRESHOLDS = ("onset", "offset", "min_duration_on", "min_duration_off")


def add(commands: Any) -> None:
    """Add these commands to a parser."""
    _add_diarize(commands)
    for name, run, summary in [
        ("vad", _vad, "tell when anybody speaks"),
        ("overlap", _overlap, "tell when two or more speak at once"),
        ("segment", _segment, "tell speakers apart by joining overlapping windows"),
        ("resegment", _resegment, "refine the boundaries of a diarization"),
    ]:
        resegment = name == "resegment"
        baseline = " baseline.rttm" if resegment else ""
        example = f"ovdiar {name} meeting.wav{baseline} --onset 0.6 -o meeting.{name}.rttm"
        parser = add_command(commands, name, run, summary, example)
        add_audio(parser)
        if resegment:
            parser.add_argument("baseline", type=Path, metavar="RTTM", help="what to refine")
        parser.add_argument("--onset", type=float, metavar="X", help="on above this score")
        parser.add_argument("--offset", type=float, metavar="X", help="off below this score")
        parser.add_argument(
            "--min-duration-on", type=float, metavar="S", help="drop shorter turns, s"
        )
        parser.add_argument(
            "--min-duration-off", type=float, metavar="S", help="fill shorter gaps, s"
        )
        if name == "segment":
            parser.add_argument(
                "--stitch-threshold", type=float, metavar="X", help="join windows below this"
            )
        else:
            parser.add_argument(
                "--preset", metavar="NAME|FILE", help="ami, dihard3, voxconverse, or JSON"
            )


def _add_diarize(commands: Any) -> None:
    parser = add_command(
        commands,
        "diarize",
        _diarize,
        "tell who spoke when",
        "ovdiar diarize meeting.mp3 --num-speakers 3 -o meeting.rttm",
    )
    add_audio(parser)
    add_names(parser)
    add_diarization(parser)


def add_diarization(parser: argparse.ArgumentParser) -> None:
    """Add what `diarize` is told."""
    parser.add_argument("--num-speakers", type=int, metavar="N", help="exactly so many speakers")
    parser.add_argument("--min-speakers", type=int, metavar="A", help="at least so many")
    parser.add_argument("--max-speakers", type=int, metavar="B", help="at most so many")
    parser.add_argument(
        "--preset", metavar="NAME|FILE", help="hyper-parameters: 2.1, 3.1, community-1, or JSON"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="where clustering stops: a Euclidean distance of normalised embeddings with "
        "centroid linkage, else a cosine distance (0 to 2)",
    )
    parser.add_argument(
        "--min-duration-off", type=float, metavar="S", help="fill a speaker's shorter gaps, s"
    )
    parser.add_argument(
        "--ghosts",
        choices=["keep", "fold", "report"],
        help="labels with under 2%% of the talk and no turn over 2 s: keep them, fold them into "
        "the most similar voice, or report them",
    )
    parser.add_argument(
        "--step", type=float, metavar="SHARE", help="distance of windows, as a share of one"
    )
    parser.add_argument(
        "--fast", action="store_true", help="one pass of the embedding over the recording"
    )


def _diarize(options: argparse.Namespace) -> None:
    from ovdiar.formats.json import Saved
    from ovdiar.formats.names import warn_of_unknown

    check_output(options)
    names = names_of(options)
    result = diarize(options, audio_of(options))
    warn_of_unknown(names, result.speaker_diarization.labels())
    saved = Saved(
        result.speaker_diarization, result.exclusive_speaker_diarization, result.provenance
    )
    deliver(saved.rename_labels(names), options)


def diarize(options: argparse.Namespace, audio: Any) -> DiarizationResult:
    """Run the pipeline that the options describe, with a progress bar on a terminal."""
    from ovdiar.hooks import ProgressHook
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.speaker_count import speaker_bounds

    counts = {name: getattr(options, name) for name in COUNTS}
    speaker_bounds(**counts)
    pipeline = SpeakerDiarization(
        models_of(options),
        preset=options.preset,
        threshold=options.threshold,
        min_duration_off=options.min_duration_off,
        segmentation_step=options.step,
        ghosts=options.ghosts,
        embedding_reuse="shared" if options.fast else None,
        batch_size=options.batch_size,
    )
    with ProgressHook() as hook:
        return pipeline(audio, hook=hook, **counts)


def _vad(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.voice_activity import VoiceActivityDetection

    _detect(VoiceActivityDetection, options, preset=options.preset)


def _overlap(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection

    _detect(OverlappedSpeechDetection, options, preset=options.preset)


def _segment(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation

    given = {} if options.stitch_threshold is None else vars(options)
    more = {name: given[name] for name in ("stitch_threshold",) if name in given}
    _detect(SpeakerSegmentation, options, **more)


def _resegment(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.resegmentation import Resegmentation

    _detect(Resegmentation, options, options.baseline, preset=options.preset)


def _detect(pipeline: Any, options: argparse.Namespace, *inputs: Any, **more: Any) -> None:
    """Run a pipeline that is tuned by thresholds and durations, and deliver its annotation."""
    from ovdiar.formats.json import Saved
    from ovdiar.hooks import ProgressHook

    check_output(options)
    thresholds = {name: getattr(options, name) for name in THRESHOLDS}
    detect = pipeline(models_of(options), batch_size=options.batch_size, **thresholds, **more)
    with ProgressHook() as hook:
        annotation = detect(audio_of(options), *inputs, hook=hook)
    deliver(Saved(annotation), options)
