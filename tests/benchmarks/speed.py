"""ovdiar beside senko, speakrs, pyannote.audio and sherpa-onnx: the same audio, one run.

cd tests && python -m benchmarks.environments && python -m benchmarks.speed [--peers NAME ...]
[--rounds 3] [--environments FOLDER] [--networks FOLDER] [--audio FILE] [--json FILE] [--write PAGE]

The pipelines take turns, so that a noisy machine disturbs all of them alike; figures are medians of
the rounds, ratios medians of the ratios within a round. A pipeline whose environment, bundle or
networks are missing has a row that says so. All read one WAV of 16 kHz.

``base``, ``tiny`` and senko run their own trained networks. The other modes, pyannote.audio and
sherpa-onnx run the same two, which are made once: PyanNet with trained weights as a powerset for
windows of 10 s, WeSpeaker ResNet34 with random weights (see ``runners/pyannote_networks.py``).
speakrs runs segmentation-3.0 and the same ResNet34. Random embeddings make DER a comparison with
ovdiar's exact mode, not with the truth. Needs the reference material.
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
from benchmarks.peers import RATE, as_wav, networks, pipelines
from benchmarks.simulation import conversation
from benchmarks.work import network_gflop

from ovdiar.audio.reading import load as load_audio
from ovdiar.formats import rttm
from ovdiar.metrics import diarization_errors
from ovdiar.networks.models import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.peers import Peer

    from ovdiar import Annotation

    Runs = dict[str, list[dict[str, Any]]]

STEP = 0.1
"""Of the windows, as a share of one: pyannote's."""
REFERENCES = ("tiny", "senko", "speakrs", "pyannote.audio", "sherpa-onnx")
"""What the others are compared with."""
NETWORKS = ("segmentation", "embedding/trunk")


def measure(audio: Path, rounds: int, threads: int, peers: Mapping[str, Peer]) -> Runs:
    """Let the pipelines take turns."""
    found: Runs = {name: [] for name in peers}
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


def markdown(peers: Mapping[str, Peer], found: Runs, duration_s: float) -> str:
    """Render a row for each pipeline, those that could not run among them."""
    head = "| pipeline | networks | s | real-time factor | segmentation + embeddings, s | cores "
    lines = [head + "| peak MB | load, s | DER to exact |", "| --- " * 9 + "|"]
    for name, peer in peers.items():
        if name not in found:
            lines.append(f"| {name} | {peer.networks} | not run: {peer.reason} |" + " |" * 6)
            continue
        rows = found[name]
        seconds = median(rows, "seconds")
        stages = [
            statistics.median(row["stages_s"].get(stage, 0) for row in rows)
            for stage in ("segmentation", "embeddings")
        ]
        parts = " + ".join(f"{s:.1f}" for s in stages) if any(stages) else ""
        cores = statistics.median(row["cpu_s"] / row["seconds"] for row in rows)
        same = "exact" in found and peer.networks == peers["exact"].networks
        lines.append(
            f"| {name} | {peer.networks} | {seconds:.1f} | {seconds / duration_s:.3f} | {parts} "
            f"| {cores:.2f} | {median(rows, 'peak_mb'):.0f} | {median(rows, 'load_s'):.1f} "
            f"| {to_exact(found, name) if same else ''} |"
        )
    return "\n".join(lines)


def to_exact(found: Runs, name: str) -> str:
    """Return how an answer differs from exact mode's."""
    errors = diarization_errors(turns(found["exact"][0]), turns(found[name][0]))
    return f"{100 * errors.rate:.1f} %"


def ratios(found: Runs) -> str:
    """Render how many times faster each of ovdiar's modes is than the others."""
    others = [name for name in REFERENCES if name in found]
    modes = [name for name in found if name not in REFERENCES or name == "tiny"]
    lines = [f"| times as fast as | {' | '.join(others)} |", "| --- " * (1 + len(others)) + "|"]
    for name in modes:
        cells = (f"{ratio(found[other], found[name]):.1f}" for other in others)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) if others and modes else ""


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


def peaks(bundle: Path) -> tuple[str, dict[str, Any]]:
    """Say how fast the machine is, and how near to that the networks of a bundle come."""
    if not bundle.exists():
        peak = sgemm_gflops()
        return f"float32 matrix products reach {peak:.0f} GFLOP/s here.", {"sgemm_gflops": peak}
    peak, reached = shares(bundle, 5)
    text = f"float32 matrix products reach {peak:.0f} GFLOP/s here; of that, "
    text += ", ".join(f"{name} {100 * share:.0f} %" for name, share in reached.items()) + "."
    return text, {"sgemm_gflops": peak, "shares": reached}


def main() -> None:
    """Make the networks that are missing, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--peers", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--minutes", type=float, default=1, metavar="M")
    parser.add_argument("--audio", type=Path, metavar="FILE", help="instead of a simulated one")
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--networks", type=Path, default=Path("networks"))
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    known = list(pipelines(options.networks, options.environments, STEP))
    chosen = options.peers or known
    if unknown := sorted(set(chosen) - set(known)):
        parser.error(f"{', '.join(unknown)} is none of {' | '.join(known)}")
    networks(options.networks, options.environments, int8="fast + int8" in chosen)
    made = pipelines(options.networks, options.environments, STEP)  # which of them can run now
    peers = {name: made[name] for name in chosen}
    audio = options.audio or conversation(options.networks, options.minutes)
    audio = as_wav(audio, options.networks / "wav")
    duration_s = len(load_audio(audio).samples) / RATE
    able = {name: peer for name, peer in peers.items() if not peer.reason}
    found = measure(audio, options.rounds, options.threads, able)
    speed, figures = peaks(options.networks / "f32")
    text = "\n\n".join(part for part in (markdown(peers, found, duration_s), ratios(found)) if part)
    text += (
        f"\n\n{describe()}; medians of {options.rounds} rounds, {options.threads} threads. {speed}"
    )
    print(text)
    if options.json is not None:
        content = {"machine": describe(), **figures, "runs": found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.write is not None:
        put(options.write, "speed", text)


if __name__ == "__main__":
    main()
