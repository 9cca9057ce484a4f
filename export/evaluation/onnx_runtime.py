"""Run an ONNX file in ONNX Runtime, behind a filterbank and before a softmax in NumPy.

What stands in the file is run as it stands. What the exporter puts around it is repeated here from
the properties that the file states; nothing is shared with the graphs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import MissingPackageError, ModelError

from .layers import log_softmax
from .wespeaker import fbank

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from .layers import Array
    from .probe import Answers, Probe

KINDS: Mapping[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
"""Element types that NumPy has, too."""


def answer(probe: Probe, path: Path) -> Answers:
    """Evaluate the network of an ONNX file.

    The scores of a segmentation network, or the vectors of an embedding network, have the element
    type that the file computes in.

    Raises
    ------
    MissingPackageError
        ONNX Runtime is not installed, or lacks an operation or element type of the file.
    ModelError
        ONNX Runtime refuses the file.
    """
    session = _session(path)
    (source,) = session.get_inputs()
    if source.type not in KINDS:
        raise MissingPackageError(f"its input is {source.type}, which NumPy cannot hold")
    waveform = np.float64(probe.waveform)
    if "classes" in probe.entry:
        return {"scores": _finished(_run(session, waveform), powerset=probe.entry["powerset"])}
    if probe.entry["select"] == "samples":
        vector = _run(session, waveform).reshape(1, -1)
        return {"features": waveform[:, None], "vectors": vector}
    bands = _features(waveform, session.get_modelmeta().custom_metadata_map)
    return {"features": bands, "vectors": _run(session, bands).reshape(1, -1)}


def _session(path: Path) -> Any:
    """Open a file, to be run on the CPU as it is, without optimization."""
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, for networks from ONNX alone
        from onnxruntime.capi.onnxruntime_pybind11_state import (  # noqa: PLC0415 - likewise
            NotImplemented as Unsupported,
        )
    except ImportError as error:
        raise MissingPackageError(
            f"ONNX Runtime cannot be imported ({error}): "
            "pip install 'ovdiar[export]' and export again"
        ) from error
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Unsupported as error:
        raise MissingPackageError(f"ONNX Runtime cannot run it ({_reason(error)})") from error
    except Exception as error:  # its errors have no class in common
        raise ModelError(f"ONNX Runtime refuses it ({_reason(error)}): fetch it again") from error


def _run(session: Any, values: Array) -> NDArray[Any]:
    """Run one input, given leading axes of length one; return the first row of the output."""
    (source,) = session.get_inputs()
    shaped = values.reshape((1,) * (len(source.shape) - values.ndim) + values.shape)
    try:
        (found,) = session.run(None, {source.name: shaped.astype(KINDS[source.type])})
    except Exception as error:  # as above
        raise ModelError(
            f"ONNX Runtime cannot run it on an input of shape {shaped.shape} ({_reason(error)})"
        ) from error
    return np.asarray(found[0])


def _finished(raw: NDArray[Any], *, powerset: int | None) -> NDArray[Any]:
    """Turn the output into log-probabilities of sets; of single speakers it is probabilities."""
    if powerset is None:
        return raw
    values = np.float64(raw)
    if values.min() >= 0:
        values = np.log(np.maximum(values, np.finfo(np.float32).tiny))
    return np.asarray(log_softmax(values)).astype(raw.dtype)


def _features(waveform: Array, metadata: Mapping[str, str]) -> Array:
    """Compute Kaldi's filterbank, minus the mean of each band: WeSpeaker's or 3D-Speaker's."""
    default = "1" if metadata.get("framework") == "3d-speaker" else "0"
    if metadata.get("normalize_samples", default) == "0":
        bands = fbank(waveform)
    else:
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
        bands = fbank(waveform, window=hann**0.85, scale=1.0)
    return np.asarray(bands - bands.mean(axis=0))


def _reason(error: Exception) -> str:
    """Return the error in one line, shortened."""
    return " ".join(str(error).split())[:160]
