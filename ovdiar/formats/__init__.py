"""File formats for speaker turns, by name and suffix. Each is a module with two functions.

``dumps(annotation)`` returns the text of a file. ``loads(text, source)`` returns the annotation, or
for formats that may hold several recordings (RTTM, STM) the annotations by name.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar import files, texts
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import columns, detection, json, tracks
from ovdiar.formats.json import Saved
from ovdiar.texts import quoted

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from ovdiar.notices import Notice

SUFFIXES = {
    "rttm": ".rttm",
    "json": ".json",
    "csv": ".csv",
    "srt": ".srt",
    "vtt": ".vtt",
    "textgrid": ".TextGrid",
    "elan": ".eaf",
    "audacity": ".txt",
    "stm": ".stm",
}
"""Suffix of each format, case-insensitive."""
UNSUPPORTED = {
    ".uem": "UEM lists the scored parts of a recording, not speakers: use it with score --uem",
    ".ctm": "CTM lists words, which turns do not have: assign writes it from a transcript",
}
"""Suffixes of other speech formats, and what to use them with."""


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the name of the format that a file's suffix belongs to.

    Raises
    ------
    FormatError
        If the suffix is unknown.
    """
    suffix = Path(path).suffix
    for name, known in SUFFIXES.items():
        if suffix.lower() == known.lower():
            return name
    if suffix.lower() in UNSUPPORTED:
        raise FormatError(f"{path}: {UNSUPPORTED[suffix.lower()]}")
    raise FormatError(
        f"{path}: the suffix {suffix!r} belongs to no known format: choose "
        f"{', '.join(SUFFIXES.values())}, or name the format"
    )


def _module(name: str) -> Any:
    if name not in SUFFIXES:
        raise FormatError(f"the format {quoted(name)} is unknown: choose {', '.join(SUFFIXES)}")
    return importlib.import_module(f"ovdiar.formats.{name}")


def dumps(
    annotation: Annotation,
    name: str,
    *,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
    notices: Iterable[Notice] | None = None,
) -> str:
    """Serialize the turns of one recording.

    Parameters
    ----------
    annotation
        Turns to serialize.
    name
        Name of the format, a key of `SUFFIXES`.
    exclusive, provenance, notices
        The same recording with one speaker at a time, how it was made, and notices of the result
        (see `ovdiar.serialization`); written to JSON only.

    Raises
    ------
    FormatError
        If the format is unknown, or cannot express the annotation.
    """
    tracks.checked_times(annotation)
    if name == "json":
        return json.dumps(annotation, exclusive, provenance, notices)
    return str(_module(name).dumps(annotation))


def write(
    path: str | os.PathLike[str],
    annotation: Annotation,
    name: str | None = None,
    *,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
    notices: Iterable[Notice] | None = None,
) -> None:
    """Write the turns of one recording to a file, see `ovdiar.files`.

    Parameters
    ----------
    path
        File to write.
    annotation
        Turns to write.
    name
        Name of the format. By default, it follows from the suffix of ``path``.
    exclusive, provenance, notices
        See `dumps`.

    Raises
    ------
    FormatError
        As in `dumps`.
    OutputError
        If the file cannot be written.
    """
    name = name or format_of(path)
    text = dumps(annotation, name, exclusive=exclusive, provenance=provenance, notices=notices)
    files.write_text(path, text)


def read(path: str | os.PathLike[str], name: str | None = None) -> Annotation:
    """Read the turns of one recording.

    Parameters
    ----------
    path
        File to read. If it does not name the recording, its stem becomes the ``uri``.
    name
        Name of the format. By default, it follows from the suffix of ``path``, or, where that
        belongs to no format or to text of any kind, from the content.

    Raises
    ------
    FormatError
        If the file or the format does not exist, the file cannot be parsed, or it has several
        recordings.
    """
    return read_saved(path, name).annotation


def read_saved(path: str | os.PathLike[str], name: str | None = None) -> Saved:
    """Read everything a file says about one recording; parameters and errors as in `read`.

    JSON also has the turns with one speaker at a time, the provenance and the notices.
    """
    found = _parsed(path, name)
    if len(found) > 1:
        raise FormatError(
            f"{path} has {len(found)} recordings ({_some(found)}): split it into one file per "
            "recording"
        )
    return next(iter(found.values()), Saved(Annotation(uri=Path(path).stem)))


def read_recordings(path: str | os.PathLike[str], name: str | None = None) -> dict[str, Annotation]:
    """Read the turns of all recordings of a file, by name.

    A recording without a name has the stem of the file. A file without turns may have none.
    Parameters and errors as in `read`, except that there may be several recordings.
    """
    return {uri: saved.annotation for uri, saved in _parsed(path, name).items()}


def read_recording(path: str | os.PathLike[str], uri: str) -> Saved:
    """Read everything a file says about one of its recordings, or its only one.

    Parameters
    ----------
    path
        File to read.
    uri
        Name of the recording. A file with one recording may call it otherwise.

    Raises
    ------
    FormatError
        As in `read`, or if the file has several recordings, and not this one.
    """
    found = _parsed(path)
    if len(found) > 1 and uri not in found:
        raise FormatError(
            f"{path} has {len(found)} recordings ({_some(found)}), but not {quoted(uri)}: give "
            "the turns of this one"
        )
    return found.get(uri) or next(iter(found.values()), Saved(Annotation(uri=uri)))


def _parsed(path: str | os.PathLike[str], name: str | None = None) -> dict[str, Saved]:
    """Open a file, find its format, and parse its recordings: the one way in."""
    if name is None and Path(path).suffix.lower() in UNSUPPORTED:
        format_of(path)  # says what to use it with
    text = texts.read(path)
    name = name or _detect(text, path)
    module = _module(name)
    stem = Path(path).stem
    if name == "json":
        saved = json.load_saved(text, str(path))
        uri = saved.annotation.uri
        return {uri or stem: saved if uri is not None else _named(saved, stem)}
    found = module.loads(text, str(path))
    if isinstance(found, Annotation):
        return {stem: Saved(replace(found, uri=stem))}
    named = {stem if uri == columns.ABSENT else uri: turns for uri, turns in found.items()}
    return {uri: Saved(replace(turns, uri=uri)) for uri, turns in named.items()}


def _detect(text: str, path: str | os.PathLike[str]) -> str:
    """Return the format of a file: by its suffix, else by how it begins, or raise FormatError."""
    suffix = Path(path).suffix.lower()
    if suffix not in detection.ANY_TEXT and suffix in map(str.lower, SUFFIXES.values()):
        return format_of(path)
    return detection.by_content(text) or format_of(path)


def _named(saved: Saved, uri: str) -> Saved:
    """Give a recording a name."""
    exclusive = saved.exclusive and replace(saved.exclusive, uri=uri)
    return replace(saved, annotation=replace(saved.annotation, uri=uri), exclusive=exclusive)


def _some(names: Iterable[str]) -> str:
    return ", ".join([*(quoted(name, 40) for name in islice(names, 3)), "..."])
