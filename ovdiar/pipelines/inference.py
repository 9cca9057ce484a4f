"""A network on its own, slid over recordings or run in one piece (pyannote.audio ``Inference``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ovdiar.audio.reading import load as load_audio
from ovdiar.audio.recording import open_recording
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames, to_samples
from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.networks.models import Models
from ovdiar.notices import warn
from ovdiar.options import RunOptions
from ovdiar.overlap_add import overlap_add
from ovdiar.pipelines.sliding import (
    WHOLE,
    aggregate_recording,
    embed_unmasked,
    lay_windows,
    score_windows,
    segmentation_windows,
    to_speakers,
)
from ovdiar.pipelines.steps import Steps
from ovdiar.segment import Segment
from ovdiar.windows import trim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray
    from typing_extensions import TypeIs

    from ovdiar.audio.reading import AudioInput
    from ovdiar.audio.recording import Recording
    from ovdiar.embedding import EmbeddingModel
    from ovdiar.frames import Waveform
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.pipelines.steps import Cancel, FractionHook
    from ovdiar.windows import Progress

Scores: TypeAlias = "WindowedFrames | Frames | NDArray[np.float32]"


class Inference:
    """Run one network over recordings, or over excerpts of them.

    Parameters
    ----------
    model : a loaded bundle, whose segmentation network is taken, or any one network
    window : ``"sliding"``, or ``"whole"``: all audio at once, as embeddings want it
    duration : length of a window, s; by default what the segmentation network was trained on
    step : distance of two windows, s; by default a tenth of the duration
    pre_aggregation_hook : turns the scores of all windows (C, F, K) into others (C, F, K'), which
        are then aggregated; segmentation networks only
    skip_aggregation : return the scores of each window, as the network gave them
    skip_conversion : return the log-probabilities of powerset classes, not speakers
    soft : convert powerset classes to the speakers' probabilities, not to 0 and 1
    batch_size : windows that go through the network at once, by default as many as suit the machine
        (see `ovdiar.pipelines.sliding.batch_of`); changes speed and memory only

    Raises
    ------
    ConfigError
        A parameter is out of its range, or contradicts another.

    Notes
    -----
    What a call returns depends on the network and the window:

    - segmentation, sliding: `WindowedFrames` (C, F, K), because the networks published so far
      put speakers into another order in each window; with a hook, `Frames` (T, K');
    - embedding, sliding: `Frames` (C, D), on the grid of the windows;
    - segmentation, whole: an array (F, K); embedding, whole: an array (D,).
    """

    aggregate = staticmethod(overlap_add)
    trim = staticmethod(trim)

    def __init__(
        self,
        model: Models | SegmentationModel | EmbeddingModel,
        *,
        window: str = "sliding",
        duration: float | None = None,
        step: float | None = None,
        pre_aggregation_hook: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
        skip_aggregation: bool = False,
        skip_conversion: bool = False,
        soft: bool = False,
        batch_size: int | None = None,
    ) -> None:
        if window not in ("sliding", "whole"):
            raise ConfigError(f"window {window!r} is unknown: choose sliding or whole")
        if soft and skip_conversion:
            raise ConfigError("soft=True and skip_conversion=True contradict each other: drop one")
        self.model = model.segmentation if isinstance(model, Models) else model
        self.window = window
        self.pre_aggregation_hook = pre_aggregation_hook
        self.skip_aggregation = skip_aggregation
        self.batch_size = RunOptions(batch_size=batch_size).batch_size
        self._convert: Callable[[Any], Any] | None = None
        if not (_embeds(self.model) or skip_conversion):
            self._convert = to_speakers(self.model, soft=soft)
        self._windows: FrameGrid | None = None
        if window == "sliding":
            self._windows = _windows(self.model, duration, step)
        elif not _embeds(self.model):
            warn(
                "a segmentation network may score a whole recording badly, and takes much memory "
                "for it: prefer window='sliding'"
            )

    def __call__(
        self,
        audio: AudioInput,
        hook: Progress | None = None,
        *,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
    ) -> Scores:
        """Run over a whole recording.

        Parameters
        ----------
        audio : as of any pipeline
        hook : called as ``hook(completed=, total=)`` with numbers of windows, as pyannote's
        progress : called with the completed share of the run and the time left, s
        cancel : a `threading.Event`, or alike; the run stops soon after it is set

        Raises
        ------
        AudioError, CancelledError
        ConfigError
            The recording is too short to be run in one piece.
        """
        with Steps(None, audio, progress=progress, cancel=cancel) as steps:
            if self._windows is None:
                return self._run_whole(load_audio(audio, rate=_rate(self.model)))
            with open_recording(audio, rate=_rate(self.model)) as recording:
                return self._slide(recording, self._windows, _report_to(hook, steps))

    def crop(
        self,
        audio: AudioInput,
        chunk: Segment | Iterable[Segment],
        hook: Progress | None = None,
        *,
        progress: FractionHook | None = None,
        cancel: Cancel | None = None,
    ) -> Scores:
        """Run over an excerpt; the answer keeps the recording's times.

        Of several excerpts, sliding windows take all from the first start to the last end, and a
        whole window takes the excerpts one after the other. pyannote cuts before it resamples;
        here it is the other way round, so that an excerpt has the samples of the recording.
        ``hook``, ``progress`` and ``cancel`` are those of a call.

        Raises
        ------
        AudioError, CancelledError
        ConfigError
            An excerpt is empty, too short, or not within the recording.
        """
        chunks = [chunk] if isinstance(chunk, Segment) else list(chunk)
        if not chunks:
            raise ConfigError("there is no excerpt to run over: give at least one segment")
        if self.window == "sliding":
            chunks = [Segment(min(c.start for c in chunks), max(c.end for c in chunks))]
        with Steps(None, audio, progress=progress, cancel=cancel) as steps:
            waveform = load_audio(audio, rate=_rate(self.model))
            pieces = [_excerpt(waveform, piece) for piece in chunks]
            excerpt = replace(waveform, samples=np.concatenate(pieces))
            if self._windows is None:
                return self._run_whole(excerpt)
            scores = self._slide(excerpt, self._windows, _report_to(hook, steps))
        start = to_samples(chunks[0].start, waveform.rate)
        if isinstance(scores, WindowedFrames):
            return replace(scores, windows=scores.windows.at(start))
        return replace(scores, grid=scores.grid.at(start))

    def _slide(
        self, recording: Recording | Waveform, windows: FrameGrid, report: Progress
    ) -> WindowedFrames | Frames:
        model, batch_size = self.model, self.batch_size
        if _embeds(model):
            return embed_unmasked(model, recording, windows, batch_size=batch_size, progress=report)
        scores = score_windows(
            model,
            recording,
            windows,
            batch_size=batch_size,
            convert=self._convert,
            progress=report,
        )
        if self.skip_aggregation or self.pre_aggregation_hook is None:
            return scores
        hooked = np.asarray(self.pre_aggregation_hook(scores.data.copy()))
        if hooked.ndim != 3 or hooked.shape[:2] != scores.data.shape[:2]:
            raise ConfigError(
                f"pre_aggregation_hook made {hooked.shape} of {scores.data.shape}: "
                "only the last axis may change"
            )
        return aggregate_recording(scores.with_data(hooked), recording.length)

    def _run_whole(self, waveform: Waveform) -> NDArray[np.float32]:
        model = self.model
        if len(waveform) < model.spec.min_samples:
            raise ConfigError(
                f"{waveform.duration_s:g} s of audio are too short for this network: "
                f"give at least {model.spec.min_samples / waveform.rate:g} s"
            )
        batch = waveform.samples[np.newaxis]
        if _embeds(model):
            embeddings: NDArray[np.float32] = model(batch, WHOLE)[0, 0]
            return embeddings
        scores: NDArray[np.float32] = model(batch)[0]
        return scores if self._convert is None else self._convert(scores)


def _report_to(hook: Progress | None, steps: Steps) -> Progress:
    """Return a callback for a hook as pyannote's and for the run's steps."""
    advance = steps.progress("segmentation")

    def report(*, completed: int, total: int) -> None:
        if hook is not None:
            hook(completed=completed, total=total)
        advance(completed=completed, total=total)

    return report


def _embeds(model: SegmentationModel | EmbeddingModel) -> TypeIs[EmbeddingModel]:
    return isinstance(model.spec, EmbeddingSpec)


def _rate(model: SegmentationModel | EmbeddingModel) -> int:
    return model.spec.rate if _embeds(model) else model.spec.frames.rate


def _windows(
    model: SegmentationModel | EmbeddingModel, duration: float | None, step: float | None
) -> FrameGrid:
    if _embeds(model):
        if duration is None:
            raise ConfigError(
                "an embedding network has no window of its own: give a duration or window='whole'"
            )
        spec = model.spec
        return lay_windows(to_samples(duration, spec.rate), step, spec.rate, spec.min_samples)
    windows = segmentation_windows(model, duration, step)
    trained = model.spec.window_samples
    if windows.width != trained:
        warn(
            f"the network was trained on windows of {trained / windows.rate:g} s: with "
            f"{windows.width_s:g} s its scores may be worse"
        )
    return windows


def _excerpt(waveform: Waveform, chunk: Segment) -> NDArray[np.float32]:
    """Cut a piece out; it may exceed the recording by the sample that resampling may cost."""
    start, end = (to_samples(time, waveform.rate) for time in (chunk.start, chunk.end))
    if not 0 <= start < end <= len(waveform) + 1:
        raise ConfigError(
            f"the excerpt from {chunk.start:g} to {chunk.end:g} s is empty or not within the "
            f"recording's {waveform.duration_s:g} s: choose one that is"
        )
    return waveform.samples[start:end]
