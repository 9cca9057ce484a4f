"""Read ONNX in a process of its own: OpenVINO's reader is native code, and damage can crash it.

The process leaves the networks as OpenVINO's own files, and what it says of them as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ovdiar.errors import ModelError
from ovdiar.networks.runtime import import_openvino

from ..parts import Part

TIMEOUT_S = 600
"""More than the largest networks need."""

_ANSWER = "answer.json"


def read_apart(name: str, path: Path) -> Part:
    """Read a file of ONNX as the part ``name`` of a bundle: "segmentation" or "embedding".

    Raises
    ------
    ModelError
        What the process raised; or it crashed, or did not end.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        _start(name, str(path.resolve()), temporary)
        answer = json.loads((place / _ANSWER).read_text(encoding="utf-8"))
        if "refusal" in answer:
            raise ModelError(answer["refusal"])
        core = import_openvino().Core()
        core.set_property({"ENABLE_MMAP": False})  # the files go, the networks stay
        networks = {at: core.read_model(place / file) for at, file in answer["networks"].items()}
    return Part(networks=networks, entry=answer["entry"])


def _start(*arguments: str) -> None:
    """Run this module in a process; refuse the file unless it says that all is done."""
    try:
        done = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"OpenVINO does not finish reading it in {TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise ModelError(f"OpenVINO's reader crashes on it ({done.returncode}): fetch it again")


def main(name: str, path: str, folder: str) -> None:
    """Do the work of the process."""
    from . import (  # noqa: PLC0415 - only the process that reads needs them
        embedding_network,
        segmentation_network,
    )

    place = Path(folder)
    module = {"segmentation": segmentation_network, "embedding": embedding_network}[name]
    answer: dict[str, Any]
    try:
        part = module.part(Path(path))
    except ModelError as error:
        answer = {"refusal": str(error)}
    else:
        files = {at: at.replace("/", "-") + ".xml" for at in part.networks}
        for at, model in part.networks.items():
            import_openvino().save_model(model, place / files[at], compress_to_fp16=False)
        answer = {"networks": files, "entry": dict(part.entry)}
    (place / _ANSWER).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
