"""Print, or write into the README, how near each pipeline comes to pyannote's own answers.

cd tests && python -m benchmarks.parity [--write ../README.md]

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundle ``tiny``.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.machine import put

import ovdiar
from ovdiar.errors import OvdiarWarning
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(os.environ.get("OVDIAR_SHARED") or Path(__file__).parents[3] / "shared")
ANSWERS = SHARED / "reference"
RECORDINGS = {
    "sample": "sample/sample.wav",
    "trn03": "ami/trn03.wav",
    "trn05": "ami/trn05.wav",
    "dev00": "ami/dev00.wav",
}
PLAIN: dict[str, Any] = {
    "onset": 0.5,
    "offset": 0.5,
    "min_duration_on": 0.0,
    "min_duration_off": 0.0,
}
DIARIZATIONS: dict[str, dict[str, Any]] = {
    "t020": {"threshold": 0.2},
    "t050": {"threshold": 0.5},
    "t090": {"threshold": 0.9},
    "k1": {"threshold": 0.5, "num_speakers": 1},
    "k2": {"threshold": 0.5, "num_speakers": 2},
    "k4": {"threshold": 0.5, "num_speakers": 4},
    "min3": {"threshold": 0.9, "min_speakers": 3},
    "max2": {"threshold": 0.2, "max_speakers": 2},
}
PARAMETERS = {
    "VoiceActivityDetection": "onset, offset, min_duration_on, min_duration_off, preset",
    "OverlappedSpeechDetection": "onset, offset, min_duration_on, min_duration_off, preset",
    "SpeakerSegmentation": "onset, offset, stitch_threshold, min_duration_on, min_duration_off",
    "Resegmentation": "baseline, warm_up, onset, offset, min_duration_on, min_duration_off, preset",
    "SpeakerDiarization 2.1": "threshold, min_cluster_size, segmentation_threshold, ...",
    "SpeakerDiarization community-1": "threshold, fa, fb, plda, ...",
}


def from_audio(models: ovdiar.Models) -> Iterator[tuple[str, str, str]]:
    """Yield pipeline, our RTTM and pyannote 3.3.2's, of every case that starts from audio."""
    detections = {
        "vad": ovdiar.VoiceActivityDetection,
        "osd": ovdiar.OverlappedSpeechDetection,
    }
    for uri, place in RECORDINGS.items():
        audio, answers = SHARED / "data" / place, ANSWERS / "pyannote-3.3.2"
        for kind, make in detections.items():
            cases: dict[str, dict[str, Any]] = {"ami": {"preset": "ami"}, "plain": PLAIN}
            for tag, options in cases.items():
                ours = make(models, **options)(audio)
                yield make.__name__, rttm.dumps(ours), _read(answers, f"{uri}.{kind}_{tag}")
        ours = ovdiar.SpeakerSegmentation(models)(audio)
        yield "SpeakerSegmentation", rttm.dumps(ours), _read(answers, f"{uri}.segmentation")
        reseg = ovdiar.Resegmentation(models, preset="ami", strict_parity=True)
        ours = reseg(audio, answers / f"{uri}.baseline.rttm")
        yield "Resegmentation", rttm.dumps(ours), _read(answers, f"{uri}.resegmentation")


def from_tensors() -> Iterator[tuple[str, str, str]]:
    """Yield pipeline, our RTTM and pyannote's, of every case that starts behind the networks."""
    answers = ANSWERS / "pyannote-3.3.2"
    for uri in RECORDINGS:
        arrays = np.load(answers / f"{uri}.npz")
        for tag, options in DIARIZATIONS.items():
            counts = {name: value for name, value in options.items() if name.endswith("speakers")}
            pipeline = ovdiar.SpeakerDiarization(
                None,
                preset="2.1",
                segmentation_threshold=0.4442,
                min_duration_off=0.5817,
                min_cluster_size=6,
                threshold=options["threshold"],
                strict_parity=True,
            )
            result = pipeline.decode(
                arrays["segmentations"],
                arrays["embeddings"],
                window_s=5.0,
                step_s=0.5,
                uri=uri,
                **counts,
            )
            theirs = _read(answers, f"{uri}.diarization_{tag}")
            yield "SpeakerDiarization 2.1", rttm.dumps(result.speaker_diarization), theirs
    for folder in sorted((ANSWERS / "community-1").iterdir()):
        theirs = _read(folder, "reference")
        pipeline = ovdiar.SpeakerDiarization(
            None, preset="community-1", plda=SHARED / "plda", strict_parity=True
        )
        result = pipeline.decode(
            np.load(folder / "segmentations.npz")["segmentations"],
            np.load(folder / "raw_embeddings.npz")["embeddings"],
            uri=theirs.split()[1],
        )
        yield "SpeakerDiarization community-1", rttm.dumps(result.speaker_diarization), theirs


def _read(folder: Path, name: str) -> str:
    return (folder / f"{name}.rttm").read_text(encoding="utf-8")


def table() -> str:
    """Compare all cases, and render a Markdown table."""
    cases: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    models = ovdiar.load("tiny")
    for start, found in {"audio": from_audio(models), "tensors": from_tensors()}.items():
        for name, ours, theirs in found:
            key = f"{name}|{start}"
            cases[key] += 1
            lines[key] += len(theirs.splitlines())
            equal[key] += sum((Counter(ours.splitlines()) & Counter(theirs.splitlines())).values())
    rows = ["| pipeline | parameters | compared from | recordings x cases | RTTM lines equal |"]
    rows.append("| --- | --- | --- | --- | --- |")
    for key, count in cases.items():
        name, start = key.split("|")
        rows.append(
            f"| `{name}` | {PARAMETERS[name]} | {start} | {count} | {equal[key]} of {lines[key]} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Print the table, or put it between its marks in a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    text = table()
    print(text)
    if options.write is not None:
        put(options.write, "parity", text)


if __name__ == "__main__":
    main()
