"""Files that say who spoke when: the formats by name and suffix, each a module with two functions.

``dumps(annotation)`` gives the text of a file, ``loads(text, source)`` the annotation, or for
formats that hold several recordings (RTTM, STM) the annotations by name.
"""

from __future__ import annotations

import codecs
import importlib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import columns, json
from ovdiar.formats.json import Saved

if TYPE_CHECKING:
    from collections.abc import Mapping

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
"""The suffix of each format's files, in any case of letters."""
OTHERS = {
    ".uem": "UEM tells what part of a recording is scored, not who speaks: score takes it (--uem)",
    ".ctm": "CTM holds words, and turns have none: assign writes it from a transcript",
}
"""Why some files of the field are none of these."""


def format_of(path: str | os.PathLike[str]) -> str:
    """Name the format that a file's suffix stands for.

    Raises
    ------
    FormatError
        When it stands for none.
    """
    suffix = Path(path).suffix
    for name, known in SUFFIXES.items():
        if suffix.lower() == known.lower():
            return name
    if suffix.lower() in OTHERS:
        raise FormatError(f"{path}: {OTHERS[suffix.lower()]}")
    raise FormatError(
        f"{path}: the suffix {suffix!r} stands for no format: choose {', '.join(SUFFIXES.values())}"
        ", or name the format"
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
) -> str:
    """Serialize one recording in the format of that name.

    ``exclusive`` is the same with one speaker at a time, and ``provenance`` what made it (see
    `ovdiar.serialization`); JSON keeps them too.

    Raises
    ------
    FormatError
        When there is no such format, or it cannot express the annotation.
    """
    if name == "json":
        return json.dumps(annotation, exclusive, provenance)
    return str(_module(name).dumps(annotation))


def write(
    path: str | os.PathLike[str],
    annotation: Annotation,
    name: str | None = None,
    *,
    exclusive: Annotation | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write one recording, by default in the format of the path's suffix; whole, or not at all.

    Raises
    ------
    FormatError
        As `dumps`, or when the file cannot be written.
    """
    name = name or format_of(path)
    write_text(path, dumps(annotation, name, exclusive=exclusive, provenance=provenance))


def write_text(path: str | os.PathLike[str], text: str, errors: str = "strict") -> None:
    """Write a text in UTF-8; whole, or not at all. ``errors`` as of `str.encode`.

    Raises
    ------
    FormatError
        When the file cannot be written.
    """
    path = Path(path)
    replaced = path.is_file() or not path.exists()  # a device or a pipe is written to
    beside = path.with_name(f".{path.name}.{os.getpid()}") if replaced else path
    try:
        beside.write_bytes(text.encode(errors=errors))
        if replaced:
            beside.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormatError(
            f"{str(path)!r} cannot be written ({reason}): choose another place or other names"
        ) from error
    finally:
        if replaced:
            beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str], name: str | None = None) -> Annotation:
    """Read the turns of one recording, by default in the format of the path's suffix.

    Where the file does not name the recording, it is called as the file is.

    Raises
    ------
    FormatError
        When there is no such file or format, at what cannot be parsed, and when the file holds
        several recordings.
    """
    return read_saved(path, name).annotation


def read_saved(path: str | os.PathLike[str], name: str | None = None) -> Saved:
    """Read all that a file tells of one recording, as `read` does.

    Beside the turns, JSON has them with one speaker at a time, and what made them.
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
    """Return the one recording of a file."""
    if isinstance(found, Annotation):
        return found
    if len(found) > 1:
        raise FormatError(
            f"{path} holds {len(found)} recordings ({', '.join(list(found)[:3])}, ...): "
            "split it into one for each"
        )
    return next(iter(found.values()), Annotation())


def _text(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8, or in UTF-16 where it begins so, as Praat's often do."""
    with suppress(OSError, UnicodeDecodeError):
        data = Path(path).read_bytes()
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
    return columns.read(path)
