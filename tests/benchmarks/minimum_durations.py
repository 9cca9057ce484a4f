"""Measure what shortest turns and pauses do to prepared recordings.

cd tests && python -m benchmarks.minimum_durations FOLDER ... [--models base] [--write PAGE]

A FOLDER holds what ``ovdiar batch --keep`` prepared (NAME.npz), and beside it the reference
(NAME.rttm). Each is clustered again with each setting. Prints strict DER in %, pooled, and how many
turns are found.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import put

import ovdiar
from ovdiar import SpeakerDiarization, formats
from ovdiar.errors import OvdiarWarning
from ovdiar.metrics import DiarizationErrors, diarization_errors
from ovdiar.pipelines.diarization.prepared import Prepared

if TYPE_CHECKING:
    from ovdiar import Models

SETTINGS = (
    (0.0, 0.0),
    (0.05, 0.0),
    (0.1, 0.0),
    (0.1, 0.1),
    (0.15, 0.0),
    (0.2, 0.0),
    (0.2, 0.1),
    (0.2, 0.2),
    (0.3, 0.0),
)
"""Shortest turn and shortest pause, s."""


def measure(
    models: Models, paths: list[Path], on: float, off: float
) -> tuple[DiarizationErrors, int]:
    """Cluster recordings again; return their errors and the number of turns."""
    pipeline = SpeakerDiarization(models, min_duration_on=on, min_duration_off=off)
    errors, turns = DiarizationErrors(), 0
    for path in paths:
        found = pipeline.cluster(Prepared.load(path)).speaker_diarization
        errors += diarization_errors(formats.read(path.with_suffix(".rttm")), found)
        turns += len(found.turns)
    return errors, turns


def main() -> None:
    """Measure each setting, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--models", default="base")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    paths = [path for folder in options.folders for path in sorted(folder.glob("*.npz"))]
    lines = [
        "| shortest turn, s | shortest pause, s | DER | missed | false alarm | confusion | turns |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for on, off in SETTINGS:
        errors, turns = measure(models, paths, on, off)
        shares = (errors.error_s, errors.miss_s, errors.false_alarm_s, errors.confusion_s)
        rates = " | ".join(f"{100 * share / errors.total_s:.2f}" for share in shares)
        lines.append(f"| {on:g} | {off:g} | {rates} | {turns:,} |")
    text = "\n".join(lines) + f"\n\n{len(paths)} recordings, `{options.models}`."
    print(text)
    if options.write:
        put(options.write, "durations", text)


if __name__ == "__main__":
    main()
