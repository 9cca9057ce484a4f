"""How surely voices are linked across recordings, and what many take: prints Markdown.

cd tests && python -m benchmarks.linking [FOLDER] [--bundle base] [--many 20000 100000]
[--write PAGE]

Each voice of ``data/voices`` that holds enough speaks in two recordings, half of its phrases in
one, with another partner, microphone and noise each time. The recordings are diarized into FOLDER,
and their speakers are linked with several thresholds. Needs the reference material and faiss.
``--many`` links made-up speakers, which needs neither FOLDER nor the material.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import soundfile
from benchmarks.acoustics import RATE, band
from benchmarks.conversations import phrases, spoken
from benchmarks.machine import describe, put
from benchmarks.processes import resident_mb

import ovdiar
from ovdiar.batch import Archive, Outputs
from ovdiar.batch.inline import InlineEngine
from ovdiar.batch.linking import Speakers, link_speakers
from ovdiar.batch.neighbours import neighbours
from ovdiar.batch.outputs import SPEAKERS, speakers_from_bytes
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_S = 4.0
"""Speech that each half of a voice must hold."""
THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
DIMENSION = 192


class Half(NamedTuple):
    """What a voice says in one recording."""

    voice: str
    rows: list[tuple[str, float, float]]


def halves() -> tuple[list[Half], list[Half]]:
    """Share out the phrases of each voice, by turns, to two recordings."""
    first, second = [], []
    for voice, rows in sorted(phrases().items()):
        parts = rows[0::2], rows[1::2]
        if min(sum(end - start for _, start, end in part) for part in parts) >= LEAST_S:
            first.append(Half(voice, rows[0::2]))
            second.append(Half(voice, rows[1::2]))
    return first, second


def record(pair: tuple[Half, Half], path: Path, rng: np.random.Generator) -> None:
    """Let two halves speak in turn; the labels lie beside the recording."""
    rounds = max(len(half.rows) for half in pair)
    turns = [
        (half.voice, half.rows[number % len(half.rows)])
        for number in range(rounds)
        for half in pair
    ]
    parts, labels, at = [], [], 0.0
    for voice, row in turns:
        speech = spoken(*row) * 0.05 * 10 ** rng.uniform(-0.2, 0.2)
        pause = np.zeros(int(rng.uniform(0.2, 0.6) * RATE), np.float32)
        labels.append((at, at + len(speech) / RATE, voice))
        parts += [speech, pause]
        at += (len(speech) + len(pause)) / RATE
    signal = np.concatenate(parts)
    if rng.random() < 0.5:
        signal = band(signal, 300.0, 3400.0)
    noise = 10 ** rng.uniform(-4, -2.7) * rng.standard_normal(len(signal))
    soundfile.write(path, (signal + noise).astype(np.float32), RATE)
    text = rttm.dumps(ovdiar.Annotation.of(labels, uri=path.stem))
    path.with_suffix(".rttm").write_text(text, encoding="utf-8")


def make(folder: Path) -> None:
    """Make the recordings that are lacking: neighbours of a random order speak to each other."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, side in enumerate(halves()):
        rng = np.random.default_rng(number)
        order = rng.permutation(len(side))
        for place in range(0, len(order) - 1, 2):
            path = folder / f"talk{number}-{place:03d}.flac"
            if not path.with_suffix(".rttm").is_file():
                record((side[order[place]], side[order[place + 1]]), path, rng)


def truth(folder: Path, out: Path) -> tuple[Speakers, list[str]]:
    """Read the speakers found, and name the voice that each mostly is."""
    embeddings, speech, recordings, voices = [], [], [], []
    for number, path in enumerate(sorted(folder.glob("*.flac"))):
        reference = rttm.load(path.with_suffix(".rttm"))[path.stem]
        answer = rttm.load(out / f"{path.stem}.rttm")[path.stem]
        content = (out / f"{path.stem}{SPEAKERS}").read_bytes()
        labels, rows, seconds = speakers_from_bytes(content, path.stem)
        for label, row, length in zip(labels, rows, seconds, strict=True):
            shares: Counter[str] = Counter()
            for segment in answer.label_timeline(label):
                for turn in reference.turns:
                    shares[turn.speaker] += (turn.segment & segment).duration  # type: ignore[assignment]
            embeddings.append(row)
            speech.append(length)
            recordings.append(number)
            voices.append(shares.most_common(1)[0][0] if shares else "nobody")
    found = Speakers(np.array(embeddings), np.array(speech), np.array(recordings, np.int64))
    return found, voices


def judged(labels: Any, voices: list[str]) -> dict[str, Any]:
    """Count pairs of speakers that were joined, rightly and wrongly."""
    names = np.array(voices)
    upper = np.triu_indices(len(names), 1)
    joined = (labels[:, None] == labels[None])[upper]
    same = (names[:, None] == names[None])[upper]
    return {
        "joined": int(joined.sum()),
        "wrongly": int((joined & ~same).sum()),
        "of the same voice": int(same.sum()),
        "of them joined": int((joined & same).sum()),
        "other pairs": int((~same).sum()),
    }


def many(count: int) -> dict[str, Any]:
    """Link made-up speakers, three a recording, with cosine similarities of a voice of about 0.8.

    Voices have four recordings on average, and one is in a tenth of all.
    """
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((count // 4, DIMENSION), np.float32)
    voices = rng.integers(1, len(centres), size=count)
    voices[::30] = 0
    rows = rng.standard_normal((count, DIMENSION), np.float32)
    rows *= 0.5
    for first in range(0, count, 10_000):
        rows[first : first + 10_000] += centres[voices[first : first + 10_000]]
    speakers = Speakers(rows, np.full(count, 30, np.float32), np.arange(count) // 3)
    before_mb = resident_mb(os.getpid())
    began, cpu = time.monotonic(), time.process_time()
    labels = link_speakers(speakers, 0.7, 5.0)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    wrongly, apart = _misplaced(labels, voices), _misplaced(voices, labels)
    return {
        "speakers": count,
        "s": time.monotonic() - began,
        "cpu_s": time.process_time() - cpu,
        "before_mb": before_mb,
        "peak_mb": peak_mb,
        "wrongly": wrongly,
        "apart": apart,
        "often": len(np.unique(labels[voices == 0])),
    }


def _misplaced(groups: NDArray[np.int64], of: NDArray[np.int64]) -> int:
    """Count the members of groups that are not of what most members of their group are."""
    sizes = Counter(zip(groups.tolist(), of.tolist(), strict=True))
    most: dict[int, int] = {}
    for (group, _), size in sizes.items():
        most[group] = max(most.get(group, 0), size)
    return len(groups) - sum(most.values())


def many_table(counts: list[int]) -> str:
    """Link so many speakers, each number in a process of its own; render a row for each."""
    lines = ["| speakers | s | CPU s | peak MB | in a wrong voice | apart from their voice |"]
    lines.append("| --- " * 6 + "|")
    for count in counts:
        with get_context("spawn").Pool(1) as pool:
            row = pool.apply(many, (count,))
        print(json.dumps(row), file=sys.stderr, flush=True)
        lines.append(
            f"| {count:,} | {row['s']:.0f} | {row['cpu_s']:.0f} | {row['peak_mb']:.0f} "
            f"| {row['wrongly']} | {row['apart']} |"
        )
    return "\n".join([*lines, "", describe()])


def main() -> None:
    """Make, diarize, link, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?", help="without it, --many alone is done")
    parser.add_argument("--bundle", default="base")
    parser.add_argument("--many", type=int, nargs="*", default=[100_000])
    parser.add_argument("--write", type=Path, metavar="PAGE", help="for the table of --many")
    options = parser.parse_args()
    if options.folder is not None:
        real(options.folder, options.bundle)
    if options.many:
        text = many_table(options.many)
        print(text)
        if options.write:
            put(options.write, "many", text)


def real(folder: Path, bundle: str) -> None:
    """Diarize recordings of real voices, and print how surely they are linked."""
    make(folder)
    out = folder / f"out-{bundle}"
    pipeline = ovdiar.SpeakerDiarization(ovdiar.load(bundle))
    outputs = Outputs(str(out), embeddings=True)
    Archive([folder / "*.flac"], pipeline, outputs).run(engine=InlineEngine())
    speakers, voices = truth(folder, out)
    names = np.array(voices)
    similar = unit_cosines(speakers.embeddings)
    upper = np.triu_indices(len(names), 1)
    same = (names[:, None] == names[None])[upper]
    for text, values in (("same", similar[upper][same]), ("other", similar[upper][~same])):
        print(text, len(values), np.round(np.quantile(values, [0, 0.05, 0.5, 0.95, 0.999, 1]), 3))
    for least_s in (0.0, 3.0, 5.0):
        print(
            f"\n{least_s:g} s of speech\n\n| threshold | joined | wrongly | same, of them joined |"
        )
        print("| --- | --- | --- | --- |")
        for threshold in THRESHOLDS:
            row = judged(link_speakers(speakers, threshold, least_s, neighbours), voices)
            share = row["of them joined"] / row["of the same voice"]
            print(f"| {threshold} | {row['joined']} | {row['wrongly']} | {share:.0%} |")
    print(f"\n{len(voices)} speakers, {describe()}", flush=True)


def unit_cosines(rows: Any) -> Any:
    """Return the cosine similarity of each pair of rows."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = rows / np.where(lengths > 0, lengths, 1)
    return units @ units.T


if __name__ == "__main__":
    main()
