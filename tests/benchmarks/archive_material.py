"""Recordings of an archive: many short ones, a long one, and those that cannot be read.

Needs the reference material: ``data/voices`` and the simulator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from benchmarks.acoustics import RATE
from benchmarks.conversations import phrases, seconds_of, spoken
from benchmarks.simulation import conversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.conversations import Stretch
    from numpy.typing import NDArray

FAILING = {"corrupt": "audio", "empty": "audio", "missing": "audio-not-found"}
"""Recordings that fail, and the code of the error."""
LEAST_S = 8.0
"""Speech that a voice must hold."""


class Material(NamedTuple):
    """Manifests of the short recordings and of all, the names in both, hours of the short ones."""

    short: Path
    all: Path
    names: list[str]
    all_names: list[str]
    hours: float


def make(folder: Path, count: int, long_hours: float) -> Material:
    """Make the recordings that are lacking, and the manifests."""
    folder.mkdir(parents=True, exist_ok=True)
    held = {name: rows for name, rows in phrases().items() if seconds_of(rows) >= LEAST_S}
    names = [f"call{number:05d}" for number in range(count)]
    for number, name in enumerate(names):
        path = folder / f"{name}.flac"
        if not path.is_file():
            soundfile.write(path, _call(held, np.random.default_rng(number)), RATE)
    (folder / "corrupt.wav").write_bytes(b"RIFF" + bytes(range(256)) * 40)
    (folder / "empty.wav").write_bytes(b"")
    short = [f"{name}.flac" for name in names]
    long = [conversation(folder, long_hours * 60).name] if long_hours else []
    every = [*short, *(f"{name}.wav" for name in FAILING), *long]
    return Material(
        _manifest(folder / "short.jsonl", short),
        _manifest(folder / "all.jsonl", every),
        names,
        [Path(each).stem for each in every],
        sum(soundfile.info(folder / each).duration for each in short) / 3600,
    )


def _manifest(path: Path, files: Sequence[str]) -> Path:
    lines = (json.dumps({"path": each, "uri": Path(each).stem}) + "\n" for each in files)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _call(held: Mapping[str, Sequence[Stretch]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Let two voices speak in turn for 5 to 10 s, over faint noise."""
    pair = [held[str(name)] for name in rng.choice(sorted(held), 2, replace=False)]
    parts: list[NDArray[np.float32]] = []
    wanted, length = int(rng.uniform(5, 10) * RATE), 0
    while length < wanted:
        rows = pair[len(parts) // 2 % 2]
        parts += [spoken(*rows[int(rng.integers(len(rows)))]), np.zeros(RATE // 4, np.float32)]
        length = sum(map(len, parts))
    signal = np.concatenate(parts)[:wanted]
    noise = rng.standard_normal(len(signal))
    return np.asarray(0.05 * signal + 1e-4 * noise, np.float32)
