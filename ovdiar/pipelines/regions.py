"""Regions of one kind, from one score per frame: what speech and overlap detection share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ovdiar import presets
from ovdiar.activity import to_annotation
from ovdiar.audio.recording import open_recording
from ovdiar.pipelines.sliding import (
    aggregate_recording,
    checked_batch_size,
    score_speakers,
    segmentation_of,
)
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, MutableMapping

    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.networks.models import Models, SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook
    from ovdiar.presets import ActivityParameters


class Detection(ABC):
    """Windows to speakers to one score, averaged over windows, to regions with one label.

    A subclass says what it calls them, which hyper-parameters were published for
    ``pyannote/segmentation``, and how the scores of speakers become one.
    """

    label: ClassVar[str]
    table: ClassVar[Mapping[str, ActivityParameters]]

    def __init__(
        self,
        models: Models | SegmentationModel,
        *,
        preset: str | os.PathLike[str] | None = None,
        onset: float | None = None,
        offset: float | None = None,
        min_duration_on: float | None = None,
        min_duration_off: float | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.model = segmentation_of(models)
        self.batch_size = checked_batch_size(batch_size)
        sigmoid = self.model.spec.powerset is None
        self.parameters = presets.choose(
            self.table,
            preset,
            self.table["dihard3"] if sigmoid else presets.ActivityParameters(),
            {
                "onset": onset,
                "offset": offset,
                "min_duration_on": min_duration_on,
                "min_duration_off": min_duration_off,
            },
        )

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
        progress : called with the share of the run that is done, and what is left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations`` (windows) and ``aggregated`` (frames)

        Raises
        ------
        AudioError, CancelledError
        """
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
            frames = aggregate_recording(
                scores.with_data(self.score(scores.data)), recording.length
            )
            steps.done("segmentation", frames)
            if trace is not None:
                trace.update(segmentations=scores, aggregated=frames)
            return to_annotation(
                frames,
                onset=self.parameters.onset,
                offset=self.parameters.offset,
                min_duration_on=self.parameters.min_duration_on,
                min_duration_off=self.parameters.min_duration_off,
                labels=[self.label],
                uri=recording.uri,
            )
