"""Compress networks: f16 halves the stored weights, int8 also computes in integers."""

from __future__ import annotations

import contextlib
import io
import os
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from openvino import opset13 as op

from ovdiar.embedding import pool_statistics
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.networks.runtime import Network

from ..evaluation.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import TypeAlias

    import openvino as ov
    from numpy.typing import NDArray

    from ..parts import Part

    Precision: TypeAlias = Literal["f32", "f16", "int8"]

PRECISIONS: tuple[Precision, ...] = ("f32", "f16", "int8")

WHOLE_NUMBERS = ("Convolution", "LSTMSequence", "MatMul")
"""Operations that int8 makes faster. Sums and products stay in float32: the normalisation of the
waveform is among them (docs/studies/int8-lstm.md)."""

LEVELS = 256
HIDDEN_RANGE = 1.0
"""A hidden state is a sigmoid times a tanh."""

_LEFT_ALONE = ("Constant", "Parameter", "Result")


def compress_part(
    part: Part, precision: Precision, folder: Path, windows: Sequence[NDArray[np.float32]]
) -> Part:
    """Compress all networks of a part.

    Parameters
    ----------
    part : the float32 networks
    precision : see `compress`
    folder : of the written float32 networks, which compute the inputs of the later ones
    windows : audio (samples,) for calibration, see `cost.shares`; only int8 needs any

    Returns
    -------
    The part, to be saved with ``compress_to_fp16=(precision == "f16")``.
    """
    if precision != "int8":
        return part
    inputs = _inputs(part, folder, windows)
    networks = {
        name: model if name.endswith("/features") else compress(model, precision, inputs[name])
        for name, model in part.networks.items()
    }
    return replace(part, networks=networks)


def compress(
    model: ov.Model, precision: Precision, calibration: Sequence[NDArray[np.float32]]
) -> ov.Model:
    """Return a network in another precision.

    f32 and f16 are the same network, saved differently. int8 is NNCF's post-training
    quantisation of weights and activations, their ranges found on ``calibration``, a list of
    inputs. Features stay in float32: SincNet, filterbanks, and an LSTM right behind a filterbank.

    Raises
    ------
    ConfigError
        There are no inputs to calibrate int8 on.
    MissingPackageError
        NNCF is not installed.
    """
    if precision != "int8":
        return model
    if not calibration:
        raise ConfigError("int8 needs speech for calibration: give --calibrate PATH")
    nncf = _import_nncf()
    with contextlib.redirect_stdout(io.StringIO()):
        quantized = nncf.quantize(
            model,
            nncf.Dataset(list(calibration)),
            preset=nncf.QuantizationPreset.PERFORMANCE,
            subset_size=len(calibration),
            ignored_scope=nncf.IgnoredScope(names=_kept_names(model)),
        )
    _share_scales(quantized)
    return quantized


def _import_nncf() -> Any:
    os.environ["NNCF_CI"] = "1"  # NNCF's own switch: without it, NNCF reports to a web service
    try:
        import nncf  # noqa: PLC0415 - only int8 needs it
    except ImportError as error:
        raise MissingPackageError(
            f"int8 needs NNCF, which cannot be imported ({error}): pip install 'ovdiar[export]'"
        ) from error
    nncf.set_log_level("ERROR")
    return nncf


def _inputs(
    part: Part, folder: Path, windows: Iterable[NDArray[np.float32]]
) -> dict[str, list[NDArray[np.float32]]]:
    """Collect the inputs of each network when the part processes ``windows``."""
    names = list(part.networks)
    found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    first = Network(folder / names[0] / "openvino_model.xml")
    for window in windows:
        found[names[0]].append(window[None])
        if len(names) == 1:
            continue
        features = first(window[None])
        if part.entry["kind"] == "pooled":
            everything = np.ones((1, 1, features.shape[2]), np.float32)
            found[names[1]].append(pool_statistics(features, everything)[0])
        else:
            pieces = Probe(part.entry, window).pieces(features[0])
            found[names[1]] += [piece[None] for piece in pieces]
    return found


def _kept_names(model: ov.Model) -> list[str]:
    """List the operations that stay in float32."""
    ordered = model.get_ordered_ops()
    front = _front_end(ordered)
    return [
        node.get_friendly_name()
        for node in ordered
        if node.get_type_name() not in _LEFT_ALONE
        and (node.get_type_name() not in WHOLE_NUMBERS or node.get_friendly_name() in front)
    ]


def _front_end(ordered: Sequence[ov.Node]) -> set[str]:
    """Name the operations that compute features: SincNet, or all before the first layer.

    A first layer that is an LSTM counts as one: powers of a spectrum span too much for 8 bits.
    """
    pools = [node for node in ordered if node.get_type_name() == "MaxPool"]
    if pools:
        return _ancestors(pools[-1])
    layers = (node for node in ordered if node.get_type_name() in ("Convolution", "LSTMSequence"))
    first = next(layers, None)
    if first is None:
        return set()
    recurrent = first.get_type_name() == "LSTMSequence"
    return _ancestors(first) - (set() if recurrent else {first.get_friendly_name()})


def _ancestors(node: ov.Node) -> set[str]:
    """Name a node and all nodes that it depends on."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found.add(node.get_friendly_name())
            waiting += [value.get_node() for value in node.input_values()]
    return found


def _share_scales(model: ov.Model) -> None:
    """Set one scale for the data and one for the weights of all quantised LSTMs of one shape.

    OpenVINO's int8 LSTM has one scale for its input and hidden state, and one set of scales for
    both of its matrices. NNCF sets one for each, and gives a hidden state the range of its
    first value, which is always zero. In OpenVINO 2026.4 an LSTM also takes over the scales of
    another one of its shape, the other direction included (docs/studies/int8-lstm.md).
    """
    groups: dict[tuple[int, ...], list[ov.Node]] = defaultdict(list)
    for node in model.get_ops():
        if node.get_type_name() == "LSTMSequence" and _is_quantized(node):
            groups[tuple(node.input_value(4).get_shape())].append(node)
    for nodes in groups.values():
        largest = max(HIDDEN_RANGE, *(_range(node.input_value(0).get_node()) for node in nodes))
        weights = [[_dequantized(node.input_value(port)) for port in (4, 5)] for node in nodes]
        scale = max(float(np.abs(array).max()) for pair in weights for array in pair) / 127
        for node, pair in zip(nodes, weights, strict=True):
            for port in (0, 1):
                source = node.input_value(port).get_node().input_value(0)
                node.input(port).replace_source_output(_quantizer(source, largest))
            for port, array in zip((4, 5), pair, strict=True):
                node.input(port).replace_source_output(_stored(array, scale))
    model.validate_nodes_and_infer_types()


def _is_quantized(node: ov.Node) -> bool:
    kinds = [node.input_value(port).get_node().get_type_name() for port in (0, 1, 4, 5)]
    return kinds == ["FakeQuantize", "FakeQuantize", "Multiply", "Multiply"]


def _range(quantizer: ov.Node) -> float:
    """Return the largest absolute value that a quantiser represents."""
    ends = [quantizer.input_value(port).get_node().data for port in (1, 2)]
    return max(float(np.abs(end).max()) for end in ends)


def _quantizer(source: ov.Output, largest: float) -> ov.Output:
    low, high = np.float32(-largest), np.float32(largest * (1 - 2 / LEVELS))
    return op.fake_quantize(source, low, high, low, high, LEVELS).output(0)


def _dequantized(value: ov.Output) -> NDArray[np.float32]:
    """Multiply stored integers by their scales."""
    product = value.get_node()
    stored = product.input_value(0).get_node().input_value(0).get_node().data
    return np.asarray(stored * product.input_value(1).get_node().data, np.float32)


def _stored(array: NDArray[np.float32], scale: float) -> ov.Output:
    whole = op.convert(op.constant(np.round(array / scale).astype(np.int8)), "f32")
    return op.multiply(whole, np.full((1, 1, 1), scale, np.float32)).output(0)
