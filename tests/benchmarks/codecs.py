"""Compare the answers to one recording in several formats.

python tests/benchmarks/codecs.py RECORDING... [--models tiny] [--json FILE]

Needs ffmpeg on PATH. Of each recording: the worst pair of formats, and each format against WAV; at
the end, how many pairs keep both limits.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.codecs import CODECS, Disagreement, disagreement, encodings

import ovdiar

Pair = tuple[str, str]
MOST_RATE, LEAST_NEAR = 0.01, 0.95
"""How far apart two formats may be, and how many boundaries must be near."""


def main() -> None:
    """Measure, print, and with ``--json`` write to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--models", default="tiny")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pipeline = ovdiar.SpeakerDiarization(ovdiar.load(options.models))
    everything, kept = {}, dict.fromkeys(combinations(CODECS, 2), 0)
    print("| recording | formats | DER, % | boundaries within 50 ms, % | of all, % |")
    print("| --- | --- | --- | --- | --- |")
    for recording in options.recordings:
        pairs = compare(pipeline, recording)
        for pair, (rate, near, _) in pairs.items():
            kept[pair] += rate <= MOST_RATE and near >= LEAST_NEAR
        found = rows(pairs)
        everything[recording.stem] = {name: d._asdict() for name, d in found.items()}
        for name, (rate, near, near_of_all) in found.items():
            print(f"| {recording.stem} | {name} | {100 * rate:.2f} | {100 * near:.1f} |", end="")
            print(f" {100 * near_of_all:.1f} |", flush=True)
    total, variable = len(options.recordings), [pair for pair in kept if "MP3 (VBR)" in pair]
    print(f"\n{sum(kept.values())} of {len(kept) * total} pairs keep both limits;", end=" ")
    print(f"{sum(kept[pair] for pair in variable)} of {len(variable) * total} with MP3 (VBR)")
    if options.json:
        options.json.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")


def compare(pipeline: ovdiar.SpeakerDiarization, recording: Path) -> dict[Pair, Disagreement]:
    """Compare any two formats of a recording."""
    with tempfile.TemporaryDirectory() as folder:
        files = encodings("ffmpeg", recording, Path(folder))
        turns = {name: pipeline(path).speaker_diarization for name, path in files.items()}
    return {pair: disagreement(*map(turns.__getitem__, pair)) for pair in combinations(CODECS, 2)}


def rows(pairs: dict[Pair, Disagreement]) -> dict[str, Disagreement]:
    """Choose what is printed: each format against WAV, and the worst of all in each respect."""
    found = {f"WAV, {other}": pairs["WAV", other] for other in list(CODECS)[1:]}
    rates, nears, alls = zip(*pairs.values(), strict=True)
    return {**found, "any two, worst": Disagreement(max(rates), min(nears), min(alls))}


if __name__ == "__main__":
    main()
