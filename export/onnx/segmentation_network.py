"""Segmentation networks published as ONNX: waveform [N, 1, samples] -> scores [N, frames, classes].

As sherpa-onnx and onnx-community publish pyannote's. What they do not say of themselves is found
by running them.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np
from openvino import opset13 as op
from scipy.special import logsumexp

from ovdiar.errors import ModelError

from ..graphs import sincnet
from ..graphs.layers import ints, parameter
from ..parts import Part
from .reader import (
    MAX_RATE,
    Onnx,
    answers,
    attached,
    closed,
    noise,
    read_onnx,
    running,
    shapes,
    sizes,
)

if TYPE_CHECKING:
    from pathlib import Path

    import openvino as ov
    from numpy.typing import NDArray

    from .reader import Run

WINDOW_S = 10
"""Of pyannote/segmentation-3.0, where nothing else is said."""

MAX_WINDOW_S = 60
LARGEST_SET = 2
"""Of speakers that speak at once, likewise."""

MAX_SPEAKERS = 20

_TOLERANCE = 1e-3
"""Of the sum of probabilities."""


def part(path: Path) -> Part:
    """Read a segmentation network and describe it.

    The properties that sherpa-onnx adds count: ``sample_rate``, ``window_size``,
    ``receptive_field_size`` and ``_shift`` (in samples), ``num_speakers`` and
    ``powerset_max_classes``. Without them a network is taken for one like pyannote's: 10 s at
    16 kHz, PyanNet's frames, sets of up to two speakers. Either way it must answer accordingly.

    Raises
    ------
    ModelError
        It takes something else, or answers something else.
    """
    network = read_onnx(path)
    rate = network.number("sample_rate", sincnet.RATE, MAX_RATE)
    source = parameter("waveform", -1, -1)
    fixed, fed = _input(network, source)
    window = fixed or network.number("window_size", WINDOW_S * rate, MAX_WINDOW_S * rate)
    step, width, start = sincnet.frame_grid()
    step = network.number("receptive_field_shift", step, window)
    width = network.number("receptive_field_size", width, window)
    answer = attached(network, fed)
    run = running(closed(source, "answer", answer))
    scores = answers(run, noise(2, window))
    for length in [window] if fixed else [window, window // 2, width]:
        _expect(run, length, 1 + (length - width) // step)
    speakers, powerset, finished = _finished(network, answer, scores)
    return Part(
        networks={"segmentation": closed(source, "scores", finished)},
        entry={
            "architecture": "ONNX",
            "sample_rate": rate,
            "window_s": window / rate,
            "window_samples": window,
            "min_samples": fixed or width,
            "frames": {"step": step, "width": width, "start": start},
            "classes": [f"speaker#{number + 1}" for number in range(speakers)],
            "powerset": powerset,
        },
    )


def _expect(run: Run, length: int, frames: int) -> None:
    """Check how many frames a waveform is answered with."""
    try:
        shape = list(run(noise(1, length)).shape)
    except ModelError:
        shape = []
    if len(shape) != 3 or shape[1] != frames:
        raise ModelError(
            f"it answers {length} samples with shape {shape}, where {frames} frames are expected: "
            "state receptive_field_shift and receptive_field_size as properties"
        )


def _input(network: Onnx, source: ov.Node) -> tuple[int | None, ov.Node]:
    """Bring waveforms into the shape that a network takes; return its length, if it has but one."""
    match sizes(network.source):
        case [_, length]:
            fed = source
        case [_, 1 | -1, length]:
            fed = op.unsqueeze(source, ints(1))
        case _:
            raise ModelError(
                f"its input is {shapes([network.source])}: "
                "a waveform [N, 1, samples] or [N, samples] is wanted"
            )
    return (length if length > 0 else None), fed


def _finished(
    network: Onnx, answer: ov.Node, scores: NDArray[np.float32]
) -> tuple[int, int | None, ov.Node]:
    """Make log-probabilities of sets, or probabilities of speakers, of what a network answers.

    Returns
    -------
    how many speakers, the largest set of them (None where classes are speakers), the new answer
    """
    classes = scores.shape[2]
    sets = _sets(network, classes)
    probable = scores.min() >= 0 and scores.max() <= 1
    if probable and (sets is None or np.abs(scores.sum(axis=2) - 1).max() > _TOLERANCE):
        return classes, None, op.convert(answer, "f32")
    if sets is None:
        raise ModelError(
            f"it answers {classes} classes that are neither probabilities nor sets of speakers: "
            "state num_speakers and powerset_max_classes as properties"
        )
    if probable:
        least = np.float32(np.finfo(np.float32).tiny)
        return *sets, op.log(op.maximum(answer, least))
    if np.abs(logsumexp(scores, axis=2)).max() > _TOLERANCE:
        return *sets, op.log_softmax(answer, axis=-1)
    return *sets, op.convert(answer, "f32")


def _sets(network: Onnx, classes: int) -> tuple[int, int] | None:
    """Return of how many speakers, and up to how many at once, the classes are sets."""
    speakers = network.number("num_speakers", 0, MAX_SPEAKERS)
    largest = network.number("powerset_max_classes", 0, MAX_SPEAKERS)
    if speakers and largest:
        if _count(speakers, largest) != classes:
            raise ModelError(
                f"it answers {classes} classes, and its properties speak of sets of up to {largest}"
                f" of {speakers} speakers: fetch it again"
            )
        return speakers, largest
    counts = {_count(speakers, LARGEST_SET): speakers for speakers in range(2, MAX_SPEAKERS)}
    return (counts[classes], LARGEST_SET) if classes in counts else None


def _count(speakers: int, largest: int) -> int:
    """Count the sets of up to ``largest`` speakers."""
    return sum(comb(speakers, size) for size in range(min(largest, speakers) + 1))
