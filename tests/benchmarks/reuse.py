"""What fast mode changes: prints Markdown.

cd tests && python -m benchmarks.reuse [--networks FOLDER] [--write PAGE]

Two tables. How the step of the windows moves the error rate, strictly scored, of trained networks:
the segmentation of ``benchmarks.speed`` with its windows of 10 s, GE2E embeddings and ``tiny``'s
hyper-parameters, on the development set. And how far embeddings that share a trunk are from those
of every window alone, WeSpeaker ResNet34 with random weights at the same step: cosine of window
speakers, within the recording and in windows that reach beyond its end; and again from the centre
of all, since random networks send everything to nearly the same place. FOLDER is that of
``benchmarks.speed``; needs the reference material.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.development import recordings
from benchmarks.machine import describe, put
from ovdiar_export.recipes import TINY
from ovdiar_export.sources.origins import RESEMBLYZER

from ovdiar import SpeakerDiarization, load
from ovdiar.errors import OvdiarWarning
from ovdiar.metrics import DiarizationErrors, SpeakerCounts, diarization_errors, speaker_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar import Models

STEPS = (0.1, 0.16, 0.2, 0.256)
ALIGNED = 0.096
"""A step that is a whole number of the trunk's own, 80 ms, in both modes."""
GROUPS = ("sample", "calls", "mixes", "ami")
"""Those without a long recording: the study takes minutes as it is."""


def trained(folder: Path) -> Models:
    """Load windows of 10 s with trained weights; export them where that was not done."""
    bundle = folder / "trained"
    if not (bundle / "bundle.json").exists():
        command = [sys.executable, "-m", "ovdiar_export.cli", "custom", "trained"]
        command += ["--segmentation", str(folder / "segmentation.bin")]
        command += ["--embedding", RESEMBLYZER.source.address, "--output", str(bundle)]
        subprocess.run(command, check=True)
    return load(bundle)


def steps_table(models: Models) -> str:
    """Render the error rates of each step."""
    lines = ["| step | " + " | ".join(GROUPS) + " | all | speakers exact |"]
    lines.append("| --- " * (len(GROUPS) + 3) + "|")
    for step in STEPS:
        options: dict[str, Any] = {**TINY.pipeline, "segmentation_step": step}
        front_end = SpeakerDiarization(models, segmentation_step=step)
        back_end = SpeakerDiarization(None, **options)
        errors: dict[str, DiarizationErrors] = defaultdict(DiarizationErrors)
        counts = SpeakerCounts()
        for each in recordings(front_end, GROUPS):
            answer = back_end.cluster(each.prepared).speaker_diarization
            errors[each.group] += diarization_errors(each.reference(), answer, uem=each.uem)
            counts += speaker_counts(each.reference(), answer, uem=each.uem)
        pooled = sum(errors.values(), start=DiarizationErrors())
        rates = " | ".join(f"{100 * errors[group].rate:.1f} %" for group in GROUPS)
        lines.append(
            f"| {step:g} | {rates} | {100 * pooled.rate:.1f} % "
            f"| {counts.exact} of {counts.recordings} |"
        )
    return "\n".join(lines)


def cosines(
    one: NDArray[Any], other: NDArray[Any], centre: NDArray[Any] | float = 0.0
) -> NDArray[np.float64]:
    """Compare embeddings (C, S, D) row by row, as seen from a centre."""
    a, b = one - centre, other - centre
    lengths = np.linalg.norm(a, axis=2) * np.linalg.norm(b, axis=2)
    return np.asarray((a * b).sum(axis=2) / lengths)


def sharing_table(models: Models) -> str:
    """Render how alike the embeddings of both modes are, and how far apart the answers."""
    lines = ["| recordings | cosine: mean | 5th percentile | beyond the end | from the centre |"]
    lines[0] += " DER between modes |"
    lines.append("| --- " * 6 + "|")
    step: dict[str, Any] = {"segmentation_step": ALIGNED}
    exact = SpeakerDiarization(models, **step)
    shared = SpeakerDiarization(models, **step, embedding_reuse="shared")
    for group in GROUPS:
        inside, beyond, apart, errors = [], [], [], DiarizationErrors()
        pairs = zip(recordings(exact, [group]), recordings(shared, [group]), strict=True)
        for one, other in pairs:
            alone, reused = (each.prepared.embeddings for each in (one, other))
            alike = cosines(alone, reused)
            inside.append(alike[:-1])
            beyond.append(alike[-1:])
            with warnings.catch_warnings():  # of recordings in which nobody is embedded
                warnings.simplefilter("ignore", RuntimeWarning)
                apart.append(cosines(alone, reused, np.nanmean(alone, axis=(0, 1))))
            errors += diarization_errors(
                exact.cluster(one.prepared).speaker_diarization,
                shared.cluster(other.prepared).speaker_diarization,
            )
        within, after, centred = (np.concatenate(parts) for parts in (inside, beyond, apart))
        lines.append(
            f"| {group} | {np.nanmean(within):.4f} | {np.nanpercentile(within, 5):.4f} "
            f"| {np.nanmean(after):.4f} | {np.nanmean(centred):.2f} | {100 * errors.rate:.1f} % |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print both tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--networks", type=Path, default=Path("networks"), metavar="FOLDER")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    sharing = sharing_table(load(options.networks / "f32"))
    text = f"{sharing}\n\n{steps_table(trained(options.networks))}\n\n{describe()}."
    print(text)
    if options.write is not None:
        put(options.write, "reuse", text)


if __name__ == "__main__":
    main()
