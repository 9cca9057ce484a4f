"""Run a network over a recording, window by window (pyannote.audio ``Inference``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import powerset_mapping, powerset_to_speakers
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, WindowedFrames, to_samples
from ovdiar.windows import count_windows, cut, ignore_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ovdiar.frames import Waveform
    from ovdiar.models import SegmentationModel
    from ovdiar.windows import Progress


def segmentation_windows(
    model: SegmentationModel, duration_s: float | None, step_s: float | None
) -> FrameGrid:
    """Lay the windows: as long as the network was trained on, a tenth apart, unless told."""
    spec = model.spec
    rate = spec.frames.rate
    width = spec.window_samples if duration_s is None else to_samples(duration_s, rate)
    if width < spec.min_samples:
        raise ConfigError(
            f"a window of {width / rate:g} s is too short for this network: "
            f"give a duration of at least {spec.min_samples / rate:g} s"
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
    waveform: Waveform,
    windows: FrameGrid,
    *,
    batch_size: int = 32,
    convert: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
    progress: Progress = ignore_progress,
) -> WindowedFrames:
    """Score every window of a waveform: (C, F, K)."""
    total = count_windows(len(waveform), windows)
    batches = []
    progress(completed=0, total=total)
    for first in range(0, total, batch_size):
        last = min(first + batch_size, total)
        scores = model(cut(waveform.samples, windows, first, last))
        batches.append(scores if convert is None else convert(scores))
        progress(completed=last, total=total)
    return WindowedFrames(np.concatenate(batches), windows, model.spec.frames)


def to_speakers(model: SegmentationModel, *, soft: bool = False) -> Callable[[Any], Any] | None:
    """Return how a network's classes become speakers; None where they already are."""
    largest = model.spec.powerset
    if largest is None:
        return None
    mapping = powerset_mapping(len(model.spec.classes), largest)
    return lambda scores: powerset_to_speakers(scores, mapping, soft=soft)
