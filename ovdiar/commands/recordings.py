"""Commands over a recording: diarize, recluster, vad, overlap, segment, resegment."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.commands.audio_options import add_audio, audio_of
from ovdiar.commands.options import (
    add_command,
    add_counts,
    add_diarization,
    add_names,
    add_output,
    add_parameters,
    check_output,
    check_place,
    counts_of,
    deliver,
    models_of,
    names_of,
    parameters_of,
)
from ovdiar.commands.several import diarize_several
from ovdiar.commands.statistics import add_statistics
from ovdiar.commands.verbosity import progress_disabled, remark
from ovdiar.commands.voices import add_voices, voices_of
from ovdiar.parameters import (
    ActivityParameters,
    BackEndParameters,
    FrontEndParameters,
    IdentificationParameters,
    ResegmentationParameters,
    SpeakerSegmentationParameters,
)
from ovdiar.texts import counted

if TYPE_CHECKING:
    import argparse

    from ovdiar.parameters import Parameters
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.result import DiarizationResult
    from ovdiar.voices.library import VoiceLibrary


def add(commands: Any) -> None:
    """Add these commands to a parser."""
    _add_diarize(commands)
    _add_recluster(commands)
    _add_detection(commands, "vad", _vad, "detect speech", ActivityParameters)
    _add_detection(commands, "overlap", _overlap, "detect overlapped speech", ActivityParameters)
    _add_detection(
        commands,
        "segment",
        _segment,
        "segment by speaker, without embeddings: speakers are joined over overlapping windows",
        SpeakerSegmentationParameters,
    )
    _add_detection(
        commands,
        "resegment",
        _resegment,
        "refine the boundaries of a diarization",
        ResegmentationParameters,
    )


def _add_diarize(commands: Any) -> None:
    parser = add_command(
        commands,
        "diarize",
        _diarize,
        "find who spoke when",
        "ovdiar diarize meeting.mp3 --num-speakers 3 -o meeting.rttm",
    )
    add_audio(parser, "+")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FILE.npz",
        help="also keep the networks' outputs in this file, for ovdiar recluster",
    )
    add_names(parser)
    add_statistics(parser)
    _add_alternatives(parser)
    add_voices(parser)
    add_diarization(parser)


def _add_recluster(commands: Any) -> None:
    parser = add_command(
        commands,
        "recluster",
        _recluster,
        "diarize again from kept outputs of the networks, with other numbers or thresholds",
        "ovdiar recluster meeting.npz --num-speakers 3 -o meeting.rttm",
    )
    parser.add_argument(
        "prepared", type=Path, metavar="FILE.npz", help="the file of ovdiar diarize --keep"
    )
    add_output(parser)
    add_names(parser)
    add_statistics(parser)
    _add_alternatives(parser)
    add_voices(parser)
    add_counts(parser)
    parser.add_argument(
        "--plda",
        type=Path,
        metavar="FOLDER",
        help="PLDA of VBx (default: that of the bundle that FILE.npz was made with)",
    )
    add_parameters(parser, BackEndParameters)


def _add_alternatives(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--alternatives",
        action="store_true",
        help="also list the plausible numbers of speakers on stderr, the most plausible first",
    )


def _add_detection(
    commands: Any, name: str, run: Any, summary: str, section: type[Parameters]
) -> None:
    baseline = " baseline.rttm" if name == "resegment" else ""
    example = f"ovdiar {name} meeting.wav{baseline} --min-duration-on 0.2 -o meeting.{name}.rttm"
    parser = add_command(commands, name, run, summary, example)
    add_audio(parser)
    if baseline:
        parser.add_argument(
            "baseline", type=Path, metavar="TURNS", help="the turns to refine, in any format"
        )
    if name != "segment":
        parser.add_argument(
            "--preset",
            metavar="NAME|FILE",
            help="hyper-parameters of ami, dihard3 or voxconverse (sigmoid networks only, without "
            "conditioning), or a JSON file of them",
        )
    add_parameters(parser, section)


def _diarize(options: argparse.Namespace) -> int | None:
    if len(options.audio) > 1 or Path(options.audio[0]).is_dir():
        return diarize_several(options, pipeline_of)
    options.audio = options.audio[0]
    check_output(options)
    if options.keep is not None:
        check_place(options.keep, options.audio)
    names = names_of(options)
    result = diarize(options, audio_of(options))
    _deliver_named(result, names, options)
    return None


def _recluster(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared

    options.audio = options.prepared
    check_output(options)
    names, counts, library = names_of(options), counts_of(options), voices_of(options)
    prepared = Prepared.load(options.prepared)
    pipeline = SpeakerDiarization.for_prepared(
        prepared, plda=options.plda, **parameters_of(options, BackEndParameters)
    )
    result = pipeline.cluster(prepared, **counts)
    if options.alternatives:
        _list_alternatives(pipeline, prepared)
    _deliver_named(_with_voices(result, library, prepared, options), names, options)


def _deliver_named(
    result: DiarizationResult, names: dict[str, str], options: argparse.Namespace
) -> None:
    from ovdiar.formats.json import Saved
    from ovdiar.formats.names import warn_of_unknown

    warn_of_unknown(names, result.speaker_diarization.labels())
    saved = Saved(
        result.speaker_diarization,
        result.exclusive_speaker_diarization,
        result.provenance,
        result.notices,
    )
    deliver(saved.rename_labels(names), options)


def diarize(options: argparse.Namespace, audio: Any) -> DiarizationResult:
    """Run the pipeline that the options describe, with a progress bar on a terminal."""
    from ovdiar.clustering.cluster import check_alternatives
    from ovdiar.hooks import ProgressHook

    counts, library = counts_of(options), voices_of(options)
    pipeline = pipeline_of(options)
    keep: Path | None = getattr(options, "keep", None)
    alternatives = getattr(options, "alternatives", False)
    if alternatives:
        check_alternatives(pipeline.parameters)
    with ProgressHook(disable=progress_disabled(options)) as hook:
        if keep is None and library is None and not alternatives:
            return pipeline(audio, hook=hook, **counts)
        prepared = pipeline.prepare(audio, hook=hook)
    if keep is not None:
        prepared.save(keep)
    result = pipeline.cluster(prepared, **counts)
    if alternatives:
        _list_alternatives(pipeline, prepared)
    return _with_voices(result, library, prepared, options)


def _with_voices(
    result: DiarizationResult,
    library: VoiceLibrary | None,
    prepared: Prepared,
    options: argparse.Namespace,
) -> DiarizationResult:
    """Name the known speakers, and say on stderr who they are."""
    if library is None:
        return result
    found = library.name_speakers(
        prepared, result, **parameters_of(options, IdentificationParameters)
    )
    remark(str(found.notices[-1]), options)
    return found


def pipeline_of(options: argparse.Namespace) -> SpeakerDiarization:
    """Return the diarization that the options describe."""
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization

    return SpeakerDiarization(
        models_of(options),
        preset=options.preset,
        plda=options.plda,
        batch_size=options.batch_size,
        **parameters_of(options, FrontEndParameters, BackEndParameters),
    )


def _list_alternatives(pipeline: SpeakerDiarization, prepared: Prepared) -> None:
    for each in pipeline.alternatives(prepared):
        sys.stderr.write(f"{counted(each.speakers, 'speaker')}: {each.plausibility:.2f}\n")


def _vad(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.voice_activity import VoiceActivityDetection

    _detect(VoiceActivityDetection, ActivityParameters, options, preset=options.preset)


def _overlap(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection

    _detect(OverlappedSpeechDetection, ActivityParameters, options, preset=options.preset)


def _segment(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation

    _detect(SpeakerSegmentation, SpeakerSegmentationParameters, options)


def _resegment(options: argparse.Namespace) -> None:
    from ovdiar.pipelines.resegmentation import Resegmentation

    given = {"preset": options.preset}
    _detect(Resegmentation, ResegmentationParameters, options, options.baseline, **given)


def _detect(
    pipeline: Any,
    section: type[Parameters],
    options: argparse.Namespace,
    *inputs: Any,
    **given: Any,
) -> None:
    """Run a pipeline without embeddings, and deliver its annotation."""
    from ovdiar.formats.json import Saved
    from ovdiar.hooks import ProgressHook

    check_output(options)
    given |= parameters_of(options, section)
    detect = pipeline(models_of(options), batch_size=options.batch_size, **given)
    with ProgressHook(disable=progress_disabled(options)) as hook:
        annotation = detect(audio_of(options), *inputs, hook=hook)
    deliver(Saved(annotation), options)
