"""Run a network over the windows of a recording (pyannote.audio ``Inference.slide``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import powerset_mapping, powerset_to_speakers
from ovdiar.conditioning import filtered, with_noise
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames, to_samples
from ovdiar.networks import devices
from ovdiar.overlap_add import overlap_add
from ovdiar.parameters import ConditioningParameters
from ovdiar.windows import count_windows, gather, ignore_progress, slide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from ovdiar.audio.recording import Recording
    from ovdiar.embedding import EmbeddingModel
    from ovdiar.frames import Waveform
    from ovdiar.networks.segmentation import SegmentationModel
    from ovdiar.windows import Progress

WHOLE = np.ones((1, 1, 1), dtype=np.float32)
"""The mask (windows, speakers, frames) of a whole window."""

UNCONDITIONED = ConditioningParameters()
"""The recording as it is."""

BATCH_S = 10.0
"""Audio in a batch of windows by default, s for each core: more takes more memory, and little less
time (docs/studies/threads-and-batches.md)."""


def batch_of(windows: FrameGrid, batch_size: int | None) -> int:
    """Return the number of windows of a batch.

    Unless told, as many for each core as `BATCH_S` holds, at least one: an LSTM runs over time step
    by step, so that what cores share are the windows.
    """
    if batch_size is not None:
        return batch_size
    return devices.cores() * max(1, int(BATCH_S / windows.width_s))


def segmentation_windows(
    model: SegmentationModel, duration_s: float | None, step_s: float | None
) -> FrameGrid:
    """Return the grid of windows: by default as long as in training, and a tenth apart."""
    spec = model.spec
    width = spec.window_samples if duration_s is None else to_samples(duration_s, spec.frames.rate)
    return lay_windows(width, step_s, spec.frames.rate, spec.min_samples)


def lay_windows(width: int, step_s: float | None, rate: int, least: int) -> FrameGrid:
    """Return the grid of windows of ``width`` samples; the network needs at least ``least``."""
    if width < least:
        raise ConfigError(
            f"a window of {width / rate:g} s is too short for this network: "
            f"give a duration of at least {least / rate:g} s"
        )
    step = to_samples(0.1 * width / rate if step_s is None else step_s, rate)
    if not 1 <= step <= width:
        raise ConfigError(
            f"a step of {step / rate:g} s does not lie between one sample and the window's "
            f"{width / rate:g} s: choose one that does"
        )
    return FrameGrid(step, width, 0, rate)


def score_windows(
    model: SegmentationModel,
    recording: Recording | Waveform,
    windows: FrameGrid,
    *,
    conditioning: ConditioningParameters = UNCONDITIONED,
    batch_size: int | None = None,
    convert: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    progress: Progress = ignore_progress,
) -> WindowedFrames:
    """Score every window of a recording, which may be conditioned first: (C, F, K)."""
    batches = _batches(recording, windows, batch_size, progress, conditioning)
    answers = (convert(model(batch)) if convert else model(batch) for batch in batches)
    scores = gather(answers, count_windows(recording.length, windows))
    return WindowedFrames(scores, windows, model.spec.frames)


def score_speakers(
    model: SegmentationModel,
    recording: Recording | Waveform,
    *,
    conditioning: ConditioningParameters = UNCONDITIONED,
    batch_size: int | None,
    progress: Progress,
) -> WindowedFrames:
    """Score the speakers of a recording in the usual windows, a tenth apart: (C, F, S)."""
    return score_windows(
        model,
        recording,
        segmentation_windows(model, None, None),
        conditioning=conditioning,
        batch_size=batch_size,
        convert=to_speakers(model),
        progress=progress,
    )


def embed_unmasked(
    model: EmbeddingModel,
    recording: Recording | Waveform,
    windows: FrameGrid,
    *,
    batch_size: int | None = None,
    progress: Progress = ignore_progress,
) -> Frames:
    """Embed every window of a recording whole: (C, D) on the windows' grid."""
    embeddings = [
        model(batch, np.repeat(WHOLE, len(batch), axis=0))[:, 0]
        for batch in _batches(recording, windows, batch_size, progress)
    ]
    return Frames(np.concatenate(embeddings), windows)


def to_speakers(model: SegmentationModel, *, soft: bool = False) -> Callable[[Any], Any] | None:
    """Return the conversion of powerset classes to speakers; None for a sigmoid network."""
    largest = model.spec.powerset
    if largest is None:
        return None
    mapping = powerset_mapping(len(model.spec.classes), largest)
    return lambda scores: powerset_to_speakers(scores, mapping, soft=soft)


def aggregate_recording(scores: WindowedFrames, samples: int) -> Frames:
    """Average the windows of a recording of so many samples: (C, F, K) -> (T, K).

    Windows are weighed by a Hamming window, and frames without a score become 0. If the last
    window had to be padded, frames that start after the recording's end are cut off.
    """
    average = overlap_add(scores, hamming=True, missing=0.0)
    windows, frames = scores.windows, scores.frames
    if samples >= windows.width and (samples - windows.width) % windows.step == 0:
        return average
    # in float seconds, like pyannote: where the end is a frame's start, noise decides on it
    last = math.floor(samples / frames.rate / frames.step_s)
    return Frames(average.data[: last + 1], average.grid)


def _batches(
    recording: Recording | Waveform,
    windows: FrameGrid,
    batch_size: int | None,
    progress: Progress,
    conditioning: ConditioningParameters = UNCONDITIONED,
) -> Iterator[NDArray[np.float32]]:
    """Condition a recording and cut batches of windows (N, samples), reporting progress."""
    done, noise = 0, conditioning.segmentation_noise
    blocks = filtered(recording.blocks(), conditioning, windows.rate)
    for batch in slide(blocks, windows, batch_of(windows, batch_size)):
        total = count_windows(recording.length, windows)
        if not done:
            progress(completed=0, total=total)
        yield with_noise(batch, noise) if noise else batch
        done += len(batch)
        progress(completed=done, total=max(total, done))
