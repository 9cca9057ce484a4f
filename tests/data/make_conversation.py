"""Make conversation.flac and conversation.rttm: four synthetic voices talk about a recording.

It needs the programs flite, festival (``text2wave``, with the voice ked_diphone) and espeak-ng:
on Debian, ``apt install flite festival festvox-kdlpc16k espeak-ng``. The same versions of them
make the same files again::

    python tests/data/make_conversation.py

Every phrase is trimmed to where it sounds and starts and ends on a whole millisecond, so that the
RTTM's three decimals are exact. The words are the project's own.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from scipy.signal import resample_poly

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
NAME = "conversation"
RATE_HZ = 16_000
MS = RATE_HZ // 1000
"""Samples in a millisecond."""

FRAME_SAMPLES = 5 * MS
SILENCE_DB = -40.0
"""A frame this far below the phrase's loudest one is silent."""
LONGEST_PAUSE_S = 0.3
"""A longer pause would end a turn (NIST's rule for references), so no phrase may hold one."""
TAIL_S = 1.0
ROOM_TONE_DBFS = -64.0
SEED = 20

COMMANDS = {
    "slt": ("flite", "-voice", "slt", "-o", "{wav}", "{txt}"),
    "rms": ("flite", "-voice", "rms", "-o", "{wav}", "{txt}"),
    "ked": ("text2wave", "-eval", "(voice_ked_diphone)", "-o", "{wav}", "{txt}"),
    "f3": ("espeak-ng", "-v", "en-us+f3", "-s", "150", "-w", "{wav}", "-f", "{txt}"),
}
LEVELS_DBFS = {"slt": -22.0, "rms": -23.0, "ked": -24.0, "f3": -25.0}


class Line(NamedTuple):
    """A phrase, and where it starts: ``gap_s`` after the end of the line before it."""

    voice: str
    gap_s: float
    text: str


# A negative gap talks over the line before; one longer than its own phrase lies within that line.
LINES = (
    Line("slt", 1.0, "Good evening everyone and thank you for staying so late"),
    Line("slt", 0.45, "Tonight we listen to what the microphone heard in the reed bed"),
    Line("rms", 0.6, "Is that the one we left beside the old water mill"),
    Line("f3", -0.55, "No it hung from the willow at the end of the path"),
    Line("ked", 0.35, "I changed the batteries myself on Sunday afternoon"),
    Line("slt", 0.8, "Then it must have been running from midnight until the sun came up"),
    Line("rms", -1.6, "It was"),
    Line("ked", 2.1, "The first hour is nothing but rain on the leaves"),
    Line("f3", -0.7, "And a train that passed at half past one"),
    Line("slt", 0.5, "After the train there are two birds calling to each other"),
    Line("rms", 1.2, "The low one sounds like somebody blowing over an empty bottle"),
    Line("f3", -0.9, "That is a bittern and I have waited nine years to hear one here"),
    Line("ked", -1.5, "Oh really"),
    Line("slt", 1.9, "And the other one"),
    Line("ked", 0.3, "A water rail I would say because it squeals like a piglet"),
    Line("rms", -0.8, "My neighbour keeps pigs and they are much louder than that"),
    Line("f3", 0.7, "Play the last minute again and listen for the wings"),
    Line("slt", -0.6, "Give me a moment to find the place"),
    Line("ked", 1.4, "There were four or five of them flying to the north"),
    Line("rms", 0.4, "We should put up a second microphone before the weekend"),
    Line("f3", -0.75, "I can bring mine tomorrow morning"),
    Line("slt", 0.5, "Wonderful and I will make us some coffee"),
)


def synthesize(voice: str, text: str) -> NDArray[np.float64]:
    """Speak a phrase; returns samples at ``RATE_HZ``."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {"wav": f"{folder}/phrase.wav", "txt": f"{folder}/phrase.txt"}
        Path(paths["txt"]).write_text(f"{text}.\n", encoding="ascii")
        subprocess.run([part.format(**paths) for part in COMMANDS[voice]], check=True)
        samples, rate = soundfile.read(paths["wav"])
    return np.asarray(resample_poly(samples, RATE_HZ, rate) if rate != RATE_HZ else samples)


def trim(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut the silence off both ends, on whole frames; a long pause inside is refused."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    energy = np.mean(frames**2, axis=1)
    loud = np.flatnonzero(energy > 10 ** (SILENCE_DB / 10) * energy.max())
    pause_s = (np.diff(loud).max() - 1) * FRAME_SAMPLES / RATE_HZ
    if pause_s > LONGEST_PAUSE_S:
        raise SystemExit(f"a phrase pauses for {pause_s:.3f} s: split it or reword it")
    return frames[loud[0] : loud[-1] + 1].ravel()


def level(samples: NDArray[np.float64], dbfs: float) -> NDArray[np.float64]:
    """Scale to a root mean square of ``dbfs``."""
    scaled: NDArray[np.float64] = samples * 10 ** (dbfs / 20) / np.sqrt(np.mean(samples**2))
    return scaled


def room_tone(length: int) -> NDArray[np.float64]:
    """Draw noise whose power falls with frequency (1/f above 50 Hz), from a fixed seed."""
    spectrum = np.fft.rfft(np.random.default_rng(SEED).standard_normal(length))
    frequency_hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    return level(
        np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency_hz, 50)), length), ROOM_TONE_DBFS
    )


def main() -> None:
    """Synthesize, lay out, mix and write."""
    placed: list[tuple[int, Line, NDArray[np.float64]]] = []
    end = 0
    for line in LINES:
        phrase = level(trim(synthesize(line.voice, line.text)), LEVELS_DBFS[line.voice])
        start = end + round(line.gap_s * 1000) * MS
        end = start + len(phrase)
        placed.append((start, line, phrase))
    mix = room_tone(max(start + len(p) for start, _, p in placed) + round(TAIL_S * RATE_HZ))
    for start, _, phrase in placed:
        mix[start : start + len(phrase)] += phrase
    if np.abs(mix).max() >= 1:
        raise SystemExit(f"the mix peaks at {np.abs(mix).max():.2f}: lower LEVELS_DBFS")

    rows = sorted((start, start + len(p), line.voice) for start, line, p in placed)
    soundfile.write(HERE / f"{NAME}.flac", np.rint(mix * 32767).astype(np.int16), RATE_HZ)
    (HERE / f"{NAME}.rttm").write_text(
        "".join(
            f"SPEAKER {NAME} 1 {start / RATE_HZ:.3f} {(stop - start) / RATE_HZ:.3f} "
            f"<NA> <NA> {voice} <NA> <NA>\n"
            for start, stop, voice in rows
        ),
        encoding="ascii",
    )
    active = np.zeros(len(mix), np.int64)
    for start, stop, _ in rows:
        active[start:stop] += 1
    speech, overlap = np.sum(active > 0), np.sum(active > 1)
    print(
        f"{len(mix) / RATE_HZ:.1f} s, {len(rows)} turns, speech {speech / RATE_HZ:.1f} s, "
        f"overlap {100 * overlap / speech:.1f} % of it, peak {np.abs(mix).max():.2f}"
    )


if __name__ == "__main__":
    main()
