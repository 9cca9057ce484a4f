"""Speaker segmentation: speakers joined over overlapping windows (pyannote.audio 2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar.activity import binarize, speaker_turns
from ovdiar.counting import speaker_count
from ovdiar.frames import Frames
from ovdiar.options import SpeakerSegmentationOptions, accepts, documented
from ovdiar.parameters import SpeakerSegmentationParameters
from ovdiar.pipelines.base import SegmentationPipeline
from ovdiar.presets import SPEAKER_SEGMENTATION_DEFAULT
from ovdiar.reconstruction import reconstruct
from ovdiar.stitching import stitch
from ovdiar.windows import trim

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.networks.models import Models
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook

WARM_UP = 0.05
"""Share of a window left out at its start and at its end."""


@documented(SpeakerSegmentationOptions)
class SpeakerSegmentation(SegmentationPipeline[SpeakerSegmentationParameters]):
    """Speaker segmentation: diarization without embeddings, for as long as speakers keep talking.

    Speakers of overlapping windows are joined (see `ovdiar.stitching`). A speaker who is silent
    for longer than a window returns under another label.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    {options}

    Raises
    ------
    ConfigError
        A hyper-parameter is unknown or out of its range.

    Notes
    -----
    The algorithm is that of pyannote.audio 2.1.1 on the frames of 3.3.2. The default thresholds
    are 0.84 and 0.46. Labels are SPEAKER_00, ... in the order of the text of the stitches'
    numbers, as in pyannote.
    {notes}
    """

    @accepts(SpeakerSegmentationOptions)
    def __init__(self, models: Models | SegmentationModel, **given: Any) -> None:
        super().__init__(models, given, SPEAKER_SEGMENTATION_DEFAULT, {})

    def __call__(
        self,
        audio: AudioInput,
        *,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> Annotation:
        """Find each speaker's turns.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the completed share of the run and the time left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations``, ``count``, ``stitches`` (windows, speakers) and
            ``discrete_diarization``

        Raises
        ------
        AudioError, CancelledError
        """
        parameters = self.parameters
        with self.run(audio, hook, progress, cancel) as run:
            scores, steps = run.scores, run.steps
            steps.done("segmentation", scores)
            active = binarize(scores.data, *parameters.thresholds)
            count = speaker_count(scores.with_data(active), (WARM_UP, WARM_UP))
            steps.done("speaker_counting", count)
            trimmed = trim(scores, (WARM_UP, WARM_UP))
            stitches = stitch(
                trimmed, onset=parameters.onset, threshold=parameters.stitch_threshold
            )
            steps.done("stitching", stitches)
            chosen = reconstruct(trimmed, stitches, count)
            discrete = Frames(chosen.data[:, chosen.data.any(axis=0)], chosen.grid)
            steps.done("aggregation", discrete)
            if trace is not None:
                trace.update(
                    segmentations=scores,
                    count=count,
                    stitches=stitches,
                    discrete_diarization=discrete,
                )
            turns = speaker_turns(
                discrete,
                min_duration_on=parameters.min_duration_on,
                min_duration_off=parameters.min_duration_off,
                end_s=run.end_s,
            )
            numbers = {column: str(column) for column in turns.speakers().tolist()}
            found = sorted(numbers, key=str)
            labels = {column: f"SPEAKER_{index:02d}" for index, column in enumerate(found)}
            return turns.to_annotation(labels, run.recording.uri, ranks=numbers)
