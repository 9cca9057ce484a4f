"""Segmentation networks published as ONNX: waveform [N, 1, samples] -> scores [N, frames, classes].

sherpa-onnx and onnx-community publish pyannote's so. Properties that a file does not state are
found by running it.
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
    attached,
    checked_output,
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
"""Default window, that of pyannote/segmentation-3.0, s."""

MAX_WINDOW_S = 60
LARGEST_SET = 2
"""Default number of speakers at once, likewise."""

MAX_SPEAKERS = 20

_TOLERANCE = 1e-3
"""Of a sum of probabilities."""


def part(path: Path) -> Part:
    """Read a segmentation network and describe it.

    The metadata that sherpa-onnx adds are used: ``sample_rate``, ``window_size``,
    ``receptive_field_size`` and ``_shift`` (in samples), ``num_speakers`` and
    ``powerset_max_classes``. Without them, pyannote's values are assumed: 10 s at 16 kHz,
    PyanNet's frames, sets of up to two speakers. The output must agree with either.

    Raises
    ------
    ModelError
        Its input or its output is of another kind.
    """
    network = read_onnx(path)
    rate = network.number("sample_rate", sincnet.RATE, MAX_RATE)
    source = parameter("waveform", -1, -1)
    fixed, fed = _input(network, source)
    window = fixed or network.number("window_size", WINDOW_S * rate, MAX_WINDOW_S * rate)
    step, width, start = sincnet.frame_grid()
    step = network.number("receptive_field_shift", step, window)
    width = network.number("receptive_field_size", width, window)
    raw = attached(network, fed)
    run = running(closed(source, "raw", raw))
    scores = checked_output(run, noise(2, window))
    for length in [window] if fixed else [window, window // 2, width]:
        _expect(run, length, 1 + (length - width) // step)
    speakers, powerset, finished = _finished(network, raw, scores)
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
    """Check the number of output frames for a length of input."""
    try:
        shape = list(run(noise(1, length)).shape)
    except ModelError:
        shape = []
    if len(shape) != 3 or shape[1] != frames:
        raise ModelError(
            f"its output for {length} samples has shape {shape}, where {frames} frames are "
            "expected: add receptive_field_shift and receptive_field_size to its metadata"
        )


def _input(network: Onnx, source: ov.Node) -> tuple[int | None, ov.Node]:
    """Reshape waveforms to a network's input; return its length, if that is fixed."""
    match sizes(network.source):
        case [_, length]:
            fed = source
        case [_, 1 | -1, length]:
            fed = op.unsqueeze(source, ints(1))
        case _:
            raise ModelError(
                f"its input is {shapes([network.source])}: "
                "expected a waveform [N, 1, samples] or [N, samples]"
            )
    return (length if length > 0 else None), fed


def _finished(
    network: Onnx, raw: ov.Node, scores: NDArray[np.float32]
) -> tuple[int, int | None, ov.Node]:
    """Turn the output into log-probabilities of sets, or probabilities of speakers.

    Returns
    -------
    number of speakers, largest set of them (None where classes are speakers), new output
    """
    classes = scores.shape[2]
    sets = _sets(network, classes)
    probable = scores.min() >= 0 and scores.max() <= 1
    if probable and (sets is None or np.abs(scores.sum(axis=2) - 1).max() > _TOLERANCE):
        return classes, None, op.convert(raw, "f32")
    if sets is None:
        raise ModelError(
            f"its {classes} classes are neither probabilities nor sets of speakers: "
            "add num_speakers and powerset_max_classes to its metadata"
        )
    if probable:
        least = np.float32(np.finfo(np.float32).tiny)
        return *sets, op.log(op.maximum(raw, least))
    if np.abs(logsumexp(scores, axis=2)).max() > _TOLERANCE:
        return *sets, op.log_softmax(raw, axis=-1)
    return *sets, op.convert(raw, "f32")


def _sets(network: Onnx, classes: int) -> tuple[int, int] | None:
    """Return the number of speakers, and of those at once, whose sets the classes are."""
    speakers = network.number("num_speakers", 0, MAX_SPEAKERS)
    largest = network.number("powerset_max_classes", 0, MAX_SPEAKERS)
    if speakers and largest:
        if _count(speakers, largest) != classes:
            raise ModelError(
                f"its {classes} classes do not match its metadata, sets of up to {largest} of "
                f"{speakers} speakers: fetch it again"
            )
        return speakers, largest
    counts = {_count(speakers, LARGEST_SET): speakers for speakers in range(2, MAX_SPEAKERS)}
    return (counts[classes], LARGEST_SET) if classes in counts else None


def _count(speakers: int, largest: int) -> int:
    """Count the sets of up to ``largest`` speakers."""
    return sum(comb(speakers, size) for size in range(min(largest, speakers) + 1))
