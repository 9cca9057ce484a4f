"""Who speaks when, by what windows share and not by voices (pyannote.audio 2.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovdiar.activity import binarize, to_annotation
from ovdiar.audio.recording import open_recording
from ovdiar.counting import speaker_count
from ovdiar.frames import Frames
from ovdiar.pipelines.sliding import checked_batch_size, score_speakers, segmentation_of
from ovdiar.pipelines.steps import Steps
from ovdiar.presets import ActivityParameters, check_range, with_parameters
from ovdiar.reconstruction import cluster_activations, select_loudest
from ovdiar.stitching import stitch
from ovdiar.windows import trim

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from ovdiar.annotation import Annotation
    from ovdiar.audio.reading import AudioInput
    from ovdiar.networks.models import Models, SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook

DEFAULT = ActivityParameters(onset=0.84, offset=0.46)
"""Published for ``pyannote/segmentation``, tuned on DIHARD III; no other presets were."""
STITCH_THRESHOLD = 0.39
WARM_UP = 0.05
"""Share of a window left out at its start and at its end."""


class SpeakerSegmentation:
    """Speaker segmentation: diarization without embeddings, for as long as speakers keep talking.

    Speakers of overlapping windows are stitched together (see `ovdiar.stitching`). Whoever falls
    silent for longer than a window comes back under another name.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    onset, offset : a speaker starts above the one and stops below the other; by default 0.84 and
        0.46, and 0.5 for powerset networks, whose classes are decided beforehand
    stitch_threshold : mean absolute difference of scores up to which window speakers are one
    min_duration_on : shorter turns are dropped, s
    min_duration_off : a speaker's shorter gaps are filled, s
    batch_size : windows that go through the network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Raises
    ------
    ConfigError
        A parameter is out of its range.

    Notes
    -----
    The algorithm is that of pyannote.audio 2.1.1 on the frames of 3.3.2. Labels are SPEAKER_00,
    ... in the order of the text of the stitches' numbers, as there.
    """

    def __init__(
        self,
        models: Models | SegmentationModel,
        *,
        onset: float | None = None,
        offset: float | None = None,
        stitch_threshold: float = STITCH_THRESHOLD,
        min_duration_on: float | None = None,
        min_duration_off: float | None = None,
        batch_size: int | None = None,
    ) -> None:
        check_range("stitch_threshold", stitch_threshold, 0.0, 1.0)
        given = {
            "onset": onset,
            "offset": offset,
            "min_duration_on": min_duration_on,
            "min_duration_off": min_duration_off,
        }
        self.model = segmentation_of(models)
        self.batch_size = checked_batch_size(batch_size)
        self.stitch_threshold = stitch_threshold
        default = DEFAULT if self.model.spec.powerset is None else ActivityParameters()
        self.parameters = with_parameters(
            default, {name: value for name, value in given.items() if value is not None}
        )

    def __call__(
        self,
        audio: AudioInput,
        *,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> Annotation:
        """Tell who speaks when.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the share of the run that is done, and what is left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations``, ``count``, ``stitches`` (windows, speakers) and
            ``discrete_diarization``

        Raises
        ------
        AudioError, CancelledError
        """
        parameters = self.parameters
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
            steps.done("segmentation", scores)
            active = binarize(scores.data, parameters.onset, parameters.offset or parameters.onset)
            count = speaker_count(scores.with_data(active), (WARM_UP, WARM_UP))
            steps.done("speaker_counting", count)
            trimmed = trim(scores, (WARM_UP, WARM_UP))
            stitches = stitch(trimmed, onset=parameters.onset, threshold=self.stitch_threshold)
            steps.done("stitching", stitches)
            chosen = select_loudest(cluster_activations(trimmed, stitches), count)
            discrete = Frames(chosen.data[:, chosen.data.any(axis=0)], chosen.grid)
            steps.done("aggregation", discrete)
            if trace is not None:
                trace.update(
                    segmentations=scores,
                    count=count,
                    stitches=stitches,
                    discrete_diarization=discrete,
                )
            annotation = to_annotation(
                discrete,
                min_duration_on=parameters.min_duration_on,
                min_duration_off=parameters.min_duration_off,
                uri=recording.uri,
            )
            found = annotation.labels()
            return annotation.rename_labels(
                {column: f"SPEAKER_{index:02d}" for index, column in enumerate(found)}
            )
