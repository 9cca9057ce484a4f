"""One recording in every format that soundfile and ffmpeg write here."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from reference.sounds import chirps

SECONDS = 6.0
SOUNDFILE_SUFFIXES = {"OGG": "ogg", "MPC2K": "mpc", "NIST": "sph", "IRCAM": "sf", "SVX": "8svx"}
SKIPPED_FORMATS = frozenset({"RAW", "SD2"})
"""Without a header; with a second file that holds it."""

FFMPEG = {
    "m4a": ("-c:a", "aac"),
    "m4a-faststart": ("-c:a", "aac", "-movflags", "+faststart"),
    "mp4-fragmented": ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "mov": ("-c:a", "pcm_s16le"),
    "3gp": ("-c:a", "aac"),
    "caf": ("-c:a", "alac"),
    "mka": ("-c:a", "libvorbis"),
    "mkv": ("-c:a", "flac"),
    "webm": ("-c:a", "libopus"),
    "opus": ("-c:a", "libopus"),
    "oga": ("-c:a", "flac"),
    "spx": ("-c:a", "libspeex"),
    "avi": ("-c:a", "libmp3lame"),
    "wma": ("-c:a", "wmav2"),
    "flv": ("-c:a", "aac"),
    "swf": ("-c:a", "libmp3lame", "-ar", "44100"),
    "ts": ("-c:a", "aac"),
    "mpg": ("-c:a", "mp2"),
    "mxf": ("-c:a", "pcm_s16le", "-ar", "48000"),
    "nut": ("-c:a", "libvorbis"),
    "rm": ("-c:a", "ac3"),
    "wtv": ("-c:a", "mp2"),
    "gxf": ("-c:a", "pcm_s16le", "-ar", "48000"),
    "aac": ("-c:a", "aac"),
    "ac3": ("-c:a", "ac3"),
    "eac3": ("-c:a", "eac3"),
    "dts": ("-c:a", "dca", "-strict", "-2", "-ar", "48000"),
    "amr": ("-c:a", "libopencore_amrnb", "-ar", "8000"),
    "gsm": ("-c:a", "libgsm", "-ar", "8000"),
    "g722": ("-c:a", "g722"),
    "mp2": ("-c:a", "mp2"),
    "mp3": ("-c:a", "libmp3lame"),
    "mp3-bare": ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"),
    "mp3-variable": ("-c:a", "libmp3lame", "-q:a", "4"),
    "mmf": ("-c:a", "adpcm_yamaha", "-ar", "8000"),
    "sox": ("-c:a", "pcm_s32le"),
    "tta": ("-c:a", "tta"),
    "voc": ("-c:a", "pcm_u8"),
    "wv": ("-c:a", "wavpack"),
    "wav-mp3": ("-c:a", "libmp3lame"),
    "wav-adpcm": ("-c:a", "adpcm_ima_wav"),
    "aiff": ("-c:a", "pcm_s16be"),
    "w64": ("-c:a", "pcm_s16le"),
    "au": ("-c:a", "pcm_s16be"),
}
"""Options of ffmpeg by suffix, behind which a dash and a word may follow."""
PICTURES = {
    "mp4": ("-c:v", "mpeg4", "-c:a", "aac"),
    "mkv-video": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "ts-video": ("-c:v", "mpeg2video", "-c:a", "mp2"),
}

SILENT_FORMATS = frozenset(
    {
        *("PAF", "PVF", "IRCAM", "MPC2K", "WVE", "XI", "SDS", "HTK", "MAT4", "MAT5"),
        *("ts", "ts-video", "mpg", "aac", "ac3", "eac3", "dts", "amr", "gsm", "g722", "mp2"),
        *("mp3-bare", "swf", "rm", "wv", "spx", "mmf", "sox", "voc"),
    }
)
"""Formats whose start states no length, or a length that no reader here knows: cut between two
frames, they are shorter recordings.
"""


@dataclass(frozen=True)
class Original:
    """A whole file: its format, its suffix, its bytes, its duration in seconds as read."""

    form: str
    suffix: str
    data: bytes
    duration_s: float

    @property
    def announces(self) -> bool:
        """Whether the file states its length."""
        return self.form.partition("/")[0] not in SILENT_FORMATS


def sound(channels: int = 1) -> np.ndarray:
    """Return the recording (samples, channels) at 16 kHz."""
    noise = np.random.default_rng(0).normal(0, 0.02, (round(16_000 * SECONDS), channels))
    return chirps(round(16_000 * SECONDS), 16_000, channels) + noise


def by_soundfile() -> list[Original]:
    """Write every pair of format and subtype that soundfile knows."""
    found = []
    for form in sorted(soundfile.available_formats()):
        for subtype in sorted(soundfile.available_subtypes(form)):
            for rate in (16_000, 8000):
                file = io.BytesIO()
                if form in SKIPPED_FORMATS or "DWVW" in subtype:
                    continue
                try:
                    samples = sound()[: round(rate * SECONDS)]
                    soundfile.write(file, samples, rate, format=form, subtype=subtype)
                except (soundfile.LibsndfileError, ValueError):
                    continue
                suffix = SOUNDFILE_SUFFIXES.get(form, form.lower())
                found.append(Original(f"{form}/{subtype}", suffix, file.getvalue(), SECONDS))
                break
    return found


def by_ffmpeg() -> list[Original]:
    """Write every format of `FFMPEG` and `PICTURES` that this ffmpeg can write."""
    program = shutil.which("ffmpeg")
    if program is None:
        return []
    found = []
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "sound.wav")
        soundfile.write(wav, sound(), 16_000)
        start = (program, "-y", "-nostdin", "-v", "error")
        pattern = ("-f", "lavfi", "-i", f"testsrc=s=64x64:r=5:d={SECONDS}")
        for inputs, table in (((), FFMPEG), (pattern, PICTURES)):
            for form, how in table.items():
                path = Path(folder, f"made.{form.partition('-')[0]}")
                command = (*start, *inputs, "-i", str(wav), *how, str(path))
                if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                    suffix = path.suffix.removeprefix(".")
                    found.append(Original(form, suffix, path.read_bytes(), SECONDS))
    return found
