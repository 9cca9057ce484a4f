"""Small networks as ONNX files: one filter per class or dimension, and their slow evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from reference.onnx_files import node, onnx_file, value_info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

STEP, WIDTH = 270, 991
DIMENSION = 16
CONTEXT = 5
"""Frames that a filter over features sees."""

HERTZ_STEP, HERTZ_WIDTH = 160, 400


def weights(*shape: int, kind: str = "float32") -> NDArray[Any]:
    generator = np.random.default_rng(shape)
    drawn: NDArray[Any] = generator.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    return drawn.astype(kind)


def slide(
    signal: NDArray[np.float32], filters: NDArray[np.float32], step: int
) -> NDArray[np.float64]:
    """Correlate channels (C, T) with filters (F, C, width), one product at a time: (frames, F)."""
    width = filters.shape[2]
    starts = range(0, signal.shape[1] - width + 1, step)
    return np.array([[np.sum(signal[:, s : s + width] * f) for f in filters] for s in starts])


def segmentation_onnx(
    finish: str = "LogSoftmax",
    *,
    classes: int = 7,
    shape: Sequence[int | str] = ("N", 1, "T"),
    metadata: Mapping[str, str | int] | None = None,
    kind: str = "float32",
    step: int = STEP,
    mixing: bool = False,
) -> bytes:
    """Write a network that slides a filter per class over the waveform.

    ``finish`` is what ends it; ``mixing`` takes the mean over the batch off the waveform.
    """
    source, nodes = "x", []
    if mixing:
        nodes += [node("ReduceMean", [source], "m", axes=[0], keepdims=1)]
        nodes += [node("Sub", [source, "m"], "d")]
        source = "d"
    if len(shape) == 2:
        nodes += [node("Unsqueeze", [source, "axis"], "u")]
        source = "u"
    nodes += [
        node("Conv", [source, "w"], "c", strides=[step]),
        node("Transpose", ["c"], "t", perm=[0, 2, 1]),
        node(finish, ["t"], "y", **({"axis": -1} if "max" in finish else {})),
    ]
    return onnx_file(
        [value_info("x", shape, kind)],
        nodes,
        [value_info("y", ["N", "F", classes], kind)],
        {"w": 10 * weights(classes, 1, WIDTH, kind=kind), "axis": np.array([1])},
        metadata,
    )


def scores(waveform: NDArray[np.float32], classes: int = 7) -> NDArray[np.float64]:
    """Answer one waveform (samples,) before the finish: (frames, classes)."""
    return slide(waveform[None], 10 * weights(classes, 1, WIDTH), STEP)


def features_onnx(
    *,
    shape: Sequence[int | str] = ("B", "T", 80),
    metadata: Mapping[str, str | int] | None = None,
    kept: bool = False,
    frames: bool = False,
) -> bytes:
    """Write a network of features; ``kept`` gives [B, 1, D], ``frames`` a vector for each frame."""
    nodes = [
        node("Transpose", ["feats"], "t", perm=[0, 2, 1]),
        node("Conv", ["t", "w"], "c"),
        node("Abs", ["c"], "a"),
    ]
    output: list[int | str] = ["B", "D"]
    if frames:
        nodes.append(node("Transpose", ["a"], "embs", perm=[0, 2, 1]))
        output = ["B", "F", DIMENSION]
    else:
        nodes.append(node("ReduceMean", ["a"], "embs", axes=[2], keepdims=int(kept)))
        output = ["B", DIMENSION, 1] if kept else ["B", DIMENSION]
    return onnx_file(
        [value_info("feats", shape)],
        nodes,
        [value_info("embs", output)],
        {"w": weights(DIMENSION, 80, CONTEXT)},
        metadata,
    )


def vector_of_features(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Answer features (frames, 80): (D,)."""
    mean: NDArray[np.float64] = np.abs(slide(features.T, weights(DIMENSION, 80, CONTEXT), 1)).mean(
        0
    )
    return mean


def absolute_onnx(shape: Sequence[int | str], kind: str = "float32") -> bytes:
    """Write a network that takes what is not wanted."""
    infos = [value_info(name, shape, kind) for name in ("x", "y")]
    return onnx_file(infos[:1], [node("Abs", ["x"], "y")], infos[1:], {})


def samples_onnx(shape: Sequence[int | str] = ("N", 1, "T")) -> bytes:
    """Write an embedding network of waveforms."""
    nodes, source = [], "waveform"
    if len(shape) == 2:
        nodes, source = [node("Unsqueeze", ["waveform", "axis"], "u")], "u"
    nodes += [
        node("Conv", [source, "w"], "c", strides=[HERTZ_STEP]),
        node("Abs", ["c"], "a"),
        node("ReduceMean", ["a"], "embedding", axes=[2], keepdims=0),
    ]
    return onnx_file(
        [value_info("waveform", shape)],
        nodes,
        [value_info("embedding", ["N", DIMENSION])],
        {"w": weights(DIMENSION, 1, HERTZ_WIDTH), "axis": np.array([1])},
    )


def vector_of_samples(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Answer a waveform (samples,): (D,)."""
    filters = weights(DIMENSION, 1, HERTZ_WIDTH)
    mean: NDArray[np.float64] = np.abs(slide(waveform[None], filters, HERTZ_STEP)).mean(0)
    return mean
