"""State dicts of every architecture with weights from a seed, the same wherever NumPy runs.

Names and shapes are those of the published checkpoints; sizes may be smaller.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Tensors = dict[str, "NDArray[Any]"]
Shapes = dict[str, tuple[int, ...]]


def fill(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> Tensors:
    """Draw each tensor from a generator of its own, so that neighbours do not matter."""
    tensors: Tensors = {}
    for name, shape in shapes.items():
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        if len(shape) > 1:
            values = generator.standard_normal(shape) * math.sqrt(0.5 / math.prod(shape[1:]))
        elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            values = generator.uniform(0.5, 1.5, shape)
        else:
            values = generator.standard_normal(shape) * 0.1
        tensors[name] = values.astype(np.float32)
    return tensors


def norm_shapes(prefix: str, size: int) -> Shapes:
    names = ("weight", "bias", "running_mean", "running_var")
    return {f"{prefix}.{name}": (size,) for name in names}


def lstm_shapes(
    prefix: str, layer: int, inputs: int, hidden: int, *, bidirectional: bool
) -> Shapes:
    shapes: Shapes = {}
    for suffix in ("", "_reverse")[: 1 + bidirectional]:
        shapes[f"{prefix}weight_ih_l{layer}{suffix}"] = (4 * hidden, inputs)
        shapes[f"{prefix}weight_hh_l{layer}{suffix}"] = (4 * hidden, hidden)
        shapes[f"{prefix}bias_ih_l{layer}{suffix}"] = (4 * hidden,)
        shapes[f"{prefix}bias_hh_l{layer}{suffix}"] = (4 * hidden,)
    return shapes


def sincnet(seed: int = 0) -> Tensors:
    shapes: Shapes = {
        "sincnet.wav_norm1d.weight": (1,),
        "sincnet.wav_norm1d.bias": (1,),
        "sincnet.conv1d.1.weight": (60, 80, 5),
        "sincnet.conv1d.1.bias": (60,),
        "sincnet.conv1d.2.weight": (60, 60, 5),
        "sincnet.conv1d.2.bias": (60,),
    }
    for index, size in enumerate((80, 60, 60)):
        shapes[f"sincnet.norm1d.{index}.weight"] = (size,)
        shapes[f"sincnet.norm1d.{index}.bias"] = (size,)
    tensors = fill(shapes, seed)
    bank = "sincnet.conv1d.0.filterbank."
    edges = np.geomspace(30, 7600, 41, dtype=np.float32)
    tensors[bank + "low_hz_"] = edges[:-1, None] - 50
    tensors[bank + "band_hz_"] = np.diff(edges)[:, None]
    tensors[bank + "window_"] = np.hamming(251)[:125].astype(np.float32)
    tensors[bank + "n_"] = (2 * np.pi * np.arange(-125, 0)[None] / 16_000).astype(np.float32)
    return tensors


def pyannet(
    *,
    hidden: int = 8,
    layers: int = 2,
    monolithic: bool = True,
    bidirectional: bool = True,
    linear: Sequence[int] = (12, 10),
    classes: int = 7,
    seed: int = 0,
) -> Tensors:
    shapes: Shapes = {}
    size = 60
    for layer in range(layers):
        prefix, number = ("lstm.", layer) if monolithic else (f"lstm.{layer}.", 0)
        shapes |= lstm_shapes(prefix, number, size, hidden, bidirectional=bidirectional)
        size = hidden * (1 + bidirectional)
    for index, outputs in enumerate(linear):
        shapes[f"linear.{index}.weight"] = (outputs, size)
        shapes[f"linear.{index}.bias"] = (outputs,)
        size = outputs
    shapes["classifier.weight"] = (classes, size)
    shapes["classifier.bias"] = (classes,)
    return sincnet(seed) | fill(shapes, seed)


def ge2e(*, hidden: int = 16, layers: int = 3, dimension: int = 24, seed: int = 0) -> Tensors:
    shapes: Shapes = {}
    size = 40
    for layer in range(layers):
        shapes |= lstm_shapes("lstm.", layer, size, hidden, bidirectional=False)
        size = hidden
    shapes |= {"linear.weight": (dimension, size), "linear.bias": (dimension,)}
    return fill(shapes, seed)


def resnet(
    depths: Sequence[int],
    *,
    bottleneck: bool,
    width: int = 32,
    dimension: int = 256,
    seed: int = 0,
) -> Tensors:
    """Give WeSpeaker's names: four stages, each twice as wide as the one before."""
    shapes: Shapes = {"conv1.weight": (width, 1, 3, 3)} | norm_shapes("bn1", width)
    size = width
    for stage, depth in enumerate(depths, 1):
        planes = width << (stage - 1)
        outputs = 4 * planes if bottleneck else planes
        for block in range(depth):
            name = f"layer{stage}.{block}"
            kernels = [(planes, size, 3), (planes, planes, 3)]
            if bottleneck:
                kernels = [(planes, size, 1), (planes, planes, 3), (outputs, planes, 1)]
            for index, (out, inputs, side) in enumerate(kernels, 1):
                shapes[f"{name}.conv{index}.weight"] = (out, inputs, side, side)
                shapes |= norm_shapes(f"{name}.bn{index}", out)
            if size != outputs or (block == 0 and stage > 1):
                shapes[f"{name}.shortcut.0.weight"] = (outputs, size, 1, 1)
                shapes |= norm_shapes(f"{name}.shortcut.1", outputs)
            size = outputs
    shapes |= {"seg_1.weight": (dimension, 20 * size), "seg_1.bias": (dimension,)}
    return fill({f"resnet.{name}": shape for name, shape in shapes.items()}, seed)


def xvector_mfcc(*, seed: int = 0) -> Tensors:
    """Give XVectorMFCC's names, with torchaudio's window, HTK filters and DCT."""
    size = 40
    shapes: Shapes = {}
    for index, (out, width) in enumerate(((512, 5), (512, 3), (512, 3), (512, 1), (1500, 1))):
        shapes[f"tdnns.{3 * index}.weight"] = (out, size, width)
        shapes[f"tdnns.{3 * index}.bias"] = (out,)
        shapes |= norm_shapes(f"tdnns.{3 * index + 2}", out)
        size = out
    shapes |= {"embedding.weight": (512, 2 * size), "embedding.bias": (512,)}
    tensors = fill(shapes, seed)
    mel = "mfcc.MelSpectrogram."
    tensors[mel + "spectrogram.window"] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    edges = 700 * (10 ** (np.linspace(0, 2595 * math.log10(1 + 8000 / 700), 130) / 2595) - 1)
    hz = np.linspace(0, 8000, 201)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    tensors[mel + "mel_scale.fb"] = np.maximum(0, np.minimum(rising, falling))
    cosines = np.cos(np.pi / 128 * (np.arange(128)[:, None] + 0.5) * np.arange(40))
    cosines[:, 0] /= math.sqrt(2)
    tensors["mfcc.dct_mat"] = cosines * math.sqrt(2 / 128)
    return tensors


def ecapa(channels: Sequence[int] = (1024, 1024, 1024, 1024, 3072), *, seed: int = 0) -> Tensors:
    """Give SpeechBrain's names, sized as spkrec-ecapa-voxceleb unless told otherwise."""

    def convolution(name: str, *shape: int) -> Shapes:
        return {f"{name}.conv.weight": shape, f"{name}.conv.bias": shape[:1]}

    def tdnn(name: str, *shape: int) -> Shapes:
        return convolution(f"{name}.conv", *shape) | norm_shapes(f"{name}.norm.norm", shape[0])

    shapes = tdnn("blocks.0", channels[0], 80, 5)
    for index in (1, 2, 3):
        name, inputs, size = f"blocks.{index}", channels[index - 1], channels[index]
        shapes |= tdnn(f"{name}.tdnn1", size, inputs, 1)
        for group in range(7):
            shapes |= tdnn(f"{name}.res2net_block.blocks.{group}", size // 8, size // 8, 3)
        shapes |= tdnn(f"{name}.tdnn2", size, size, 1)
        shapes |= convolution(f"{name}.se_block.conv1", 128, size, 1)
        shapes |= convolution(f"{name}.se_block.conv2", size, 128, 1)
        if size != inputs:
            shapes |= convolution(f"{name}.shortcut", size, inputs, 1)
    shapes |= tdnn("mfa", channels[4], sum(channels[1:4]), 1)
    shapes |= tdnn("asp.tdnn", 128, 3 * channels[4], 1)
    shapes |= convolution("asp.conv", channels[4], 128, 1)
    shapes |= norm_shapes("asp_bn.norm", 2 * channels[4])
    shapes |= convolution("fc", 192, 2 * channels[4], 1)
    return fill(shapes, seed)


def campplus(
    depths: Sequence[int] = (12, 24, 16),
    *,
    width: int = 32,
    growth: int = 32,
    dimension: int = 192,
    seed: int = 0,
) -> Tensors:
    """Give 3D-Speaker's names, sized as CAM++ is published unless told otherwise."""
    shapes: Shapes = {}

    def image(name: str, convolution: str, norm: str, *shape: int) -> None:
        shapes[f"head.{name}{convolution}.weight"] = shape
        shapes.update(norm_shapes(f"head.{name}{norm}", shape[0]))

    image("", "conv1", "bn1", width, 1, 3, 3)
    for layer in (1, 2):
        for block in (0, 1):
            name = f"layer{layer}.{block}."
            for index in (1, 2):
                image(name, f"conv{index}", f"bn{index}", width, width, 3, 3)
        image(f"layer{layer}.0.", "shortcut.0", "shortcut.1", width, width, 1, 1)
    image("", "conv2", "bn2", width, width, 3, 3)
    size, narrow = 4 * growth, 4 * growth
    shapes["xvector.tdnn.linear.weight"] = (size, 10 * width, 5)
    shapes |= norm_shapes("xvector.tdnn.nonlinear.batchnorm", size)
    for number, depth in enumerate(depths, 1):
        for layer in range(1, depth + 1):
            name = f"xvector.block{number}.tdnnd{layer}"
            shapes |= norm_shapes(f"{name}.nonlinear1.batchnorm", size)
            shapes[f"{name}.linear1.weight"] = (narrow, size, 1)
            shapes |= norm_shapes(f"{name}.nonlinear2.batchnorm", narrow)
            shapes[f"{name}.cam_layer.linear_local.weight"] = (growth, narrow, 3)
            shapes[f"{name}.cam_layer.linear1.weight"] = (narrow // 2, narrow, 1)
            shapes[f"{name}.cam_layer.linear1.bias"] = (narrow // 2,)
            shapes[f"{name}.cam_layer.linear2.weight"] = (growth, narrow // 2, 1)
            shapes[f"{name}.cam_layer.linear2.bias"] = (growth,)
            size += growth
        shapes |= norm_shapes(f"xvector.transit{number}.nonlinear.batchnorm", size)
        shapes[f"xvector.transit{number}.linear.weight"] = (size // 2, size, 1)
        size //= 2
    shapes |= norm_shapes("xvector.out_nonlinear.batchnorm", size)
    shapes["xvector.dense.linear.weight"] = (dimension, 2 * size, 1)
    last = "xvector.dense.nonlinear.batchnorm"
    shapes |= {f"{last}.running_mean": (dimension,), f"{last}.running_var": (dimension,)}
    return fill(shapes, seed)
