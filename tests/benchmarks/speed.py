"""ovdiar beside pyannote.audio and sherpa-onnx: the same audio, the same networks, one run.

cd tests && python -m benchmarks.speed [--rounds 3] [--environments FOLDER] [--networks FOLDER]
[--json FILE] [--write PAGE]

The pipelines take turns, so that a noisy machine disturbs all of them alike; figures are medians of
the rounds, ratios medians of the ratios within a round. What the peers need is installed into
virtual environments below ``--environments`` once (2 GB), and the networks are made once: PyanNet
with trained weights as a powerset for windows of 10 s, WeSpeaker ResNet34 with random weights (see
``runners/pyannote_networks.py``). Needs the reference material. Their embeddings being random, DER
compares modes and pipelines with ovdiar's exact mode, not with the truth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.machine import describe, put, sgemm_gflops
from benchmarks.peers import PYANNOTE, SHERPA, environment, networks, pipelines
from benchmarks.simulation import conversation
from benchmarks.work import network_gflop

from ovdiar.formats import rttm
from ovdiar.metrics import diarization_errors
from ovdiar.networks.models import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar import Annotation

STEP = 0.1
"""Of the windows, as a share of one: pyannote's."""
NETWORKS = ("segmentation", "embedding/trunk")


def measure(
    audio: Path, rounds: int, threads: int, peers: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Let the pipelines take turns."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in peers}
    for number in range(rounds):
        for name, peer in peers.items():
            outcome = peer.run(audio, threads)
            found[name].append(outcome)
            print(f"{number + 1}/{rounds} {name}: {outcome['seconds']:.1f} s", file=sys.stderr)
    return found


def median(rows: Iterable[dict[str, Any]], key: str) -> float:
    """Return the median of one figure."""
    return float(statistics.median(row[key] for row in rows))


def ratio(slow: list[dict[str, Any]], quick: list[dict[str, Any]]) -> float:
    """Return how many times faster one is: the median of the rounds."""
    pairs = zip(slow, quick, strict=True)
    return float(statistics.median(a["seconds"] / b["seconds"] for a, b in pairs))


def turns(outcome: dict[str, Any]) -> Annotation:
    """Read an answer."""
    (annotation,) = rttm.loads(outcome["rttm"]).values()
    return annotation


def markdown(found: dict[str, list[dict[str, Any]]], duration_s: float) -> str:
    """Render a row for each pipeline."""
    head = (
        "| pipeline | s | real-time factor | x pyannote | x sherpa | segmentation + embeddings, s "
    )
    lines = [head + "| cores | peak MB | load, s | DER to exact |", "| --- " * 10 + "|"]
    for name, rows in found.items():
        seconds = median(rows, "seconds")
        stages = [
            statistics.median(row["stages_s"].get(stage, 0) for row in rows)
            for stage in ("segmentation", "embeddings")
        ]
        parts = " + ".join(f"{s:.1f}" for s in stages) if any(stages) else ""
        cores = statistics.median(row["cpu_s"] / row["seconds"] for row in rows)
        der = diarization_errors(turns(found["exact"][0]), turns(rows[0])).rate
        lines.append(
            f"| {name} | {seconds:.1f} | {seconds / duration_s:.3f} "
            f"| {ratio(found['pyannote.audio'], rows):.1f} "
            f"| {ratio(found['sherpa-onnx'], rows):.1f} "
            f"| {parts} | {cores:.2f} | {median(rows, 'peak_mb'):.0f} "
            f"| {median(rows, 'load_s'):.1f} "
            f"| {'' if name == 'tiny' else f'{100 * der:.1f} %'} |"
        )
    return "\n".join(lines)


def shares(bundle: Path, rounds: int) -> tuple[float, dict[str, float]]:
    """Return the machine's peak in GFLOP/s, and the share of it that each network reaches."""
    models = load(bundle)
    spec = models.segmentation.spec
    peak = sgemm_gflops()
    rng = np.random.default_rng(0)
    reached = {}
    for name, batch in zip(NETWORKS, (6, 1), strict=True):
        audio = rng.standard_normal((batch, spec.window_samples)).astype(np.float32) / 20
        work = network_gflop(bundle / name / "openvino_model.xml", audio.shape)
        reached[name] = work / best_s(models, name, audio, rounds) / peak
    return peak, reached


def best_s(models: Any, name: str, audio: np.ndarray, rounds: int) -> float:
    """Time one network: the best of some passes."""
    network = models.segmentation if name == "segmentation" else models.embedding.trunk
    times = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        network(audio)
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def main() -> None:
    """Make what is missing, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--minutes", type=float, default=1, metavar="M")
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--networks", type=Path, default=Path("networks"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    pyannote = environment(options.environments / "pyannote4", PYANNOTE)
    sherpa = environment(options.environments / "sherpa", SHERPA)
    networks(options.networks, pyannote)
    audio = conversation(options.networks, options.minutes)
    peers = pipelines(options.networks, pyannote, sherpa, STEP)
    found = measure(audio, options.rounds, options.threads, peers)
    peak, reached = shares(options.networks / "f32", 5)
    text = markdown(found, 60 * options.minutes)
    text += f"\n\n{describe()}; medians of {options.rounds} rounds, {options.threads} threads. "
    text += f"float32 matrix products reach {peak:.0f} GFLOP/s here; of that, "
    text += ", ".join(f"{name} {100 * share:.0f} %" for name, share in reached.items()) + "."
    print(text)
    if options.json is not None:
        content = {"machine": describe(), "sgemm_gflops": peak, "shares": reached, "runs": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.write is not None:
        put(options.write, "speed", text)


if __name__ == "__main__":
    main()
