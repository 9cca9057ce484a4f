"""The pipelines that are timed, each in a process and an environment of its own.

A runner (``benchmarks/runners``) takes a task as JSON, runs once on a few seconds to warm up and
once for the clock, and prints a JSON object: ``seconds`` and ``cpu_s`` of the run, ``load_s`` of
imports and models, ``stages_s`` by name, ``peak_mb`` of the process, and the answer as ``rttm``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.simulation import SHARED
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.sources.addresses import fetch
from ovdiar_export.sources.origins import PYANNOTE_SEGMENTATION

RUNNERS = Path(__file__).parent / "runners"
PYANNOTE = ("torch==2.13.0", "pyannote.audio==4.0.7", "soundfile", "onnx", "onnxscript")
SHERPA = ("sherpa-onnx==2.0.1", "numpy", "soundfile")
FAST = {"embedding_reuse": "shared"}
CALIBRATION = ("ami", "simulated")


@dataclass(frozen=True)
class Peer:
    """One pipeline: the interpreter that runs it, its runner, and the runner's task."""

    python: Path
    runner: str
    task: dict[str, Any]

    def run(self, audio: Path, threads: int, warm_up_s: float = 11.0) -> dict[str, Any]:
        """Time it on a recording."""
        task = self.task | {"audio": str(audio), "threads": threads, "warm_up_s": warm_up_s}
        command = [str(self.python), str(RUNNERS / self.runner), json.dumps(task)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        outcome: dict[str, Any] = json.loads(answer.splitlines()[-1])
        return outcome


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """Return the interpreter of a virtual environment with some packages, made where it is missing.

    torchaudio and torchcodec come as CUDA builds: without their compiled parts, both import on
    the CPU build of torch.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        for package in packages:  # torch first: what follows then leaves it alone
            subprocess.run([str(python), "-m", "pip", "install", "-q", package], check=True)
    for name in ("torchaudio", "torchcodec"):
        for compiled in folder.glob(f"lib/python*/site-packages/{name}/**/*.so"):
            compiled.rename(compiled.with_suffix(".so.away"))
    return python


def networks(folder: Path, pyannote: Path) -> None:
    """Make the same two networks as checkpoints, ONNX and bundles (float32, int8), once."""
    if not (folder / "embedding.onnx").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            source = fetch(PYANNOTE_SEGMENTATION.source, folder=Path(scratch))
            sigmoid = Path(scratch, "sigmoid.npz")
            np.savez(sigmoid, **read_checkpoint(source).tensors)  # type: ignore[arg-type]
            script = str(RUNNERS / "pyannote_networks.py")
            command = [str(pyannote), script, str(sigmoid), str(SHARED / "checkpoints")]
            subprocess.run([*command, str(folder)], check=True, capture_output=True)
    sources = [f"--{part}={folder / part}.bin" for part in ("segmentation", "embedding")]
    calibrate = ["--calibrate", *(str(SHARED / "data" / name) for name in CALIBRATION)]
    for name, more in {"f32": [], "int8": ["--precision", "int8", *calibrate]}.items():
        if not (folder / name / "bundle.json").exists():
            exporter = [sys.executable, "-m", "ovdiar_export.cli", "custom", name, *sources]
            subprocess.run([*exporter, "--output", str(folder / name), *more], check=True)


def pipelines(folder: Path, pyannote: Path, sherpa: Path, step: float) -> dict[str, Peer]:
    """Name what is timed; ``step`` is a share of the window, where it is not a mode's own."""
    here = Path(sys.executable)

    def ours(bundle: str, **options: Any) -> Peer:
        return Peer(here, "run_ovdiar.py", {"bundle": bundle, "options": options})

    f32, int8 = str(folder / "f32"), str(folder / "int8")
    checkpoints = {part: str(folder / f"{part}.bin") for part in ("segmentation", "embedding")}
    onnx = {part: str(folder / f"{part}.onnx") for part in ("segmentation", "embedding")}
    theirs = {"plda": str(SHARED / "plda"), "threshold": 0.7045654963945799, "step": step}
    return {
        "exact": ours(f32, segmentation_step=step),
        "fast, same step": ours(f32, **FAST, segmentation_step=step),
        "fast": ours(f32, **FAST),
        "fast + int8": ours(int8, **FAST),
        "tiny": ours("tiny"),
        "sherpa-onnx": Peer(sherpa, "run_sherpa.py", onnx | {"threshold": 0.5, "step": step}),
        "pyannote.audio": Peer(pyannote, "run_pyannote.py", checkpoints | theirs),
    }
