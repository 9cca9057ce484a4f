"""Conversations with exact labels, put together from the phrases of single speakers.

Needs the reference material: ``data/voices``. What is varied is in `Scene`; which ones are made,
in `benchmarks.scenes`. Few voices hold more than 15 s, so phrases come again: then at another
speed (up to 4 %), and every turn has another timbre and level.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from benchmarks.acoustics import (
    NOISES,
    RATE,
    band,
    coded,
    handset,
    music,
    room,
    through,
)
from benchmarks.development import DATA
from scipy.signal import lfilter, resample_poly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    Signal = NDArray[np.float32]
    Stretch = tuple[str, float, float]
    Voices = Mapping[str, Sequence[Stretch]]

VOICES = DATA / "voices"
KNOWN = frozenset({"ls1998", "ls2609", "ls3005", "ls533", "vctkp226", "vctkp228"})
"""Voices of the development set's ``simulated``."""
LEAST_S = 5.0
"""Speech that a voice must hold to be cast."""
SPEEDS = ((1, 1), (25, 26), (26, 25), (50, 51), (51, 50))
"""Resampling of a phrase each time that it comes again."""
LONGEST_PHRASE_S = 12.0


@dataclass(frozen=True)
class Scene:
    """How one conversation is made; see the fields' comments for units."""

    group: str
    name: str
    seed: int
    speakers: int
    seconds: float
    overlap: float = 0.3  # share of turns that begin before the last one ends
    interjections: float = 0.1  # share of phrases that somebody else speaks into
    phrases: float = 1.2  # mean number of phrases of a turn beyond the first
    evenness: float = 3.0  # of shares of talk: Dirichlet's parameter; below 1, very uneven
    alike: bool = False  # voices of neighbouring pitch
    rt60_s: tuple[float, float] = (0.05, 0.1)
    direct_db: tuple[float, float] = (15.0, 20.0)
    handset_db: float = 2.0  # how much speakers' microphones differ
    shared_microphone: bool = True
    bands: tuple[tuple[float, float], ...] = ()  # of speakers, in turn; none: all of it
    codecs: tuple[str, ...] = ()  # of speakers, in turn
    whole_band: tuple[float, float] | None = None
    whole_codec: str = ""
    noise: str = "pink"
    snr_db: float = 30.0
    jingles: int = 0  # stretches of loud music without speech
    level_db: float = -3.0  # peak of the recording, over full scale


class Turn(NamedTuple):
    """A phrase as it is spoken: when, by whom, from which file."""

    start_s: float
    end_s: float
    speaker: str
    signal: NDArray[np.float32]


@cache
def phrases() -> dict[str, list[Stretch]]:
    """Read which stretches of which files each voice speaks."""
    found: dict[str, list[Stretch]] = {}
    for row in json.loads((VOICES / "phrases.json").read_text(encoding="utf-8")):
        stretches = ((row["file"], start, end) for start, end in row["phrases"])
        found.setdefault(row["speaker"], []).extend(stretches)
    return found


@cache
def _file(name: str) -> NDArray[np.float32]:
    return np.asarray(soundfile.read(VOICES / name, dtype="float32")[0])


def spoken(name: str, start_s: float, end_s: float) -> NDArray[np.float32]:
    """Read a phrase, with soft edges, of power 1."""
    signal = _file(name)[int(start_s * RATE) : int(end_s * RATE)].copy()
    ramp = min(80, len(signal) // 2)
    signal[:ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
    signal[len(signal) - ramp :] *= np.linspace(1, 0, ramp, dtype=np.float32)
    return np.asarray(signal / (np.sqrt((signal**2).mean()) + 1e-9), dtype=np.float32)


@cache
def pitch(speaker: str) -> float:
    """Estimate a voice's median pitch, Hz, by the autocorrelation of frames of 40 ms."""
    speech = np.concatenate([spoken(*row) for row in phrases()[speaker]])[: 15 * RATE]
    frames = speech[: len(speech) // 640 * 640].reshape(-1, 640)
    frames = frames[(frames**2).mean(axis=1) > 0.5]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2048)) ** 2)[:, 40:220]
    strong = correlation.max(axis=1) > 0.3 * (frames**2).sum(axis=1)
    lags = 40 + correlation[strong].argmax(axis=1)
    return float(np.median(RATE / lags)) if len(lags) else 0.0


def seconds_of(stretches: Sequence[Stretch]) -> float:
    """Return how much speech phrases hold, s."""
    return sum(end - start for _, start, end in stretches)


def new_voices() -> Voices:
    """Give the voices that hold enough and are not ``KNOWN``."""
    return {
        name: rows
        for name, rows in phrases().items()
        if seconds_of(rows) >= LEAST_S and name not in KNOWN
    }


def cast(scene: Scene, voices: Voices, rng: Generator) -> list[str]:
    """Choose the voices of a scene."""
    rich = sorted(voices)
    if not scene.alike:
        return [str(k) for k in rng.choice(rich, scene.speakers, replace=False)]
    by_pitch = sorted(rich, key=pitch)
    first = int(rng.integers(5, len(rich) - scene.speakers - 5))
    return by_pitch[first : first + scene.speakers]


class Talk:
    """Who says what when: turns, pauses, overlaps and interjections."""

    def __init__(self, scene: Scene, speakers: list[str], voices: Voices, rng: Generator) -> None:
        self.scene, self.voices, self.rng = scene, voices, rng
        self.speakers = speakers
        shares = rng.dirichlet(np.full(len(speakers), scene.evenness))
        self.shares = dict(zip(speakers, shares + 0.02, strict=True))
        self.ends = dict.fromkeys(speakers, 0.0)
        self.queues: dict[str, list[Stretch]] = {k: [] for k in speakers}
        self.rounds = dict.fromkeys(speakers, 0)
        self.turns: list[Turn] = []

    def _phrase(self, speaker: str) -> NDArray[np.float32]:
        if not self.queues[speaker]:
            rows = self.voices[speaker]
            self.queues[speaker] = [rows[i] for i in self.rng.permutation(len(rows))]
            self.rounds[speaker] += 1
        name, start, end = self.queues[speaker].pop()
        signal = spoken(name, start, min(end, start + LONGEST_PHRASE_S))
        up, down = SPEEDS[0] if self.rounds[speaker] == 1 else self.rng.choice(SPEEDS)
        return signal if up == down else resample_poly(signal, up, down).astype(np.float32)

    def _say(self, speaker: str, start_s: float, signal: NDArray[np.float32]) -> bool:
        """Add a phrase if it ends in time and its speaker is free."""
        start = round(max(start_s, self.ends[speaker] + 0.05) * RATE) / RATE
        end = start + len(signal) / RATE
        if end > self.scene.seconds - 0.2:
            return False
        self.turns.append(Turn(start, end, speaker, signal))
        self.ends[speaker] = end
        return True

    def all(self) -> list[Turn]:
        """Fill the time."""
        rng, scene = self.rng, self.scene
        now, last, before = rng.uniform(0.3, 2.0), "", ""
        while True:
            others = [k for k in self.speakers if k != last] or self.speakers
            weights = np.array([self.shares[k] * (2.5 if k == before else 1) for k in others])
            speaker = others[rng.choice(len(others), p=weights / weights.sum())]
            before, last = last, speaker
            early = bool(self.turns) and len(self.speakers) > 1 and rng.random() < scene.overlap
            start = now - rng.uniform(0.2, 1.5) if early else now + 0.1 + rng.exponential(0.4)
            start += rng.uniform(2, 8) if rng.random() < 0.03 else 0
            timbre, level = rng.uniform(-0.25, 0.25), 10 ** (rng.normal(0, 1.5) / 20)
            for _ in range(1 + rng.poisson(scene.phrases)):
                signal = level * lfilter([1, timbre], [1], self._phrase(speaker))
                if not self._say(speaker, start, signal.astype(np.float32)):
                    return sorted(self.turns, key=lambda turn: turn.start_s)
                if rng.random() < scene.interjections and len(self.speakers) > 1:
                    other = str(rng.choice([k for k in self.speakers if k != speaker]))
                    short = self._phrase(other)[: round(rng.uniform(0.4, 1.2) * RATE)]
                    within = self.ends[speaker] - rng.uniform(0, len(signal) / RATE)
                    self._say(other, within, 0.7 * short)
                start = self.ends[speaker] + rng.uniform(0.15, 0.7)
            now = max(now, self.ends[speaker])


def mixed(scene: Scene, voices: Voices | None = None) -> tuple[NDArray[np.float32], list[Turn]]:
    """Make a scene: its signal and its labels; by default of `new_voices`."""
    rng = np.random.default_rng([2026, scene.seed])
    known = new_voices() if voices is None else voices
    speakers = cast(scene, known, rng)
    turns = Talk(scene, speakers, known, rng).all()
    return recorded(scene, speakers, turns, rng), turns


def recorded(
    scene: Scene, speakers: list[str], turns: list[Turn], rng: Generator
) -> NDArray[np.float32]:
    """Record turns as the scene says; a room's tail is not labelled."""
    length = round(scene.seconds * RATE)
    signal = np.zeros(length, np.float32)
    microphone = handset(rng, scene.handset_db)
    for number, speaker in enumerate(speakers):
        track = np.zeros(length, np.float32)
        for turn in turns:
            if turn.speaker == speaker:
                at = round(turn.start_s * RATE)
                track[at : at + len(turn.signal)] += turn.signal
        track = through(track, room(rng, rng.uniform(*scene.rt60_s), rng.uniform(*scene.direct_db)))
        own = handset(rng, scene.handset_db)
        track = through(track, microphone if scene.shared_microphone else own)
        if scene.bands:
            track = band(track, *scene.bands[number % len(scene.bands)])
        if scene.codecs and scene.codecs[number % len(scene.codecs)]:
            track = coded(track, scene.codecs[number % len(scene.codecs)])
        signal += 10 ** (rng.uniform(-5, 0) / 20) * track
    signal = _with_noise(scene, signal, rng)
    if scene.whole_band is not None:
        signal = band(signal, *scene.whole_band)
    if scene.whole_codec:
        signal = coded(signal, scene.whole_codec)
    level = np.float32(10 ** (scene.level_db / 20) / np.abs(signal).max())
    return np.asarray(level * signal, np.float32)


def _with_noise(scene: Scene, signal: Signal, rng: Generator) -> Signal:
    """Add noise below the speech, and jingles as loud as it where nobody speaks yet."""
    loud = np.abs(signal) > 0.01 * np.abs(signal).max()
    power = float(np.sqrt((signal[loud] ** 2).mean()))
    noise = _babble(rng, len(signal)) if scene.noise == "babble" else None
    noise = NOISES[scene.noise](rng, len(signal)) if noise is None else noise
    swell = 1 + 0.4 * np.sin(2 * np.pi * np.arange(len(signal)) / RATE / rng.uniform(7, 20))
    out = signal + (power * 10 ** (-scene.snr_db / 20) * swell * noise).astype(np.float32)
    for _ in range(scene.jingles):
        tune = music(rng, round(rng.uniform(2, 6) * RATE))[: len(signal)]
        at = int(rng.integers(0, len(signal) - len(tune) + 1))
        quiet = np.convolve(np.abs(signal[at : at + len(tune)]), np.ones(800) / 800, "same")
        out[at : at + len(tune)] += power * tune * (quiet < 0.02 * power)
    return out


def _babble(rng: Generator, length: int) -> Signal:
    """Draw many voices at once, of power 1."""
    names = sorted(name for name, rows in phrases().items() if rows)
    out = np.zeros(length, np.float32)
    for _ in range(12):
        at = 0
        rows = phrases()[str(rng.choice(names))]
        while at < length:
            piece = spoken(*rows[rng.integers(len(rows))])[: length - at]
            out[at : at + len(piece)] += piece
            at += len(piece) + 1
    return np.asarray(out / (np.sqrt((out**2).mean()) + 1e-12), dtype=np.float32)


def write(scene: Scene, folder: Path, voices: Voices | None = None) -> Path:
    """Write audio, labels and scored part of a scene, unless they are there; the audio's path.

    ``voices`` are those of `mixed`.
    """
    audio = folder / scene.group / f"{scene.name}.flac"
    if not audio.with_suffix(".uem").exists():
        audio.parent.mkdir(parents=True, exist_ok=True)
        signal, turns = mixed(scene, voices)
        soundfile.write(audio, signal, RATE, subtype="PCM_16")
        audio.with_suffix(".rttm").write_text(labels(scene, turns), encoding="utf-8")
        scored = f"{scene.name} NA 0.000 {scene.seconds:.3f}\n"
        audio.with_suffix(".uem").write_text(scored, encoding="utf-8")
    return audio


def labels(scene: Scene, turns: list[Turn]) -> str:
    """Write turns as RTTM."""
    return "".join(
        f"SPEAKER {scene.name} 1 {t.start_s:.3f} {t.end_s - t.start_s:.3f} <NA> <NA> "
        f"{t.speaker} <NA> <NA>\n"
        for t in turns
    )
