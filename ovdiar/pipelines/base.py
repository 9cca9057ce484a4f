"""What pipelines over a segmentation network share: their parameters, and how they run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ovdiar import presets
from ovdiar.audio.recording import open_recording
from ovdiar.errors import ConfigError
from ovdiar.networks.models import Models
from ovdiar.options import RunOptions
from ovdiar.parameters import (
    ActivityParameters,
    ConditioningParameters,
    DiarizationParameters,
)
from ovdiar.pipelines.sliding import score_speakers
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from ovdiar.audio.reading import AudioInput
    from ovdiar.audio.recording import Recording
    from ovdiar.frames import WindowedFrames
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook


class Run(NamedTuple):
    """A recording that is being processed, its segmentation (C, F, S), and where turns end, s.

    ``end_s`` is None with ``strict_parity``: in pyannote, turns may exceed the recording.
    """

    recording: Recording
    scores: WindowedFrames
    steps: Steps
    end_s: float | None


Own = TypeVar("Own", bound=ActivityParameters)


class SegmentationPipeline(Generic[Own]):
    """Base of the pipelines whose only network is the segmentation.

    ``default`` are the thresholds and durations of sigmoid networks; powerset networks have no
    thresholds, and by default no minimum durations. The default conditioning is the bundle's.
    ``table`` are the published presets, which are without conditioning, as pyannote is.
    """

    def __init__(
        self,
        models: Models | SegmentationModel,
        given: dict[str, Any],
        default: Own,
        table: Mapping[str, Own],
    ) -> None:
        self.model = models.segmentation if isinstance(models, Models) else models
        self.batch_size = RunOptions(batch_size=given.pop("batch_size", None)).batch_size
        self.strict_parity: bool = given.pop("strict_parity", False)
        preset, sigmoid = given.pop("preset", None), self.model.spec.powerset is None
        if not sigmoid:
            default = type(default)()
        if isinstance(models, Models):
            bundled = DiarizationParameters().with_values(models.bundle.pipeline)
            default = default.with_values(bundled.section(ConditioningParameters).to_dict())
        chosen = presets.choose(table, preset, default, given)
        if self.strict_parity:
            chosen = chosen.with_values(ConditioningParameters().with_parity().to_dict())
        if not sigmoid:
            _refuse_thresholds(chosen, given, preset)
        self.parameters: Own = chosen

    @contextmanager
    def run(
        self,
        audio: AudioInput,
        hook: Hook | None,
        progress: FractionHook | None,
        cancel: Cancel | None,
    ) -> Iterator[Run]:
        """Score a recording in windows a tenth apart; hooks and cancellation end with the block."""
        with (
            Steps(hook, audio, progress=progress, cancel=cancel) as steps,
            open_recording(
                audio,
                rate=self.model.spec.frames.rate,
                level_dbfs=self.parameters.recording_level,
            ) as recording,
        ):
            scores = score_speakers(
                self.model,
                recording,
                conditioning=self.parameters,
                batch_size=self.batch_size,
                progress=steps.progress("segmentation"),
            )
            end_s = None if self.strict_parity else recording.duration_s
            yield Run(recording, scores, steps, end_s)


def _refuse_thresholds(
    chosen: ActivityParameters, given: Mapping[str, Any], preset: str | os.PathLike[str] | None
) -> None:
    """Refuse an onset, an offset or a preset with either: a powerset network has none."""
    wrong = [f"{name} {given[name]:g}" for name in ("onset", "offset") if name in given]
    if not wrong and chosen.thresholds != ActivityParameters().thresholds:
        wrong = [f"preset {str(preset)!r}"]
    if wrong:
        raise ConfigError(
            f"{' and '.join(wrong)}: this network decides between sets of speakers and has no "
            "thresholds: leave it out, or take the sigmoid network (--models tiny)"
        )
