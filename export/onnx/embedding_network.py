"""Embedding networks published as ONNX: features [N, frames, 80], or waveform -> vectors [N, D].

WeSpeaker, 3D-Speaker and sherpa-onnx publish ResNet34, CAM++, ERes2Net and others so. A network
of features gets its filterbank in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op

from ovdiar.errors import ModelError

from ..graphs.fbank import KaldiFbank, kaldi_fbank, subtract_mean
from ..graphs.layers import ints, model, parameter
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
    from collections.abc import Callable
    from pathlib import Path

    import openvino as ov
    from numpy.typing import NDArray

RATE, HOP, BANDS = 16_000, 160, 80
PROBE_S = 2
"""Length of the noise that a network is tried on, s."""

WESPEAKER = KaldiFbank(bands=BANDS)
THREE_D_SPEAKER = KaldiFbank(bands=BANDS, window="povey", scale=1.0)
"""torchaudio's defaults, on samples within [-1, 1]."""


def part(path: Path) -> Part:
    """Read an embedding network and describe it: kind ``utterance``.

    A speaker's own frames are selected from the features of the whole window after their mean is
    subtracted, as in pyannote.audio 3.0 with WeSpeaker. The filterbank is WeSpeaker's unless the
    metadata that sherpa-onnx adds name 3D-Speaker (``framework``, ``normalize_samples``).

    Raises
    ------
    ModelError
        Its input or its output is of another kind.
    """
    network = read_onnx(path)
    rate = network.number("sample_rate", RATE, MAX_RATE)
    if rate != RATE:
        raise ModelError(f"it is for audio at {rate} Hz: expected {RATE} Hz")
    match sizes(network.source):
        case [_, _, size] if size == BANDS:
            return _of_frames(network)
        case [_, _]:
            return _of_samples(network, ints(0, -1))
        case [_, 1, _]:
            return _of_samples(network, ints(0, 1, -1))
    raise ModelError(
        f"its input is {shapes([network.source])}: expected features [N, frames, {BANDS}], or a "
        "waveform [N, samples] or [N, 1, samples]"
    )


def _of_frames(network: Onnx) -> Part:
    """Put the filterbank before a network of features."""
    normalised = network.metadata.get("feature_normalize_type", "")
    if normalised not in {"", "global-mean"}:
        raise ModelError(f"its features are normalised by {normalised!r:.40}: expected global-mean")
    framework = network.metadata.get("framework", "wespeaker")
    default = "1" if framework == "3d-speaker" else "0"
    loud = network.metadata.get("normalize_samples", default) == "0"
    fbank = WESPEAKER if loud else THREE_D_SPEAKER
    waveform = parameter("waveform", -1, -1)
    features = subtract_mean(kaldi_fbank(waveform, fbank))
    source = parameter("features", -1, -1, BANDS)
    graph, dimension, least = _vectors(source, attached(network, source), PROBE_S * RATE // HOP)
    return Part(
        networks={
            "embedding/features": model("Kaldi features", waveform, "features", features),
            "embedding/network": graph,
        },
        entry={
            **_entry(dimension, least * HOP),
            "select": "frames",
            "hop_samples": HOP,
        },
    )


def _of_samples(network: Onnx, shape: NDArray[np.int64]) -> Part:
    """Feed each speaker's samples to a network of waveforms, as features of one band."""
    waveform = parameter("waveform", -1, -1)
    source = parameter("features", -1, -1, 1)
    fed = op.reshape(source, shape, special_zero=True)
    graph, dimension, least = _vectors(source, attached(network, fed), PROBE_S * RATE)
    features = op.unsqueeze(waveform, ints(2))
    return Part(
        networks={
            "embedding/features": model("Samples", waveform, "features", features),
            "embedding/network": graph,
        },
        entry={**_entry(dimension, least), "select": "samples", "hop_samples": 1},
    )


def _entry(dimension: int, min_samples: int) -> dict[str, Any]:
    return {
        "architecture": "ONNX",
        "kind": "utterance",
        "sample_rate": RATE,
        "dimension": dimension,
        "min_samples": min_samples,
    }


def _vectors(source: ov.Node, answer: ov.Node, length: int) -> tuple[ov.Model, int, int]:
    """Close a network of features; return it, its dimension and its shortest input, in frames.

    The dimension and the shortest input are found by running it on up to ``length`` frames.
    """
    flat = op.reshape(answer, ints(0, -1), special_zero=True)
    graph = closed(source, "embedding", flat)
    run = running(graph)
    bands = source.get_output_partial_shape(0)[2].get_length()
    dimension = checked_output(run, noise(2, length, bands)).shape[1]
    if run(noise(1, length // 2, bands)).shape[1] != dimension:
        raise ModelError("its output has more than one vector for a waveform: expected one")

    def works(frames: int) -> bool:
        try:
            one, other = run(noise(2, frames, bands))
        except ModelError:
            return False
        return bool(np.isfinite(one).all() and (one != other).any())

    return graph, dimension, _least(works, length)


def _least(works: Callable[[int], bool], most: int) -> int:
    """Return the smallest number that works, if all above it do; ``most`` works."""
    fails, least = 0, 1
    while not works(least):
        fails, least = least, min(2 * least, most)
    while least - fails > 1:
        middle = (least + fails) // 2
        fails, least = (fails, middle) if works(middle) else (middle, least)
    return least
