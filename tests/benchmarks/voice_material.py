"""Recordings of voices to be enrolled, and conversations of the same voices in other words.

Needs the reference material: ``data/voices``. Half of a voice's phrases are spoken in its
enrolments, the other half in conversations; voices with too few phrases are strangers. Voices are
dealt out to two sets: what is chosen on one is reported on people of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from benchmarks.acoustics import RATE
from benchmarks.conversations import (
    LEAST_S,
    LONGEST_PHRASE_S,
    Scene,
    Turn,
    phrases,
    recorded,
    seconds_of,
    spoken,
    write,
)
from benchmarks.scenes import GROUPS, TELEPHONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.conversations import Stretch, Voices
    from numpy.random import Generator
    from numpy.typing import NDArray

SETS = ("choose", "report")
LEAST_HALF_S = 4.5
"""Speech that either half of a voice's phrases must hold."""
CONDITIONS: dict[str, dict[str, Any]] = {
    "near": {},
    "room": {"rt60_s": (0.3, 0.7), "direct_db": (0.0, 6.0), "snr_db": 25.0},
    "telephone": {
        "handset_db": 4.0,
        "bands": (TELEPHONE,),
        "codecs": ("gsm",),
        "snr_db": 25.0,
    },
    "noise": {"noise": "pink", "snr_db": 10.0, "rt60_s": (0.1, 0.4), "direct_db": (3.0, 10.0)},
}
"""How enrolments are recorded."""
UNFIT: dict[str, dict[str, Any]] = {
    "noise, 5 dB": {"snr_db": 5.0},
    "noise, 0 dB": {"snr_db": 0.0},
    "noise, -5 dB": {"snr_db": -5.0},
    "babble, 5 dB": {"noise": "babble", "snr_db": 5.0},
    "far in a large room": {"rt60_s": (1.0, 1.5), "direct_db": (-9.0, -6.0), "snr_db": 20.0},
    "two voices": {},
    "two voices, 80 to 20": {},
    "3 s": {},
}
"""How recordings are made that may be unfit for enrolment."""
SCENES = ("near", "rooms", "meetings", "telephone", "online", "noise")
"""Groups of `benchmarks.scenes` that conversations are drawn from, in turn."""
UNFIT_VOICES = 24
CONVERSATIONS = 72
SPEAKERS = (3, 4, 5)
SECONDS = (100.0, 160.0)


@dataclass(frozen=True)
class Halves:
    """The phrases of each voice: those that it enrols with, and those of its conversations.

    Strangers enrol with none.
    """

    enrolled: Voices
    spoken: Voices


def halves() -> dict[str, Halves]:
    """Deal the voices out to the sets, and the phrases of each to the halves."""
    enrolled: dict[str, list[Stretch]] = {}
    conversing: dict[str, list[Stretch]] = {}
    for name, rows in sorted(phrases().items()):
        parts: tuple[list[Stretch], list[Stretch]] = ([], [])
        for row in sorted(rows, key=lambda row: row[1] - row[2]):
            min(parts, key=seconds_of).append(row)
        if min(map(seconds_of, parts)) >= LEAST_HALF_S:
            enrolled[name], conversing[name] = parts
        elif seconds_of(rows) >= LEAST_S:
            conversing[name] = rows
    rng = np.random.default_rng(2027)
    dealt = [
        rng.permutation(sorted(names)).tolist()
        for names in (enrolled, conversing.keys() - enrolled.keys())
    ]
    return {
        group: Halves(
            {name: enrolled[name] for name in dealt[0][number :: len(SETS)]},
            {name: conversing[name] for names in dealt for name in names[number :: len(SETS)]},
        )
        for number, group in enumerate(SETS)
    }


def enrolments(voices: Halves, folder: Path) -> dict[str, dict[str, Path]]:
    """Make a recording of each voice in each of `CONDITIONS`, where it is not there yet."""
    made: dict[str, dict[str, Path]] = {}
    for number, (name, rows) in enumerate(sorted(voices.enrolled.items())):
        for place, (condition, values) in enumerate(CONDITIONS.items()):
            path = folder / "enrolments" / condition / f"{name}.flac"
            made.setdefault(name, {})[condition] = path
            if not path.exists():
                rng = np.random.default_rng([2028, number, place])
                _record([(name, row) for row in rows], path, values, rng)
    return made


def mixed_enrolments(voices: Halves, folder: Path) -> dict[str, Path]:
    """Make one recording of each voice whose phrases are in `CONDITIONS` in turn, all mixed."""
    made: dict[str, Path] = {}
    for number, (name, rows) in enumerate(sorted(voices.enrolled.items())):
        path = made[name] = folder / "enrolments" / "mixed" / f"{name}.flac"
        if not path.exists():
            rng = np.random.default_rng([2030, number])
            order = [list(CONDITIONS.values())[place] for place in rng.permutation(len(CONDITIONS))]
            parts = [
                _recorded([(name, row)], path.stem, order[place % len(order)], rng)
                for place, row in enumerate(rows)
            ]
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, np.concatenate(parts), RATE, subtype="PCM_16")
    return made


def unfit(voices: Halves, folder: Path) -> dict[str, list[Path]]:
    """Make recordings of `UNFIT`, where they are not there yet; two voices are neighbours'."""
    made: dict[str, list[Path]] = {}
    names = sorted(voices.enrolled)
    for number, name in enumerate(names[:UNFIT_VOICES]):
        own = [(name, row) for row in voices.enrolled[name]]
        other = [(names[number - 1], row) for row in voices.enrolled[names[number - 1]]]
        for place, (kind, values) in enumerate(UNFIT.items()):
            path = folder / "unfit" / kind.replace(" ", "_").replace(",", "") / f"{name}.flac"
            made.setdefault(kind, []).append(path)
            if not path.exists():
                said = own
                if kind == "3 s":
                    said = [(name, (file, a, min(b, a + 3.0))) for _, (file, a, b) in own[:1]]
                elif kind == "two voices":
                    said = own + other
                elif kind.startswith("two voices"):
                    fifth = 0.25 * seconds_of(voices.enrolled[name])
                    file, a, b = other[0][1]
                    said = [*own, (other[0][0], (file, a, min(b, a + fifth)))]
                rng = np.random.default_rng([2029, number, place])
                _record(said, path, values, rng)
    return made


def _record(
    said: Sequence[tuple[str, Stretch]], path: Path, values: dict[str, Any], rng: Generator
) -> None:
    """Record phrases, one after the other, in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, _recorded(said, path.stem, values, rng), RATE, subtype="PCM_16")


def _recorded(
    said: Sequence[tuple[str, Stretch]], title: str, values: dict[str, Any], rng: Generator
) -> NDArray[np.float32]:
    """Record phrases, one after the other."""
    turns: list[Turn] = []
    now = 0.5
    for name, (file, start, end) in said:
        signal = spoken(file, start, min(end, start + LONGEST_PHRASE_S))
        turns.append(Turn(now, now + len(signal) / RATE, name, signal))
        now = turns[-1].end_s + 0.4
    speakers = sorted({name for name, _ in said})
    scene = Scene("enrolments", title, 0, len(speakers), now + 0.1, **values)
    return recorded(scene, speakers, turns, rng)


def conversations(group: str, voices: Halves, folder: Path) -> Iterator[Path]:
    """Make the conversations of a set, where they are not there yet."""
    for number in range(CONVERSATIONS):
        seed = 50_000 + 1000 * SETS.index(group) + number
        rng = np.random.default_rng([8, seed])
        drawn = GROUPS[SCENES[number % len(SCENES)]][0](rng)
        drawn |= {"speakers": SPEAKERS[number // len(SCENES) % len(SPEAKERS)]}
        drawn |= {"seconds": rng.uniform(*SECONDS), "evenness": 3.0, "alike": False}
        scene = Scene(group, f"{SCENES[number % len(SCENES)]}_{number:02d}", seed, **drawn)
        yield write(scene, folder, voices.spoken)
