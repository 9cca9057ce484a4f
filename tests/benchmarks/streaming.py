"""Print how good live diarization is at each latency, beside the offline answer.

cd tests && python -m benchmarks.streaming FOLDER [--models NAME] [--conversations N]
[--latencies S ...] [--minutes M] [--write ../docs/live.md]

DER (strict), label switches, and time until final, over the whole development set and simulated
conversations of all groups of ``benchmarks.scenes``. On every recording no event may contradict a
final one, and the end of the stream must be the offline answer, to the byte. Needs the reference
material.

FOLDER keeps the conversations, what the networks answered, and the results, which are written after
each recording: a run that was stopped goes on where it was. Results of another bundle or of other
code are measured anew. --conversations is their number (100), --minutes leaves out longer
recordings. --write puts the table into a page.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from benchmarks.conversations import write
from benchmarks.development import DATA
from benchmarks.live_measures import Row
from benchmarks.live_networks import remembered
from benchmarks.machine import put
from benchmarks.scenes import scenes
from reference.live import Viewer

import ovdiar
from ovdiar import OnlineDiarizer, SpeakerDiarization
from ovdiar.errors import OvdiarWarning
from ovdiar.files import write_text
from ovdiar.formats import rttm
from ovdiar.pipelines.diarization.provenance import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.conversations import Scene

    from ovdiar import Models
    from ovdiar.result import DiarizationResult
    from ovdiar.streaming.events import Event

GROUPS = ("sample", "calls", "mixes", "programmes", "ami", "simulated")
CONVERSATIONS = "conversations"
LATENCIES = (0.5, 1.0, 2.0, 5.0)
OFFLINE = "offline"
Results = dict[str, dict[str, Row]]


def chosen(count: int, longest_s: float) -> list[Scene]:
    """Take scenes of all groups in turn."""
    by_group: dict[str, list[Scene]] = {}
    for scene in scenes():
        if scene.seconds <= longest_s:
            by_group.setdefault(scene.group, []).append(scene)
    in_turn = (each for row in zip_longest(*by_group.values()) for each in row if each is not None)
    return list(islice(in_turn, count))


def recordings(folder: Path, conversations: int, longest_s: float) -> Iterator[tuple[str, Path]]:
    """List groups and audio; conversations that are not there yet are made."""
    for group in GROUPS:
        paths = sorted([*(DATA / group).glob("*.flac"), *(DATA / group).glob("*.wav")])
        yield from ((group, each) for each in paths if soundfile.info(each).duration <= longest_s)
    for scene in chosen(conversations, longest_s):
        yield CONVERSATIONS, write(scene, folder / CONVERSATIONS)


def offline(models: Models, audio: Path) -> DiarizationResult:
    """Diarize a recording as a whole."""
    samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    return SpeakerDiarization(models)(
        {"waveform": _mono(samples), "sample_rate": rate, "uri": audio.stem}
    )


def stream(
    models: Models, audio: Path, latency: float, *, keep_audio: float = 0.0
) -> tuple[OnlineDiarizer, list[Event]]:
    """Diarize a recording live."""
    samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    diarizer = OnlineDiarizer(
        models, latency=latency, sample_rate=rate, uri=audio.stem, keep_audio=keep_audio
    )
    return diarizer, diarizer.feed(_mono(samples)) + diarizer.flush()


def _mono(samples: Any) -> Any:
    return np.asarray(samples.T.mean(axis=0), np.float32)


def measure(models: Models, audio: Path, latencies: list[float]) -> dict[str, Row]:
    """Measure one recording, and check what must hold for each."""
    (truth,) = rttm.load(audio.with_suffix(".rttm")).values()
    whole = offline(models, audio)
    found = {OFFLINE: Row.of(truth, whole.speaker_diarization)}
    longest_s = soundfile.info(audio).duration + 1
    for latency in latencies:
        first = latency == latencies[0]
        diarizer, events = stream(models, audio, latency, keep_audio=longest_s * first)
        Viewer(events)  # refuses what contradicts a final event
        found[f"{latency:g} s"] = Row.of(truth, diarizer.annotation, events)
        if first and diarizer.finalize().serialize() != whole.serialize():
            raise SystemExit(f"{audio}: the end of the stream is not the offline answer")
    return found


def code() -> str:
    """Return the SHA-256 of the package's code."""
    digest = hashlib.sha256()
    for path in sorted(Path(ovdiar.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read(path: Path, made_with: dict[str, Any]) -> Results:
    """Read results that were made with the same bundle and code."""
    if not path.exists():
        return {}
    held = json.loads(path.read_text(encoding="utf-8"))
    if held["made_with"] != made_with:
        print(f"{path} is of another bundle or of other code: measured anew")
        return {}
    return {
        name: {latency: Row.from_dict(row) for latency, row in rows.items()}
        for name, rows in held["results"].items()
    }


def save(path: Path, results: Results, made_with: dict[str, Any]) -> None:
    """Write results, whole or not at all."""
    rows = {
        name: {key: row.to_dict() for key, row in each.items()} for name, each in results.items()
    }
    write_text(path, json.dumps({"made_with": made_with, "results": rows}))


def table(results: Results, seconds: dict[str, float]) -> str:
    """Render a row for each latency: of all recordings, and of each group."""
    columns = (
        *("recordings", "latency", "DER", "miss + FA + conf.", "switches", "relabelled"),
        *("median", "95 %"),
    )
    lines = [f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
    for pool in ("all", *GROUPS, CONVERSATIONS):
        names = [name for name in results if pool in ("all", name.partition("/")[0])]
        minutes = sum(seconds[name] for name in names) / 60
        pooled: dict[str, Row] = {}
        for name in names:
            for latency, row in results[name].items():
                pooled[latency] = pooled.get(latency, Row()).plus(row)
        title = f"{pool} ({len(names)}, {minutes:.0f} min)"
        lines += [f"| {title} | {latency} | {row.cells()} |" for latency, row in pooled.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure what is not measured yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", default="base")
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--latencies", nargs="+", type=float, default=list(LATENCIES))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    made_with = {"bundle": describe(models.bundle), "code": code(), "latencies": options.latencies}
    made_with = json.loads(json.dumps(made_with))  # as it is read
    path = options.folder / "results.json"
    held = read(path, made_with)
    results: Results = {}
    seconds: dict[str, float] = {}
    longest_s = 60 * options.minutes
    for group, audio in recordings(options.folder, options.conversations, longest_s):
        name = f"{group}/{audio.stem}"
        if name not in held:
            ours, answers = remembered(models, options.folder / "answers" / f"{name}.npz")
            held[name] = measure(ours, audio, options.latencies)
            answers.save()
            save(path, held, made_with)
            rates = (f"{key} {100 * row.errors.rate:.1f}" for key, row in held[name].items())
            print(f"{name}: {', '.join(rates)}", flush=True)
        results[name], seconds[name] = held[name], soundfile.info(audio).duration
    text = table(results, seconds)
    print(text)
    if options.write is not None:
        put(options.write, "streaming", text)


if __name__ == "__main__":
    main()
