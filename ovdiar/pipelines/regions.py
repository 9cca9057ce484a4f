"""Regions of one kind, from one score per frame: what speech and overlap detection share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ovdiar.activity import to_annotation
from ovdiar.options import ActivityOptions, accepts
from ovdiar.parameters import ActivityParameters
from ovdiar.pipelines.base import SegmentationPipeline
from ovdiar.pipelines.sliding import aggregate_recording

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.networks.models import Models
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook


class RegionDetection(SegmentationPipeline[ActivityParameters], ABC):
    """Detection of regions: one score for each frame of a window, averaged over windows.

    A subclass defines the regions' ``label``, the published presets (``table``) and the score.
    """

    label: ClassVar[str]
    table: ClassVar[Mapping[str, ActivityParameters]]

    @accepts(ActivityOptions)
    def __init__(self, models: Models | SegmentationModel, **given: Any) -> None:
        super().__init__(models, given, self.table["dihard3"], self.table)

    @abstractmethod
    def score(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Reduce the scores of the speakers (C, F, S) to one (C, F, 1)."""

    def __call__(
        self,
        audio: AudioInput,
        *,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> Annotation:
        """Find the regions of a recording.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the completed share of the run and the time left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations`` (windows) and ``aggregated`` (frames)

        Raises
        ------
        AudioError, CancelledError
        """
        with self.run(audio, hook, progress, cancel) as run:
            scores = run.scores.with_data(self.score(run.scores.data))
            frames = aggregate_recording(scores, run.recording.length)
            run.steps.done("segmentation", frames)
            if trace is not None:
                trace.update(segmentations=run.scores, aggregated=frames)
            onset, offset = self.parameters.thresholds
            return to_annotation(
                frames,
                onset=onset,
                offset=offset,
                min_duration_on=self.parameters.min_duration_on,
                min_duration_off=self.parameters.min_duration_off,
                end_s=run.end_s,
                labels=[self.label],
                uri=run.recording.uri,
            )
