"""What ffmpeg prints about its input: the tracks, the duration, damage, and the timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

START, REWOUND, GAP_AT, GAP = 1e9, 2e9, 3e9, 4e9
"""Added to the seconds that `TIMELINE` prints, to tell them apart."""

MOST_GAP_S = 3600
"""A longer gap is an error of the timestamps, and not filled with silence, s."""

TIMELINE = (
    # st(0): added to timestamps, st(1): end of the audio so far, st(2): start of this frame, s;
    # st(3), st(4): the last gap; st(5), st(6): whether and where timestamps went back. Both are
    # printed with the next frame, since the end of the stream is evaluated like a frame.
    f"if(eq(N,0),print({START:.0f}+T,16));"
    f"if(ld(4),print({GAP_AT:.0f}+ld(3),16);print({GAP:.0f}+ld(4),16);st(4,0));"
    f"if(ld(5),print({REWOUND:.0f}+ld(6),16);st(5,0));"
    "st(2,if(isnan(T),ld(1),T+ld(0)));"
    f"if(gt(N,0)*(lt(ld(2),ld(1)-0.5)+gt(ld(2),ld(1)+{MOST_GAP_S})),"
    "st(5,1);st(6,ld(1));st(0,ld(0)+ld(1)-ld(2));st(2,ld(1)));"
    "if(gt(N,0)*gt(ld(2),ld(1)+0.1),st(3,ld(1));st(4,ld(2)-ld(1)));"
    "st(1,ld(2)+NB_SAMPLES/SR);"
    "ld(2)/TB"
)
"""Expression of ffmpeg's filter ``asetpts``: timestamps that continue where a file was joined.

It prints where the audio starts, where timestamps go back, and where they leave a gap.
"""

NUMBER = re.compile(r"(?:\[Eval @ \w+\] )?\[error\] (-?\d+\.\d{6}|-?nan|-?inf)$")
STREAM = re.compile(
    r"\[info\]   Stream #0:\d+(?:\[\w+\])?(?:\((?P<language>\w+)\))?: (?P<kind>\w+)"
)
DURATION = re.compile(r"\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+)")
TIME = re.compile(r"time=(\d+):(\d\d):(\d\d\.\d+)")
COMPLAINT = re.compile(r"(?:\[(?P<where>[^]]+)\] )?\[(?:error|fatal)\] (?P<text>.*)")
CORRUPT = re.compile(r"\[warning\] (?:.*: )?(?P<text>corrupt input packet in stream \d+)")
"""What ffmpeg says of a packet that the file's end cuts; by then the progress may stand before."""
HARMLESS = (
    "Application provided invalid, non monotonically",
    "Last message repeated",
    "Invalid DTS",
    "Timestamps are unset in a packet",
    "Can't write packet with unknown timestamp",
    "Conversion failed!",
)
"""Complaints about timestamps of the output, which is samples, and what follows other errors."""
ENDED = ": Operation not permitted"
"""How ffmpeg shows -1, which old demuxers (gxf) return at the end of a file."""
ESTIMATED = "Estimating duration from bitrate"
LIMIT_BYTES = 2**22


@dataclass
class FfmpegLog:
    """What ffmpeg prints, with ``-v level+info``.

    Attributes
    ----------
    tracks
        Languages of the audio tracks, "" where none is stated.
    pictures
        Whether there is a video track.
    duration_s
        Duration that the container states, None if it states none.
    reached_s
        Time that ffmpeg reached in the end, over the chosen audio and the video.
    start_s
        Time of the first sample.
    gaps
        Position and duration of gaps that were filled with silence, in seconds.
    rewound_s
        Positions where the timestamps went back.
    complaints
        Errors, each with where it arose.
    """

    tracks: list[str] = field(default_factory=list)
    pictures: bool = False
    duration_s: float | None = None
    reached_s: float | None = None
    start_s: float = 0.0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    rewound_s: list[float] = field(default_factory=list)
    complaints: list[tuple[str, str]] = field(default_factory=list)


def parse(lines: Iterable[str]) -> FfmpegLog:
    """Parse the lines of a log; unknown ones are ignored."""
    log, estimated, started, inputs = FfmpegLog(), False, False, True
    for line in lines:
        inputs &= not line.startswith("[info] Output #")
        if number := NUMBER.match(line):
            started = _note(log, float(number[1]), started=started)
        elif inputs and (stream := STREAM.match(line)):
            if stream["kind"] == "Audio":
                log.tracks.append(stream["language"] or "")
            log.pictures |= stream["kind"] == "Video"
        elif duration := DURATION.match(line):
            log.duration_s = None if estimated else _seconds(duration)
        elif complaint := COMPLAINT.match(line):
            text = complaint["text"].strip()
            if not text.startswith(HARMLESS) and not text.endswith(ENDED):
                log.complaints.append((complaint["where"] or "", text))
        elif corrupt := CORRUPT.search(line):
            log.complaints.append(("", corrupt["text"]))
        elif time := TIME.search(line):
            log.reached_s = _seconds(time)
        estimated |= ESTIMATED in line
    return log


def _note(log: FfmpegLog, value: float, *, started: bool) -> bool:
    """Note a number of `TIMELINE`; return whether the start is known."""
    if not value >= START / 2:
        return started
    if value < START * 1.5:
        if not started:
            log.start_s = value - START
        return True
    if value < START * 2.5:
        log.rewound_s.append(value - REWOUND)
    elif value < START * 3.5:
        log.gaps.append((value - GAP_AT, 0.0))
    elif log.gaps:
        log.gaps[-1] = (log.gaps[-1][0], value - GAP)
    return started


def _seconds(match: re.Match[str]) -> float:
    hours, minutes, seconds = match.groups()
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
