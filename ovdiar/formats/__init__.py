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
from typing import Any, cast

from ovdiar.annotation import Annotation
from ovdiar.errors import FormatError
from ovdiar.formats import columns

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
    raise FormatError(
        f"{path}: the suffix {suffix!r} stands for no format: choose {', '.join(SUFFIXES.values())}"
        ", or name the format"
    )


def _module(name: str) -> Any:
    if name not in SUFFIXES:
        raise FormatError(f"the format {name!r} is unknown: choose {', '.join(SUFFIXES)}")
    return importlib.import_module(f"ovdiar.formats.{name}")


def dumps(annotation: Annotation, name: str, *, exclusive: Annotation | None = None) -> str:
    """Serialize one recording in the format of that name.

    ``exclusive`` is the same with one speaker at a time; JSON keeps it too.

    Raises
    ------
    FormatError
        When there is no such format, or it cannot express the annotation.
    """
    if name == "json":
        return str(_module(name).dumps(annotation, exclusive))
    return str(_module(name).dumps(annotation))


def write(
    path: str | os.PathLike[str],
    annotation: Annotation,
    name: str | None = None,
    *,
    exclusive: Annotation | None = None,
) -> None:
    """Write one recording, by default in the format of the path's suffix; whole, or not at all.

    Raises
    ------
    FormatError
        As `dumps`, or when the file cannot be written.
    """
    text = dumps(annotation, name or format_of(path), exclusive=exclusive)
    path = Path(path)
    replaced = path.is_file() or not path.exists()  # a device or a pipe is written to
    beside = path.with_name(f".{path.name}.{os.getpid()}") if replaced else path
    try:
        beside.write_bytes(text.encode())
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
    """Read one recording, by default in the format of the path's suffix.

    Where the file does not name the recording, it is called as the file is.

    Raises
    ------
    FormatError
        When there is no such file or format, at what cannot be parsed, and when the file holds
        several recordings.
    """
    module = _module(name or format_of(path))
    found = module.loads(_text(path), str(path))
    if isinstance(found, dict):
        if len(found) > 1:
            raise FormatError(
                f"{path} holds {len(found)} recordings ({', '.join(list(found)[:3])}, ...): "
                "split it into one for each"
            )
        found = next(iter(found.values()), None)
    if found is None or found.uri is None:
        return replace(found or Annotation(), uri=Path(path).stem)
    return cast("Annotation", found)


def _text(path: str | os.PathLike[str]) -> str:
    """Read a text file in UTF-8, or in UTF-16 where it begins so, as Praat's often do."""
    with suppress(OSError, UnicodeDecodeError):
        data = Path(path).read_bytes()
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
    return columns.read(path)
