"""Resegmentation: a diarization's turns, refined by the segmentation network.

Source: pyannote.audio 3.3.2 ``Resegmentation``.
"""

from __future__ import annotations

from itertools import count as numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import formats, presets
from ovdiar.activity import binarize, speaker_turns
from ovdiar.annotation import Annotation
from ovdiar.counting import speaker_count
from ovdiar.options import ResegmentationOptions, accepts, documented
from ovdiar.parameters import ResegmentationParameters
from ovdiar.pipelines.base import SegmentationPipeline
from ovdiar.reconstruction import reconstruct
from ovdiar.segment import Segment
from ovdiar.windows import trim

if TYPE_CHECKING:
    import os
    from collections.abc import MutableMapping

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput
    from ovdiar.frames import Frames, WindowedFrames
    from ovdiar.networks.models import Models
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook


@documented(ResegmentationOptions)
class Resegmentation(SegmentationPipeline[ResegmentationParameters]):
    """Resegmentation: the speakers of a diarization, with new boundaries.

    In each window, the network's speakers are matched with those of the baseline; the number of
    active speakers is the network's own.

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
    The presets were tuned to refine VBx. The defaults are 0.81, 0.481, 0.055 s and 0.098 s.
    {notes}
    """

    @accepts(ResegmentationOptions)
    def __init__(self, models: Models | SegmentationModel, **given: Any) -> None:
        super().__init__(models, given, presets.RESEGMENTATION_DEFAULT, presets.RESEGMENTATION)

    def __call__(
        self,
        audio: AudioInput,
        baseline: Annotation | str | os.PathLike[str],
        *,
        hook: Hook | None = None,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
        trace: MutableMapping[str, Any] | None = None,
    ) -> Annotation:
        """Refine a diarization.

        Parameters
        ----------
        audio : a path, a binary file object, or a mapping of ``waveform`` (samples,) or
            (channels, samples) and ``sample_rate``
        baseline : a diarization, or a file of turns that holds it: under the recording's name,
            or as the only recording
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the completed share of the run and the time left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations``, ``count``, ``baseline`` (frames), ``matches``
            (windows, speakers), and ``discrete_diarization``

        Returns
        -------
        The turns under the baseline's labels; a speaker whom the baseline lacks gets the next
        free SPEAKER_00, ...

        Raises
        ------
        AudioError, CancelledError
        FormatError
            The baseline cannot be read, or has several recordings, none of them this one.
        """
        parameters = self.parameters
        warm_up = (parameters.warm_up, parameters.warm_up)
        with self.run(audio, hook, progress, cancel) as run:
            scores, steps = run.scores, run.steps
            if not isinstance(baseline, Annotation):
                baseline = read_baseline(baseline, run.recording.uri)
            steps.done("segmentation", scores)
            active = binarize(scores.data, *parameters.thresholds)
            count = speaker_count(scores.with_data(active), warm_up)
            steps.done("speaker_counting", count)
            support = Segment(0.0, run.recording.duration_s + scores.windows.step_s)
            labels = baseline.crop(support).labels()
            discrete_baseline = baseline.discretize(support, scores.frames, labels)
            trimmed = trim(scores, warm_up)
            matches = match_speakers(trimmed, discrete_baseline)
            discrete = reconstruct(trimmed, matches, count)
            steps.done("discrete_diarization", discrete)
            if trace is not None:
                trace.update(
                    segmentations=scores,
                    count=count,
                    baseline=discrete_baseline,
                    matches=matches,
                    discrete_diarization=discrete,
                )
            turns = speaker_turns(
                discrete,
                min_duration_on=parameters.min_duration_on,
                min_duration_off=parameters.min_duration_off,
                end_s=run.end_s,
            )
            columns = discrete.data.shape[1]
            names = [str(column) for column in range(columns)]
            if not self.strict_parity:
                names = _names(labels, columns)
            return turns.to_annotation(names, run.recording.uri)


def match_speakers(scores: WindowedFrames, baseline: Frames) -> NDArray[np.int64]:
    """Match each window's speakers with the columns of a baseline: (C, F, S), (T, K) -> (C, S).

    The assignment with the least mean absolute difference; silent columns are added where one side
    has fewer. As in pyannote, the baseline is read from the first frame that reaches into the
    window, up to four before the window's own first. Past its end, nobody speaks.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - SciPy loads when needed

    windows, frames = scores.windows, baseline.grid
    count, length, speakers = scores.data.shape
    columns = max(speakers, baseline.data.shape[1])
    matches = np.empty((count, speakers), dtype=np.int64)
    score, truth = np.zeros((2, length, columns))
    for index, window in enumerate(scores.data):
        start = windows.start + index * windows.step
        first = max(0, -((frames.start + frames.width - start) // frames.step))
        local = baseline.data[first : first + length]
        truth[:] = 0
        truth[: len(local), : local.shape[1]] = local
        score[:, :speakers] = window
        cost = np.abs(truth[:, :, np.newaxis] - score[:, np.newaxis, :]).mean(axis=0)
        column, speaker = linear_sum_assignment(cost)
        matches[index] = column[np.argsort(speaker)][:speakers]
    return matches


def read_baseline(path: str | os.PathLike[str], uri: str) -> Annotation:
    """Read one recording's diarization from a file of turns; a file without turns has none."""
    return formats.read_recording(path, uri).annotation


def _names(labels: list[str], columns: int) -> list[str]:
    """Name the columns: the baseline's labels first, then free SPEAKER_00, ..."""
    names = labels[:columns]
    free = (name for name in map("SPEAKER_{:02d}".format, numbers()) if name not in labels)
    return names + [next(free) for _ in range(columns - len(names))]
