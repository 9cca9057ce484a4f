"""Read and run ONNX in processes of their own: readers are native code, and damage can crash them.

A process leaves its result in a folder: networks as OpenVINO's own files, arrays as .npz, and the
rest as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import MissingPackageError, ModelError
from ovdiar.networks.runtime import import_openvino
from ovdiar.temporary import folder_in

from ..evaluation.probe import Probe
from ..parts import Part

if TYPE_CHECKING:
    from ..evaluation.probe import Answers

TIMEOUT_S = 600
"""More than the largest networks need."""

_ANSWER = "answer.json"
_PROBE, _ARRAYS = "probe.json", "arrays.npz"


def read_apart(name: str, path: Path) -> Part:
    """Read an ONNX file as the part ``name`` of a bundle: "segmentation" or "embedding".

    Raises
    ------
    ModelError
        The process raised it; or the process crashed, or did not end.
    """
    with folder_in() as place:
        answer = _start("OpenVINO's reader", name, path, place)
        core = import_openvino().Core()
        core.set_property({"ENABLE_MMAP": False})  # the networks outlive the files
        networks = {at: core.read_model(place / file) for at, file in answer["networks"].items()}
    return Part(networks=networks, entry=answer["entry"])


def evaluate_apart(probe: Probe, path: Path) -> Answers:
    """Run an ONNX file in ONNX Runtime, see `evaluation.onnx_runtime.answer`.

    Raises
    ------
    MissingPackageError, ModelError
        The process raised it; or the process crashed, or did not end.
    """
    with folder_in() as place:
        (place / _PROBE).write_text(json.dumps(dict(probe.entry)), encoding="utf-8")
        np.savez(place / _ARRAYS, waveform=probe.waveform)
        _start("ONNX Runtime", "evaluation", path, place)
        with np.load(place / _ARRAYS) as arrays:
            return dict(arrays)


def _start(reader: str, task: str, path: Path, place: Path) -> dict[str, Any]:
    """Run this module in a process and return its answer; raise what the process raised."""
    try:
        done = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__, task, str(path.resolve()), str(place)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{reader} does not finish with it in {TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise ModelError(f"{reader} crashes on it ({done.returncode}): fetch it again")
    answer: dict[str, Any] = json.loads((place / _ANSWER).read_text(encoding="utf-8"))
    if "missing" in answer:
        raise MissingPackageError(answer["missing"])
    if "refusal" in answer:
        raise ModelError(answer["refusal"])
    return answer


def main(task: str, path: str, folder: str) -> None:
    """Do the work of the process."""
    answer: dict[str, Any]
    try:
        work = _evaluate if task == "evaluation" else _read
        answer = work(task, Path(path), Path(folder))
    except MissingPackageError as error:
        answer = {"missing": str(error)}
    except ModelError as error:
        answer = {"refusal": str(error)}
    Path(folder, _ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def _read(name: str, path: Path, place: Path) -> dict[str, Any]:
    from . import (  # noqa: PLC0415 - only the process that reads needs them
        embedding_network,
        segmentation_network,
    )

    module = {"segmentation": segmentation_network, "embedding": embedding_network}[name]
    part = module.part(path)
    files = {at: at.replace("/", "-") + ".xml" for at in part.networks}
    for at, model in part.networks.items():
        import_openvino().save_model(model, place / files[at], compress_to_fp16=False)
    return {"networks": files, "entry": dict(part.entry)}


def _evaluate(_task: str, path: Path, place: Path) -> dict[str, Any]:
    from ..evaluation import onnx_runtime  # noqa: PLC0415 - only this process needs it

    entry = json.loads((place / _PROBE).read_text(encoding="utf-8"))
    with np.load(place / _ARRAYS) as arrays:
        probe = Probe(entry, arrays["waveform"])
    answers: dict[str, Any] = dict(onnx_runtime.answer(probe, path))
    np.savez(place / _ARRAYS, **answers)
    return {}


if __name__ == "__main__":
    main(*sys.argv[1:])
