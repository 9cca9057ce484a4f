"""Who spoke when, once more: a diarization's turns refined by the segmentation network.

Source: pyannote.audio 3.3.2 ``Resegmentation``.
"""

from __future__ import annotations

from itertools import count as numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import presets
from ovdiar.activity import binarize, to_annotation
from ovdiar.annotation import Annotation
from ovdiar.audio.recording import open_recording
from ovdiar.counting import speaker_count
from ovdiar.errors import ConfigError
from ovdiar.formats import rttm
from ovdiar.pipelines.sliding import checked_batch_size, score_speakers, segmentation_of
from ovdiar.pipelines.steps import Steps
from ovdiar.reconstruction import cluster_activations, select_loudest
from ovdiar.segment import Segment
from ovdiar.windows import trim

if TYPE_CHECKING:
    import os
    from collections.abc import MutableMapping

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput
    from ovdiar.frames import Frames, WindowedFrames
    from ovdiar.networks.models import Models, SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook, Hook

DEFAULT = presets.ActivityParameters(0.810, 0.481, 0.055, 0.098)
"""Published for ``pyannote/segmentation``, tuned on DIHARD III."""


class Resegmentation:
    """Resegmentation: keep a diarization's speakers, and find anew where each of them talks.

    In each window, the network's speakers are matched with those of the baseline; the number of
    speakers at once is the network's own.

    Parameters
    ----------
    models : a loaded bundle, or a segmentation network
    preset : ``"ami"``, ``"dihard3"``, ``"voxconverse"`` (tuned to refine VBx by
        ``pyannote/segmentation``), or a JSON file
    onset, offset : a speaker starts above the one and stops below the other; by default 0.81 and
        0.481, and 0.5 for powerset networks, whose classes are decided beforehand
    min_duration_on : shorter turns are dropped, s; by default 0.055 and, for powerset networks, 0
    min_duration_off : a speaker's shorter gaps are filled, s; by default 0.098 or 0
    warm_up : share of a window left out at its start and at its end; below 0.5
    strict_parity : label turns by the places of the baseline's sorted labels, as pyannote does,
        not by those labels
    batch_size : windows that go through the network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Raises
    ------
    ConfigError
        A parameter is out of its range.
    """

    def __init__(
        self,
        models: Models | SegmentationModel,
        *,
        preset: str | os.PathLike[str] | None = None,
        onset: float | None = None,
        offset: float | None = None,
        min_duration_on: float | None = None,
        min_duration_off: float | None = None,
        warm_up: float = 0.05,
        strict_parity: bool = False,
        batch_size: int | None = None,
    ) -> None:
        if not 0 <= warm_up < 0.5:
            raise ConfigError(f"warm_up is {warm_up:g}: give a share from 0 to below 0.5")
        self.model = segmentation_of(models)
        self.warm_up = (warm_up, warm_up)
        self.strict_parity = strict_parity
        self.batch_size = checked_batch_size(batch_size)
        sigmoid = self.model.spec.powerset is None
        self.parameters = presets.choose(
            presets.RESEGMENTATION,
            preset,
            DEFAULT if sigmoid else presets.ActivityParameters(),
            {
                "onset": onset,
                "offset": offset,
                "min_duration_on": min_duration_on,
                "min_duration_off": min_duration_off,
            },
        )

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
        baseline : a diarization, or an RTTM file that holds it: under the recording's name, or
            as the only recording
        hook : called with the name and outcome of each step, as pyannote's
        progress : called with the share of the run that is done, and what is left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set
        trace : receives ``segmentations``, ``count``, ``baseline`` (frames), ``matches``
            (windows, speakers), and ``discrete_diarization``

        Returns
        -------
        The turns under the baseline's labels; a speaker whom the baseline lacks gets the next
        free SPEAKER_00, ...

        Raises
        ------
        AudioError, FormatError, CancelledError
        ConfigError
            The RTTM file holds several recordings, none of them this one.
        """
        parameters = self.parameters
        with (
            Steps(hook, audio, progress=progress, cancel=cancel) as steps,
            open_recording(audio, rate=self.model.spec.frames.rate) as recording,
        ):
            if not isinstance(baseline, Annotation):
                baseline = read_baseline(baseline, recording.uri)
            scores = score_speakers(
                self.model,
                recording,
                batch_size=self.batch_size,
                progress=steps.progress("segmentation"),
            )
            steps.done("segmentation", scores)
            active = binarize(scores.data, parameters.onset, parameters.offset or parameters.onset)
            count = speaker_count(scores.with_data(active), self.warm_up)
            steps.done("speaker_counting", count)
            support = Segment(0.0, recording.duration_s + scores.windows.step_s)
            labels = baseline.crop(support).labels()
            discrete_baseline = baseline.discretize(support, scores.frames, labels)
            trimmed = trim(scores, self.warm_up)
            matches = match_speakers(trimmed, discrete_baseline)
            discrete = select_loudest(cluster_activations(trimmed, matches), count)
            steps.done("discrete_diarization", discrete)
            if trace is not None:
                trace.update(
                    segmentations=scores,
                    count=count,
                    baseline=discrete_baseline,
                    matches=matches,
                    discrete_diarization=discrete,
                )
            names = None if self.strict_parity else _names(labels, discrete.data.shape[1])
            return to_annotation(
                discrete,
                min_duration_on=parameters.min_duration_on,
                min_duration_off=parameters.min_duration_off,
                labels=names,
                uri=recording.uri,
            )


def match_speakers(scores: WindowedFrames, baseline: Frames) -> NDArray[np.int64]:
    """Match each window's speakers with the columns of a baseline: (C, F, S), (T, K) -> (C, S).

    The assignment of least mean absolute difference, silent columns added where one side has
    fewer. As in pyannote, the baseline is read from the first frame that reaches into the window,
    which is up to four before the window's own first. Past its end, nobody talks.
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
    """Read one recording's diarization from an RTTM file; a file without turns has none."""
    found = rttm.load(path)
    if uri not in found and len(found) > 1:
        raise ConfigError(
            f"{path} holds {len(found)} recordings, but not {uri!r}: give the RTTM of this one"
        )
    return found.get(uri) or next(iter(found.values()), Annotation(uri=uri))


def _names(labels: list[str], columns: int) -> list[str]:
    """Name the columns: the baseline's labels first, then free SPEAKER_00, ..."""
    names = labels[:columns]
    free = (name for name in map("SPEAKER_{:02d}".format, numbers()) if name not in labels)
    return names + [next(free) for _ in range(columns - len(names))]
