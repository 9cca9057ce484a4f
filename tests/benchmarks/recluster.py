"""Time clustering again from prepared recordings, and compare it with full runs.

cd tests && python -m benchmarks.recluster [--minutes 60] [--recordings FOLDER] [--json FILE]

Needs the reference material (OVDIAR_SHARED, else ../shared) and the bundle ``tiny``. Two tables:

- of a simulated conversation of four speakers: the time of `SpeakerDiarization.cluster` with a
  number of speakers and with another threshold, of `Prepared.load` and of the command ``ovdiar
  recluster`` (medians of `ROUNDS`, s; in brackets what the processor spent), and the size of the
  file;
- of three recordings: for how many of ten settings the JSON and the RTTM of ``ovdiar recluster``
  are, byte for byte, those of a full run with that setting.

Exits with 1 where an answer differs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.development import DATA
from benchmarks.machine import describe
from benchmarks.simulation import conversation

import ovdiar
from ovdiar import SpeakerDiarization, cli, formats
from ovdiar.errors import OvdiarWarning
from ovdiar.pipelines.diarization.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
SPEAKERS = 4
RECORDINGS = ("sample/sample.wav", "ami/trn03.wav", "simulated/dev_4spk_s12.flac")
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"num_speakers": 1},
    {"num_speakers": 3},
    {"min_speakers": 5},
    {"max_speakers": 2},
    {"threshold": 0.35},
    {"threshold": 0.15, "min_cluster_size": 2, "ghosts": "fold"},
    {"linkage": "complete", "threshold": 0.5},
    {"training_filter": "active", "side_by_side": 0.3},
    {"min_duration_on": 0.0, "min_duration_off": 0.5, "refine_clusters": False},
)
FORMATS = ("json", "rttm")


class Took(NamedTuple):
    """Medians of some rounds: time on the clock and on the processor, s."""

    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.3f} ({self.cpu_s:.3f})"


def timed(run: Callable[[], Any]) -> Took:
    """Run once to warm up, then `ROUNDS` times."""
    run()
    rows = []
    for _ in range(ROUNDS):
        wall, cpu = time.perf_counter(), _processor_s()
        run()
        rows.append((time.perf_counter() - wall, _processor_s() - cpu))
    return Took(*(statistics.median(column) for column in zip(*rows, strict=True)))


def _processor_s() -> float:
    """Return the processor's time for this process and those that it waited for."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def command(*arguments: object) -> None:
    """Run ``ovdiar``."""
    words = [sys.executable, "-m", "ovdiar", *map(str, arguments)]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL)


def times(audio: Path, minutes: float) -> dict[str, Any]:
    """Measure one long recording; its prepared file is kept beside it."""
    kept = audio.with_suffix(".npz")
    if not kept.exists():
        SpeakerDiarization(ovdiar.load("tiny")).prepare(audio).save(kept)
    prepared = Prepared.load(kept)
    pipeline = SpeakerDiarization.for_prepared(prepared)
    threshold = round(1.25 * pipeline.parameters.threshold, 3)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.rttm"
        again = partial(command, "recluster", kept, "--num-speakers", 3, "-o", answer)
        found = {
            "cluster, num_speakers=3": timed(partial(pipeline.cluster, prepared, num_speakers=3)),
            f"cluster, threshold={threshold}": timed(
                partial(pipeline.cluster, prepared, threshold=threshold)
            ),
            "Prepared.load": timed(partial(Prepared.load, kept)),
            "ovdiar recluster --num-speakers 3": timed(again),
        }
    rows = {name: took._asdict() for name, took in found.items()}
    for name, took in found.items():
        print(f"| {name} | {took} |", flush=True)
    size = kept.stat().st_size / 1e3 / minutes
    print(f"| file, KB a minute | {size:.1f} |", flush=True)
    return {**rows, "kb_per_minute": size}


def compare(audio: Path) -> dict[str, bool]:
    """Return for each setting whether both ways give the same bytes."""
    models = ovdiar.load("tiny")
    same = {}
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.npz"
        command(
            "diarize", audio, "--models", "tiny", "--keep", kept, "-o", kept.with_suffix(".rttm")
        )
        for setting in SETTINGS:
            counts = {name: n for name, n in setting.items() if name.endswith("speakers")}
            others = {name: value for name, value in setting.items() if name not in counts}
            result = SpeakerDiarization(models, **others)(audio, **counts)
            equal = True
            for suffix in FORMATS:
                full = formats.dumps(
                    result.speaker_diarization,
                    suffix,
                    exclusive=result.exclusive_speaker_diarization,
                    provenance=result.provenance,
                    notices=result.notices,
                )
                answer = kept.with_suffix(f".{suffix}")
                words = ["recluster", str(kept), *_words(setting), "-o", str(answer)]
                equal &= cli.main(words) == 0
                equal &= answer.read_bytes() == full.encode()
            same[" ".join(_words(setting)) or "none"] = equal
    return same


def _words(setting: dict[str, Any]) -> list[str]:
    """Write a setting as the command's options."""
    words: list[str] = []
    for name, value in setting.items():
        option = name.replace("_", "-")
        words += [f"--no-{option}"] if value is False else [f"--{option}", str(value)]
    return words


def main() -> int:
    """Print both tables; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=60, metavar="M")
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="where they are kept")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    with tempfile.TemporaryDirectory() as folder:
        place = options.recordings or Path(folder)
        audio = conversation(place, options.minutes, speakers=SPEAKERS)
        print(f"| {options.minutes:g} minutes | s |\n| --- | --- |", flush=True)
        found: dict[str, Any] = {"times": times(audio, options.minutes)}
    print("\n| recording | same bytes | settings that differ |\n| --- | --- | --- |", flush=True)
    found["same"] = {}
    for name in RECORDINGS:
        same = found["same"][name] = compare(DATA / name)
        different = ", ".join(f"`{each}`" for each in same if not same[each])
        print(f"| {name} | {sum(same.values())} of {len(same)} | {different} |", flush=True)
    print(f"\n{describe()}.")
    if options.json is not None:
        content = {"machine": describe(), **found}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0 if all(all(same.values()) for same in found["same"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
