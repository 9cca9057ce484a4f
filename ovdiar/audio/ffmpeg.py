"""Audio decoded by ``ffmpeg``: M4A, video, and other formats that soundfile cannot read."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.audio.demuxers import DEMUXERS
from ovdiar.audio.ffmpeg_log import LIMIT_BYTES, TIMELINE, FfmpegLog, parse
from ovdiar.audio.shortfall import DAMAGED, GAPS, UNREAD, incomplete
from ovdiar.audio.source import checked_rate
from ovdiar.errors import AudioError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.audio.sound_file import FileSource

AU_HEADER = struct.Struct(">4s5I")
"""Magic, offset of the samples (bytes), data size (unknown here), encoding, rate, channels."""

UNLISTED = "Format not on whitelist"
"""Message of ffmpeg for a format that is not in `DEMUXERS`, after the format's name."""
NO_TRACK = "matches no streams"

SLACK_S, SLACK = 0.5, 0.01
"""How far the audio may fall short of the duration of its container: seconds, or a share."""

STATED_SLACK_S = 0.05
"""The same where the size of the data is stated (see `ovdiar.audio.headers`), s."""

LONGEST_S = 7 * 24 * 3600
"""A later start is an error of the timestamps, s."""

FFMPEG_INPUT = (
    *("-nostdin", "-hide_banner", "-nostats", "-v", "level+info", "-protocol_whitelist", "file"),
    *("-format_whitelist", ",".join(DEMUXERS), "-i"),
)


def _outputs(track: int, given: FileSource | None) -> tuple[str, ...]:
    """Return the options of the outputs: the samples, and a copy of the picture to nowhere.

    The copy keeps ffmpeg on the clock of the picture, which MPEG streams may start before the
    audio.
    """
    shape = () if given is None else ("-ar", str(given.rate), "-ac", str(given.channels))
    return (
        *("-map", f"0:a:{track}", "-af", f"asetpts='{TIMELINE}',aresample=async=1", *shape),
        *("-c:a", "pcm_f32be", "-f", "au", "-"),
        *("-map", f"0:a:{track}", "-map", "0:v?", "-c", "copy", "-f", "null", "-"),
    )


class FfmpegSource:
    """One audio track of a file, decoded by ``ffmpeg`` into a pipe.

    ffmpeg writes a Sun AU stream, whose header states the sample rate and the channels. Gaps in the
    container's timeline, and its start before the audio, are filled with silence.

    Parameters
    ----------
    path
        File to decode. ffmpeg opens no other file.
    name
        Name of the audio in messages.
    reason
        Why soundfile could not read the file.
    stack
        Ends the process when it closes.
    track
        Number of the audio track, from 0.
    given
        Source whose rate and channels the samples get, and which has decoded the file's beginning;
        by default, both are the file's own.
    share
        Share of its samples that the file holds, by its header.
    files
        Number of files that were joined, of which ffmpeg may read the first alone.
    missing
        What the file lacks, if anything.

    Raises
    ------
    AudioError
        If ffmpeg is not on PATH, or cannot decode the file, or the track does not exist.
    """

    length: int | None = None
    by_ffmpeg = True

    def __init__(
        self,
        path: Path,
        name: str,
        reason: str,
        stack: ExitStack,
        *,
        track: int = 0,
        given: FileSource | None = None,
        share: float = 1.0,
        files: int = 1,
        missing: str = "",
    ) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise AudioError(
                f"{name}: soundfile cannot read it ({reason}) and ffmpeg is not on PATH: "
                "install ffmpeg, or give WAV, FLAC, OGG or MP3"
            )
        self.name, self._path, self._track = name, path, track
        self._share, self._files, self._missing = share, files, missing
        self.notices: list[Notice] = []
        self._log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by the stack
        process = subprocess.Popen(  # noqa: S603 - no shell, and the path is one argument
            (program, *FFMPEG_INPUT, f"file:{path}", *_outputs(track, given)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._process = stack.enter_context(process)
        stack.callback(process.kill)
        header = self._read_bytes(AU_HEADER.size)
        log = self._parsed_log()
        self.tracks = max(len(log.tracks), 1)
        if len(header) < AU_HEADER.size:
            self._process.wait()
            raise AudioError(self._reason_for_nothing(self._parsed_log()))
        _, offset, _, _, rate, self.channels = AU_HEADER.unpack(header)
        self.rate = checked_rate(rate, name)
        self._read_bytes(offset - AU_HEADER.size)
        late = given is None and 0 < log.start_s < LONGEST_S
        self._silence = round(log.start_s * rate) if late else 0
        self._decoded, self._ended = 0, False

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""
        if self._silence:
            silent = min(count, self._silence)
            self._silence -= silent
            self._decoded += silent
            return np.zeros((silent, self.channels), np.float32)
        width = 4 * self.channels
        data = self._read_bytes(count * width)
        whole = len(data) // width
        self._decoded += whole
        if not whole:
            self._check_end()
        samples = np.frombuffer(data[: whole * width], ">f4")
        return samples.reshape(-1, self.channels).astype(np.float32)

    def _read_bytes(self, size: int) -> bytes:
        return b"" if self._process.stdout is None else self._process.stdout.read(size)

    def _parsed_log(self) -> FfmpegLog:
        self._log.seek(0)
        return parse(self._log.read(LIMIT_BYTES).decode(errors="replace").splitlines())

    def _reason_for_nothing(self, log: FfmpegLog) -> str:
        """Say why ffmpeg decoded nothing."""
        for where, text in log.complaints:
            if text.startswith(UNLISTED):
                form = where.partition(" @ ")[0]
                return (
                    f"{self.name}: ffmpeg detects the format {form!r}, which is not an audio "
                    "format or only refers to other files: give the recording itself"
                )
        if any(NO_TRACK in text for _, text in log.complaints):
            if log.tracks:
                last = len(log.tracks) - 1
                choice = f"choose 0 to {last}" if last else "choose 0"
                return f"{self.name}: audio track {self._track} does not exist: {choice} (--track)"
            what = "a video without sound" if log.pictures else "a file without an audio track"
            return f"{self.name}: {what}: give a recording that has sound"
        if not log.complaints and not self._process.returncode:
            return f"{self.name}: ffmpeg found no audio in it: give a recording"
        return (
            f"{self.name}: ffmpeg cannot decode it ({self._complaint(log)}): "
            "check that it is a recording, or convert it to WAV"
        )

    def _complaint(self, log: FfmpegLog) -> str:
        """Return the first thing that ffmpeg complained of."""
        texts = [text.removeprefix(f"file:{self._path}: ") for _, text in log.complaints]
        return next(filter(None, texts), f"exit status {self._process.returncode}")

    def _check_end(self) -> None:
        """Add notices of what ffmpeg reported: damage, gaps, an early end."""
        if self._ended:
            return
        self._ended = True
        code = self._process.wait()
        log = self._parsed_log()
        heard_s = self._decoded / self.rate
        reached_s = max(heard_s, log.reached_s or 0.0)
        announced_s = log.duration_s or 0.0
        slack_s = max(SLACK_S, SLACK * announced_s)
        if 0 < self._share < 1:
            reached_s, announced_s, slack_s = heard_s, heard_s / self._share, STATED_SLACK_S
        gap_s = sum(gap for at, gap in log.gaps if at + gap <= heard_s + 1)
        if reached_s + slack_s < announced_s:
            reason = self._complaint(log) if log.complaints else "it ends early"
            self.notices.append(incomplete(self.name, heard_s, announced_s, reason))
        elif self._missing:
            self.notices.append(incomplete(self.name, heard_s, None, self._missing))
        elif code or log.complaints:
            text = (
                f"{self.name}: ffmpeg met damage ({self._complaint(log)}) and may have left "
                f"something out: {heard_s:.3f} s were heard"
            )
            values = {
                "audio": self.name,
                "complaint": self._complaint(log),
                "heard_s": round(heard_s, 3),
                "announced_s": round(announced_s, 3) or None,
            }
            self.notices.append(Notice(DAMAGED, text, values))
        if self._files > 1 + len(log.rewound_s):
            text = (
                f"{self.name}: {self._files} files were joined in it, and {heard_s:.3f} s were "
                "heard, perhaps of the first alone: read each on its own"
            )
            values = {"audio": self.name, "files": self._files, "heard_s": round(heard_s, 3)}
            self.notices.append(Notice(UNREAD, text, values))
        if gap_s:
            text = f"{self.name}: {gap_s:.3f} s are missing between its parts, and count as silence"
            values = {"audio": self.name, "missing_s": round(gap_s, 3), "heard_s": heard_s}
            self.notices.append(Notice(GAPS, text, values))
