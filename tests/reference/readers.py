"""Programs of others that read the formats, each giving start (s), end (s) and speaker.

A reader that is not installed skips or fails its tests, see `reference.material`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reference.material import missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[tuple[float, float, str]]


def library(name: str) -> Any:
    """Import a reader."""
    try:
        return importlib.import_module(name)
    except ImportError:
        missing(f"{name} is not installed: pip install ovdiar[test]")


def pyannote_database(path: Path) -> Rows:
    """Read RTTM as pyannote's own data loaders do."""
    found = library("pyannote.database.util").load_rttm(path)
    return [
        (segment.start, segment.end, label)
        for annotation in found.values()
        for segment, _, label in annotation.itertracks(yield_label=True)
    ]


def praatio(path: Path) -> Rows:
    """Read a TextGrid; what praatio cannot read whole, it refuses."""
    grid = library("praatio.textgrid").openTextgrid(str(path), includeEmptyIntervals=False)
    return [(float(e.start), float(e.end), t.name) for t in grid.tiers for e in t.entries]


def tgt(path: Path) -> Rows:
    """Read a TextGrid."""
    grid = library("tgt").io.read_textgrid(str(path), encoding="utf-8")
    return [(float(i.start_time), float(i.end_time), t.name) for t in grid.tiers for i in t]


def pympi(path: Path) -> Rows:
    """Read an EAF document."""
    document = library("pympi.Elan").Eaf(str(path))
    return [
        (start / 1000, end / 1000, tier)
        for tier in document.get_tier_names()
        for start, end, *_ in document.get_annotation_data_for_tier(tier)
    ]


def webvtt(path: Path) -> Rows:
    """Read captions; a voice is what it shows of one."""
    captions = library("webvtt").read(str(path))
    return [(_seconds(c.start), _seconds(c.end), c.voice) for c in captions]


def srt(path: Path) -> Rows:
    """Read subtitles."""
    return [
        (cue.start.total_seconds(), cue.end.total_seconds(), cue.content[1:-1])
        for cue in library("srt").parse(path.read_text(encoding="utf-8"))
    ]


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60 + float(seconds)


READERS: dict[str, tuple[str, Callable[[Path], Rows]]] = {
    "pyannote.database": (".rttm", pyannote_database),
    "praatio": (".TextGrid", praatio),
    "tgt": (".TextGrid", tgt),
    "pympi-ling": (".eaf", pympi),
    "webvtt-py": (".vtt", webvtt),
    "srt": (".srt", srt),
}
