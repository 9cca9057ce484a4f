"""File formats for speaker turns, by name and suffix. Each is a module with two functions.

``dumps(annotation)`` returns the text of a file. ``loads(text, source)`` returns the annotation, or
for formats that may hold several recordings (RTTM, STM) the annotations by name.
"""

from __future__ import annotations

import codecs
import importlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar import files
from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import columns, json
from ovdiar.formats.json import Saved

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
        raise FormatError(f"the format {name!r} is unknown: choose {', '.join(SUFFIXES)}")
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
        Name of the format. By default, it follows from the suffix of ``path``.

    Raises
    ------
    FormatError
        If the file or the format does not exist, the file cannot be parsed, or it has several
        recordings.
    """
    return read_saved(path, name).annotation


def read_saved(path: str | os.PathLike[str], name: str | None = None) -> Saved:
    """Read everything a file says about one recording; parameters and errors as in `read`.

    JSON also has the turns with one speaker at a time, and the provenance.
    """
    name = name or format_of(path)
    module, text = _module(name), _text(path)
    if name == "json":
        saved = json.load_saved(text, str(path))
    else:
        saved = Saved(_only(module.loads(text, str(path)), path))
    if saved.annotation.uri is not None:
        return saved
    uri = Path(path).stem
    exclusive = saved.exclusive and replace(saved.exclusive, uri=uri)
    return replace(saved, annotation=replace(saved.annotation, uri=uri), exclusive=exclusive)


def _only(found: Annotation | dict[str, Annotation], path: str | os.PathLike[str]) -> Annotation:
    """Return the only recording of a file, or raise FormatError."""
    if isinstance(found, Annotation):
        return found
    if len(found) > 1:
        raise FormatError(
            f"{path} has {len(found)} recordings ({', '.join(list(found)[:3])}, ...): "
            "split it into one file per recording"
        )
    return next(iter(found.values()), Annotation())


def _text(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8, or in UTF-16 with a byte-order mark, which Praat often writes."""
    with suppress(OSError, UnicodeDecodeError):
        data = Path(path).read_bytes()
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
    return columns.read(path)
