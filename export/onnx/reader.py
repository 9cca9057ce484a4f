"""Read ONNX through OpenVINO's own reader; the package ``onnx`` is not needed."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from openvino import opset13 as op

from ovdiar.errors import ModelError, ModelNotFoundError
from ovdiar.networks.runtime import import_openvino

from ..checkpoints.safetensors import is_safetensors
from ..graphs.layers import model as close

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import openvino as ov
    from numpy.typing import NDArray

    Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_IR_VERSION = b"\x08"
"""The tag of the first field of every ONNX file: the version of the format, a small number."""

MAX_RATE = 192_000
"""Highest sample rate, Hz."""

_KINDS = ("f32", "f16", "f64", "bf16")


@dataclass(frozen=True, eq=False)
class Onnx:
    """A network of one input and one output.

    ``metadata`` are the properties of the file by name.
    """

    graph: ov.Model
    metadata: Mapping[str, str]

    @property
    def source(self) -> ov.Output:
        """Its input."""
        return self.graph.inputs[0]

    @property
    def output(self) -> ov.Output:
        """Its output."""
        return self.graph.outputs[0]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a property that is a positive number; the default where it is missing.

        Raises
        ------
        ModelError
            It is not a number from 1 to ``most``.
        """
        text = self.metadata.get(name)
        if text is None:
            return default
        if not re.fullmatch("[0-9]{1,9}", text) or not 0 < int(text) <= most:
            raise ModelError(f"its property {name!r} is {text!r:.40}, expected 1 to {most}")
        return int(text)


def is_onnx(path: Path) -> bool:
    """Return whether a file is ONNX, by its name or else by its first bytes."""
    if path.suffix.lower() == ".onnx":
        return True
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError:
        return False  # the reader raises the error
    return head[:1] == _IR_VERSION and 0 < head[1] < 32 and not is_safetensors(head)


def read_onnx(path: Path) -> Onnx:
    """Read a network.

    Raises
    ------
    ModelNotFoundError
        There is no such file.
    ModelError
        It is damaged, has an operation that OpenVINO lacks, or not one input and one output.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1)
    except FileNotFoundError as error:
        raise ModelNotFoundError("no such file; check the path") from error
    except OSError as error:
        raise ModelError(f"it cannot be read ({error.strerror}); name an ONNX file") from error
    if head != _IR_VERSION:
        raise ModelError("not ONNX, by its first bytes: fetch it again")
    frontend = importlib.import_module("openvino.frontend")
    try:  # this reader only: others print messages about damaged files
        reader = frontend.FrontEndManager().load_by_framework("onnx")
        graph = reader.convert(reader.load(str(path)))
        metadata = _metadata(graph)
    except Exception as error:  # those of its readers have no class in common
        raise ModelError(f"OpenVINO cannot read it ({_reason(error)}): fetch it again") from error
    for what, found in (("input", graph.inputs), ("output", graph.outputs)):
        if len(found) != 1:
            raise ModelError(f"it has {len(found)} {what}s ({shapes(found)}), expected one")
    return Onnx(graph, metadata)


def _metadata(graph: ov.Model) -> Mapping[str, str]:
    if not graph.has_rt_info(["framework"]):
        return {}
    properties = graph.get_rt_info(["framework"]).value
    return {str(name): str(value) for name, value in properties.items()}


def shapes(ports: list[ov.Output]) -> str:
    """Describe inputs or outputs: name and shape of each."""
    return ", ".join(f"{_name(port)!r:.40} {port.get_partial_shape()}" for port in ports) or "none"


def _name(port: ov.Output) -> str:
    return min(port.get_names(), default="unnamed")


def sizes(port: ov.Output) -> list[int]:
    """Return the shape of an input or output, -1 for dynamic sizes."""
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return []
    return [size.get_length() if size.is_static else -1 for size in shape]


def attached(network: Onnx, fed: ov.Node) -> ov.Node:
    """Connect a network's input, which works once; return its output. Both are float32.

    Raises
    ------
    ModelError
        Its input is not floating-point.
    """
    kind = network.source.get_element_type().get_type_name()
    if kind not in _KINDS:
        raise ModelError(f"its input {shapes([network.source])} is {kind}, expected float32")
    answer = network.output.get_node().input_value(0)
    taken = op.convert(fed, kind)
    for target in network.source.get_target_inputs():
        target.replace_source_output(taken.output(0))
    return op.convert(answer, "f32")


def closed(source: ov.Node, name: str, answer: ov.Node) -> ov.Model:
    """Make a model from an input to an output called ``name``.

    Raises
    ------
    ModelError
        The network takes inputs of one size only.
    """
    try:
        return close("ONNX", source, name, answer)
    except RuntimeError as error:
        raise ModelError(
            f"its sizes are fixed ({_reason(error)}): export it with dynamic axes"
        ) from error


def running(model: ov.Model) -> Run:
    """Compile a network; return a function that runs it."""
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = import_openvino().Core().compile_model(model, "CPU", options)

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return np.array(compiled(batch)[0])
        except RuntimeError as error:
            raise ModelError(
                f"it fails on an input of shape {batch.shape} ({_reason(error)}): "
                "export it with dynamic axes"
            ) from error

    return run


def checked_output(run: Run, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a batch, and check that each row gives the same output alone.

    Raises
    ------
    ModelError
        The network mixes rows, or its output is not finite.
    """
    whole = run(batch)
    alone = np.concatenate([run(batch[row : row + 1]) for row in range(len(batch))])
    if not np.isfinite(whole).all():
        raise ModelError("its output for noise is not finite: fetch it again")
    if alone.shape != whole.shape or np.abs(alone - whole).max() > 1e-3 * np.abs(alone).max():
        raise ModelError(
            f"its output for {len(batch)} inputs is not that of each alone: "
            "export it with a dynamic batch"
        )
    return whole


def noise(*shape: int) -> NDArray[np.float32]:
    """Return noise at the level of speech, always the same."""
    generator = np.random.default_rng(0)
    return (0.1 * generator.standard_normal(shape)).astype(np.float32)


def _reason(error: Exception) -> str:
    """Return the last line of an error, shortened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or ["no reason given"])[-1][:160]
