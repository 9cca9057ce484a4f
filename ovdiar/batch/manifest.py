"""Manifests: lists of recordings as JSONL, an object a line, or as CSV with a header.

Only ``path`` is required. Relative paths start at the manifest's folder. Columns that others write
for their own purposes are left alone, save for misspellings of ours.
"""

from __future__ import annotations

import csv
import difflib
import json
import math
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar import texts
from ovdiar.batch import storage
from ovdiar.batch.job import Job, checked_uri
from ovdiar.errors import ConfigError, FormatError
from ovdiar.formats import columns
from ovdiar.pipelines.diarization.speaker_count import speaker_bounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIXES = (".jsonl", ".csv")
COLUMNS = (
    *("path", "uri", "num_speakers", "min_speakers", "max_speakers"),
    *("channel", "track", "strict", "start", "end", "duration"),
)
TRUTHS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
"""How true and false are written; a column with gaps may hold them as numbers."""
ALIKE = 0.9
"""How much a column resembles one of ours that it is taken for a misspelling (difflib)."""


def read(place: str) -> list[Job]:
    """Read the recordings of a manifest; sizes are not filled in.

    Raises
    ------
    FormatError
        The manifest cannot be read, or a line is malformed; the message gives its number.
    ConfigError
        A uri cannot name outputs, or a number of speakers is out of range.
    """
    text = _text(place)
    rows = _objects(text, place) if place.lower().endswith(".jsonl") else _table(text, place)
    return [job_of(row, where, _folder_of(place)) for where, row in rows]


def job_of(row: Mapping[str, Any], where: str, folder: str = "") -> Job:
    """Return the recording that a row describes.

    Parameters
    ----------
    row : values by column; None, NaN and an empty text stand for absent
    where : names the row in error messages
    folder : where relative paths start

    Raises
    ------
    FormatError, ConfigError
        As `read`.
    """
    values = {str(name): value for name, value in row.items() if not _is_absent(value)}
    _refuse_misspellings(values, where)
    path = values.get("path")
    if not isinstance(path, str):
        raise FormatError(f"{where}: no path: give the path or URL of a recording")
    if folder and not storage.is_remote(path):
        separate = "/" if storage.is_remote(folder) else None
        path = f"{folder}/{path}" if separate else str(Path(folder, path))
    start_s, end_s = (_seconds(values, name, where) for name in ("start", "end"))
    if end_s is not None and end_s <= (start_s or 0):
        raise FormatError(f"{where}: end {end_s:g} s is not after start {start_s or 0:g} s")
    counts: dict[str, Any] = {name: _whole(values, name, where) for name in COLUMNS[2:5]}
    try:
        speaker_bounds(**counts)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return Job(
        path=path,
        uri=checked_uri(str(values.get("uri", name_of(path))), where),
        channel=None if values.get("channel") == "mix" else _whole(values, "channel", where),
        track=_whole(values, "track", where),
        strict=_truth(values, "strict", where),
        start_s=start_s,
        end_s=end_s,
        duration_s=_seconds(values, "duration", where),
        **counts,
    )


def name_of(path: str) -> str:
    """Name a recording as its file is called; ``?`` stands for what is no UTF-8."""
    return Path(path).stem.encode(errors="replace").decode()


def _text(place: str) -> str:
    if not storage.is_remote(place):
        return texts.read(place)
    with storage.local_copy(place) as copy:
        return texts.read(copy)


def _folder_of(place: str) -> str:
    return place.rpartition("/")[0] if storage.is_remote(place) else str(Path(place).parent)


def _objects(text: str, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{place}, line {number}"
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{where} is not valid JSON ({error}): correct it") from None
        if not isinstance(row, dict):
            raise FormatError(f'{where} is no object: write {{"path": "call.wav"}}')
        yield where, row


def _table(text: str, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True)
    if "path" not in (reader.fieldnames or ()):
        raise FormatError(f"{place} has no column path: begin it with a line such as path,uri")
    for row in reader:
        where = f"{place}, line {reader.line_num}"
        if None in row:
            raise FormatError(f"{where} has more cells than the header: quote commas in names")
        yield where, row


def _is_absent(value: Any) -> bool:
    if type(value).__name__ == "NAType":  # pandas.NA, which compares to nothing
        return True
    return value is None or value == "" or (isinstance(value, Real) and math.isnan(value))


def _refuse_misspellings(values: Mapping[str, Any], where: str) -> None:
    for name in values:
        alike = difflib.get_close_matches(name.lower(), COLUMNS, n=1, cutoff=ALIKE)
        if name not in COLUMNS and alike:
            raise FormatError(f"{where}: column {name!r} is unknown: did you mean {alike[0]!r}?")


def _seconds(values: Mapping[str, Any], name: str, where: str) -> float | None:
    if name not in values:
        return None
    value = columns.seconds(str(values[name]), name, where)
    if value < 0:
        raise FormatError(f"{where}: the {name} {value:g} is below 0 s: correct it")
    return value


def _whole(values: Mapping[str, Any], name: str, where: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not number.is_integer() or number < 0 or isinstance(value, bool):
        raise FormatError(f"{where}: {name} {value!r} is not a whole number: correct it")
    return int(number)


def _truth(values: Mapping[str, Any], name: str, where: str) -> bool | None:
    """Read true or false; CSV has it as a text, tables as a number of NumPy."""
    if name not in values:
        return None
    text = str(values[name]).lower()
    if text not in TRUTHS:
        raise FormatError(f"{where}: {name} {values[name]!r} is neither true nor false: correct it")
    return TRUTHS[text]
