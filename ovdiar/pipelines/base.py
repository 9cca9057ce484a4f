"""What pipelines over a segmentation network share: their parameters, and how they run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ovdiar import presets
from ovdiar.audio.recording import open_recording
from ovdiar.networks.models import Models
from ovdiar.options import RunOptions
from ovdiar.parameters import ActivityParameters
from ovdiar.pipelines.sliding import score_speakers
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ovdiar.audio.reading import AudioInput
    from ovdiar.audio.recording import Recording
    from ovdiar.frames import WindowedFrames
    from ovdiar.networks.models import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook


class Run(NamedTuple):
    """A recording that is being processed, and its segmentation (C, F, S)."""

    recording: Recording
    scores: WindowedFrames
    steps: Steps


Own = TypeVar("Own", bound=ActivityParameters)


class SegmentationPipeline(Generic[Own]):
    """Base of the pipelines whose only network is the segmentation.

    Powerset networks decide between classes, so their default thresholds are 0.5, without minimum
    durations; ``default`` are those of sigmoid networks.
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
        sigmoid = self.model.spec.powerset is None
        self.parameters: Own = presets.choose(
            table, given.pop("preset", None), default if sigmoid else type(default)(), given
        )

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
            open_recording(audio, rate=self.model.spec.frames.rate) as recording,
        ):
            scores = score_speakers(
                self.model,
                recording,
                batch_size=self.batch_size,
                progress=steps.progress("segmentation"),
            )
            yield Run(recording, scores, steps)
