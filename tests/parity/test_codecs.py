"""The same recording gives the same turns, in whatever format it comes."""

from __future__ import annotations

import subprocess
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from reference.codecs import CODECS, disagreement, encodings
from reference.ffmpeg import encode
from scipy.signal import correlate

from ovdiar import SpeakerDiarization, load
from ovdiar.audio import reading as audio
from ovdiar.audio.recording import open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar import Annotation

RATE = 16_000


@pytest.fixture(scope="module")
def answers(
    ffmpeg: str, tiny: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Annotation]:
    """Give the turns of a telephone call in each format."""
    recording = shared / "data" / "sample" / "sample.wav"
    files = encodings(ffmpeg, recording, tmp_path_factory.mktemp("codecs"))
    pipeline = SpeakerDiarization(load(tiny))
    return {name: pipeline(path).speaker_diarization for name, path in files.items()}


@pytest.mark.parametrize(("one", "other"), list(combinations(CODECS, 2)))
def test_two_formats_agree(one: str, other: str, answers: dict[str, Annotation]) -> None:
    assert len(answers[one].labels()) == 2
    assert disagreement(answers[one], answers[other]).rate <= 0.01


@pytest.mark.parametrize("other", list(CODECS)[1:])
def test_boundaries_are_those_of_the_original(other: str, answers: dict[str, Annotation]) -> None:
    assert disagreement(answers["WAV"], answers[other]).near >= 0.95


LONG_S = 30 * 60
TAGGED = {"with a table of contents": (), "without one": ("-write_xing", "0")}


@pytest.mark.parametrize("how", TAGGED.values(), ids=TAGGED)
def test_times_in_an_mp3_of_variable_bit_rate_do_not_drift(
    how: tuple[str, ...], ffmpeg: str, conversation: Path, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(conversation, dtype="float32")
    samples = np.resize(np.r_[samples, np.zeros(8 * RATE, np.float32)], LONG_S * RATE)
    soundfile.write(tmp_path / "long.wav", samples, RATE)
    path = encode(
        ffmpeg,
        tmp_path / "long.wav",
        tmp_path / "long.mp3",
        "-c:a",
        "libmp3lame",
        "-q:a",
        "6",
        *how,
    )
    heard = audio.load(path).samples
    delays_s = [delay_s(heard, samples, at_s) for at_s in (0, LONG_S // 2, LONG_S - 20)]
    assert np.ptp(delays_s) < 0.001
    if not how:  # without the table nothing tells the delay of the encoder, 1105 samples
        assert np.abs(delays_s).max() < 0.001
        assert len(heard) == len(samples)


def delay_s(heard: np.ndarray, said: np.ndarray, at_s: int) -> float:
    """Find how much later a piece of 20 s is heard than it was said."""
    piece = slice(at_s * RATE, (at_s + 20) * RATE)
    length = len(said[piece])
    correlation = correlate(heard[piece][:length], said[piece], mode="full", method="fft")
    return float(np.argmax(correlation) - (length - 1)) / RATE


CONTAINERS: dict[str, tuple[str, ...]] = {
    "M4A": ("call.m4a", "-c:a", "aac"),
    "MOV": ("call.mov", "-c:a", "aac"),
    "WebM": ("call.webm", "-c:a", "libopus"),
    "MP3 at 44.1 kHz": ("call.mp3", "-ar", "44100", "-c:a", "libmp3lame"),
    "MP3 at 8 kHz": ("call.mp3", "-ar", "8000", "-c:a", "libmp3lame", "-b:a", "24k"),
    "Ogg Vorbis": ("call.ogg", "-c:a", "libvorbis"),
    "ALAC": ("call.m4a", "-c:a", "alac"),
    "AIFF": ("call.aiff",),
    "mu-law": ("call.wav", "-ar", "8000", "-c:a", "pcm_mulaw"),
    "ADPCM": ("call.wav", "-c:a", "adpcm_ms"),
}


@pytest.mark.parametrize(("name", "how"), [(n, h) for n, *h in CONTAINERS.values()], ids=CONTAINERS)
def test_the_delay_of_an_encoder_is_taken_back(
    name: str, how: list[str], ffmpeg: str, conversation: Path, tmp_path: Path
) -> None:
    samples, _ = soundfile.read(conversation, frames=20 * RATE, dtype="float32")
    soundfile.write(tmp_path / "said.wav", samples, RATE)
    heard = audio.load(encode(ffmpeg, tmp_path / "said.wav", tmp_path / name, *how)).samples
    assert abs(delay_s(heard, samples, 0)) < 0.008
    assert 0 <= len(heard) - len(samples) < 0.12 * RATE


PIPED = ("wav", "mp3", "flac", "ogg", "adts", "webm", "mpegts", "aiff", "caf", "au", "w64")


@pytest.mark.parametrize("form", PIPED)
def test_what_a_pipe_delivers_is_read_to_its_end(
    form: str, ffmpeg: str, conversation: Path
) -> None:
    command = (ffmpeg, "-v", "error", "-t", "10", "-i", str(conversation), "-f", form, "-")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with open_recording(process.stdout, rate=RATE) as recording:
            for _ in range(2):
                assert 0 <= sum(map(len, recording.blocks())) - 10 * RATE < 0.12 * RATE
